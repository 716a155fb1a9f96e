"""References' own contours in many dimensions: against unitarity, on the right side, and their compiled sums."""

from __future__ import annotations

import math

import numpy as np
import pytest

import references
from methods.base import InputError, ParametricIntegral
from references.values import complex_maps, dispersion, kernel_check, map_rules, tensor_sums
from references.values.factors import factors_of
from references.values.truth_files import TruthError

BOX = references.integral("box1l_physical")
ORDERS = (4, 5, 6)


def fitted(order=(2, 0, 1), s=None):
    """Return a contour of the one-loop box, and where."""
    s = BOX.sample(1, seed=4)[0] if s is None else s
    return complex_maps.fit(factors_of(BOX), s, order), s


@pytest.fixture
def few_orders(monkeypatch):
    """Let three orders of variables do, without a search for good ones."""
    monkeypatch.setattr(map_rules, "variable_orders", lambda term: [(2, 0, 1), (0, 1, 2), (1, 2, 0)])


@pytest.mark.usefixtures("few_orders")
def test_two_contours_have_the_value_of_the_dispersion_relation_within_their_errors():
    s = BOX.sample(3, seed=6)
    found = map_rules.converge(BOX, s, epsrel=1e-7)
    exact = dispersion.values(s)
    assert (found.error <= 1e-7 * np.abs(exact)).all()
    assert (np.abs(found.value - exact) <= found.error).all()
    assert (found.tried >= 2).all()


@pytest.mark.slow
@pytest.mark.parametrize("epsrel", [1e-6, 1e-9])
def test_errors_of_sums_of_sectors_hold(epsrel):
    """At 1e-9 not all are reached, close to corner zeros, and the errors say so."""
    sectors = references.integral("box1l_sectors_physical")
    s = sectors.sample(6, seed=8)
    found = map_rules.converge(sectors, s, epsrel=epsrel)
    exact = dispersion.values(s)
    assert (np.abs(found.value - exact) <= found.error).all()
    assert np.median(found.error / np.abs(exact)) <= epsrel


# --- negative controls ---------------------------------------------------------------------------------------------


def test_the_conjugate_contour_has_the_conjugate_value():
    contour, s = fitted()
    orders = (40, 40, 40)
    exact = dispersion.values(s[None])[0]
    other = tensor_sums.integrate(BOX, contour._replace(a=contour.a.conj()), s, orders)
    assert tensor_sums.integrate(BOX, contour, s, orders) == pytest.approx(exact, rel=1e-7)
    assert other == pytest.approx(exact.conjugate(), rel=1e-7)
    assert abs(other / exact - 1) > 0.1


def test_contours_that_start_on_the_other_side_are_refused(monkeypatch):
    monkeypatch.setattr(complex_maps, "TURNS", tuple(-turn for turn in complex_maps.TURNS))
    assert fitted()[0].spread == np.inf
    monkeypatch.setattr(map_rules, "variable_orders", lambda term: [(0, 1, 2), (2, 0, 1)])
    with pytest.raises(InputError, match="No contour of box1l_physical is causal"):
        map_rules.converge(BOX, BOX.sample(1, seed=4), epsrel=1e-6)


def test_contours_that_disagree_are_not_believed(monkeypatch):
    """One of the two is on the other side of all zeros; nothing is left that agrees."""
    fit = complex_maps.fit

    def one_is_conjugate(factors, s, order):
        contour = fit(factors, s, order)
        return contour._replace(a=contour.a.conj()) if order[0] == 0 else contour

    monkeypatch.setattr(map_rules, "variable_orders", lambda term: [(2, 0, 1), (0, 1, 2)])
    monkeypatch.setattr(complex_maps, "fit", one_is_conjugate)
    found = map_rules.converge(BOX, BOX.sample(1, seed=4), epsrel=1e-5)
    assert found.error >= 0.1 * np.abs(found.value)


def test_a_mirror_image_is_no_second_contour(monkeypatch):
    """The sector is symmetric in two variables: exchanged, they give the same errors."""
    sector = map_rules.terms_of(references.integral("box1l_sectors_physical"))[2]
    s = np.array([[20.0, -10.0, 0.8]])
    monkeypatch.setattr(map_rules, "variable_orders", lambda term: [(2, 1, 0), (1, 2, 0)])
    found = map_rules.converge(sector, s, epsrel=1e-4)
    assert found.error == np.abs(found.value)


