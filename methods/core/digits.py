"""How a number of digits is written."""

from __future__ import annotations

import math


def rounded_down(digits: float) -> str:
    """Write a number of digits with one decimal, such that "6.0" is never less than six."""
    return f"{math.floor(10 * digits) / 10:.1f}"
