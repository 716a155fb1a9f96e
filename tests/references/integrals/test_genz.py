"""The Genz families: closed forms, quadrature of one-dimensional integrals, and the integrand itself must agree."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest
import torch
from integrals import product, relative_error

import references
from methods.base import InputError
from references.integrals import catalogue, genz
from references.integrals.genz import FAMILIES
from references.values.genz_quadrature import by_quadrature

SYMBOLIC = ("oscillatory", "product_peak", "corner_peak", "gaussian")


def points(integral, n: int = 20) -> np.ndarray:
    """Return n points and the corners of the box."""
    corners = itertools.product(*zip(integral.low, integral.high, strict=True))
    return np.vstack([integral.sample(n, seed=1), list(corners)])


def integrated(integral, s: np.ndarray, order: int = 40, *, split: bool = True) -> np.ndarray:
    """Integrate `integrand` over the cube by tensor Gauss–Legendre, each axis split at the shift."""
    nodes, weights = np.polynomial.legendre.leggauss(order)

    def at(s: np.ndarray) -> float:
        ends = [0.0, s[-1], 1.0] if split and len(s) == 2 else [0.0, 0.5, 1.0]
        x = np.concatenate([a + (b - a) * (nodes + 1) / 2 for a, b in itertools.pairwise(ends)])
        w = np.concatenate([(b - a) / 2 * weights for a, b in itertools.pairwise(ends)])
        grid = np.stack([axis.ravel() for axis in np.meshgrid(*[x] * integral.k, indexing="ij")], axis=-1)
        weight = np.prod(np.stack([axis.ravel() for axis in np.meshgrid(*[w] * integral.k, indexing="ij")]), axis=0)
        return weight @ integral.integrand(s, grid)

    return np.array([at(row) for row in s])


@pytest.mark.parametrize("k", [1, 2, 3, 8, 12])
@pytest.mark.parametrize("family", FAMILIES)
def test_closed_form_and_one_dimensional_quadrature_agree(family, k):
    integral = FAMILIES[family](k)
    s = points(integral)
    # Measured: 4e-14 at most, where sin(a/2) in the oscillatory family is small, else 2e-14.
    assert relative_error(by_quadrature(integral, s), integral.exact(s)) < 1e-13


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("family", FAMILIES)
def test_closed_form_is_the_integral_of_the_integrand(family, k):
    integral = FAMILIES[family](k)
    s = points(integral, 2)
    assert relative_error(integrated(integral, s), integral.exact(s)) < 1e-12


@pytest.mark.parametrize("family", ["continuous", "discontinuous"])
def test_a_rule_that_ignores_kinks_and_jumps_fails(family):
    integral = FAMILIES[family](2)
    s = integral.sample(5, seed=1)
    assert relative_error(integrated(integral, s, split=False), integral.exact(s)) > 1e-5


@pytest.mark.parametrize("family", FAMILIES)
def test_parameters_slightly_off_are_noticed(family):
    integral = FAMILIES[family](3)
    s = integral.sample(20, seed=1)
    assert relative_error(by_quadrature(integral, s), integral.exact(s * (1 + 1e-10))) > 1e-12


@pytest.mark.parametrize("k", [3, 8])
@pytest.mark.parametrize("family", FAMILIES)
def test_closed_forms_are_right_to_the_last_digit(family, k, monkeypatch):
    integral = FAMILIES[family](k)
    s = points(integral)
    value = integral.exact(s)
    monkeypatch.setattr(genz, "DIGITS", 2 * genz.DIGITS)
    np.testing.assert_array_equal(value, integral.exact(s))


def test_the_corner_peak_needs_more_digits_than_double_precision_has(monkeypatch):
    integral = FAMILIES["corner_peak"](8)
    s = points(integral)
    value = integral.exact(s)
    monkeypatch.setattr(genz, "DIGITS", 15 - 8)  # beside one for each axis
    assert relative_error(integral.exact(s), value) > 1e-12


def test_the_corner_peak_has_digits_enough_in_fifty_dimensions(monkeypatch):
    integral = FAMILIES["corner_peak"](50)
    s = points(integral, 2)
    value = integral.exact(s)
    monkeypatch.setattr(genz, "DIGITS", 2 * genz.DIGITS + 50)
    np.testing.assert_array_equal(integral.exact(s), value)
    monkeypatch.setattr(genz, "DIGITS", 40 - 50)
    assert relative_error(integral.exact(s), value) > 1e-3


@pytest.mark.parametrize("family", FAMILIES)
def test_numpy_and_torch_integrands_agree_and_keep_the_dtype(family):
    integral = FAMILIES[family](3)
    s, x = integral.sample(5, seed=1)[:, None, :], np.random.default_rng(2).random((7, 3))
    f = integral.integrand(s, x)
    g = integral.integrand(torch.from_numpy(s), torch.from_numpy(x))
    assert f.shape == (5, 7)
    np.testing.assert_allclose(g.numpy(), f, rtol=1e-14)
    assert integral.integrand(torch.from_numpy(s).float(), torch.from_numpy(x).float()).dtype == torch.float32
    assert integral.integrand(s.astype(np.float32), x.astype(np.float32)).dtype == np.float32


def test_equations_as_in_the_paper():
    s, x = np.array([6.0, 0.4]), np.array([0.1, 0.5, 0.3])
    a, u, y = np.array([1.0, 2.0, 3.0]), 0.4, 2.0
    expected = {
        "oscillatory": np.cos(2 * np.pi * u + y),
        "product_peak": np.prod(1 / (a**-2 + (x - u) ** 2)),
        "corner_peak": (1 + y) ** -4.0,
        "gaussian": np.exp(-np.sum(a**2 * (x - u) ** 2)),
        "continuous": np.exp(-np.sum(a * abs(x - u))),
        "discontinuous": 0.0,
    }
    for family, value in expected.items():
        integral = FAMILIES[family](3)
        assert integral.integrand(s[: integral.m], x) == pytest.approx(value, rel=1e-14)
    inside = np.array([0.1, 0.4, 0.9])
    assert FAMILIES["discontinuous"](3).integrand(s, inside) == pytest.approx(np.exp(a @ inside), rel=1e-14)


@pytest.mark.parametrize("family", FAMILIES)
def test_names_boxes_and_symbols(family):
    integral = FAMILIES[family](3)
    assert integral.name == f"genz_{family}_3d"
    assert integral.k == 3
    assert integral.parameters == (("scale",) if family == "corner_peak" else ("scale", "shift"))
    assert (integral.expression is not None) == (family in SYMBOLIC)
    assert len({FAMILIES[family](k).fingerprint() for k in (1, 2, 3)}) == 3


@pytest.mark.parametrize("k", [2, 3, 5, 8, 12])
@pytest.mark.parametrize("family", FAMILIES)
def test_values_stay_away_from_zero(family, k):
    integral = FAMILIES[family](k)
    assert np.all(integral.exact(points(integral, 200)) > 0)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_points_are_fine(family):
    integral = FAMILIES[family](2)
    none = np.empty((0, integral.m))
    assert integral.exact(none).shape == by_quadrature(integral, none).shape == (0,)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_axes_are_refused(family):
    with pytest.raises(InputError):
        FAMILIES[family](0)


def test_quadrature_refuses_what_is_no_genz_integral_and_points_outside():
    with pytest.raises(InputError, match="no Genz family"):
        by_quadrature(product(2), np.ones((1, 2)))
    with pytest.raises(InputError, match="outside the box"):
        by_quadrature(FAMILIES["gaussian"](2), np.zeros((1, 2)))


def test_the_precision_of_mpmath_is_left_alone():
    before = mpmath.mp.dps
    integral = FAMILIES["gaussian"](2)
    integral.exact(integral.sample(3, seed=1))
    assert mpmath.mp.dps == before


def test_the_catalogue_has_all_families_in_any_dimension():
    assert catalogue.GENZ[4:] == ("continuous", "discontinuous")  # harder than those before them
    assert references.integral("genz_gaussian_5d").k == 5
    assert "genz_gaussian_5d" not in references.names()
    with pytest.raises(InputError, match="Did you mean"):
        references.integral("genz_gausian_5d")