@pytest.mark.slow
def test_an_order_of_variables_on_the_wrong_side_is_outvoted(monkeypatch):
    """The contour of this order passes the sample of F, and its values are off by a percent."""
    sector = references.integral("pentabox_s33_physical")
    s = sector.sample(1, seed=1)
    bad, good = tuple(range(6, -1, -1)), map_rules.variable_orders(sector)[:2]
    found = map_rules.converge(sector, s, epsrel=1e-4)
    monkeypatch.setattr(map_rules, "variable_orders", lambda term: [bad, *good])
    again = map_rules.converge(sector, s, epsrel=1e-4)
    assert np.abs(again.value - found.value) <= again.error + found.error
    monkeypatch.setattr(map_rules, "variable_orders", lambda term: [bad, good[0]])
    assert map_rules.converge(sector, s, epsrel=1e-4).error > 1e-3 * np.abs(found.value)


# --- compiled sums -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["box1l_physical", "bubble_physical", "triangle_physical"])
def test_compiled_sums_are_those_of_the_integrand(name):
    integral = references.integral(name)
    s, order = integral.sample(1, seed=3)[0], tuple(reversed(range(integral.k)))
    contour = complex_maps.fit(factors_of(integral), s, order)
    compiled, direct = (
        sums(integral, contour, s, ORDERS[: integral.k]) for sums in (tensor_sums.integrate, tensor_sums.without_kernel)
    )
    assert compiled == pytest.approx(direct, rel=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["box2l_physical", "pentabox_s33_physical"])
def test_compiled_sums_at_two_loops_are_those_of_the_integrand(name):
    integral = references.integral(name)
    s, order = integral.sample(1, seed=3)[0], map_rules.variable_orders(integral)[0]
    contour = complex_maps.fit(factors_of(integral), s, order)
    compiled, direct = (
        sums(integral, contour, s, (3, 4, 5, 4, 3, 4, 3)[: integral.k])
        for sums in (tensor_sums.integrate, tensor_sums.without_kernel)
    )
    assert compiled == pytest.approx(direct, rel=1e-13)


def test_compiled_sums_are_compared_with_many_digits(monkeypatch):
    assert "at 50 complex points" in kernel_check.check(BOX, n=50)
    over = tensor_sums.over
    monkeypatch.setattr(tensor_sums, "over", lambda *given: over(*given) * (1 + 1e-10))
    with pytest.raises(TruthError, match="compiled sum of box1l_physical differs from mpmath by 1"):
        kernel_check.check(BOX, n=50)


def test_irrational_coefficients_and_any_name_of_the_prescribed_polynomial():
    integral = ParametricIntegral.from_expression(
        name="irrational", expression="1/F2**2", definitions={"F2": "1 + pi*s*x1 + sqrt(2)*x2 + x1*x2"},
        variables=("x1", "x2"), parameters=("s",), low=(1.0,), high=(2.0,), prescription="F2",
    )  # fmt: skip
    s = np.array([1.5])
    contour = complex_maps.fit(factors_of(integral), s, (0, 1))
    compiled, plain = (
        sums(integral, contour, s, (6, 6)) for sums in (tensor_sums.integrate, tensor_sums.without_kernel)
    )
    assert abs(compiled / plain - 1) < 1e-13


def test_errors_that_are_not_finite_leave_the_smallest_rule():
    assert map_rules.nodes([{8: math.nan, 64: math.nan}] * 8, 1e-6) == (8,) * 8


def test_sums_of_terms_have_no_factors():
    with pytest.raises(InputError, match="no product of powers"):
        factors_of(references.integral("box1l_sectors_physical"))


def test_derivatives_of_log_f_are_those_of_differences():
    factors, s = factors_of(BOX), BOX.sample(1, seed=2)[0]
    x = np.random.default_rng(0).random((4, 3)) - 0.3j
    _, slopes, f = factors.logarithm(s, x)
    np.testing.assert_allclose(f, BOX.polynomial(s[None], x)[0], rtol=1e-13)
    for i in range(3):
        step = 1e-5 * x[:, [i]] * np.eye(3)[i]
        ahead, behind = (factors.logarithm(s, x + sign * step)[0] for sign in (1, -1))
        np.testing.assert_allclose((ahead - behind) / 2e-5, slopes[:, i], rtol=1e-6)
