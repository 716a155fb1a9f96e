"""The digits and costs that a setting of a knob is expected to have, from pilots of the same method.

Digits are linear in the law's coordinate x of the size N, and costs are powers of N:

    digits = d_2 + slope · (x − x_2),    seconds = t_2 · (N/N_2)^p,

through the two pilots next to the digits wanted. With one pilot, slope and powers are those that the law assumes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.choosing.candidates import Candidate
from benchmarks.choosing.pilots import Pilot

MARGIN, WORST_MARGIN = 0.15, 0.4
"""Digits that are aimed at beyond those wanted, on average and at the worst point: at other points they differ."""

LEAST_SLOPE = 0.2
"""Share of the assumed slope below which digits count as saturated."""

FAR = 2.0
"""Ratio of two sizes from which equal digits tell saturation: of nearer ones a rule may be the same."""

STEEPEST_SLOPE = 2.0
"""A measured slope is believed up to this many times the assumed one."""

LARGEST_POWER = 2.0
"""A measured power of N is believed up to this one."""


class Forecast(NamedTuple):
    """A setting of a candidate's knob with what it gives: measured, or expected."""

    candidate: Candidate
    setting: float
    digits: float
    preparation_s: float
    s_single: float
    s_per_integral: float
    measured: bool
    judge_error: float = 0.0
    """Relative error of the values that judged it, where it is measured."""

    def seconds(self, count: float, latency: bool) -> float:
        """Seconds for `count` integrals, preparation included, in batches or, for `latency`, one at a time."""
        return self.preparation_s + count * (self.s_single if latency else self.s_per_integral)


def digits_of(pilot: Pilot, worst: bool) -> float:
    """Digits of a pilot, on average or at its worst point."""
    return pilot.digits_worst if worst else pilot.digits_mean


def measured(pilot: Pilot, worst: bool) -> Forecast:
    """State what a pilot gave."""
    return Forecast(
        pilot.candidate, pilot.setting, digits_of(pilot, worst), pilot.preparation_s, pilot.s_single,
        pilot.s_per_integral, True, pilot.judge_error,
    )  # fmt: skip


def expected(pilots: Sequence[Pilot], digits: float, worst: bool, m: int) -> Forecast | None:
    """Forecast the setting that has so many digits, or the most there are, from pilots in the order of their sizes.

    None where the digits no longer grow with the size.
    """
    candidate = pilots[-1].candidate
    margin = WORST_MARGIN if worst else MARGIN
    wanted = digits + margin
    lower, upper = _neighbours(pilots, wanted, worst)
    x = {id(pilot): candidate.law.coordinate(pilot.size, m) for pilot in (lower, upper)}
    assumed = candidate.law.slope
    if assumed is None:
        assumed = max(digits_of(upper, worst), 0.3) / x[id(upper)]
    slope = assumed
    if lower is not upper:
        grown = (digits_of(upper, worst) - digits_of(lower, worst)) / (x[id(upper)] - x[id(lower)])
        slope = min(grown, STEEPEST_SLOPE * assumed)
        if slope < LEAST_SLOPE * assumed:
            if upper.size >= FAR * lower.size:
                return None
            slope = assumed
    at = x[id(upper)] + (wanted - digits_of(upper, worst)) / slope
    size = max(candidate.law.size(at, m), candidate.size_of(candidate.coarsest or candidate.first))
    size = min(size, candidate.size_of(candidate.most))
    setting = candidate.setting_of(size)
    size = candidate.size_of(setting)
    found = digits_of(upper, worst) + slope * (candidate.law.coordinate(size, m) - x[id(upper)])
    return Forecast(
        candidate, setting, found - margin,
        _scaled(lower.preparation_s, upper.preparation_s, lower.size, upper.size, size, candidate.law.preparation),
        _scaled(lower.s_single, upper.s_single, lower.size, upper.size, size, candidate.law.time),
        _scaled(lower.s_per_integral, upper.s_per_integral, lower.size, upper.size, size, candidate.law.time),
        False,
    )  # fmt: skip


def _neighbours(pilots: Sequence[Pilot], wanted: float, worst: bool) -> tuple[Pilot, Pilot]:
    """Return the two pilots between which the digits wanted lie, or that are nearest to them; one twice if alone."""
    if len(pilots) == 1:
        return pilots[0], pilots[0]
    above = next((i for i, pilot in enumerate(pilots) if digits_of(pilot, worst) >= wanted), len(pilots) - 1)
    upper = max(1, above)
    return pilots[upper - 1], pilots[upper]


def _scaled(low: float, high: float, small: float, large: float, size: float, power: float) -> float:
    """Continue seconds at two sizes to a third one, by the power measured between them, or the one assumed."""
    if large > small and low > 0 and high > 0:
        power = min(max(0.0, math.log(high / low) / math.log(large / small)), LARGEST_POWER)
    return high * (size / large) ** power
