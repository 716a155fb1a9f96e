"""The triangular map: a bijection of the cube with the stated Jacobian, the same integral, a flatter integrand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from integrals import callable_integral, changing_sign, product

import references
from methods.base import ParametricIntegral
from methods.core import chebyshev_series
from methods.core.budget import Clock
from methods.primitives import triangular_map
from methods.primitives.triangular_map import Coordinates, TriangularMap
from methods.tables import coordinates as tables


def log_coordinates(integral: ParametricIntegral) -> Coordinates:
    """C lies as far above the box as this is wide."""
    low, high = np.array(integral.low), np.array(integral.high)
    return Coordinates(integral.low, integral.high, 2 * high - low, "cpu")


def fitted(integral: ParametricIntegral, seed: int = 0) -> tuple[TriangularMap, Coordinates]:
    coordinates = log_coordinates(integral)
    return triangular_map.fit(integral, coordinates, seed, "cpu", Clock(None))[0], coordinates


def uniform(n: int, columns: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def some_map(k: int = 3, m: int = 2, order: tuple[int, ...] = (2, 0, 1)) -> TriangularMap:
    """Return a map with large random coefficients, so that nothing in it is nearly the identity."""
    size = sum(chebyshev_series.count(m + i, 2) for i in range(k))
    a = torch.randn(size, generator=torch.Generator().manual_seed(1), dtype=torch.float64) / 3
    b = torch.zeros(chebyshev_series.count(m, 1), dtype=torch.float64)
    return TriangularMap(order=order, powers=torch.zeros(k).double(), degree=2, norm_degree=1, a=a, b=b)


def gauss(n: int, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    nodes, weights = (torch.from_numpy(part) / 2 for part in np.polynomial.legendre.leggauss(n))
    t = torch.cartesian_prod(*[nodes + 0.5] * k).view(-1, k)
    return t, torch.cartesian_prod(*[weights] * k).view(-1, k).prod(dim=1)


def integral_of_target(map_: TriangularMap, coordinates: Coordinates, integral: ParametricIntegral, n: int):
    """Return s of a few rows, and h(s) ∫ g w dt by Gauss's rule with n nodes per axis."""
    s = torch.as_tensor(integral.sample(4, seed=3))
    u, (t, weights) = coordinates.u(s), gauss(n, integral.k)
    values = []
    for row, of_row in zip(s, u, strict=True):
        row_u = of_row.expand(len(t), -1)
        g = map_.target(integral, row.expand(len(t), -1), row_u, t)
        values.append((weights * torch.exp(map_.log_weight(t))) @ g * map_.norm(of_row[None])[0])
    return s.numpy(), torch.stack(values).numpy()


def test_each_variable_rises_from_0_to_1_and_moves_only_later_ones():
    map_, u = some_map(), (2 * uniform(1, 2) - 1).expand(50, -1)
    for i, column in enumerate(map_.order):
        t = uniform(1, 3, seed=2).repeat(50, 1)
        t[:, i] = torch.linspace(0, 1, 50)
        x = map_.x(u, t)[0]
        assert (x[1:, column] > x[:-1, column]).all()
        assert (float(x[0, column]), float(x[-1, column])) == (0.0, 1.0)
        moved = {j for j in range(3) if float(x[:, j].max() - x[:, j].min()) > 1e-12}
        assert moved == set(map_.order[i:])


def test_jacobian_is_the_determinant():
    map_, u, t = some_map(), 2 * uniform(5, 2) - 1, uniform(5, 3, seed=1)
    log_jacobian = map_.x(u, t)[1]
    for row in range(5):
        matrix = torch.autograd.functional.jacobian(lambda v, r=row: map_.x(u[r : r + 1], v[None])[0][0], t[row])
        assert float(matrix.det().abs().log()) == pytest.approx(float(log_jacobian[row]), abs=1e-11)
        assert float(matrix.det().abs().log()) != pytest.approx(0, abs=0.01)


def test_log_c_at_fixed_nodes():
    map_, u, t = some_map(), 2 * uniform(4, 2) - 1, uniform(6, 3, seed=1)
    found = chebyshev_series.products(u, map_.degree).T @ map_.log_c_at(t, m=2)
    for j, node in enumerate(t):
        expected = map_.log_c(map_.bases(u, node.expand(4, -1)))
        torch.testing.assert_close(found[:, :, j].T, expected, rtol=1e-12, atol=1e-12)


def test_the_integral_stays_the_same_and_its_integrand_becomes_flat():
    integral = product(2)
    map_, coordinates = fitted(integral)
    s, value = integral_of_target(map_, coordinates, integral, 10)
    np.testing.assert_allclose(value, integral.exact(s), rtol=1e-10)
    u, t = 2 * uniform(500, 2) - 1, uniform(500, 2, seed=1)
    assert float(map_.target(integral, coordinates.s(u), u, t).std()) < 0.01


def test_box1l_with_few_points():
    """Gauss's rule in t has with 4³ nodes the digits that it has in x with 10³ only."""
    integral = references.integral("box1l")
    map_, coordinates = fitted(integral)
    exact = integral_of_target(map_, coordinates, integral, 16)[1]
    assert np.abs(integral_of_target(map_, coordinates, integral, 4)[1] / exact - 1).max() < 1e-3
    identity = dataclasses.replace(map_, a=torch.zeros_like(map_.a))
    assert np.abs(integral_of_target(identity, coordinates, integral, 4)[1] / exact - 1).max() > 1e-2
    assert np.abs(integral_of_target(identity, coordinates, integral, 40)[1] / exact - 1).max() < 1e-6


