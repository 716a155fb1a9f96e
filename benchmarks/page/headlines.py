"""The three findings of README.md: what rules, tables and methods that learn cost, with six digits on all integrals.

They are of the integrals above threshold where each of the three sentences can be made of their records, and otherwise
of those below.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence

from benchmarks.experiments import all_configurations, break_even, cost_map
from benchmarks.page.method_kinds import KINDS, costs_of
from benchmarks.records import digit_costs
from benchmarks.records.configurations import Configuration
from benchmarks.records.digit_costs import DigitCost

DIGITS = 6

FEW, MANY = 10**3, 10**8
"""Numbers of values that rules and tables are for."""

Costs = Sequence[Mapping[str, Sequence[DigitCost]]]
"""For each integral on a machine: method -> its configurations."""


def sentences(euclidean: Sequence[Configuration], physical: Sequence[Configuration]) -> list[str]:
    """Write the findings as lines of Markdown, the region first; [] where no region has them all."""
    for where, grouped in (("Above threshold", physical), ("Below thresholds", euclidean)):
        places = digit_costs.by_place(grouped)
        costs = list(places.values())
        found = [rules(costs), tables(costs), learned(costs, cost_map.cells(grouped).values())]
        if all(found):
            return [f"{where} ({_counted({name for name, _ in places})}):", *(f"- {sentence}" for sentence in found)]
    return []


def rules(costs: Costs) -> str:
    """Say what a value costs with the cheapest rule, and with pySecDec; "" where no rule has the digits."""
    found = [(_cheapest("rule", here), _cheapest("pySecDec", here)) for here in costs]
    cheapest = [rule for rule, _ in found if rule]
    if not cheapest:
        return ""
    ratios = [theirs.s_per_integral / rule.s_per_integral for rule, theirs in found if rule and theirs]
    return (
        f"For {FEW:,} values {_ahead('rule', costs, FEW)}: {DIGITS} digits take {_median(cheapest, _us)} µs per "
        f"value (median of {len(cheapest)}; {_range(cheapest, _us)}). {_of_pysecdec(ratios)}"
    )


def _of_pysecdec(ratios: Sequence[float]) -> str:
    if not ratios:
        return "pySecDec was not run, or has fewer."
    return (
        f"pySecDec has them on {len(ratios)}, after {min(ratios):,.0f} to {max(ratios):,.0f} times as long, "
        f"{statistics.median(ratios):,.0f} times in the median."
    )


def tables(costs: Costs) -> str:
    """Say what a value costs with the cheapest table, and from how many on it is cheaper than a rule; "" without it."""
    cheapest = {nth: table for nth, here in enumerate(costs) if (table := _cheapest("table", here))}
    rivals = [(table, rule) for nth, table in cheapest.items() if (rule := _cheapest("rule", costs[nth]))]
    first = [
        break_even.first_cheaper(table.preparation_s, table.s_per_integral, rule.preparation_s, rule.s_per_integral)
        for table, rule in rivals
    ]
    if not any(map(math.isfinite, first)):
        return ""
    made = list(cheapest.values())
    return (
        f"For {MANY:,} values {_ahead('table', costs, MANY)}: {DIGITS} digits take {_median(made, _us)} µs per value "
        f"(median of {len(made)}; {_range(made, _us)}) after {_median(made, _seconds)} s ({_range(made, _seconds)}), "
        f"which pays from {_rounded(statistics.median(first))} values on (median)."
    )


def learned(costs: Costs, cells: Iterable[cost_map.Cell]) -> str:
    """Compare the most digits of methods that learn and of tables, and count the map's cells; "" without both."""
    most = [[max((c.digits_mean for c in costs_of(kind, here)), default=None) for kind in COMPARED] for here in costs]
    both = [(ours, theirs) for ours, theirs in most if ours is not None and theirs is not None]
    if not both:
        return ""
    ours, theirs = (statistics.median(pair[nth] for pair in both) for nth in range(len(COMPARED)))
    behind = sum(pair[0] < pair[1] for pair in both)
    return (
        f"Methods that **learn** have {ours:.1f} digits at most (median), and the best table {theirs:.1f}: more on "
        f"{behind} of {len(both)} integrals.{_of_map([winner.method for cell in cells for winner in cell.values()])}"
    )


def _of_map(winners: Sequence[str]) -> str:
    ahead = sum(name in KINDS["learned"] for name in winners)
    cells = f"{len(winners):,} cells of the map (integral, digits, number of values)"
    return f" They are the cheapest in {ahead} of {cells}." if winners else ""


COMPARED = ("learned", "table")


def _ahead(kind: str, costs: Costs, n_integrals: int) -> str:
    """Say on how many integrals a method of this kind takes least time in all, of those on which one has the digits."""
    found = [[cost for methods in here.values() for cost in methods] for here in costs]
    cheapest = [cost for here in found if (cost := digit_costs.cheapest(here, DIGITS, n_integrals=n_integrals))]
    ahead = sum(cost.configuration.method in KINDS[kind] for cost in cheapest)
    return f"a **{kind}** is the cheapest on {ahead} of {len(cheapest)} integrals"


def _cheapest(kind: str, here: Mapping[str, Sequence[DigitCost]]) -> DigitCost | None:
    return digit_costs.cheapest(costs_of(kind, here), DIGITS)


def _us(cost: DigitCost) -> float:
    return 1e6 * cost.s_per_integral


def _seconds(cost: DigitCost) -> float:
    return cost.preparation_s


def _median(costs: Sequence[DigitCost], figure: Callable[[DigitCost], float]) -> str:
    return all_configurations.number(statistics.median(map(figure, costs)))


def _range(costs: Sequence[DigitCost], figure: Callable[[DigitCost], float]) -> str:
    values = sorted(map(figure, costs))
    return f"{all_configurations.number(values[0])} to {all_configurations.number(values[-1])}"


def _rounded(n: float) -> str:
    """Write one significant digit of a number of values."""
    return f"{float(f'{n:.0e}'):,.0f}"


def _counted(integrals: Iterable[str]) -> str:
    """Say how many integrals there are, and how many of them are held out."""
    from references.integrals import catalogue  # with sympy, which is not imported for a report without records

    found = list(integrals)
    held_out = sum(map(catalogue.is_held_out, found))
    return f"{len(found)} integral{'' if len(found) == 1 else 's'}, {held_out} of them held out"
