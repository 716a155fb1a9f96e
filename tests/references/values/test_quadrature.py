"""How true values are made: the regions of a box, references' own quadrature, and integrals of one's own."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from integrals import callable_integral, changing_sign, plain, product

import references
from methods.base import InputError
from references.values import on_demand, quadrature, test_points
from references.values.truth_files import TruthError


def in_box(m, low=-30.0, high=-3.0, **fields):
    """Return an integral with that box in m parameters."""
    parameters = tuple(f"s{j}" for j in range(m))
    return callable_integral(
        lambda s, x: 1 + s[..., 0] * x[..., 0], parameters=parameters, low=(low,) * m, high=(high,) * m, **fields
    )


JHEP = in_box(3)


# --- regions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ((-28.0, -4.0, -10.0), 0),
        ((-28.01, -4.0, -10.0), 1),
        ((-28.0, -3.99, -10.0), 1),
        ((-29.0, -3.5, -10.0), 2),
        ((-29.0, -3.5, -30.0), 3),
        ((-3.0, -3.0, -3.0), 3),
    ],
)
def test_cornerness_counts_coordinates_outside_minus_28_to_minus_4(point, expected):
    assert test_points.cornerness(JHEP, np.array([point])).tolist() == [expected]


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ((-29.5, -3.5, -30.0), True),
        ((-29.49, -3.5, -30.0), False),
        ((-29.5, -3.51, -30.0), False),
        ((-3.0, -3.4, -3.1), True),
    ],
)
def test_edge_is_within_half_a_unit_of_either_end_in_every_coordinate(point, expected):
    assert test_points.is_edge(JHEP, np.array([point])).tolist() == [expected]


def test_regions_move_with_the_box():
    s = references.integral("box1l").sample(500, 0)
    stretched = (s + 30) * 2 / 27 + 5
    moved = in_box(3, 5.0, 7.0)
    np.testing.assert_array_equal(test_points.cornerness(JHEP, s), test_points.cornerness(moved, stretched))
    np.testing.assert_array_equal(test_points.is_edge(JHEP, s), test_points.is_edge(moved, stretched))


@pytest.mark.parametrize(("m", "n_extra"), [(1, 40), (2, 60), (3, 80), (5, 400), (3, 0), (3, 2)])
@pytest.mark.parametrize("draw", ["uniform", "log-uniform"])
def test_drawn_points_fill_every_class(m, n_extra, draw):
    integral = in_box(m, draw=draw)
    s, uniform = test_points.draw(integral, 500, 1, n_extra)
    assert s.shape == (500 + n_extra, m)
    assert uniform.sum() == 500
    assert uniform[:500].all()
    assert ((s >= -30) & (s <= -3)).all()
    # The share of the margins, 1/9, within five standard deviations.
    inside = test_points.cornerness(integral, s[uniform]).sum()
    assert abs(inside - 500 * m / 9) < 5 * math.sqrt(500 * m * 8 / 81)
    extra, classes = s[~uniform], min(m, 3)
    found = test_points.cornerness(integral, extra)
    assert (found >= 1).all()
    counts = [(found == c).sum() for c in range(1, classes + 1)] + [test_points.is_edge(integral, extra).sum()]
    assert min(counts) >= n_extra // (classes + 1)


def test_drawn_points_are_reproducible_and_apart_from_what_surrogates_draw():
    integral = references.integral("box1l")
    s, _ = test_points.draw(integral, 50, 1, 8)
    np.testing.assert_array_equal(s, test_points.draw(integral, 50, 1, 8)[0])
    assert not np.array_equal(s, test_points.draw(integral, 50, 2, 8)[0])
    assert not np.isin(s, integral.sample(1000, 1)).any()


# --- quadrature ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("c", [0.25, 1.0, 4.0])
@pytest.mark.parametrize("order", [2, 5, 12])
def test_axis_is_exact_for_the_functions_it_is_made_for(order, c):
    # In t the integrand x'(t) (t/(t + c(1 − t)))^p is what Gauss–Legendre sees; polynomials in t of degree < 2n are
    # exact, and t = c x/(1 − x + c x).
    x, weight = quadrature.axis(order, c)
    assert ((x > 0) & (x < 1)).all()
    denominator = 1 - x + c * x
    t, dt_dx = c * x / denominator, c / denominator**2
    for power in range(2 * order):
        assert np.sum(weight * dt_dx * t**power) == pytest.approx(1 / (power + 1), rel=1e-13)
    # Negative control: one degree more is beyond n nodes.
    assert np.sum(weight * dt_dx * t ** (2 * order)) != pytest.approx(1 / (2 * order + 1), rel=1e-13) or order == 12


@pytest.mark.parametrize("k", [1, 2, 4])
def test_quadrature_is_right_within_its_error(k):
    integral = product(k)
    s = integral.sample(30, 0)
    result = quadrature.converge(integral, s, epsrel=1e-12)
    deviation = np.abs(result.value - integral.exact(s))
    assert (result.error / result.value < 1.1e-12).all()
    assert (deviation <= result.error).all()
    # Nowhere does the difference of two rules pass for small because it happens to pass zero.
    assert (result.error / result.magnitude).min() >= 0.99 * np.median(result.error / result.magnitude)


@pytest.mark.parametrize("order", [2, 3, 4])
def test_errors_are_honest_where_rules_are_poor(order):
    integral = product(2)
    s = integral.sample(30, 0)
    coarse = quadrature.Rule((order, order), (1.0, 1.0))
    values = [quadrature.apply(integral, rule, s)[0] for rule in (coarse, coarse.finer())]
    assert (np.abs(values[1] - integral.exact(s)) <= np.abs(values[1] - values[0])).all()
    assert (np.abs(values[1] / integral.exact(s) - 1) > 1e-12).any()


def test_a_limit_on_evaluations_is_kept(monkeypatch):
    spent, apply = [], quadrature.apply

    def counted(integral, rule, s):
        spent.append(rule.n_nodes * len(s))
        return apply(integral, rule, s)

    monkeypatch.setattr(quadrature, "apply", counted)
    s = product(4).sample(10, 0)
    result = quadrature.converge(product(4), s, epsrel=1e-14, max_eval=5e3)
    assert 5e2 < sum(spent) <= 5e3
    assert (result.error > 1e-13 * result.value).any()
    assert (np.abs(result.value - product(4).exact(s)) <= result.error).all()
    with pytest.raises(quadrature.TooExpensive, match="fewer points"):
        quadrature.converge(product(4), s, epsrel=1e-14, max_eval=100)


def test_memory_is_bounded_whatever_the_number_of_nodes_and_points():
    largest = []

    def f(s, x):
        largest.append(s.shape[0] * x.shape[0])
        return s[..., 0] * x[..., 0]

    integral = callable_integral(f, k=3)
    value, _ = quadrature.apply(integral, quadrature.Rule((20, 20, 20), (1.0,) * 3), integral.sample(40, 0))
    np.testing.assert_allclose(value, integral.sample(40, 0)[:, 0] / 2, rtol=1e-13)
    assert max(largest) <= 2**16


def test_errors_hold_where_convergence_is_algebraic():
    root = callable_integral(lambda s, x: s[..., 0] * np.sqrt(x[..., 0]))
    s = root.sample(10, 0)
    result = quadrature.converge(root, s, epsrel=1e-12)
    deviation = np.abs(result.value - 2 / 3 * s[:, 0])
    assert max(result.rule.orders) > quadrature.MAX_ORDER
    assert (deviation <= result.error).all()
    # Negative control: the difference of the last two rules is too small.
    assert (deviation > result.error / quadrature.SLOW_FACTOR).any()


def test_no_points_give_no_values():
    assert quadrature.converge(product(1), np.empty((0, 2)), epsrel=1e-10).value.shape == (0,)


def test_error_is_measured_against_the_integral_of_the_modulus_where_signs_change():
    integral = changing_sign()
    s = np.array([[0.5, -1.0], [0.25, -0.5 + 1e-9]])
    result = quadrature.converge(integral, s, epsrel=1e-12)
    np.testing.assert_allclose(result.value, integral.exact(s), atol=1e-12)
    np.testing.assert_allclose(result.magnitude, [0.25, 0.125], rtol=0.1)


def test_complex_integrands_stay_complex():
    integral = callable_integral(lambda s, x: np.exp(1j * s[..., 0] * x[..., 0]))
    s = integral.sample(5, 0)
    result = quadrature.converge(integral, s, epsrel=1e-12)
    np.testing.assert_allclose(result.value, (np.exp(1j * s[:, 0]) - 1) / (1j * s[:, 0]), rtol=1e-12)
    assert result.error.dtype == np.float64


def test_peaks_at_either_end_are_found():
    low = callable_integral(lambda s, x: s[..., 0] / (0.02 + x[..., 0]) ** 2)
    high = callable_integral(lambda s, x: s[..., 0] / (1.02 - x[..., 0]) ** 2)
    for integral in (low, high):
        s = integral.sample(3, 0)
        result = quadrature.converge(integral, s, epsrel=1e-12)
        np.testing.assert_allclose(result.value, s[:, 0] * (1 / 0.02 - 1 / 1.02), rtol=1e-12)
        assert max(result.rule.orders) < 40
    assert quadrature.tune(low, low.sample(1, 0), 1e-12).c[0] > 2
    assert quadrature.tune(high, high.sample(1, 0), 1e-12).c[0] < 0.5


@pytest.mark.parametrize("m", [1, 3, 4, 5, 9])
def test_rules_are_tuned_where_each_invariant_is_at_either_end(m):
    integral = in_box(m)
    points = quadrature.hard_points(integral, integral.sample(20, 0))
    corners = points[:-8]
    assert len(corners) == min(16, 2**m)
    assert np.isin(corners, [-30.0, -3.0]).all()
    assert ((corners == -30).sum(axis=0) == len(corners) / 2).all()
    for corner in (integral.low, integral.high):
        assert (corners == corner).all(axis=1).any()


# --- truth of an integral of one's own ------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [product, plain])
@pytest.mark.parametrize("k", [1, 2])
def test_truth_of_an_integral_without_closed_form(make, k):
    integral = make(k)
    truth = references.truth_of(dataclasses.replace(integral, exact=None), 40, 3, 12)
    assert truth.s.shape == (52, 2)
    assert truth.uniform.sum() == 40
    np.testing.assert_allclose(truth.value, integral.exact(truth.s), rtol=1e-12)
    assert (np.abs(truth.value - integral.exact(truth.s)) <= truth.error).all()
    assert "agreeing to" in truth.how


def test_truth_of_an_integral_with_closed_form_is_the_closed_form():
    truth = references.truth_of(product(2), 40, 3, 12)
    np.testing.assert_array_equal(truth.value, product(2).exact(truth.s))
    assert (truth.error / truth.value < 2e-12).all()
    assert "closed form, compared" in truth.how


@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (lambda s, x: s[..., 0] * np.sqrt(x[..., 0]), lambda s: 2 / 3 * s[:, 0]),
        (
            lambda s, x: np.abs(x[..., 0] - 0.3 * s[..., 0]),
            lambda s: 0.5 - 0.3 * s[:, 0] + (0.3 * s[:, 0]) ** 2,
        ),
    ],
    ids=["root", "kink"],
)
def test_a_closed_form_is_known_as_well_as_it_was_checked(f, exact):
    coarse = references.truth_of(callable_integral(f, exact=exact), 40, 3, 12)
    relative = coarse.error / np.abs(coarse.value)
    assert relative.min() > 1e-9
    assert relative.max() < min(1e-2, 1.001 * relative.min())
    assert f"at 16 points to {relative.max():.1e}" in coarse.how
    off = callable_integral(f, exact=lambda s: exact(s) * (1 + 3e-9))
    truth = references.truth_of(off, 40, 3, 12)
    assert (np.abs(truth.value - exact(truth.s)) < truth.error).all()


def test_a_closed_form_is_checked_at_corners_of_the_box():
    def exact(s):
        return np.log1p(s[:, 0]) / s[:, 0] * np.where(s[:, 0] < 1.02, 1.01, 1)

    wrong = callable_integral(lambda s, x: 1 / (1 + s[..., 0] * x[..., 0]), high=(10.0,), exact=exact)
    with pytest.raises(TruthError, match=r"at s = \[1\.0.*but quadrature gives"):
        references.truth_of(wrong)


def test_a_wrong_closed_form_is_refused():
    wrong = dataclasses.replace(product(2), exact=lambda s: product(2).exact(s) * (1 + 1e-9))
    with pytest.raises(TruthError, match="but quadrature gives"):
        references.truth_of(wrong, 40, 3, 12)


@pytest.mark.parametrize("exact", [lambda s: 1.0, lambda s: s, lambda s: s[:, 0] * np.nan])
def test_a_closed_form_that_returns_the_wrong_thing_is_refused(exact):
    with pytest.raises(TruthError, match="must return 52 finite numbers"):
        references.truth_of(dataclasses.replace(product(1), exact=exact), 40, 3, 12)


def test_a_closed_form_beyond_quadrature_is_taken_and_said_so():
    many = callable_integral(lambda s, x: s[..., 0] + 0 * x[..., 0], k=30, exact=lambda s: s[:, 0])
    assert "not compared" in references.truth_of(many, 5, 0, 0).how


@pytest.mark.parametrize(
    "f",
    [
        lambda s, x: np.where(x[..., 0] > 0.3 * s[..., 0], 1.0, 0.0),
        lambda s, x: x[..., 0] ** -0.9 * s[..., 0],
        lambda s, x: np.sin(1e4 * s[..., 0] * x[..., 0]),
    ],
    ids=["step", "singular", "oscillating"],
)
def test_what_quadrature_cannot_do_is_refused(f):
    with pytest.raises(TruthError, match="Two quadratures of mine differ by"):
        references.truth_of(callable_integral(f), 20, 0, 4)


def test_an_integrand_that_is_not_finite_is_refused():
    singular = callable_integral(lambda s, x: np.where(s[..., 0] > 1.5, np.inf, 1.0) + x[..., 0] * 0)
    with pytest.raises(InputError, match="not finite"):
        references.truth_of(singular, 20, 0, 4)


def test_digest_is_of_the_numbers():
    truth = on_demand.truth_of(product(1), 10, 1, 4)
    assert truth.digest() == on_demand.truth_of(product(1), 10, 1, 4).digest()
    assert truth.digest() == truth._replace(how="otherwise").digest()
    for field in ("s", "value", "error", "uniform"):
        changed = getattr(truth, field).copy()
        changed[3] = ~changed[3] if field == "uniform" else np.nextafter(changed[3], np.inf)
        assert truth._replace(**{field: changed}).digest() != truth.digest(), field