def vanishing() -> ParametricIntegral:
    """∫ x2 x3² (s1 + x1)^-1 dx."""
    return callable_integral(lambda s, x: x[..., 1] * x[..., 2] ** 2 / (s[..., 0] + x[..., 0]), k=3)


def test_powers_are_found_and_follow_the_order():
    map_, coordinates = fitted(vanishing())
    assert [float(map_.powers[map_.order.index(column)]) for column in range(3)] == [0, 1, 2]
    s, value = integral_of_target(map_, coordinates, vanishing(), 8)
    np.testing.assert_allclose(value, np.log(1 + 1 / s[:, 0]) / 6, rtol=1e-9)


def test_broken_powers_are_left_to_the_map():
    map_, _ = fitted(callable_integral(lambda s, x: s[..., 0] + x[..., 0] ** 0.5))
    assert map_.powers.tolist() == [0]


def test_draw_has_the_density_of_the_weight():
    map_ = dataclasses.replace(some_map(), powers=torch.tensor([0.0, 1.0, 3.0], dtype=torch.float64))
    t = map_.draw(uniform(20_000, 3))
    np.testing.assert_allclose(t.mean(dim=0), [1 / 2, 2 / 3, 4 / 5], atol=0.01)
    nodes, weights = gauss(5, 3)
    assert float(weights @ torch.exp(map_.log_weight(nodes))) == pytest.approx(1, abs=1e-12)


def last_needs_first() -> ParametricIntegral:
    """Return a peak in x1 whose width depends on x2: how to map x1 is known only where x2 comes first."""
    return callable_integral(
        lambda s, x: 1 / (0.05 * s[..., 0] + (1 + 8 * x[..., 1]) * x[..., 0]) ** 2 / (0.3 + x[..., 1]), k=2
    )


def test_the_order_makes_a_difference_and_is_found():
    """Without time to search, the variables stay in the order in which the integrand has them."""
    integral = last_needs_first()
    exchanged = callable_integral(lambda s, x: integral.integrand(s, x[..., [1, 0]]), k=2)
    spread = {}
    for order, given in (((0, 1), integral), ((1, 0), exchanged)):
        coordinates = log_coordinates(given)
        map_, cut_short = triangular_map.fit(given, coordinates, 0, "cpu", Clock(0.0))
        assert cut_short
        assert map_.order == (0, 1)
        u, t = 2 * uniform(2000, 1) - 1, uniform(2000, 2, seed=1)
        spread[order] = float(map_.target(given, coordinates.s(u), u, t).std())
    worse, better = sorted(spread, key=spread.__getitem__, reverse=True)
    assert spread[better] < 0.5 * spread[worse]
    assert fitted(integral)[0].order == better


@pytest.mark.parametrize("c", [2.5, 100.0, -3.5, -30.0])
def test_coordinates_and_back(c):
    coordinates = Coordinates([-3.0], [2.0], np.array([c]), "cpu")
    s = torch.linspace(-3.0, 2.0, 9, dtype=torch.float64)[:, None]
    u = coordinates.u(s)
    torch.testing.assert_close(coordinates.s(u), s, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(u[[0, -1], 0], [-1, 1], atol=1e-13)
    steps = (u[1:] - u[:-1])[:, 0]
    assert (steps > 0).all()
    # Steps are largest next to c.
    assert float(steps[-1] - steps[0]) * (c + 0.5) > 0
    expected = tables.Coordinates(np.array([-3.0]), np.array([2.0]), np.array([c])).u(s)[0]
    torch.testing.assert_close(u[:, 0].abs(), expected.abs(), rtol=1e-12, atol=1e-12)


def test_both_signs_leave_x_as_it_is():
    map_, _ = fitted(changing_sign())
    u, t = 2 * uniform(9, 2) - 1, uniform(9, 1, seed=1)
    x, log_jacobian = map_.x(u, t)
    torch.testing.assert_close(x, t)
    assert float(log_jacobian.abs().max()) < 1e-14
    assert float(map_.norm(u).std()) < 1e-14


@pytest.mark.parametrize("scale", [0.0, 1e200, -1e-200])
def test_normalisation_of_zero_and_of_extreme_integrands(scale):
    integral = callable_integral(lambda s, x: scale * torch.cos(6 * s[..., 0] * x[..., 0]))
    map_, coordinates = fitted(integral)
    u, t = 2 * uniform(200, 1) - 1, uniform(200, 1, seed=1)
    g = map_.target(integral, coordinates.s(u), u, t)
    assert float(g.square().mean()) == pytest.approx(1.0 if scale else 0.0, abs=0.2)


def test_a_map_that_makes_it_worse_is_not_taken():
    """A narrow peak inside: its logarithm, a parabola, is what such maps cannot follow."""
    peak = callable_integral(lambda s, x: torch.exp(-60 * s[..., 0] ** 2 * (x[..., 0] - 0.4) ** 2))
    map_, coordinates = fitted(peak)
    u, t = 2 * uniform(2000, 1) - 1, uniform(2000, 1, seed=1)
    s = coordinates.s(u)
    f, g = peak.integrand(s, t), map_.target(peak, s, u, map_.draw(t))
    assert float(g.std() / g.mean()) < 1.1 * float(f.std() / f.mean())


def test_fits_are_deterministic():
    maps = [fitted(product(2), seed)[0] for seed in (0, 0, 1)]
    assert torch.equal(maps[0].a, maps[1].a)
    assert not torch.equal(maps[0].a, maps[2].a)
