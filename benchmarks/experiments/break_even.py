"""From how many integrals on a method's preparation pays, against methods that hardly need any.

With preparation p and time per integral t, a method costs p + n t for n integrals, and is cheaper than a baseline from

    n = (p − p₀) / (t₀ − t)

on, where t < t₀; where p < p₀ and t > t₀, it is cheaper up to there. Both are of one machine and as many threads,
evaluate in batches of 1,024, and have the digits that stand beside them: the comparison is of time alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from benchmarks.experiments import all_configurations
from benchmarks.experiments.experiment import Table
from benchmarks.records import configurations
from benchmarks.records.run_records import Row

BASELINES = ("lattice_qmc", "pysecdec_qmc")

BATCH = "1024"

PUBLISHED = (
    "the authors' networks, trained for ten hours a replica on a GPU, pay against pySecDec from about 360 million "
    "integrals on at one loop (box1l) and 6 million at two (box2l) (JHEP 03 (2023) 221, section 3.2)"
)
"""The break-even that the paper on primitives states for its own networks."""


def table(grouped: Iterable[configurations.Configuration]) -> Table:
    """Make the table, text in every cell."""
    made: list[Row] = []
    for (integral, machine), here in configurations.by_place(g for g in grouped if g.good and not g.replaced).items():
        for configuration in all_configurations.best_first(here):
            used = [configuration]
            row = {
                "integral": integral, "method": configuration.label, "machine": machine,
                "device": configuration.first["device"],
                "digits": f"{configuration.digits:.1f}" if configuration.digits is not None else "",
                "µs (1024)": all_configurations.number(configuration.seconds(BATCH), scale=1e6) or "–",
                "prep. s": all_configurations.number(configuration.mean("fit_s")),
            }  # fmt: skip
            for name in BASELINES:
                baseline = _baseline(configuration, here, name)
                row[f"pays against {name}"] = _cell(configuration, baseline)
                used += [baseline] if baseline and baseline is not configuration else []
            row["note"] = configurations.note(used)
            made.append((row, [record for one in used for record in one.records]))
    explanation = (
        "The number of integrals from which on (or only up to which) preparation and evaluation together take less "
        "time than the baseline, in batches of 1,024 on the same machine and as many threads. The baseline is its "
        "fastest configuration with at least the method's digits, or else that with most; its digits are in brackets. "
        f"The note says what of method and baselines is superseded. Published: {PUBLISHED}."
    )
    return Table("Break-even", explanation, made)


def first_cheaper(preparation: float, each: float, preparation_0: float, each_0: float) -> float:
    """Smallest number of integrals from which on a method is cheaper than a baseline: at least one, infinity for never.

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


def last_cheaper(preparation: float, each: float, preparation_0: float, each_0: float) -> float:
    """Largest number of integrals up to which a method is cheaper than a baseline that is quicker for each of them.

    Zero for none; the parameters are those of `first_cheaper`.
    """
    if each < each_0 or preparation >= preparation_0:
        return 0.0
    if each == each_0:
        return math.inf
    return max(0.0, math.ceil((preparation_0 - preparation) / (each - each_0)) - 1)


def verdict(preparation: float, each: float, preparation_0: float, each_0: float) -> str:
    """Say for how many integrals a method is cheaper than a baseline; the parameters are those of `first_cheaper`."""
    costs = (preparation, each, preparation_0, each_0)
    first, last = first_cheaper(*costs), last_cheaper(*costs)
    if math.isinf(last) or (preparation <= preparation_0 and each < each_0):
        return "always"
    if not math.isinf(first):
        return f"{first:,.0f}"
    return f"only up to {last:,.0f}" if last >= 1 else "never"


def _baseline(
    configuration: configurations.Configuration, here: Iterable[configurations.Configuration], name: str
) -> configurations.Configuration | None:
    """Choose the baseline to compare with, None where none was timed with as many threads.

    The fastest with at least as many digits, or that with most; on the same device if there is one.
    """
    threads, device = configuration.first["threads"], configuration.first["device"]
    timed = [g for g in here if g.method == name and g.seconds(BATCH) is not None and g.first["threads"] == threads]
    timed = [g for g in timed if g.first["device"] == device] or timed
    enough = [g for g in timed if (g.digits or 0) >= (configuration.digits or 0)]
    if enough:
        return min(enough, key=lambda g: g.seconds(BATCH) or 0)
    return max(timed, key=lambda g: g.digits or 0, default=None)


def _cell(configuration: configurations.Configuration, baseline: configurations.Configuration | None) -> str:
    if configuration is baseline:
        return "is the baseline"
    if baseline is None:
        return "no timing of it here"
    costs = [cost for g in (configuration, baseline) for cost in (g.mean("fit_s"), g.seconds(BATCH))]
    if None in costs:
        return "no timing"
    digits = f" ({baseline.digits:.1f} digits)" if baseline.digits is not None else ""
    return verdict(*(cost for cost in costs if cost is not None)) + digits
