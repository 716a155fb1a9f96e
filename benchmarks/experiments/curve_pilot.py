"""Measure how long methods that integrate one point after the other take, before they are judged on curves.

    python -m benchmarks.experiments.curve_pilot --integral box1l --integral kite2l_sum

From coarse to fine, each setting of `one_by_one` computes its first point, and where that takes less than SLOWEST_S,
some more; the first setting that is slower ends the knob. Seconds are those of processors, of this process and of those
that it started, so that others on the machine lengthen them little. They are written to `curve_pilot.toml` together
with the numbers of points that `curve_points` derives; the values that were computed are thrown away.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import psutil

import methods
import references
from benchmarks.command_line import documented_parser
from benchmarks.experiments import curve_points
from benchmarks.experiments.curve_points import SLOWEST_S
from benchmarks.experiments.one_by_one import EVERYWHERE, KNOBS, LIBRARIES, PYSECDEC
from methods.base import InputError, Method, ParametricIntegral, ReportsSetup
from methods.core import files, names

TIMEOUT_S = 20.0
"""Seconds of the clock after which pySecDec gives a point up."""

MORE, MORE_OF_QUICK, QUICK_S = 4, 20, 0.05
"""Points after the first, and of settings that took less than QUICK_S for it, as sizes of lattices differ."""

COMPILING_S, COMPILING_TERM_S, RUN_S = 20, 35, 300
"""Seconds that a pylink library takes, those for each term, and those of a run with pySecDec in all."""

WAITING_OF_CUBA = 2.0
"""Seconds of the clock for one of processors: between its batches Cuba waits for pySecDec's threads. On box1l Cuhre
takes 17 ms of the clock with `epsrel=1e-4`, and 9.5 ms of processors."""

SAME = 0.01
"""Settings whose evaluations per integral differ by a smaller share are the same calculation."""

HEAD = """\
# Seconds per integral of each knob's settings, from coarse to fine, and the uniform points that judge them.
# Written by python -m benchmarks.experiments.curve_pilot; `curve_points` explains it.
"""


def measured(integral: str, knob: str) -> dict[str, Any]:
    """Measure a knob's settings, and choose their numbers of points; {reason} where not even the first can be run."""
    subject, truth = references.integral(integral), references.truth(integral)
    s = truth.s[truth.uniform]
    found: dict[str, Any] = {"setup_s": 0.0, "seconds": [], "points": []}
    coarser = 0.0
    for spec in KNOBS[knob]:
        name, fields = names.parse_spec(spec)
        method = methods.create(name, **fields, **({"timeout": TIMEOUT_S} if knob in PYSECDEC else {}))
        if reason := method.unsupported(subject) or _too_long(knob, subject):
            return {"reason": reason}
        try:
            method.fit(subject)
            seconds, n_eval = _costs(method, s)
        except (InputError, RuntimeError) as problem:
            if not found["points"]:
                return {"reason": str(problem)[:200]}
            seconds, n_eval = TIMEOUT_S, math.inf
        if isinstance(method, ReportsSetup):
            found["setup_s"] = round(sum(method.setup_s_.values()), 1)
        waiting = WAITING_OF_CUBA if knob.startswith("pysecdec_cuba") and seconds < TIMEOUT_S else 1.0
        seconds = float(f"{waiting * seconds:.2g}")
        found["seconds"].append(seconds)
        if seconds > SLOWEST_S:
            break
        is_same = math.isclose(n_eval, coarser, rel_tol=SAME)
        found["points"].append(0 if is_same else curve_points.n_points(seconds, len(s)))
        coarser = n_eval
    return found


def _too_long(knob: str, integral: ParametricIntegral) -> str | None:
    """Say why a knob's library would not be compiled within a run, or None."""
    from methods.secdec import formulas  # with sympy, which is not imported for a report

    if knob not in LIBRARIES[0] or integral.expression is None:
        return None
    n = len(formulas.arguments(integral.expression, integral.prescription))
    seconds = COMPILING_S + COMPILING_TERM_S * n
    return None if seconds < RUN_S else f"compiling {n} terms takes {seconds} s, and a run {RUN_S} s at most"


def _costs(method: Method, s: Any) -> tuple[float, float]:
    """Seconds and evaluations per integral, of the first point alone where it takes longer than SLOWEST_S."""
    start, clock = _cpu_s(), time.perf_counter()
    n_eval = method.integrate(s[:1]).n_eval
    first = _cpu_s() - start
    if time.perf_counter() - clock > 0.75 * TIMEOUT_S:  # given up: the processes and their seconds are gone
        return TIMEOUT_S, n_eval
    if first > SLOWEST_S:
        return first, n_eval
    more = s[1 : 1 + (MORE_OF_QUICK if first < QUICK_S else MORE)]
    start = _cpu_s()
    n_eval = method.integrate(more).n_eval
    return (_cpu_s() - start) / len(more), n_eval / len(more)


def _cpu_s() -> float:
    """Seconds that the processors worked for this process and for those that it started, ended ones included."""
    process = psutil.Process()
    while True:
        with contextlib.suppress(psutil.NoSuchProcess):  # one ended after it was listed: its parent has its seconds now
            times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
            return sum(each.user + each.system + each.children_user + each.children_system for each in times)


def toml(pilot: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Write the content of the file: a table for each integral, a line for each knob."""
    lines = [HEAD]
    for integral, knobs in pilot.items():
        lines.append(f"[{integral}]")
        for knob, found in knobs.items():
            # Strings of JSON are strings of TOML, whatever an error says.
            values = ", ".join(f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in found.items())
            lines.append(f"{knob} = {{ {values} }}")
        lines.append("")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Measure what the command line asks for, and write it beside what is known; return the exit status."""
    command = documented_parser("benchmarks.experiments.curve_pilot", __doc__)
    command.add_argument("--integral", action="append", required=True, choices=references.names(), metavar="I")
    command.add_argument("--knob", action="append", choices=KNOBS, help="only this one; may be repeated")
    command.add_argument(
        "--out",
        type=Path,
        default=curve_points.FILE,
        metavar="FILE",
        help="file that the result is added to (default: curve_pilot.toml)",
    )
    given = command.parse_args(arguments)
    pilot = curve_points.read(given.out if given.out.exists() else curve_points.FILE)
    for integral in given.integral:
        for knob in given.knob or EVERYWHERE:
            pilot.setdefault(integral, {})[knob] = measured(integral, knob)
            print(f"{integral} {knob}: {pilot[integral][knob]}")
            files.write_text(given.out, toml(pilot))
    return 0


if __name__ == "__main__":
    sys.exit(main())
