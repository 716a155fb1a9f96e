"""The three findings of README.md: what rules, tables and methods that learn cost, with six digits on all integrals.

They are of the integrals above threshold where each of the three sentences can be made of their records, and otherwise
of those below. An integral counts on one machine, however many it was run on.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from benchmarks.experiments import all_configurations, break_even, cost_map, pysecdec_costs
from benchmarks.records import digit_costs
from benchmarks.records.configurations import Configuration
from benchmarks.records.digit_costs import DigitCost
from benchmarks.records.method_kinds import KINDS, costs_of
from methods.core.digits import rounded_down

DIGITS = 6

FEW, MANY = 10**3, 10**8
"""Numbers of values that rules and tables are for."""

WORDS = (
    "A rule sums the integrand over nodes for each value, a table interpolates values in s, and networks and trees "
    "learn them ([words](docs/words.md))"
)
"""Says for readers of README.md how rules, tables and methods that learn compute I(s)."""

WHO = {"rule": "a rule", "table": "a table", "learned": "a method that learns", "pySecDec": "pySecDec"}
"""Kinds of methods -> their names in a sentence."""

Costs = Sequence[Mapping[str, Sequence[DigitCost]]]
"""For each integral on a machine: method -> its configurations."""


def sentences(euclidean: Sequence[Configuration], physical: Sequence[Configuration]) -> list[str]:
    """Write the findings as lines of Markdown, the region first; [] where no region has them all."""
    for where, grouped in (("Above threshold", physical), ("Below thresholds", euclidean)):
        chosen = digit_costs.one_machine_each(grouped)
        places = digit_costs.by_place(chosen)
        costs = list(places.values())
        found = [rules(costs), tables(costs), learned(costs, cost_map.winner_maps(chosen).values())]
        if all(found):
            first = f"{where} ({_counted(places)}). {WORDS}. {digits_meant(places)}"
            return [first, *(f"- {sentence}" for sentence in found)]
    return []


def digits_meant(places: Mapping[tuple[str, str], Mapping[str, Sequence[DigitCost]]]) -> str:
    """Say that digits are averages, on which integrals nothing has so many, and how many have them at the worst point.

    `places` has the costs of each method by (integral, machine).
    """
    of_all = {integral: [cost for costs in here.values() for cost in costs] for (integral, _), here in places.items()}
    most = {integral: max(costs, key=_digits) for integral, costs in of_all.items() if costs}
    without = [
        f"`{name}` ({'at least ' if cost.is_limited_by_truth else ''}{rounded_down(_digits(cost))})"
        for name, cost in sorted(most.items())
        if _digits(cost) < DIGITS
    ]
    on = f"{len(without)} integral{'' if len(without) == 1 else 's'}"
    nobody = f" On {on} no method is known to have {DIGITS}: {', '.join(without)}."
    worst = [f"{who} on {sum(_has_at_worst(kind, here) for here in places.values())}" for kind, who in WHO.items()]
    return (
        f"Digits are averages over the box.{nobody if without else ''} At the worst point, too, "
        f"{DIGITS} are reached by {', '.join(worst)} integrals:"
    )


def _has_at_worst(kind: str, here: Mapping[str, Sequence[DigitCost]]) -> bool:
    return any(cost.digits_worst >= DIGITS for cost in costs_of(kind, here))


def rules(costs: Costs) -> str:
    """Say what FEW values cost with the cheapest rule, and with pySecDec; "" where no rule has the digits."""
    cheapest = [rule for here in costs if (rule := _cheapest("rule", here, FEW))]
    if not cheapest:
        return ""
    theirs = [cost for here in costs if (cost := _cheapest("pySecDec", here, FEW)) and _cheapest("rule", here, FEW)]
    return (
        f"For {FEW:,} values {_ahead('rule', costs, FEW)}: {DIGITS} digits take it {_median(cheapest, _few_s)} s in "
        f"all, preparation included (median of {len(cheapest)}; {_range(cheapest, _few_s)}). {_of_pysecdec(costs)}"
        f"{_older([*_winners(costs, FEW), *cheapest, *theirs])}"
    )


def _of_pysecdec(costs: Costs) -> str:
    """Compare pySecDec with the rule that is the cheapest for FEW values, also by what each further value costs."""
    both = [[_cheapest(kind, here, FEW) for kind in ("pySecDec", "rule")] for here in costs]
    pairs = [(theirs, rule) for theirs, rule in both if theirs and rule]
    if not pairs:
        return "pySecDec was not run, or has fewer."
    in_all, each = ([theirs.seconds(n) / rule.seconds(n) for theirs, rule in pairs] for n in (FEW, math.inf))
    number = all_configurations.number
    few = sum(rule is not None for _, rule in both) > len(pairs)
    return (
        f"pySecDec has them on {len(in_all)}{judged_by([theirs for theirs, _ in pairs])}, and takes "
        f"{number(statistics.median(in_all))} times as long (median; {number(min(in_all))} to {number(max(in_all))})"
        f"{'; elsewhere it has fewer with the settings that were run' if few else ''}. With these settings each "
        f"further value takes it {number(statistics.median(each))} times as long (median; {number(min(each))} to "
        f"{number(max(each))}) in calls with {batches(theirs for theirs, _ in pairs)} values beside "
        f"{batches(rule for _, rule in pairs)} of rules{_called_singly(pairs)}.{by_kernels(pairs)}"
    )


def batches(costs: Iterable[DigitCost]) -> str:
    """Write the numbers of values per timed call, as "64 or 1,024"."""
    return " or ".join(f"{batch:,}" for batch in sorted({cost.batch for cost in costs}))


def by_kernels(pairs: Iterable[tuple[DigitCost, DigitCost]]) -> str:
    """Say which share of pySecDec's time is in its kernels, and how many times that of a rule these alone take.

    `pairs` are of pySecDec and a rule; "" where pySecDec reports no seconds in kernels.
    """
    known = [
        (both.kernel_share, both.kernel_share * theirs.s_per_integral / rule.s_per_integral)
        for theirs, rule in pairs
        if (both := pysecdec_costs.parts(theirs.configuration))
    ]
    if not known:
        return ""
    share, ratio = (statistics.median(column) for column in zip(*known, strict=True))
    times = f"{all_configurations.number(ratio)} times"
    return f" {100 * share:.0f} % of its time is in its kernels, which alone take {times} as long (medians)."


def _called_singly(pairs: Iterable[tuple[DigitCost, DigitCost]]) -> str:
    """Say how many times as long pySecDec takes in calls with one value; "" where none was timed."""
    ratios = [theirs.s_single / rule.s_single for theirs, rule in pairs if theirs.s_single and rule.s_single]
    return f", {all_configurations.number(statistics.median(ratios))} times in single calls" if ratios else ""


def judged_by(costs: Iterable[DigitCost]) -> str:
    """Say how many points the digits rest on, as " (judged by 10 to 50 points)"; "" where no record says it."""
    found = sorted({n for cost in costs for record in cost.configuration.good if (n := record["n_points"])})
    return f" (judged by {_from_to(found)} points)" if found else ""


def tables(costs: Costs) -> str:
    """Say what a value costs with the cheapest table, and from how many on it is cheaper than a rule; "" without it."""
    made = [table for here in costs if (table := _cheapest("table", here))]
    rivals = [[_enough(kind, here) for kind in ("table", "rule")] for here in costs]
    first = [break_even.from_how_many(*pair) for pair in rivals if all(pair)]
    if not first:
        return ""
    return (
        f"For {MANY:,} values {_ahead('table', costs, MANY)}: {DIGITS} digits take {_median(made, _us)} µs per value "
        f"(median of {len(made)}; {_range(made, _us)}) after {_median(made, _seconds)} s ({_range(made, _seconds)}). "
        f"{_where_tables_pay(statistics.median(first))} (median of {len(first)})."
        f"{_older([*_winners(costs, MANY), *made, *(cost for pair in rivals for found in pair for cost in found)])}"
    )


def learned(costs: Costs, maps: Collection[cost_map.WinnerMap]) -> str:
    """Compare the most digits of methods that learn and of tables, and count the map's cells; "" without both."""
    best = [[max(costs_of(kind, here), key=_digits, default=None) for kind in COMPARED] for here in costs]
    both = [(ours, theirs) for ours, theirs in best if ours is not None and theirs is not None]
    if not both:
        return ""
    ours, theirs = (statistics.median(_digits(pair[nth]) for pair in both) for nth in range(len(COMPARED)))
    winners = [winner for found in maps for winner in found.values()]
    used = [*(cost for pair in both for cost in pair), *(winner.cost for winner in winners)]
    return (
        f"The best method that **learns** has {rounded_down(ours)} digits in the median "
        f"({seeds([pair[0] for pair in both])}{alone([here for here in costs if costs_of('learned', here)])}), and "
        f"the best table {rounded_down(theirs)}: more on {how_often_fewer(both)}."
        f"{_of_map([winner.method for winner in winners])}{_older(used)}"
    )


