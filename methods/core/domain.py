"""The box of kinematic invariants: how its points are drawn, and which points lie in it.

    s = low + (high − low) u         draw = "uniform"
    s = low (high/low)^u             draw = "log-uniform", for invariants over many decades

with u uniform in [0, 1]^m.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Draw(NamedTuple):
    """A way to draw a coordinate of s: the coordinate as a function of u in [0, 1], and back."""

    from_unit: Callable[[Any, Any, Any], Any]
    """(low, high, u) -> s."""
    to_unit: Callable[[Any, Any, Any], Any]
    """(low, high, s) -> u."""
    possible: Callable[[float, float], bool]
    """Whether a box from low to high can be drawn so."""


DRAWS = {
    "uniform": Draw(
        from_unit=lambda low, high, u: low + (high - low) * u,
        to_unit=lambda low, high, s: (s - low) / (high - low),
        possible=lambda low, high: low < high,
    ),
    "log-uniform": Draw(
        from_unit=lambda low, high, u: low * (high / low) ** u,
        to_unit=lambda low, high, s: np.log(s / low) / np.log(high / low),
        possible=lambda low, high: low < high and 0 < high / (low or math.inf) < math.inf,
    ),
}


def problem(parameters: tuple[str, ...], low: tuple[float, ...], high: tuple[float, ...], draw: str) -> str | None:
    """Say what is wrong with a box; None where nothing is."""
    if not len(parameters) == len(low) == len(high) > 0:
        return "parameters, low and high must have one entry per column of s, of which there is one at least."
    if bad := [name for name in parameters if not name.isidentifier()]:
        return f"the parameter {bad[0]!r} is not a name; use letters, digits and underscores, a letter first."
    if len(set(parameters)) < len(parameters):
        return f"the parameters {', '.join(parameters)} must all have different names."
    if not np.isfinite([*low, *high]).all():
        return f"every low and high must be finite, got {low}, {high}."
    if draw not in DRAWS:
        return f"draw = {draw!r} is not known; give one of {', '.join(DRAWS)}."
    if not all(map(DRAWS["uniform"].possible, low, high)):
        return f"every low must lie below its high, got {low}, {high}."
    if not all(math.isfinite(b - a) for a, b in zip(low, high, strict=True)):
        return f"every width high - low must be below 1.8e308, the largest number, got {low}, {high}."
    if not all(map(DRAWS[draw].possible, low, high)):
        return f"draw = {draw!r} needs low and high of one sign and a finite ratio, got {low}, {high}."
    return None


def outside(s: np.ndarray, low: tuple[float, ...], high: tuple[float, ...]) -> tuple[int, int] | None:
    """Return row and column of an entry of s (n, m) outside the box, or NaN; None where there is none."""
    inside = (s >= low) & (s <= high)
    return None if inside.all() else tuple(map(int, np.argwhere(~inside)[0]))  # type: ignore[return-value]
