"""Closed forms from the literature against brute-force quadrature of the Feynman-parameter integral.

With Cheng–Wu (α_N = 1) and α_i = e^(u_i) the integral runs over all of R^(N-1), where the integrand is analytic in a
strip and falls as e^-|u| in every direction: the trapezoidal rule converges exponentially, and shares nothing with a
closed form nor with sectors.
"""

from __future__ import annotations

import itertools
import math

import literature
import mpmath
import numpy as np
import pytest
from literature import box_equal_masses, box_massless, triangle_equal_masses, triangle_massless

from methods.base import InputError
from references.integrals.bubble import bubble

STEP, REACH = 0.45, 34.0
"""The trapezoidal rule's step in u and where it ends: its relative error is then below 3e-13, e^-34 being 2e-15."""
TOLERANCE = 1e-12
BUBBLE = bubble()

POINTS = {
    triangle_equal_masses: [(-7.0, 1.3), (-30.0, 0.05), (-0.2, 1.0)],
    # λ² > 0, < 0, < 0, = 0, > 0, with the largest leg in each place.
    triangle_massless: [(-1, -2, -9), (-1, -1, -1), (-3, -5, -4), (-1, -4, -1), (-30, -3, -7)],
    box_equal_masses: [(-7.0, -3.0, 1.3), (-30.0, -30.0, 0.4)],
    # The product s t is the largest of the three in the first, and the smallest in the second.
    box_massless: [(-30, -20, -3, -10, -5, -4), (-3, -7, -9, -8, -5, -10)],
}
CASES = [(function, point) for function, points in POINTS.items() for point in points]


def brute_force(n: int, m2: float, s: dict[tuple[int, int], float]) -> float:
    """Return Γ(N - 2) ∫ U^(N-4) / F^(N-2), N = 3 or 4, for one mass and invariants {(i, j): s_ij}."""
    u = np.arange(-REACH, REACH + STEP / 2, STEP)
    alpha = [np.exp(axis) for axis in np.meshgrid(*[u] * (n - 1), indexing="ij", sparse=True)] + [np.float64(1)]
    total = sum(alpha)
    f = m2 * total**2 - sum(value * alpha[i] * alpha[j] for (i, j), value in s.items())
    return float(np.sum(total ** (n - 4.0) / f ** (n - 2.0) * math.prod(alpha)) * STEP ** (n - 1))


FEYNMAN = {
    triangle_equal_masses: lambda s, m2: brute_force(3, m2, {(0, 1): s}),
    triangle_massless: lambda p1, p2, p3: brute_force(3, 0.0, {(0, 1): p1, (1, 2): p2, (2, 0): p3}),
    box_equal_masses: lambda s, t, m2: brute_force(4, m2, {(0, 2): s, (1, 3): t}),
    box_massless: lambda s, t, p1, p2, p3, p4: brute_force(
        4, 0.0, {(0, 2): s, (1, 3): t, (0, 1): p1, (1, 2): p2, (2, 3): p3, (3, 0): p4}
    ),
}


@pytest.mark.parametrize(("function", "point"), CASES)
def test_closed_form_is_the_feynman_parameter_integral(function, point):
    assert function(*point) == pytest.approx(FEYNMAN[function](*point), rel=TOLERANCE)


@pytest.mark.parametrize(("function", "point"), [(f, points[0]) for f, points in POINTS.items()])
def test_an_argument_slightly_off_is_noticed(function, point):
    value = FEYNMAN[function](*point)
    for i in range(len(point)):
        wrong = [v * (1 + 1e-9 * (i == j)) for j, v in enumerate(point)]
        assert function(*wrong) != pytest.approx(value, rel=10 * TOLERANCE)


def test_legs_in_another_order_are_another_box():
    s, t, p1, p2, p3, p4 = POINTS[box_massless][0]
    value = FEYNMAN[box_massless](s, t, p1, p2, p3, p4)
    assert box_massless(s, t, p2, p3, p4, p1) == pytest.approx(value, rel=TOLERANCE)
    assert box_massless(s, t, p1, p3, p2, p4) != pytest.approx(value, rel=1e-3)


def test_triangle_at_the_symmetric_point_as_printed():
    # Celmaster & Gonsalves, Phys. Rev. D 20 (1979) 1420: -2 ∫_0^1 log(x)/(x² - x + 1) dx, and as (4/√3) Cl_2(π/3).
    value = triangle_massless(-1, -1, -1)
    assert value == pytest.approx(2.3439072, abs=5e-8)
    assert value == pytest.approx(float(4 / mpmath.sqrt(3) * mpmath.clsin(2, mpmath.pi / 3)), rel=1e-15)
    assert box_massless(-1, -1, -1, -1, -1, -1) == value


