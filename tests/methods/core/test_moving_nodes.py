"""Integrands at nodes that move with s: equal to the formula, at complex x, in any order of variables."""

from __future__ import annotations

import pytest
import torch
from integrals import plain, product

import references
from methods.base import ParametricIntegral
from methods.core.moving_nodes import MovingIntegrand
from references.integrals import physical


def tensors_of_a_map(order: tuple[int, ...], n: int = 4) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Return columns x_i, each with as many axes as come before it in `order`, and the same as one tensor."""
    generator, k = torch.Generator().manual_seed(0), len(order)
    columns = [torch.empty(0)] * k
    for place, column in enumerate(order):
        shape = [n] * (place + 1) + [1] * (k - place - 1)
        parts = torch.rand(2, *shape, generator=generator, dtype=torch.float64)
        columns[column] = torch.complex(parts[0], 0.3 * (parts[1] - 0.5))
    return columns, torch.stack(torch.broadcast_tensors(*columns), dim=-1)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
@pytest.mark.parametrize("integral", [references.integral("box1l"), physical.box1l_physical(), product(3), plain(3)])
def test_it_is_the_formula(integral: ParametricIntegral, order: tuple[int, ...]):
    columns, x = tensors_of_a_map(order)
    s = torch.as_tensor(integral.sample(1, seed=0))[0]
    moving = MovingIntegrand(integral, order)
    expected = integral.integrand(s.to(x.dtype), x)
    torch.testing.assert_close(moving(list(s), columns).expand_as(expected), expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(
        torch.exp(moving.log(list(s), columns)).expand_as(expected), expected, rtol=1e-11, atol=0
    )


def test_a_definition_may_be_a_constant():
    integral = ParametricIntegral.from_expression(
        name="with_constant", expression="log(mu2)/F", definitions={"mu2": "2", "F": "1 + s1*x1"}, variables=("x1",),
        parameters=("s1",), low=(1.0,), high=(2.0,),
    )  # fmt: skip
    s, x = torch.tensor([1.5], dtype=torch.float64), torch.tensor([0.3, 0.7], dtype=torch.float64)
    found = MovingIntegrand(integral, (0,))([s], [x])
    torch.testing.assert_close(found, integral.integrand(s[None], x[:, None]), rtol=1e-14, atol=0)


def test_the_logarithm_does_not_jump_where_a_power_of_f_does():
    integral = physical.box1l_physical()
    s, x = torch.tensor([12.0, -10.0, 1.0]).double(), torch.full((200, 3), 0.5, dtype=torch.complex128)
    x[:, 0] += 0.3j * torch.linspace(0, 1, 200)  # F turns below the real axis from negative to positive real parts
    x[:, 1] += 0.45
    moving = MovingIntegrand(integral, (0, 1, 2))
    assert _largest_step(moving.log(list(s), list(x.T)).imag) < 0.1
    wide = torch.linspace(-3.1, -0.1, 200, dtype=torch.float64)
    assert _largest_step(torch.log(torch.exp(1j * wide) ** -2).imag) > 6  # what the principal logarithm of F^−2 does


def _largest_step(values: torch.Tensor) -> float:
    return float(values.diff().abs().max())
