"""From how many values on the preparation of a method pays, beside rules and pySecDec with as many digits.

With preparation p and time per value t, a method costs p + n t for n values, and is cheaper than another one from

    n = (p − p₀) / (t₀ − t)

on, where t < t₀. Both are of one machine and one thread, and have the digits on average over the points.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.experiments import all_configurations
from benchmarks.experiments.experiment import Table
from benchmarks.records import configurations, digit_costs
from benchmarks.records.configurations import Configuration
from benchmarks.records.digit_costs import DigitCost
from benchmarks.records.method_kinds import costs_of
from benchmarks.records.run_records import Row

DIGITS = (3, 6)

ROUNDING = 1 + 1e-12
"""Ratio of equal times, as they are rounded."""

RIVALS = {"rule": "every rule", "pySecDec": "pySecDec"}
"""Kinds of methods that need little preparation -> their names in the table."""

PAPER, PAPER_TRAINING = "JHEP 03 (2023) 221, section 3.2", "trained for ten hours a replica on a GPU"
"""The paper on primitives, and how its networks were trained."""

PAPER_FROM = {"box1l": "360 million", "box2l": "6 million"}
"""Integral -> number of values from which on these networks are cheaper than pySecDec, as the paper states."""


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
                    **{f"cheaper than {RIVALS[kind]} from": _cell(own, rivals[kind], able, kind) for kind in RIVALS},
                    "machine": machine,
                }  # fmt: skip
                compared = [cost.configuration for costs in (own, *rivals.values()) for cost in costs]
                row["note"] = configurations.note(compared)
                made.append((row, [record for one in compared for record in one.records]))
    explanation = (
        "The number of values from which on a method with at least so many digits on average takes less time in all, "
        "preparation included, than every setting of every other rule, and than every one of pySecDec, each in the "
        f"largest batches up to {digit_costs.LARGEST_BATCH:,} that were timed: the least of its settings that have the "
        "digits. Microseconds per value and preparation are those of its quickest one. –: no other one of that kind "
        "has the digits. The note says what of all that is compared is superseded. "
        f"Published: networks {PAPER_TRAINING} are cheaper than pySecDec from about "
        f"{' and '.join(f'{n} values on ({integral})' for integral, n in PAPER_FROM.items())} ({PAPER})."
    )
    return Table("Break-even", explanation, made)


def from_how_many(own: Sequence[DigitCost], rivals: Sequence[DigitCost]) -> float:
    """Smallest number of values from which on the cheapest of `own` is cheaper than all rivals; infinity for never.

    The last time that it becomes so is where the cheapest of either cost the same.
    """
    if rivals and min(map(_each, own)) >= min(map(_each, rivals)):
        return math.inf
    equal = [
        n for one in own for rival in rivals if (n := _equal(one, rival)) > 1
        and _is_cheapest(one, own, n) and _is_cheapest(rival, rivals, n)
    ]  # fmt: skip
    return float(max(map(math.ceil, equal), default=1))


def _equal(one: DigitCost, other: DigitCost) -> float:
    """Return the number of values for which both take as long in all; zero where they never do."""
    difference = other.s_per_integral - one.s_per_integral
    return (one.preparation_s - other.preparation_s) / difference if difference else 0.0


def _is_cheapest(one: DigitCost, costs: Iterable[DigitCost], n: float) -> bool:
    return one.seconds(n) <= ROUNDING * min(cost.seconds(n) for cost in costs)


def _each(cost: DigitCost) -> float:
    return cost.s_per_integral


def _with(digits: float, costs: Iterable[DigitCost]) -> list[DigitCost]:
    return [cost for cost in costs if cost.digits_mean >= digits]


def _cell(
    own: Sequence[DigitCost], rivals: Sequence[DigitCost], able: Mapping[str, Sequence[DigitCost]], kind: str
) -> str:
    """Write the number of values; without a rival, whether none of the kind has the digits, or the method alone."""
    if not rivals:
        return "–" if costs_of(kind, able) else "none has them"
    n = from_how_many(own, rivals)
    return "never" if math.isinf(n) else f"{n:,.0f}"