def how_often_fewer(pairs: Sequence[tuple[DigitCost, DigitCost]]) -> str:
    """Say on how many integrals the first of two has fewer digits, and where the true values do not tell."""
    untold = [all(cost.is_limited_by_truth for cost in pair) for pair in pairs]
    fewer = sum(
        pair[0].digits_mean < pair[1].digits_mean and not unknown for pair, unknown in zip(pairs, untold, strict=True)
    )
    unknown = f"; on {sum(untold)} both have more than the true values" if any(untold) else ""
    return f"{fewer} of {len(pairs)} integrals{unknown}"


def alone(costs: Costs) -> str:
    """Say on how many of these integrals a single method that learns has a result, and which; "" for none."""
    found = [{cost.configuration.method for cost in costs_of("learned", here)} for here in costs]
    single = [next(iter(names)) for names in found if len(names) == 1]
    which = " or ".join(f"`{name}`" for name in sorted(set(single)))
    return f"; on {len(single)} of {len(found)} integrals {which} alone has a result" if single else ""


def seeds(costs: Iterable[DigitCost]) -> str:
    """Say by how many seeds each is known: "3 seeds each", "1 to 3 seeds each"."""
    found = sorted({len(cost.configuration.good) for cost in costs})
    return f"{_from_to(found)} seed{'s' * (found[-1] > 1)} each"


