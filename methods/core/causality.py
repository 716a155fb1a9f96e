"""F on the way from the real cube to a complex contour: whether the contour is causal.

Contours that are reached from the real cube without crossing a zero of F − i0 have the same integral. A way there is
x_τ(t) with a share τ of each phase, and a contour is *causal* where for no τ in (0, 1]

    Im F(s, x_τ(t)) > 0   and   Re F(s, x_τ(t)) ≤ 0,

so that F never comes to the negative axis from above, and logarithms and roots of F are principal ones. "Im F ≤ 0
everywhere" would refuse good contours: on those of one-loop integrals a tenth of the points have Im F > 0, all of them
with Re F > 0. A sample refutes, and proves nothing: that two contours agree is better evidence.
"""

from __future__ import annotations

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
