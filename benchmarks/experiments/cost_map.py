"""Which method takes least time in all, for each number of digits and of phase-space points.

Twelve integrals stand for pairs (k, m) of Feynman parameters and invariants. On each, a method costs

    preparation + n · seconds per integral

for n integrals with at least so many digits on average, with its cheapest configuration for both. Nothing but measured
configurations is compared, with one exception: where no method has the digits, the curves' ends are continued by two
digits at most, and marked as extrapolated.

The records are those of `curves`.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.experiments.experiment import Experiment, Table
from benchmarks.records import configurations, digit_costs
from benchmarks.records.configurations import Configuration
from benchmarks.records.digit_costs import DigitCost
from benchmarks.records.run_records import Record, Row
from benchmarks.text_format import power_of_ten

INTEGRALS = {
    "bubble": (1, 1), "box1l_2d": (3, 2), "box1l": (3, 3), "box1l_4d": (3, 4), "box1l_masses_sum": (3, 5),
    "pentagon1l_8d": (4, 8), "ladder2l_s01": (5, 3), "hexagon1l": (5, 9), "box2l": (6, 3), "box2l_sum": (6, 3),
    "pentabox_s01": (7, 5), "genz_gaussian_8d": (8, 2),
}  # fmt: skip
"""Integral -> (k, m): N-gons, sectors and whole integrals of two loops, and one of Genz's."""

DIGITS = (2, 3, 4, 5, 6, 7, 8)

COUNTS = tuple(10**power for power in range(10))
"""Integrals to compute, n."""

FURTHEST = 2.0
"""Digits by which the end of a curve may be continued."""


class Winner(NamedTuple):
    """The method that takes least time in all, for some digits and some number of integrals."""

    method: str
    seconds: float
    extrapolated: bool
    """Whether its digits were not measured but follow from its curve."""
    cost: DigitCost
    """Digits and costs of the configuration that wins."""


WinnerMap = Mapping[tuple[int, int], Winner]
"""(digits, n) -> the winner; nothing where no method gets near."""


def winner_maps(grouped: Iterable[Configuration]) -> dict[tuple[str, str], WinnerMap]:
    """Find the winners by (integral, machine), in the order of INTEGRALS."""
    places = digit_costs.by_place(grouped)
    order = list(INTEGRALS)
    chosen = sorted((p for p in places if p[0] in INTEGRALS), key=lambda p: (order.index(p[0]), p))
    return {place: _winners(places[place]) for place in chosen}


def table(grouped: Iterable[Configuration]) -> Table:
    """Make the table: a row per integral and machine, and the winners for each number of digits, up to 10⁹ points."""
    made: list[Row] = []
    for (integral, machine), winners in winner_maps(grouped).items():
        k, m = INTEGRALS[integral]
        row = {"integral": integral, "k, m": f"{k}, {m}"}
        row |= {f"{digits} digits": _stretches(winners, digits) for digits in DIGITS}
        made.append((row | _ends(winners, machine), _records(winners)))
    explanation = (
        "Which method takes least time, preparation included, on one thread, for at least so many digits on average at "
        "n phase-space points. 'a, b from 10⁴' says that a is cheapest for fewer than 10⁴ points, and b for more, up "
        "to 10⁹. (extrapolated): nothing that was run has so many digits, and the time follows from the end of the "
        "method's curve, continued by two digits at most. The note says which of these methods are superseded."
    )
    return Table("The cheapest method by digits and number of points", explanation, made)


def sentences(grouped: Iterable[Configuration]) -> Table:
    """Make a table with a sentence for each integral and machine."""
    made: list[Row] = []
    for (integral, machine), winners in winner_maps(grouped).items():
        k, m = INTEGRALS[integral]
        counted: dict[str, int] = {}
        for winner in winners.values():
            counted[winner.method] = counted.get(winner.method, 0) + 1
        if not counted:
            continue
        shares = [(name, n / (len(DIGITS) * len(COUNTS))) for name, n in counted.items()]
        ranked = sorted(shares, key=lambda item: (-item[1], item[0]))
        said = ", ".join(f"{name} in {100 * share:.0f} %{_extrapolated(winners, name)}" for name, share in ranked)
        row = {"integral": integral, "sentence": f"{integral} (k = {k}, m = {m}): {said}."}
        made.append((row | _ends(winners, machine), _records(winners)))
    explanation = (
        f"The share of the {len(DIGITS)} · {len(COUNTS)} cells (digits, n) in which each method is the cheapest, the "
        "one with most of them first. The note says which of them are superseded."
    )
    return Table("The map in sentences", explanation, made)


