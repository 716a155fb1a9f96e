"""From how many integrals on a method's preparation pays, against methods that hardly need any.

With preparation p and time per integral t, a method costs p + n t for n integrals, and is cheaper than a baseline from

    n = (p − p₀) / (t₀ − t)

on, where t < t₀. Both are of one machine and as many threads, evaluate in batches of 1,024, and have the digits that
stand beside them: the comparison is of time alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from benchmarks import groups, tables

TITLE = "Break-even"

EXPLANATION = (
    "The number of integrals from which on preparation and evaluation together take less time than the baseline, in "
    "batches of 1,024 on the same machine and as many threads; digits of the baseline in brackets, since the two "
    "differ in them."
)

BASELINES = ("lattice_qmc", "pysecdec_qmc")

BATCH = "1024"

Row = tuple[dict[str, str], list[groups.Record]]


def rows(found: Iterable[groups.Group]) -> list[Row]:
    """Return the table's rows, text in every cell, each with the records that it comes from."""
    made: list[Row] = []
    for (integral, machine), here in groups.by_place(g for g in found if g.good and not g.older).items():
        for group in tables.best_first(here):
            used = list(group.records)
            row = {
                "integral": integral, "method": group.label, "machine": machine, "device": group.first["device"],
                "digits": f"{group.digits:.1f}" if group.digits is not None else "",
                "µs (1024)": tables.number(group.seconds(BATCH), scale=1e6) or "–",
                "prep. s": tables.number(group.mean("fit_s")),
            }  # fmt: skip
            for name in BASELINES:
                baseline = _baseline(group, here, name)
                row[f"pays against {name}"] = _cell(group, baseline, name)
                used += baseline.records if baseline and baseline is not group else []
            made.append((row, used))
    return made


def first_cheaper(preparation: float, each: float, preparation_0: float, each_0: float) -> float:
    """Return from how many integrals on a method is cheaper than a baseline: at least one, infinity for never.

    Parameters
    ----------
    preparation, each : float
        Seconds of the method, before and for each integral.
    preparation_0, each_0 : float
        The same of the baseline.
    """
    if each >= each_0:
        return math.inf
    return max(1.0, math.ceil((preparation - preparation_0) / (each_0 - each)))


def _baseline(group: groups.Group, here: Iterable[groups.Group], name: str) -> groups.Group | None:
    """Return the baseline with most digits that was timed with as many threads, on the same device if there is one."""
    threads = group.first["threads"]
    timed = [g for g in here if g.method == name and g.seconds(BATCH) is not None and g.first["threads"] == threads]
    return max(timed, key=lambda g: (g.first["device"] == group.first["device"], g.digits or 0), default=None)


def _cell(group: groups.Group, baseline: groups.Group | None, name: str) -> str:
    if group.method == name:
        return "is the baseline"
    if baseline is None:
        return "no timing of it here"
    costs = [cost for g in (group, baseline) for cost in (g.mean("fit_s"), g.seconds(BATCH))]
    if None in costs:
        return "no timing"
    cheaper = first_cheaper(*(cost for cost in costs if cost is not None))
    digits = f" ({baseline.digits:.1f} digits)" if baseline.digits is not None else ""
    return ("never" if math.isinf(cheaper) else f"{cheaper:,.0f}") + digits
