"""What digits cost: for each integral and method, digits, seconds per integral and preparation of its configurations.

    methods = by_place(grouped(records))[integral, machine]
    cheapest(methods["lattice_qmc"], 6)                         the cheapest with six digits, after preparation
    cheapest(methods["lattice_qmc"], 6, n_integrals=10_000)     with preparation shared by 10,000 integrals
    lower_envelope(methods["lattice_qmc"])                      all that are cheapest at some number of digits

Only runs on one thread of a CPU count, so that all costs are of the same resource. Nobody is said to have more digits
than the true values that judge it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Literal

from benchmarks.records import configurations
from benchmarks.records.configurations import Configuration

LARGEST_BATCH = 1024
"""Integrals in the largest call whose time counts."""

Digits = Literal["digits_mean", "digits_worst"]
"""Which digits are asked for: the mean over points and repeats, or those of the worst point of all repeats."""


@dataclasses.dataclass(frozen=True)
class DigitCost:
    """Digits that a configuration of a method has, and what they cost on one thread.

    Parameters
    ----------
    configuration : Configuration
        What was run; ``configuration.fields`` has the knob's setting.
    digits_mean, digits_worst : float
        Of −log₁₀ of the relative error: the mean over points and repeats, and the least of all; both at most those of
        the true value that is known least well.
    s_single : float, optional
        Seconds per integral in calls with one integral; None where it was not timed.
    s_per_integral : float
        Seconds per integral in calls with `batch` integrals, the largest batch up to 1,024 that was timed. It is
        smaller where a method integrates one point after the other, or where 1,024 integrals take too long.
    batch : int
        Integrals in such a call.
    preparation_s : float
        Seconds of preparation, compiling and labels included.
    """

    configuration: Configuration
    digits_mean: float
    digits_worst: float
    s_single: float | None
    s_per_integral: float
    batch: int
    preparation_s: float

    @property
    def is_limited_by_truth(self) -> bool:
        """Tell whether it has more digits on average than the true values that judge it, so that these count."""
        return (self.configuration.digits or 0.0) > self.configuration.truth_digits

    def seconds(self, n_integrals: float = math.inf) -> float:
        """Seconds that an integral costs with its share of the preparation, which serves `n_integrals` of them."""
        return self.s_per_integral + self.preparation_s / n_integrals


def by_place(grouped: Iterable[Configuration]) -> dict[tuple[str, str], dict[str, list[DigitCost]]]:
    """Sort digits and costs by (integral, machine), and those of each by method.

    Configurations that are replaced by newer ones, that did not finish, or that were not timed have no costs.
    """
    found = {}
    for place, here in configurations.by_place(filter(counts, grouped)).items():
        methods: dict[str, list[DigitCost]] = {}
        for configuration in here:
            if (cost := digit_cost(configuration)) is not None:
                methods.setdefault(configuration.method, []).append(cost)
        found[place] = dict(sorted(methods.items()))
    return found


def one_machine_each(grouped: Iterable[Configuration]) -> list[Configuration]:
    """Keep the configurations of one machine for each integral, so that no integral counts twice.

    It is the machine on which most methods have costs by their current version; of several such ones it is that with
    the newest record. An integral without any costs keeps its configurations on all machines.
    """
    found = list(grouped)
    places = {place: methods for place, methods in by_place(found).items() if methods}
    # Of equal keys of a dictionary the last one stays.
    chosen = dict(sorted(places, key=lambda place: _rank(places[place])))
    return [c for c in found if c.first["machine"] == chosen.get(c.first["integral"], c.first["machine"])]


def _rank(methods: Mapping[str, Iterable[DigitCost]]) -> tuple[int, str]:
    """Count the methods of a place that have a current version, and find the date of its newest record."""
    found = [cost.configuration for costs in methods.values() for cost in costs]
    n_current = len({configuration.method for configuration in found if not configuration.superseded})
    return n_current, max(record["date_utc"] or "" for configuration in found for record in configuration.records)


def counts(configuration: Configuration) -> bool:
    """Tell whether a configuration is current, and of one thread of a CPU."""
    return not configuration.replaced and (configuration.first["threads"], configuration.first["device"]) == (1, "cpu")


def digit_cost(configuration: Configuration) -> DigitCost | None:
    """Digits and costs of a configuration, means over its repeats; None where one is unknown or a repeat failed."""
    timed = {int(batch) for record in configuration.good for batch in record["s_per_integral"] or ()}
    seconds = {batch: s for batch in timed if (s := configuration.seconds(str(batch))) and batch <= LARGEST_BATCH}
    digits, preparation_s = configuration.digits, configuration.mean("fit_s")
    worst, limit = configuration.worst, configuration.truth_digits
    if configuration.bad or digits is None or worst is None or preparation_s is None or not seconds:
        return None
    batch = max(seconds)
    return DigitCost(
        configuration, min(digits, limit), min(worst, limit), seconds.get(1), seconds[batch], batch, preparation_s
    )


def cheapest(
    costs: Iterable[DigitCost], at_least: float, *, digits: Digits = "digits_mean", n_integrals: float = math.inf
) -> DigitCost | None:
    """Return the one with so many digits that takes the least time per integral; None where none has them."""
    enough = [cost for cost in costs if getattr(cost, digits) >= at_least]
    return min(enough, key=lambda cost: cost.seconds(n_integrals), default=None)


def lower_envelope(costs: Iterable[DigitCost], *, n_integrals: float = math.inf) -> list[DigitCost]:
    """Return those that no other beats in both time and mean digits, the cheapest first."""
    ordered = sorted(costs, key=lambda cost: (cost.seconds(n_integrals), -cost.digits_mean))
    envelope: list[DigitCost] = []
    for cost in ordered:
        if not envelope or cost.digits_mean > envelope[-1].digits_mean:
            envelope.append(cost)
    return envelope