@pytest.mark.parametrize("point", POINTS[triangle_massless])
def test_massless_triangle_is_the_integral_of_usyukina_and_davydychev(point):
    # Phys. Lett. B 298 (1993) 363: Φ(x, y) = -∫_0^1 (log(y/x) + 2 log ξ)/(y ξ² + (1 - x - y) ξ + x) dξ. With |p3| the
    # largest the denominator has no zero between 0 and 1.
    p1, p2, p3 = map(mpmath.mpf, sorted(point, reverse=True))
    x, y = p1 / p3, p2 / p3
    phi = -mpmath.quad(
        lambda v: (mpmath.log(y / x) + 2 * mpmath.log(v)) / (y * v**2 + (1 - x - y) * v + x), [0, 0.1, 1]
    )
    assert triangle_massless(*point) == pytest.approx(float(-phi / p3), rel=1e-13)


def test_massless_triangle_is_symmetric_and_continuous_where_its_formula_is_0_over_0():
    values = {triangle_massless(*legs) for legs in itertools.permutations((-1.0, -2.5, -7.0))}
    assert max(values) == pytest.approx(min(values), rel=1e-15)
    between = triangle_massless(-1, -1, -4 - 1e-12) / 2 + triangle_massless(-1, -1, -4 + 1e-12) / 2
    assert triangle_massless(-1, -1, -4) == pytest.approx(between, rel=1e-15)
    assert triangle_massless(-1, -1, -4) == pytest.approx(2 * math.log(2), rel=1e-15)


def test_heavy_masses_leave_the_volume_of_the_simplex():
    # F -> m2 (Σ α)²: I -> Γ(N - 2)/((N - 1)! m2^(N - 2)), with relative corrections of order s/m2.
    assert triangle_equal_masses(-1e-9, 2.0) == pytest.approx(1 / 4, rel=1e-9)
    assert box_equal_masses(-1e-9, -2e-9, 2.0) == pytest.approx(1 / 24, rel=1e-9)


@pytest.mark.parametrize(("function", "point"), CASES)
def test_scaling_with_the_mass_dimension(function, point):
    power = -1 if "triangle" in function.__name__ else -2
    scaled = [2.0 * v for v in point]
    assert function(*scaled) == pytest.approx(function(*point) * 2.0**power, rel=1e-15)


@pytest.mark.parametrize(("function", "point"), CASES)
def test_the_last_digit_does_not_depend_on_the_digits_used(function, point):
    value = function(*point)
    with mpmath.workdps(5):
        assert function(*point) == value
    with mpmath.workdps(2 * literature.DIGITS):
        assert function.__wrapped__(*point) == value


@pytest.mark.parametrize(("function", "point"), [(f, points[0]) for f, points in POINTS.items()])
def test_points_outside_the_euclidean_region_are_refused(function, point):
    for i in range(len(point)):
        for bad in (-point[i], 0.0, math.nan):
            with pytest.raises(InputError):
                function(*[bad if i == j else v for j, v in enumerate(point)])


def test_bubble_is_its_integral():
    s = np.vstack([BUBBLE.sample(50, seed=1), [BUBBLE.low], [BUBBLE.high]])
    nodes, weights = np.polynomial.legendre.leggauss(100)
    f = BUBBLE.integrand(s[:, None, :], (nodes[:, None] + 1) / 2)
    np.testing.assert_allclose(BUBBLE.exact(s), f @ weights / 2, rtol=4e-15)
    assert np.all(f > 0)
    # The sign of s matters: with the other sign of s F would be 1 - 30/4 at worst.
    assert BUBBLE.integrand(-s[-2:, :], np.array([0.5])).min() < 0


def test_bubble_is_the_two_point_function_differentiated_by_the_mass():
    # 't Hooft & Veltman: B0 = const - log m² + β log((β - 1)/(β + 1)), and I = -dB0/dm² at m² = 1.
    def b0(m2, s):
        beta = mpmath.sqrt(1 - 4 * m2 / s)
        return -mpmath.log(m2) + beta * mpmath.log((beta - 1) / (beta + 1))

    for s in (-30.0, -11.5, -3.0):
        with mpmath.workdps(40):
            slope = mpmath.diff(lambda m2, s=s: b0(m2, s), 1)
        assert BUBBLE.exact(np.array([[s]]))[0] == pytest.approx(float(-slope), rel=1e-15)


def test_bubble_takes_no_points_and_leaves_the_precision_of_mpmath_alone():
    before = mpmath.mp.dps
    assert BUBBLE.exact(np.empty((0, 1))).shape == (0,)
    BUBBLE.exact(np.array([[-4.0]]))
    triangle_massless(-1, -2, -3)
    assert mpmath.mp.dps == before
