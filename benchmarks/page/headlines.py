"""The three findings of README.md: what rules, tables and methods that learn cost, with six digits on all integrals.

They are of the integrals above threshold where each of the three sentences can be made of their records, and otherwise
of those below. An integral counts on one machine, however many it was run on.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

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
        chosen = digit_costs.one_machine_each(grouped)
        places = digit_costs.by_place(chosen)
        costs = list(places.values())
        found = [rules(costs), tables(costs), learned(costs, cost_map.cells(chosen).values())]
        if all(found):
            return [f"{where} ({_counted(places)}):", *(f"- {sentence}" for sentence in found)]
    return []


def rules(costs: Costs) -> str:
    """Say what FEW values cost with the cheapest rule, and with pySecDec; "" where no rule has the digits."""
    cheapest = [rule for here in costs if (rule := _cheapest("rule", here, FEW))]
    if not cheapest:
        return ""
    return (
        f"For {FEW:,} values {_ahead('rule', costs, FEW)}: with {DIGITS} digits they take "
        f"{_median(cheapest, _few_s)} s in all, preparation included (median of {len(cheapest)}; "
        f"{_range(cheapest, _few_s)}). {_of_pysecdec(costs)}"
    )


def _of_pysecdec(costs: Costs) -> str:
    in_all, each = (_ratios_of_pysecdec(costs, n_integrals) for n_integrals in (FEW, math.inf))
    if not in_all:
        return "pySecDec was not run, or has fewer."
    number = all_configurations.number
    return (
        f"pySecDec has them on {len(in_all)}, and takes {number(min(in_all))} to {number(max(in_all))} times as long, "
        f"{number(statistics.median(in_all))} times in the median; for each further value {number(min(each))} to "
        f"{number(max(each))} times, {number(statistics.median(each))} in the median."
    )


def _ratios_of_pysecdec(costs: Costs, n_integrals: float) -> list[float]:
    """List how many times as long as the cheapest rule the cheapest of pySecDec's takes, where both have the digits."""
    pairs = [[_cheapest(kind, here, n_integrals) for kind in ("pySecDec", "rule")] for here in costs]
    return [theirs.seconds(n_integrals) / rule.seconds(n_integrals) for theirs, rule in pairs if theirs and rule]


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
    best = [[max(costs_of(kind, here), key=_digits, default=None) for kind in COMPARED] for here in costs]
    both = [(ours, theirs) for ours, theirs in best if ours is not None and theirs is not None]
    if not both:
        return ""
    ours, theirs = (statistics.median(_digits(pair[nth]) for pair in both) for nth in range(len(COMPARED)))
    behind = sum(_digits(pair[0]) < _digits(pair[1]) for pair in both)
    down = all_configurations.rounded_down
    seeds = _seeds([pair[0] for pair in both])
    return (
        f"Methods that **learn** have {down(ours)} digits at most (median; {seeds}), and the best table "
        f"{down(theirs)}: more on {behind} of {len(both)} integrals."
        f"{_of_map([winner.method for cell in cells for winner in cell.values()])}"
    )


def _seeds(costs: Iterable[DigitCost]) -> str:
    """Say by how many seeds each is known: "3 seeds each", "1 to 3 seeds each"."""
    found = sorted({len(cost.configuration.good) for cost in costs})
    counts = " to ".join(str(n) for n in dict.fromkeys([found[0], found[-1]]))
    return f"{counts} seed{'s' * (found[-1] > 1)} each"


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


def _cheapest(kind: str, here: Mapping[str, Sequence[DigitCost]], n_integrals: float = math.inf) -> DigitCost | None:
    return digit_costs.cheapest(costs_of(kind, here), DIGITS, n_integrals=n_integrals)


def _digits(cost: DigitCost) -> float:
    return cost.digits_mean


def _us(cost: DigitCost) -> float:
    return 1e6 * cost.s_per_integral


def _few_s(cost: DigitCost) -> float:
    return FEW * cost.seconds(FEW)


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


def _counted(places: Collection[tuple[str, str]]) -> str:
    """Say how many integrals there are, how many of them are held out, and on how many machines, if on several."""
    from references.integrals import catalogue  # with sympy, which is not imported for a report without records

    integrals, machines = {integral for integral, _ in places}, {machine for _, machine in places}
    held_out = sum(map(catalogue.is_held_out, integrals))
    several = f", on {len(machines)} machines" if len(machines) > 1 else ""
    return f"{len(integrals)} integral{'' if len(integrals) == 1 else 's'}, {held_out} of them held out{several}"