def _from_to(ordered: Sequence[int]) -> str:
    """Write the first and the last of some numbers, or the only one."""
    return " to ".join(f"{n:,}" for n in dict.fromkeys([ordered[0], ordered[-1]]))


def _older(costs: Iterable[DigitCost]) -> str:
    """Say how many of the configurations that a sentence compares are superseded; "" where all are current."""
    used = {id(cost.configuration): cost.configuration for cost in costs}.values()
    n_older = sum(configuration.superseded for configuration in used)
    if not n_older:
        return ""
    return f" {n_older} of the {len(used)} configurations compared {'is' if n_older == 1 else 'are'} superseded."


def _of_map(winners: Sequence[str]) -> str:
    ahead = sum(name in KINDS["learned"] for name in winners)
    cells = f"{len(winners):,} cells of the map (integral, digits, number of values)"
    return f" Methods that learn are the cheapest in {ahead} of {cells}." if winners else ""


COMPARED = ("learned", "table")


def _ahead(kind: str, costs: Costs, n_integrals: int) -> str:
    """Say on how many integrals a method of this kind takes least time in all, of those on which one has the digits."""
    cheapest = _winners(costs, n_integrals)
    ahead = sum(cost.configuration.method in KINDS[kind] for cost in cheapest)
    return f"a **{kind}** is the cheapest on {ahead} of {len(cheapest)} integrals"


def _winners(costs: Costs, n_integrals: int) -> list[DigitCost]:
    """List the cheapest configuration of each integral, of all methods, where one has the digits."""
    found = [[cost for methods in here.values() for cost in methods] for here in costs]
    return [cost for here in found if (cost := digit_costs.cheapest(here, DIGITS, n_integrals=n_integrals))]


def _enough(kind: str, here: Mapping[str, Sequence[DigitCost]]) -> list[DigitCost]:
    return [cost for cost in costs_of(kind, here) if cost.digits_mean >= DIGITS]


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


def _where_tables_pay(n: float) -> str:
    """Say from how many values on a table is cheaper than every rule, with one significant digit of their number."""
    if math.isinf(n):
        return "There is no number of values from which on a table is cheaper than every rule"
    return f"A table is cheaper than every rule from {float(f'{n:.0e}'):,.0f} values on"


def _counted(places: Collection[tuple[str, str]]) -> str:
    """Say how many integrals there are, how many of them are held out, and on how many machines, if on several."""
    from references.integrals import catalogue  # with sympy, which is not imported for a report without records

    integrals, machines = {integral for integral, _ in places}, {machine for _, machine in places}
    held_out = sum(map(catalogue.is_held_out, integrals))
    several = f", on {len(machines)} machines" if len(machines) > 1 else ""
    return f"{len(integrals)} integral{'' if len(integrals) == 1 else 's'}, {held_out} of them held out{several}"
