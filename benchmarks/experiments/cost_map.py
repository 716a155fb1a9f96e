"""A map in small: which method takes least time in all, for so many digits at so many phase-space points.

Twelve cells (k, m), k Feynman parameters and m kinematic invariants, stand for their like. In each, a method costs

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
from benchmarks.records.text_format import power_of_ten

CELLS = {
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


Cell = Mapping[tuple[int, int], Winner]
"""(digits, n) -> the winner; nothing where no method gets near."""


def cells(grouped: Iterable[Configuration]) -> dict[tuple[str, str], Cell]:
    """Find the winners by (integral, machine), in the order of the cells."""
    places = digit_costs.by_place(grouped)
    order = list(CELLS)
    chosen = sorted((place for place in places if place[0] in CELLS), key=lambda place: (order.index(place[0]), place))
    return {place: _winners(places[place]) for place in chosen}


def table(grouped: Iterable[Configuration]) -> Table:
    """Make the table: a row per cell, and for each number of digits the winners from one integral to 10⁹."""
    made: list[Row] = []
    for (integral, machine), cell in cells(grouped).items():
        k, m = CELLS[integral]
        row = {"integral": integral, "k, m": f"{k}, {m}"}
        row |= {f"{digits} digits": _stretches(cell, digits) for digits in DIGITS}
        made.append((row | _ends(cell, machine), _records(cell)))
    explanation = (
        "Which method takes least time, preparation included, on one thread, for at least so many digits on average at "
        "n phase-space points. 'a, b from 10⁴' says that a is cheapest for fewer than 10⁴ points, and b for more, up "
        "to 10⁹. (extrapolated): nothing that was run has so many digits, and the time follows from the end of the "
        "method's curve, continued by two digits at most. The note says which of these methods are superseded."
    )
    return Table("The cheapest method by digits and number of points", explanation, made)


def sentences(grouped: Iterable[Configuration]) -> Table:
    """Make a table with a sentence for each cell."""
    made: list[Row] = []
    for (integral, machine), cell in cells(grouped).items():
        k, m = CELLS[integral]
        counted: dict[str, int] = {}
        for winner in cell.values():
            counted[winner.method] = counted.get(winner.method, 0) + 1
        if not counted:
            continue
        shares = [(name, n / (len(DIGITS) * len(COUNTS))) for name, n in counted.items()]
        ranked = sorted(shares, key=lambda item: (-item[1], item[0]))
        said = ", ".join(f"{name} in {100 * share:.0f} %{_extrapolated(cell, name)}" for name, share in ranked)
        row = {"integral": integral, "sentence": f"{integral} (k = {k}, m = {m}): {said}."}
        made.append((row | _ends(cell, machine), _records(cell)))
    explanation = (
        f"The share of the {len(DIGITS)} · {len(COUNTS)} cells (digits, n) in which each method is the cheapest, the "
        "one with most of them first. The note says which of them are superseded."
    )
    return Table("The map in sentences", explanation, made)


def _winners(methods: Mapping[str, Sequence[DigitCost]]) -> Cell:
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


def _stretches(cell: Cell, digits: int) -> str:
    """Say which methods win from one integral on, in turn."""
    said = []
    named = [(n, cell.get((digits, n))) for n in COUNTS]
    for (name, extrapolated), stretch in itertools.groupby(named, key=lambda item: _name(item[1])):
        first = next(stretch)[0]
        since = f" from {_power(first)}" if first > 1 else ""
        said.append(f"{name}{since}" + (" (extrapolated)" if extrapolated else ""))
    return ", ".join(said)


def _name(winner: Winner | None) -> tuple[str, bool]:
    return ("no method", False) if winner is None else (winner.method, winner.extrapolated)


def _extrapolated(cell: Cell, name: str) -> str:
    """Say which share of the cells a method wins by digits that were not measured; "" where there are none."""
    share = sum(winner.method == name and winner.extrapolated for winner in cell.values()) / len(DIGITS) / len(COUNTS)
    return f" ({100 * share:.0f} % extrapolated)" if share else ""


def _power(n: int) -> str:
    """Write a power of ten."""
    exponent = len(str(n)) - 1
    return "1" if exponent == 0 else power_of_ten(exponent)


def _ends(cell: Cell, machine: str) -> dict[str, str]:
    """Make the last cells of a row: the machine, and what of the winners is superseded."""
    return {"machine": machine, "note": configurations.note(_used(cell))}


def _records(cell: Cell) -> list[Record]:
    return [record for configuration in _used(cell) for record in configuration.records]


def _used(cell: Cell) -> list[Configuration]:
    """List the configurations that win, each once."""
    return list({id(winner.cost.configuration): winner.cost.configuration for winner in cell.values()}.values())


def tables(found: Sequence[Record]) -> list[Table]:
    """Make the table of winners, and their sentences."""
    grouped = configurations.grouped(found)
    return [table(grouped), sentences(grouped)]


EXPERIMENT = Experiment(source="curves", tables=tables)
