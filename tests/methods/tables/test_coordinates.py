"""Coordinates and targets of tables: inverse maps, and choices that follow the integral."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from methods.core import few_points
from methods.core.arithmetic import Arithmetic
from methods.tables import coordinate_choice, coordinate_refinement, table_arithmetic
from methods.tables.chebyshev_basis import coefficients, nodes, to_coefficients
from methods.tables.coordinate_choice import Choice
from methods.tables.coordinates import DISTANCES, POWERS, Coordinates, Target

LOW, HIGH = np.array([-3.0, 1.0]), np.array([-1.0, 5.0])


@pytest.mark.parametrize("c", [[0.0, 6.0], [-4.0, 0.5]])
def test_coordinates_are_inverse_to_each_other_and_cover_the_box(c):
    coordinates = Coordinates(LOW, HIGH, np.array(c))
    s = np.random.default_rng(0).uniform(LOW, HIGH, (50, 2))
    u = coordinates.u(torch.as_tensor(s)).T.numpy()
    assert np.abs(u).max() <= 1
    np.testing.assert_allclose(coordinates.s(u), s, rtol=1e-13)
    ends = coordinates.u(torch.as_tensor(np.array([LOW, HIGH]))).T.numpy()
    np.testing.assert_allclose(np.abs(ends), 1, rtol=1e-13)


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("value", [[1.0, 2.0, 5.0], [-1.0, -7.0], [-1.0, 2.0]])
def test_targets_keep_any_sign(value, power):
    value = np.array(value)
    target = Target.of_values(value, power)
    np.testing.assert_allclose(target.decode_(torch.as_tensor(target.encode(value))).numpy(), value, rtol=1e-14)


@pytest.mark.parametrize("power", [0, 2, 3])
def test_relative_slope_is_the_derivative(power):
    value = np.array([0.5, 1.0, 4.0])
    target = Target.of_values(value, power)
    change = target.encode(value * (1 + 1e-6)) - target.encode(value)
    np.testing.assert_allclose(np.abs(change) * target.relative_slope(target.encode(value)), 1e-6, rtol=1e-4)


@pytest.mark.parametrize("c", [[0.0, 6.0], [-4.0, 0.5]])
def test_slopes_of_coordinates(c):
    coordinates = Coordinates(LOW, HIGH, np.array(c))
    s = np.random.default_rng(0).uniform(LOW, HIGH, (50, 2))
    ahead, behind = (coordinates.u(torch.as_tensor(s + step)).T.numpy() for step in (1e-6, -1e-6))
    np.testing.assert_allclose(coordinates.slope(s), (ahead - behind) / 2e-6, rtol=1e-6)


@pytest.mark.parametrize("power", [0, 2, 3])
@pytest.mark.parametrize("value", [[0.5, 1.0, 4.0], [-0.5, -4.0], [-1.0, 2.0]])
def test_slopes_of_targets(value, power):
    value = np.array(value)
    target = Target.of_values(value, power)
    difference = (target.encode(value + 1e-6) - target.encode(value - 1e-6)) / 2e-6
    np.testing.assert_allclose(target.slope(value), difference, rtol=1e-6)


TARGETS = [Target(1, 0, 3.0), Target(-1, 1, 0.5), Target(1, 2, 2.0), Target(-1, 3, 2.0), Target(0, 0, 2.0)]


@pytest.mark.parametrize("target", TARGETS)
def test_an_error_of_the_target_is_one_of_the_integral(target):
    y = np.linspace(0.5, 1.5, 5)
    expected = np.abs(target.decode(y + 1e-6) - target.decode(y - 1e-6)) / 2
    np.testing.assert_allclose(target.error(target.decode(y), 1e-6), expected, rtol=1e-6)


@pytest.mark.skipif(few_points.library() is None, reason="there is no compiler")
@pytest.mark.parametrize("target", TARGETS)
def test_an_exported_error_of_the_target_is_the_same(target):
    value = target.decode(np.linspace(0.5, 1.5, 5))
    arithmetic = Arithmetic(1)
    arithmetic.outputs["value"] = table_arithmetic.error_of_y(arithmetic, arithmetic.s, target, 1e-6)
    found, _ = few_points.FewPoints(lambda: arithmetic)(value[:, None])
    np.testing.assert_allclose(found, target.error(value, 1e-6), rtol=1e-13)


@pytest.mark.parametrize("power", [2, 3])
def test_the_power_that_makes_it_a_polynomial_is_found(power):
    s = np.random.default_rng(1).uniform(LOW, HIGH, (100, 2))
    c = HIGH + 10**-0.5 * (HIGH - LOW)
    value = (5 + np.log(c - s) @ [1.0, 2.0]) ** -float(power)
    choice = coordinate_choice.choose(tuple(LOW), tuple(HIGH), s, value)
    assert choice.target.power > 0
    assert power % choice.target.power == 0  # |I|^(−1/1) is a polynomial, too, of a higher degree
    assert choice.error < 1e-12
    np.testing.assert_allclose(choice.coordinates.c, c)


def test_as_many_labels_as_linear_terms_choose_no_coordinates():
    low, high = np.ones(9), np.full(9, 2.0)
    s = np.random.default_rng(4).uniform(low, high, (20, 9))
    value = 1 / (1 + s.sum(axis=1))
    few = coordinate_choice.choose(tuple(low), tuple(high), s[:10], value[:10])
    np.testing.assert_allclose(few.coordinates.c, high + max(DISTANCES) * (high - low))
    assert few.error > 0.01
    error = coordinate_choice.error_by_degree(few, s[:10], value[:10])
    assert error(1) == error(5) == few.error
    enough = coordinate_choice.choose(tuple(low), tuple(high), s, value)
    assert enough.error < 0.1 * few.error


def test_nodes_are_nested_and_interpolate_polynomials():
    np.testing.assert_array_equal(nodes(9)[:5], nodes(5))
    x, y = np.meshgrid(nodes(5), nodes(3), indexing="ij")
    found = coefficients(x**4 * y + 2, [nodes(5), nodes(3)])
    expected = np.zeros((5, 3))
    expected[0, 0], expected[[0, 2, 4], 1] = 2, [3 / 8, 1 / 2, 1 / 8]
    np.testing.assert_allclose(found, expected, atol=1e-14)


def test_one_invariant_is_mapped_as_all_are():
    coordinates = Coordinates(LOW, HIGH, np.array([0.0, 6.0]))
    s = np.random.default_rng(2).uniform(LOW, HIGH, (20, 2))
    u = np.stack([coordinates.u_of(j, s[:, j]) for j in range(2)])
    np.testing.assert_allclose(u, coordinates.u(torch.as_tensor(s)).numpy(), rtol=1e-12, atol=1e-14)


def test_any_nodes_give_the_coefficients():
    u = np.array([-0.9, -0.1, 0.4, 1.0])
    np.testing.assert_allclose(to_coefficients(u) @ (4 * u**3 - 3 * u + 2), [2, 0, 0, 1], atol=1e-13)


def test_a_grid_finds_the_coordinates_in_which_its_labels_are_a_polynomial():
    c = HIGH + 10**-0.5 * (HIGH - LOW)
    first = Choice(Coordinates(LOW, HIGH, HIGH + 3 * (HIGH - LOW)), Target(1, 0, 1.0), 0.0)

    def integral(s):
        return (5 + np.log(c - s) @ [1.0, 2.0]) ** -3.0

    axes = [first.coordinates.s(np.tile(nodes(5)[:, None], 2))[:, j] for j in range(2)]
    values = integral(np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1))
    s = np.random.default_rng(3).uniform(LOW, HIGH, (40, 2))
    found = coordinate_refinement.refine(first, axes, values, s, integral(s))
    assert found.error < 1e-12
    np.testing.assert_allclose(found.coordinates.c, c)
    assert 3 % found.target.power == 0
