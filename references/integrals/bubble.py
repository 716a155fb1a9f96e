"""The one-loop bubble of two equal masses in two dimensions: k = 1, with a closed form.

    I(s) = ∫_0^1 dx / (1 - s x (1 - x)) = 2/√(-s (4 - s)) · log((√(4 - s) + √(-s))/(√(4 - s) - √(-s)))

In D = 4 the bubble diverges, and what is left of it is an integral over log F. In D = 2 it is finite: one over F, and
positive where s < 4, F > 0 being plain for s <= 0. It is minus the derivative by m² of the two-point function in D = 4
(G. 't Hooft, M. Veltman, Nucl. Phys. B 153 (1979) 365), at m = 1:

    B0 = const - ∫_0^1 log(m² - s x (1 - x)) dx = const' - log m² + β log((β - 1)/(β + 1)),  β = √(1 - 4m²/s).

notation: m² = 1, so s is the papers' s/m² (or p²/m²).
"""

from __future__ import annotations

import mpmath
import numpy as np

from methods.base import ParametricIntegral

DIGITS = 30
"""Decimal digits of the closed form, which loses one at most in the box."""


def closed_form(s: np.ndarray) -> np.ndarray:
    """Return I(s) (n,) for s (n, 1) below 0, right to the last digit."""

    def at(s: float) -> float:
        a, b = mpmath.sqrt(4 - mpmath.mpf(s)), mpmath.sqrt(-mpmath.mpf(s))
        return float(2 / (a * b) * mpmath.log((a + b) / (a - b)))

    with mpmath.workdps(DIGITS):
        return np.array([at(row) for row in np.asarray(s, dtype=np.float64)[:, 0].tolist()], dtype=np.float64)


def bubble() -> ParametricIntegral:
    """Return the bubble over s in [-30, -3]: F >= 1 there."""
    return ParametricIntegral.from_expression(
        name="bubble",
        variables=("x1",),
        parameters=("s",),
        expression="1/F",
        definitions={"F": "1 - s*x1*(1 - x1)"},
        low=(-30.0,),
        high=(-3.0,),
        exact=closed_form,
        source="'t Hooft & Veltman, Nucl. Phys. B 153 (1979) 365, the two-point function differentiated by m²",
    )