def _winners(methods: Mapping[str, Sequence[DigitCost]]) -> WinnerMap:
    found = {}
    for digits, n in itertools.product(DIGITS, COUNTS):
        measured = [
            Winner(name, n * cost.seconds(n), False, cost)
            for name, costs in methods.items()
            if (cost := digit_costs.cheapest(costs, digits, n_integrals=n)) is not None
        ]
        tried = measured or [
            Winner(name, n * continued.seconds(n), True, continued)
            for name, costs in methods.items()
            if (continued := _continued(costs, digits, n)) is not None
        ]
        if tried:
            found[digits, n] = min(tried, key=lambda winner: winner.seconds)
    return found


def _continued(costs: Sequence[DigitCost], digits: float, n: int) -> DigitCost | None:
    """Continue a curve to more digits along its last stretch, both costs growing by the same factor per digit.

    None where it has no such stretch, it would be too far, or more digits would be cheaper.
    """
    envelope = digit_costs.lower_envelope(costs, n_integrals=n)
    if len(envelope) < 2 or digits - envelope[-1].digits_mean > FURTHEST:
        return None
    before, last = envelope[-2:]
    gained = last.digits_mean - before.digits_mean
    growth = (last.seconds(n) / before.seconds(n)) ** ((digits - last.digits_mean) / gained)
    return dataclasses.replace(
        last, digits_mean=digits, s_per_integral=growth * last.s_per_integral,
        preparation_s=growth * last.preparation_s,
    )  # fmt: skip


def _stretches(winners: WinnerMap, digits: int) -> str:
    """Say which methods win from one integral on, in turn."""
    said = []
    named = [(n, winners.get((digits, n))) for n in COUNTS]
    for (name, extrapolated), stretch in itertools.groupby(named, key=lambda item: _name(item[1])):
        first = next(stretch)[0]
        since = f" from {_power(first)}" if first > 1 else ""
        said.append(f"{name}{since}" + (" (extrapolated)" if extrapolated else ""))
    return ", ".join(said)


def _name(winner: Winner | None) -> tuple[str, bool]:
    return ("no method", False) if winner is None else (winner.method, winner.extrapolated)


def _extrapolated(winners: WinnerMap, name: str) -> str:
    """Say which share of all (digits, n) a method wins by digits that were not measured; "" where there are none."""
    won = sum(winner.method == name and winner.extrapolated for winner in winners.values())
    share = won / len(DIGITS) / len(COUNTS)
    return f" ({100 * share:.0f} % extrapolated)" if share else ""


def _power(n: int) -> str:
    """Write a power of ten."""
    exponent = len(str(n)) - 1
    return "1" if exponent == 0 else power_of_ten(exponent)


def _ends(winners: WinnerMap, machine: str) -> dict[str, str]:
    """Make the last columns of a row: the machine, and what of the winners is superseded."""
    return {"machine": machine, "note": configurations.note(_used(winners))}


def _records(winners: WinnerMap) -> list[Record]:
    return [record for configuration in _used(winners) for record in configuration.records]


def _used(winners: WinnerMap) -> list[Configuration]:
    """List the configurations that win, each once."""
    return list({id(winner.cost.configuration): winner.cost.configuration for winner in winners.values()}.values())


def tables(found: Sequence[Record]) -> list[Table]:
    """Make the table of winners, and their sentences."""
    grouped = configurations.grouped(found)
    return [table(grouped), sentences(grouped)]


EXPERIMENT = Experiment(source="curves", tables=tables)
