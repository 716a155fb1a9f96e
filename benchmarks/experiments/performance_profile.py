"""Performance profiles on held-out integrals: on which share of them a method is within a factor of the best.

For each held-out integral p and method a, t_{p,a} is the least time per integral with which a has so many digits on
average, infinite where it never has them. With the ratios to the best method, r_{p,a} = t_{p,a}/min_b t_{p,b},

    ρ_a(τ) = share of the integrals with r_{p,a} ≤ τ.

ρ_a(1) says how often a is the best, ρ_a(∞) how often it has the digits at all. An integral on which no method has them
counts for none.

    python -m benchmarks.accuracy --preset held_out --jobs 2 --out reports/published/curves

Dolan and Moré, Benchmarking optimization software with performance profiles, Math. Program. 91 (2002) 201.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.experiments.experiment import Experiment, Table
from benchmarks.records import configurations, digit_costs
from benchmarks.records.configurations import Configuration
from benchmarks.records.digit_costs import DigitCost
from benchmarks.records.run_records import Record, Row

DIGITS = (3, 6)

FACTORS = (1.0, 2.0, 10.0, 100.0, math.inf)

N_INTEGRALS: Mapping[str, float] = {"preparation not counted": math.inf, "preparation spread over 10,000 values": 1e4}
"""How preparation counts -> number of values over which it is spread."""


class Profile(NamedTuple):
    """Ratios r_{p,a} of one number of digits, one machine, and one way in which preparation counts."""

    machine: str
    digits: int
    counted: str
    ratios: Mapping[str, list[float]]
    """Method -> its ratio on each of the same integrals, infinity where it has too few digits or was not run."""
    cheapest: Mapping[str, list[DigitCost]]
    """Method -> its cheapest configuration on each integral on which it has the digits."""
    integrals: list[str]
    configurations: list[Configuration]
    """Those that count on the machine, unfinished ones included."""

    def configurations_of_method(self, method: str) -> list[Configuration]:
        """List the configurations of a method."""
        return [configuration for configuration in self.configurations if configuration.method == method]

    def records_of(self, method: str) -> list[Record]:
        """List the records that a method's ratios come from: those of its cheapest configurations, or all it has."""
        cheapest = [cost.configuration for cost in self.cheapest[method]]
        used = cheapest or self.configurations_of_method(method)
        return [record for configuration in used for record in configuration.records]


def profiles(grouped: Iterable[Configuration]) -> list[Profile]:
    """Make the profiles of all held-out integrals with records, machine by machine."""
    from references.integrals import catalogue  # with sympy, which is not imported for a report without records

    found = [c for c in grouped if catalogue.is_held_out(c.first["integral"]) and digit_costs.counts(c)]
    costs, made = digit_costs.by_place(found), []
    for machine in sorted({machine for (_, machine), methods in costs.items() if methods}):
        here = {integral: methods for (integral, other), methods in costs.items() if other == machine}
        run_here = [c for c in found if c.first["machine"] == machine]
        for digits in DIGITS:
            for counted, n in N_INTEGRALS.items():
                cheapest = _cheapest(here, digits, n)
                costs_of = {name: [cost for cost in found if cost] for name, found in cheapest.items()}
                ratios = _ratios(cheapest, n)
                made.append(Profile(machine, digits, counted, ratios, costs_of, sorted(here), run_here))
    return made


def share(ratios: Iterable[float], factor: float) -> float:
    """Compute ρ(τ): the share of finite ratios up to a factor."""
    found = list(ratios)
    return sum(math.isfinite(ratio) and ratio <= factor for ratio in found) / len(found)


def table(grouped: Iterable[Configuration]) -> Table:
    """Make the table: a row for each method, machine, number of digits and way in which preparation counts."""
    made: list[Row] = []
    for profile in profiles(grouped):
        ranked = sorted(profile.ratios, key=lambda name: _rank(profile.ratios[name]))
        for name in ranked:
            ratios = profile.ratios[name]
            row = {"digits": str(profile.digits), "preparation": profile.counted, "method": name}
            row |= {_column(factor): f"{100 * share(ratios, factor):.0f} %" for factor in FACTORS}
            row |= {"integrals": str(len(profile.integrals)), "machine": profile.machine}
            row["note"] = configurations.note(profile.configurations_of_method(name))
            made.append((row, profile.records_of(name)))
    explanation = (
        "On which share of the held-out integrals a method has so many digits on average in at most so many times the "
        "time per integral of the quickest method, on one thread. Its preparation is not counted, or spread over "
        "10,000 values. No default of a method was tuned on these integrals. A method counts with its cheapest "
        "configuration, and without the digits where it was not run. The note says what of it is superseded, on one of "
        "the integrals at least."
    )
    return Table("Performance profile on held-out integrals", explanation, made)


def _cheapest(
    here: Mapping[str, Mapping[str, list[DigitCost]]], digits: int, n: float
) -> dict[str, list[DigitCost | None]]:
    """Find the cheapest configuration of each method on each integral; None where it has too few digits."""
    methods = sorted({name for found in here.values() for name in found})
    return {
        name: [digit_costs.cheapest(here[one].get(name, []), digits, n_integrals=n) for one in sorted(here)]
        for name in methods
    }


def _ratios(cheapest: Mapping[str, Sequence[DigitCost | None]], n: float) -> dict[str, list[float]]:
    """Divide the seconds of each method on each integral by the least of all methods."""
    seconds = {
        name: [math.inf if cost is None else cost.seconds(n) for cost in found] for name, found in cheapest.items()
    }
    best = [min(times) for times in zip(*seconds.values(), strict=True)]
    return {
        name: [time / least if math.isfinite(time) else math.inf for time, least in zip(times, best, strict=True)]
        for name, times in seconds.items()
    }


def _rank(ratios: list[float]) -> tuple[float, ...]:
    return tuple(-share(ratios, factor) for factor in FACTORS)


def _column(factor: float) -> str:
    if factor == 1:
        return "the quickest"
    return "at any factor" if math.isinf(factor) else f"within {factor:g} times"


def tables(found: Sequence[Record]) -> list[Table]:
    """Make the table."""
    return [table(configurations.grouped(found))]


EXPERIMENT = Experiment(source="curves", tables=tables)
