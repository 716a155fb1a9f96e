"""Compiled derivatives of rules on contours: those that torch has at the same nodes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from compilers import needs_compiler

import references
from methods.core.moving_nodes import MovingIntegrand
from methods.primitives import compiled_gradients
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.contour_map import ContourMap, block_sizes
from methods.primitives.moving_rule import MovingRule


def some_map(k: int, m: int) -> ContourMap:
    size = sum(map(sum, block_sizes(k, m, 1, True)))
    a = 0.2 * torch.randn(size, generator=torch.Generator().manual_seed(1), dtype=torch.complex128)
    return ContourMap(tuple(np.random.default_rng(1).permutation(k).tolist()), m, 1, a, is_arc=True)


@needs_compiler
@pytest.mark.parametrize(("name", "orders"), [("box1l_physical", (4, 3, 5)), ("box2l_physical", (3, 2, 2, 3, 2, 2))])
def test_they_are_those_of_torch(name: str, orders: tuple[int, ...]):
    integral = references.integral(name)
    contour, coordinates = some_map(integral.k, integral.m), BoxCoordinates(integral, "cpu")
    s = torch.as_tensor(integral.sample(3, seed=0))
    compiled = compiled_gradients.rule(integral, contour, coordinates, orders)
    expected = MovingRule(MovingIntegrand(integral, contour.order), contour, coordinates, orders)
    for found, by_torch in zip(compiled.with_gradient(s), expected.with_gradient(s), strict=True):
        np.testing.assert_allclose(found.numpy(), by_torch.numpy(), rtol=1e-11)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_those_of_torch_do_not_depend_on_what_it_records(mode):
    integral = references.integral("box1l_physical")
    contour, coordinates = some_map(integral.k, integral.m), BoxCoordinates(integral, "cpu")
    rule = MovingRule(MovingIntegrand(integral, contour.order), contour, coordinates, (4, 3, 5))
    expected = rule.with_gradient(torch.as_tensor(integral.sample(3, seed=0)))
    with mode():
        found = rule.with_gradient(torch.as_tensor(integral.sample(3, seed=0)))
    for here, there in zip(found, expected, strict=True):
        assert torch.equal(here, there)


def test_a_formula_without_a_kernel_has_none():
    integral = references.integral("box1l_physical")
    contour, coordinates = some_map(integral.k, integral.m), BoxCoordinates(integral, "cpu")
    of_python = dataclasses.replace(integral, expression=None, prescription=None)
    assert compiled_gradients.rule(of_python, contour, coordinates, (2, 2, 2)) is None
