"""Stored values of whole loop integrals against their Feynman-parameter integral without any sectors.

With Cheng–Wu (α_N = 1) and α_i = e^(u_i) the integrand falls as e^-|u| in every direction and is analytic in a strip:
the trapezoidal rule over R^(N-1) converges exponentially, and U and F are written down here from the graph.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import references


def box(alpha, s12, s14, M2, M4, mB2):
    """Return U^0/F² of the one-loop box with lines 1, 2 of mass 1 and 3, 4 of squared mass mB2, in α (4 arrays)."""
    a12, a23, a34, a41 = alpha
    massive = a12 + a23 + mB2 * (a34 + a41)
    # Each invariant stands with the two lines that are cut: leg 2 enters between the lines 12 and 23, and so on.
    cuts = s12 * a41 * a23 + s14 * a12 * a34 + M2 * a12 * a23 + M4 * a34 * a41
    return (sum(alpha) * massive - cuts) ** -2.0


def kite(alpha, s, mA2, mB2):
    """Return 1/(U F) of the two-loop propagator, in α (5 arrays)."""
    a13, a14, a23, a24, a34 = alpha
    U = (a13 + a14) * (a23 + a24) + a34 * (a13 + a14 + a23 + a24)
    cuts = a13 * a14 * (a23 + a24 + a34) + a23 * a24 * (a13 + a14 + a34) + a34 * (a13 * a24 + a14 * a23)
    return 1 / (U * (U * (mA2 * (a13 + a24) + mB2 * (a14 + a23)) - s * cuts))


def trapezoidal(integrand, n, s, step, reach):
    """Integrate over n propagators' parameters, of which the last is one."""
    u = np.arange(-reach, reach + step / 2, step)
    alpha = [np.exp(axis) for axis in np.meshgrid(*[u] * (n - 1), indexing="ij", sparse=True)] + [np.float64(1)]
    return float(np.sum(integrand(alpha, *s) * math.prod(alpha)) * step ** (n - 1))


@pytest.mark.parametrize(
    ("name", "integrand", "n", "step", "reach", "tolerance"),
    [("box1l_masses_sum", box, 4, 0.5, 26.0, 1e-9), ("kite2l_sum", kite, 5, 0.85, 15.0, 1e-4)],
)
def test_the_sum_of_sectors_is_the_integral_without_sectors(name, integrand, n, step, reach, tolerance):
    truth = references.truth(name)
    value = trapezoidal(integrand, n, truth.s[0], step, reach)
    assert value == pytest.approx(truth.value[0], rel=tolerance)
    # Negative control: at another point the integral is another.
    assert value != pytest.approx(truth.value[1], rel=tolerance)
