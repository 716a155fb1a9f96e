"""Contours: from 0 to 1, with the stated Jacobian, the same integral of whatever is holomorphic; and causal or not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from methods.core.moving_nodes import MovingIntegrand
from methods.primitives import contour_fit, map_causality
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.contour_map import ContourMap
from methods.primitives.contour_orders import MovingTermRules, axis_errors
from methods.primitives.moving_rule import MovingRule
from references.integrals import physical


def some_map(k: int = 3, m: int = 2, degree: int = 2, order: tuple[int, ...] = (2, 0, 1)) -> ContourMap:
    """Return a map with random complex coefficients."""
    flat = contour_fit.identity(k, m, degree, order, torch.zeros(1, dtype=torch.complex128))
    generator = torch.Generator().manual_seed(1)
    return dataclasses.replace(flat, a=0.1 * torch.randn(len(flat.a), generator=generator, dtype=torch.complex128))


def uniform(n: int, columns: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def moved(contour: ContourMap, u: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return x (n, k), in the order of t, and ∂x_i/∂t_i (n, k)."""
    x, log_slopes = contour.move(list(t.T), *contour.log_c(contour.bases(u, t)))
    return torch.stack([x[column] for column in contour.order], dim=1), torch.exp(torch.stack(log_slopes, dim=1))


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_the_jacobian_is_triangular_and_its_diagonal_is_as_stated(degree):
    contour, u, t, step = some_map(degree=degree), 2 * uniform(50, 2) - 1, uniform(50, 3, seed=2), 1e-6
    slopes = moved(contour, u, t)[1]
    for i in range(3):
        shift = step * torch.eye(3, dtype=torch.float64)[i]
        change = (moved(contour, u, t + shift)[0] - moved(contour, u, t - shift)[0]) / (2 * step)
        torch.testing.assert_close(change[:, i], slopes[:, i], rtol=1e-7, atol=1e-8)
        assert not change[:, :i].any()


def test_every_variable_runs_from_0_to_1_and_through_the_complex_plane_in_between():
    contour, u = some_map(), 2 * uniform(20, 2) - 1
    for end in (0.0, 1.0):
        torch.testing.assert_close(
            moved(contour, u, torch.full((20, 3), end).double())[0].real, torch.full((20, 3), end).double()
        )
    assert moved(contour, u, uniform(20, 3))[0].imag.abs().max() > 0.01
    assert not moved(contour.towards_real(0.0), u, uniform(20, 3))[0].imag.any()


@pytest.mark.parametrize("chunk", [2**15, 100])
def test_the_integral_of_a_holomorphic_function_stays_what_it_is(monkeypatch, chunk):
    monkeypatch.setattr("methods.primitives.moving_rule.CHUNK", chunk)
    integral = physical.ParametricIntegral(
        name="entire", k=3, parameters=("s1", "s2"), low=(1.0, 1.0), high=(2.0, 2.0),
        integrand=lambda s, x: s[..., 0] * (x[..., 0] + 2 * x[..., 1] * s[..., 1] + x[..., 2] ** 2).exp(),
    )  # fmt: skip
    s = integral.sample(7, seed=0)
    contour, coordinates = some_map(), BoxCoordinates(integral, "cpu")
    nodes, weights = np.polynomial.legendre.leggauss(30)
    square = np.exp(((nodes + 1) / 2) ** 2) @ weights / 2
    exact = s[:, 0] * (np.e - 1) * np.expm1(2 * s[:, 1]) / (2 * s[:, 1]) * square
    moving = MovingIntegrand(integral, contour.order)
    rule = MovingRule(moving, contour, coordinates, (14, 15, 16))
    np.testing.assert_allclose(rule(torch.as_tensor(s)).numpy(), exact, rtol=1e-10)
    for axis in range(3):
        weights = torch.as_tensor(np.polynomial.legendre.leggauss((14, 15, 16)[axis])[1] / 2).to(torch.complex128)
        np.testing.assert_allclose((rule.marginal(torch.as_tensor(s), axis) @ weights).numpy(), exact, rtol=1e-10)


