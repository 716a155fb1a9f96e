"""Loop integrals as the text that ``python -m references.from_loop`` reads."""

from __future__ import annotations


def massless_triangle(low: float, high: float) -> str:
    """Return the triangle with massless lines and all three legs M1, M2 and M3 off-shell, in [low, high]."""
    return f"""
name = "triangle"
lines = [["0", 1, 2], ["0", 2, 3], ["0", 3, 1]]
legs = [["p1", 1], ["p2", 2], ["p3", 3]]
[rules]
"p1*p1" = "M1"
"p2*p2" = "M2"
"p3*p3" = "M3"
"p1*p2" = "(M3 - M1 - M2)/2"
"p1*p3" = "(M2 - M1 - M3)/2"
"p2*p3" = "(M1 - M2 - M3)/2"
[box]
M1 = [{low}, {high}]
M2 = [{low}, {high}]
M3 = [{low}, {high}]
"""
