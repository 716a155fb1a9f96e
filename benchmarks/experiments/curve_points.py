"""How many points judge the methods of the curves that integrate one point after the other, from a pilot.

`curve_pilot.toml` has for each integral and knob the seconds per integral in the order of the knob's settings, which
`curve_pilot` measured before any of these methods was judged, and the numbers of points that follow: as many as a
minute allows, FEWEST at least, and no more than the truth has. Zero is that of a setting that took as many evaluations
as the coarser one before it, and so is the same calculation, which is run once. Settings finer than those with a number
of points would need longer than a run may take. Only times and evaluations played a part in it.
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.experiments.one_by_one import EVERYWHERE, KNOBS

FILE = Path(__file__).with_name("curve_pilot.toml")

JUDGING_S = 60.0
"""Seconds of judging that the number of points is chosen for."""

FEWEST = 50
"""Uniform points that judge a method however slow it is."""

JUDGED_BESIDE = 1.25
"""Points that are judged for each uniform one: a truth has up to a quarter more at the border of the box."""

SLOWEST_S = 2.5
"""Seconds per integral beyond which a setting is left out: FEWEST points then take over two and a half minutes, and a
run, compiling included, five at most."""


NO_PILOT = "the pilot has not measured it, so that it is not run"


class Setting(NamedTuple):
    """A setting of a knob on an integral.

    Parameters
    ----------
    method : str
        As on the command line.
    points : int
        Uniform points of the truth that judge it.
    s_per_integral, setup_s : float
        What the pilot measured: seconds per integral, and those of compiling the library.
    """

    method: str
    points: int
    s_per_integral: float
    setup_s: float


def n_points(s_per_integral: float, n_uniform: int) -> int:
    """Choose how many of the `n_uniform` points judge a method: what JUDGING_S allows, to two significant digits."""
    allowed = int(JUDGING_S / (JUDGED_BESIDE * s_per_integral))
    unit = 10 ** max(0, len(str(allowed)) - 2)
    return min(n_uniform, max(FEWEST, allowed // unit * unit))


@functools.cache
def pilot() -> dict[str, dict[str, dict[str, Any]]]:
    """Read integral -> knob -> {seconds, points, setup_s}, or {reason} where there is none."""
    return read(FILE)


def read(file: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Read such a file."""
    return tomllib.loads(file.read_text(encoding="utf-8"))


def settings(integral: str, knob: str) -> list[Setting]:
    """List the settings of a knob that are run on an integral, from coarse to fine; none where it was left out."""
    found = pilot().get(integral, {}).get(knob, {})
    each = zip(KNOBS[knob], found.get("points", ()), found.get("seconds", ()), strict=False)
    return [Setting(method, points, seconds, found["setup_s"]) for method, points, seconds in each if points]


def left_out() -> dict[tuple[str, str], str]:
    """Say for each (integral, knob) that is left out, or ends before its finest setting, why."""
    why = {}
    for integral, knobs in pilot().items():
        why |= {(integral, knob): NO_PILOT for knob in EVERYWHERE if knob not in knobs}
        for knob, found in knobs.items():
            n = len(found.get("points", ()))
            if "reason" in found:
                why[integral, knob] = found["reason"]
            elif n < len(KNOBS[knob]):
                finer = ", ".join(method.rpartition(",")[2] for method in KNOBS[knob][n:])
                why[integral, knob] = f"{finer}: {found['seconds'][n]:.1f} s per integral and more"
    return why
