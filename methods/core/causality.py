"""F on the way from the real cube to a complex contour: whether the contour is causal.

Contours that are reached from the real cube without crossing a zero of F − i0 have the same integral. A way there is
x_τ(t) with a share τ of each phase, and a contour is *causal* where for no τ in (0, 1]

    Im F(s, x_τ(t)) > 0   and   Re F(s, x_τ(t)) ≤ 0,

so that F never comes to the negative axis from above, and logarithms and roots of F are principal ones. "Im F ≤ 0
everywhere" would refuse good contours: on those of one-loop integrals a tenth of the points have Im F > 0, all of them
with Re F > 0. A sample refutes, and proves nothing: that two contours agree is better evidence.

Other polynomials G at whose zeros the integrand is singular, as in 1/(F G), do not vanish on the real cube, and must
not vanish on the way. With G divided by its sign on the real cube, they do not as long as all values stay outside one
of the two quadrants

    Re G < 0 ≤ Im G,    Re G < 0,  Im G ≤ 0.

It is one quadrant for all points: where the contour has passed a zero of G, the points around it lie in both, although
each of them may have kept away from the negative axis.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

from methods.core.integral import ParametricIntegral

STEPS = 8
"""Values of τ that are looked at."""


def polynomial_on_the_way(term: ParametricIntegral, s: Any, x: Callable[[float], Any]) -> list[Any]:
    """Evaluate F of an integral with one term at s (n, m) and x(τ) (n, k): a list of (n,) by τ, the contour last.

    Arrays or tensors, as s and x(τ) are.
    """
    return [term.polynomial(s, x(step / STEPS))[0] for step in range(1, STEPS + 1)]


def around_other_zeros(integral: ParametricIntegral, s: Any, x: Callable[[float], Any]) -> list[Any]:
    """Tell for each of the `other_denominators` which points at s (n, m) and x(τ) (n, k) lie around a zero of it.

    They are those in one of the two quadrants, the one with fewer of them: (n,) of bool each, all False where the way
    is seen to cross no zero.
    """
    return [
        _in_the_emptier_quadrant([g(s, x(step / STEPS)) for step in range(STEPS + 1)])
        for g in integral.other_denominators
    ]


def _in_the_emptier_quadrant(on_the_way: list[Any]) -> Any:
    turned = [g * on_the_way[0].real for g in on_the_way[1:]]
    quadrants = [
        functools.reduce(operator.or_, [(g.real < 0) & (side * g.imag >= 0) for g in turned]) for side in (1, -1)
    ]
    return min(quadrants, key=lambda quadrant: int(quadrant.sum()))
