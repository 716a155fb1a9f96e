"""The network with tanh: its values and slopes against torch's own layers and automatic differentiation."""

from __future__ import annotations

import pytest
import torch

from methods.surrogates import tanh_network
from methods.surrogates.tanh_network import TanhNetwork


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_values_and_slopes(depth):
    network = TanhNetwork([3, *[5] * depth, 2])
    weights = network.start(seed=1) + 0.1
    layers = network.layers(weights)
    modules = []
    for weight, bias in layers:
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
        linear.load_state_dict({"weight": weight, "bias": bias[:, 0]})
        modules += [linear, torch.nn.Tanh()]
    twin = torch.nn.Sequential(*modules[:-1])
    u = torch.rand(7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    points_last = u.detach().T.contiguous()
    torch.testing.assert_close(tanh_network.values(layers, points_last), twin(u).detach().T)
    for j, (value, found) in enumerate(tanh_network.values_and_slopes(layers, points_last)):
        expected = twin(u)[:, j]
        (slope,) = torch.autograd.grad(expected.sum(), u)
        torch.testing.assert_close(value, expected.detach())
        torch.testing.assert_close(found, slope.T)


def test_the_start_is_that_of_glorot_and_bengio():
    network = TanhNetwork([2, 400, 1])
    weights = network.start(seed=0)
    (first, bias), (last, _) = network.layers(weights)
    assert network.n_weights == len(weights) == 3 * 400 + 401
    assert float(first.abs().max()) == pytest.approx((6 / 402) ** 0.5, rel=0.01)
    assert float(last.abs().max()) == pytest.approx((6 / 401) ** 0.5, rel=0.02)
    assert not bias.any()
    torch.testing.assert_close(network.start(seed=0), weights, rtol=0, atol=0)
    assert not torch.equal(network.start(seed=1), weights)
