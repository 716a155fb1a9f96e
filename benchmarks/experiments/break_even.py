"""From how many values on the preparation of a method pays, beside rules and pySecDec with as many digits.

With preparation p and time per value t, a method costs p + n t for n values, and is cheaper than another one from

    n = (p − p₀) / (t₀ − t)

on, where t < t₀. Both are of one machine and one thread, and have the digits on average over the points.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from benchmarks.experiments import all_configurations
from benchmarks.experiments.experiment import Table
from benchmarks.records import configurations, digit_costs
from benchmarks.records.configurations import Configuration
from benchmarks.records.digit_costs import DigitCost
from benchmarks.records.method_kinds import costs_of
from benchmarks.records.run_records import Row

DIGITS = (3, 6)

RIVALS = {"rule": "every rule", "pySecDec": "pySecDec"}
"""Kinds of methods that need little preparation -> their names in the table."""

PUBLISHED = (
    "the authors' networks, trained for ten hours a replica on a GPU, pay against pySecDec from about 360 million "
    "integrals on at one loop (box1l) and 6 million at two (box2l) (JHEP 03 (2023) 221, section 3.2)"
)
"""The break-even that the paper on primitives states for its own networks."""


def table(grouped: Iterable[Configuration]) -> Table:
    """Make a row for each integral, number of digits and method that has them, text in every cell."""
    made: list[Row] = []
    for (integral, machine), methods in digit_costs.by_place(grouped).items():
        for digits in DIGITS:
            able = {name: _with(digits, costs) for name, costs in methods.items() if _with(digits, costs)}
            for name, own in able.items():
                others = {other: costs for other, costs in able.items() if other != name}
                rivals = {kind: costs_of(kind, others) for kind in RIVALS}
                quickest = min(own, key=lambda cost: cost.s_per_integral)
                row = {
                    "integral": integral, "digits": str(digits), "method": name,
                    "µs": all_configurations.number(1e6 * quickest.s_per_integral),
                    "prep. s": all_configurations.number(quickest.preparation_s),
                    **{f"cheaper than {RIVALS[kind]} from": _cell(own, costs) for kind, costs in rivals.items()},
                    "machine": machine,
                }  # fmt: skip
                compared = [cost.configuration for costs in (own, *rivals.values()) for cost in costs]
                row["note"] = configurations.note(compared)
                made.append((row, quickest.configuration.records))
    explanation = (
        "The number of values from which on a method with at least so many digits on average takes less time in all, "
        "preparation included, than every setting of every other rule, and than every one of pySecDec, each in the "
        f"largest batches up to {digit_costs.LARGEST_BATCH:,} that were timed: the least of its settings that have the "
        "digits. Microseconds per value and preparation are those of its quickest one. The note says what of all that "
        f"is compared is superseded. Published: {PUBLISHED}."
    )
    return Table("Break-even", explanation, made)


def from_how_many(own: Iterable[DigitCost], rivals: Sequence[DigitCost]) -> float:
    """Smallest number of values from which on one of `own` is cheaper than all rivals; infinity for never."""
    return min(max((_first_cheaper(cost, rival) for rival in rivals), default=1.0) for cost in own)


def _first_cheaper(cost: DigitCost, rival: DigitCost) -> float:
    return first_cheaper(cost.preparation_s, cost.s_per_integral, rival.preparation_s, rival.s_per_integral)


def first_cheaper(preparation: float, each: float, preparation_0: float, each_0: float) -> float:
    """Smallest number of values from which on a method is cheaper than another: at least one, infinity for never.

    Parameters
    ----------
    preparation, each : float
        Seconds of the method, before and for each value.
    preparation_0, each_0 : float
        The same of the other one.
    """
    if each >= each_0:
        return math.inf
    return max(1.0, math.ceil((preparation - preparation_0) / (each_0 - each)))


def _with(digits: float, costs: Iterable[DigitCost]) -> list[DigitCost]:
    return [cost for cost in costs if cost.digits_mean >= digits]


def _cell(own: Sequence[DigitCost], rivals: Sequence[DigitCost]) -> str:
    if not rivals:
        return "none has them"
    n = from_how_many(own, rivals)
    return "never" if math.isinf(n) else f"{n:,.0f}"