def test_a_term_without_s_has_no_derivatives():
    integral = physical.ParametricIntegral.from_expression(
        name="without_s", variables=("x1", "x2", "x3"), parameters=("s1", "s2"), low=(1.0, 1.0), high=(2.0, 2.0),
        expression="x1*x2 + x3",
    )  # fmt: skip
    contour, s = some_map(), torch.as_tensor(integral.sample(4, seed=0))
    rule = MovingRule(MovingIntegrand(integral, contour.order), contour, BoxCoordinates(integral, "cpu"), (9, 9, 9))
    value, gradient = rule.with_gradient(s)
    torch.testing.assert_close(value, rule(s))
    assert gradient.shape == (4, 2)
    assert not gradient.any()


def test_errors_of_an_axis_are_those_of_its_rules():
    integral = physical.triangle_physical()
    contour, coordinates = arc((-0.7, 0.0)), BoxCoordinates(integral, "cpu")
    s, moving = torch.as_tensor(integral.sample(20, seed=0)), MovingIntegrand(integral, (0, 1))
    ((first, _),), _ = axis_errors(MovingTermRules([integral], [contour], coordinates), s, 20)
    many = MovingRule(moving, contour, coordinates, (60, 20))(s)
    for order in (6, 12):
        few = MovingRule(moving, contour, coordinates, (order, 20))(s)
        error = float(((few - many).abs() / many.abs()).square().mean().sqrt())
        assert first.error[order - 1] == pytest.approx(error, rel=0.01)


def arc(phases: tuple[float, ...]) -> ContourMap:
    """Return the map with log c_i = i phase_i."""
    flat = contour_fit.identity(len(phases), 1, 1, tuple(range(len(phases))), torch.zeros(1, dtype=torch.complex128))
    for of_power, phase in zip(flat.parts, phases, strict=True):
        of_power[0][0] = 1j * phase
    return flat


@pytest.mark.parametrize(("phase", "is_causal"), [(-0.7, True), (-0.2, True), (0.7, False), (0.2, False)])
def test_an_arc_on_the_wrong_side_is_not_causal(phase, is_causal):
    integral = physical.triangle_physical()
    coordinates = BoxCoordinates(integral, "cpu")
    points = contour_fit.draw(2, coordinates, 1, 2048, 0, "cpu")
    share, smallest = map_causality.share_not_causal(integral, arc((phase, 0.0)), points.s, points.u, points.t)
    assert (share == 0) == is_causal
    assert smallest > 1e-4


@pytest.mark.parametrize(("phase", "is_causal"), [(-0.3, True), (-0.6, False)])
def test_an_arc_beyond_a_pole_of_another_denominator_is_not_causal(phase, is_causal):
    integral = physical.ParametricIntegral.from_expression(
        name="beside_a_pole", variables=("x1",), parameters=("s",), low=(1.5,), high=(3.0,), prescription="F",
        definitions={"F": "1 - s*x1", "G": "(x1 - 1/2)**2 + 1/100"}, expression="1/(F*G)",
    )  # fmt: skip
    points = contour_fit.draw(1, BoxCoordinates(integral, "cpu"), 1, 2048, 0, "cpu")
    share, _ = map_causality.share_not_causal(integral, arc((phase,)), points.s, points.u, points.t)
    assert (share == 0) == is_causal


def test_a_fit_begins_on_the_allowed_side_whatever_the_order():
    integral = physical.box1l_physical()
    points = contour_fit.draw(3, BoxCoordinates(integral, "cpu"), 3, 2048, 0, "cpu")
    for order in ((0, 1, 2), (2, 0, 1)):
        start = contour_fit.off_the_axis(integral, points, 1, order)
        assert map_causality.share_not_causal(integral, start, points.s, points.u, points.t)[0] < 0.01
        wrong = dataclasses.replace(start, a=start.a.conj())
        assert map_causality.share_not_causal(integral, wrong, points.s, points.u, points.t)[0] > 0.1
