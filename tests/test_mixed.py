"""The mixed derivative and the corner sum: against exact formulas, nested autograd, and properties."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from methods import mixed
from methods.mixed import ACTIVATIONS, PrimitiveNetwork, corner_sum, mixed_partial


def network_of(k: int, m: int = 2, width: int = 7, depth: int = 3, activation: str = "tanh") -> PrimitiveNetwork:
    generator = torch.Generator().manual_seed(k)
    return PrimitiveNetwork(k, m, width, depth, activation, torch.float64, gain=1.5, generator=generator)


def points(k: int, n: int = 5, m: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(17)
    return tuple(torch.rand(n, width, generator=generator, dtype=torch.float64) for width in (m, k))


def nested_autograd(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    x = x.clone().requires_grad_()
    derivative = network(s, x)
    for i in range(network.k):
        derivative = torch.autograd.grad(derivative.sum(), x, create_graph=True)[0][:, i]
    return derivative


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6])
def test_mixed_partial_equals_nested_autograd(k, activation):
    network, (s, x) = network_of(k, activation=activation), points(k)
    expected = nested_autograd(network, s, x)
    assert (mixed_partial(network, s, x) - expected).abs().max() < 1e-12 * expected.abs().max()


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_any_depth(depth):
    network, (s, x) = network_of(3, depth=depth), points(3)
    torch.testing.assert_close(mixed_partial(network, s, x), nested_autograd(network, s, x), rtol=1e-11, atol=1e-13)


def test_one_neuron_by_hand():
    network = network_of(2, width=1, depth=1)
    w1, w2, *_ = network.first.weight[0]
    s, x = points(2)
    y = torch.tanh(network.first(torch.cat([x, s], dim=1)))[:, 0]
    second_derivative = -2 * y * (1 - y**2)
    torch.testing.assert_close(mixed_partial(network, s, x), network.last.weight[0, 0] * w1 * w2 * second_derivative)


def test_a_wrong_derivative_rule_is_noticed(monkeypatch):
    monkeypatch.setitem(mixed.ACTIVATIONS, "tanh", (1.0, 0.0, -0.99))
    network, (s, x) = network_of(3), points(3)
    assert not torch.allclose(mixed_partial(network, s, x), nested_autograd(network, s, x), rtol=1e-3)


def test_gradients_in_the_weights():
    network, (s, x) = network_of(2, width=3, depth=2), points(2, n=2)
    weights = [network.first.weight, network.first.bias, *network.hidden.parameters(), network.last.weight]

    def derivative(*given):
        names = ["first.weight", "first.bias", "hidden.0.weight", "hidden.0.bias", "last.weight"]
        state = dict(zip(names, given, strict=True))
        return torch.func.functional_call(_Mixed(network), {f"network.{k}": v for k, v in state.items()}, (s, x))

    assert torch.autograd.gradcheck(derivative, weights)


class _Mixed(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, s, x):
        return mixed_partial(self.network, s, x)


def test_zero_where_the_network_ignores_a_variable():
    network, (s, x) = network_of(3), points(3)
    with torch.no_grad():
        network.first.weight[:, 1] = 0
    assert (mixed_partial(network, s, x) == 0).all()


def test_permuting_the_variables_permutes_nothing():
    network, (s, x) = network_of(4), points(4)
    expected = mixed_partial(network, s, x)
    order = [2, 0, 3, 1]
    with torch.no_grad():
        network.first.weight[:, :4] = network.first.weight[:, :4][:, order].clone()
    torch.testing.assert_close(mixed_partial(network, s, x[:, order]), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_corner_sum_is_the_signed_sum_over_the_corners(k):
    network, (s, _) = network_of(k), points(k)
    expected = torch.zeros(len(s), dtype=torch.float64)
    for corner in itertools.product((0.0, 1.0), repeat=k):
        x = torch.tensor(corner, dtype=torch.float64).expand(len(s), k)
        expected += (-1) ** (k - sum(corner)) * network(s, x)
    torch.testing.assert_close(corner_sum(network, s), expected, rtol=1e-12, atol=1e-13)


def test_corner_sum_integrates_the_mixed_partial():
    """JHEP eq. 2.2-2.3, by a Gauss rule fine enough for a smooth network."""
    network, (s, _) = network_of(2, width=4), points(2, n=1)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    axis, factor = torch.tensor((nodes + 1) / 2), torch.tensor(weights / 2)
    x = torch.cartesian_prod(axis, axis)
    f = mixed_partial(network, s.expand(len(x), -1), x)
    torch.testing.assert_close(corner_sum(network, s)[0], f @ torch.outer(factor, factor).flatten(), rtol=1e-10, atol=0)


@pytest.mark.parametrize("n", [0, 1])
def test_small_batches(n):
    network, (s, x) = network_of(3), points(3, n=n)
    assert mixed_partial(network, s, x).shape == corner_sum(network, s).shape == (n,)


def test_chunks_of_the_corner_sum_do_not_show(monkeypatch):
    network, (s, _) = network_of(3), points(3, n=20)
    whole = corner_sum(network, s)
    monkeypatch.setattr(mixed, "CHUNK", 100)
    torch.testing.assert_close(corner_sum(network, s), whole, rtol=1e-13, atol=1e-15)


def test_bad_arguments():
    with pytest.raises(ValueError, match="at least one Feynman parameter"):
        PrimitiveNetwork(0, 2, 4, 2)
    with pytest.raises(ValueError, match="no activation 'relu'"):
        PrimitiveNetwork(1, 2, 4, 2, "relu")
