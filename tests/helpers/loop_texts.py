"""Loop integrals as the text that ``python -m references.from_loop`` reads."""

from __future__ import annotations

MASSIVE_TRIANGLE = """
name = "triangle"
lines = [["m", 1, 2], ["m", 2, 3], ["m", 3, 1]]
legs = [["p1", 1], ["p2", 2], ["p3", 3]]
[rules]
"p1*p1" = "0"
"p2*p2" = "0"
"p3*p3" = "s"
"p1*p2" = "s/2"
"p1*p3" = "-s/2"
"p2*p3" = "-s/2"
"m**2" = "1"
[box]
s = [-30, -3]
"""
"""Three lines of one mass, and one leg with p² = s."""


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


def polygon(n: int) -> str:
    """Return the one-loop integral with n lines of mass m and n off-shell legs in a symmetric kinematic point."""
    lines = [["m", i + 1, (i + 1) % n + 1] for i in range(n)]
    legs = [[f"p{i + 1}", i + 1] for i in range(n)]
    products = [f'"p{i}*p{j}" = "{"-s" if i == j else f"s/{n - 1}"}"' for i in range(1, n + 1) for j in range(i, n + 1)]
    rules = "\n".join([*products, '"m**2" = "1"'])
    return f'name = "polygon"\nlines = {lines}\nlegs = {legs}\n[rules]\n{rules}\n[box]\ns = [1, 2]\n'


PROPAGATORS = """
name = "triangle"
propagators = {propagators}
loop_momenta = ["k"]
external_momenta = ["p1", "p2"]
[rules]
"p1*p1" = "0"
"p2*p2" = "0"
"p1*p2" = "s/2"
"m**2" = "1"
[box]
s = [-30, -3]
"""
"""The one-loop triangle by its propagators, which are to be filled in."""
