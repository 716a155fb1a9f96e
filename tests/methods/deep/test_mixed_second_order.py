"""Per-sample gradients and Jacobian-vector products of the mixed derivative, against torch.func on plain torch."""

from __future__ import annotations

import pytest
import torch
from test_mixed import assert_near, network_of, path, points  # noqa: F401

from methods import mixed_second_order
from methods.deep import cpu_derivative
from methods.deep.network import mixed_partial
from methods.mixed_second_order import per_sample_gradients, weight_jvp


def jacobian(network, s, x):
    """Return ∂D/∂w (n, P) by torch, from a backward for each point."""
    rows = []
    for value in mixed_partial(network, s, x):
        found = torch.autograd.grad(value, list(network.parameters()), retain_graph=True, allow_unused=True)
        flat = [
            torch.zeros_like(w).flatten() if g is None else g.flatten()
            for w, g in zip(network.parameters(), found, strict=True)
        ]
        rows.append(torch.cat(flat))
    return torch.stack(rows)


SHAPES = [(1, 5, 2), (2, 4, 1), (3, 7, 3), (4, 16, 3), (6, 3, 2)]
"""(k, width, depth)"""


@pytest.mark.parametrize(("k", "width", "depth"), SHAPES)
@pytest.mark.parametrize("n", [1, 17])
def test_per_sample_gradients(k, width, depth, n, path):  # noqa: F811
    network, (s, x) = network_of(k, width=width, depth=depth), points(k, n=n)
    expected = torch.func.jacrev(_flat_value(network, s, x))(_flat(network))
    assert_near(per_sample_gradients(network, s, x), expected, 1e-11)
    assert_near(jacobian(network, s, x), expected, 1e-11)


@pytest.mark.parametrize("activation", ["tanh", "gelu", "sin", "polylog2"])
@pytest.mark.parametrize(("k", "width", "depth"), SHAPES)
def test_weight_jvp(k, width, depth, activation, path):  # noqa: F811
    network, (s, x) = network_of(k, width=width, depth=depth, activation=activation), points(k, n=11)
    tangents = torch.randn(len(_flat(network)), dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    expected = torch.func.jacrev(_flat_value(network, s, x))(_flat(network)) @ tangents
    assert_near(weight_jvp(network, s, x, tangents), expected, 1e-11)


def test_chunks_do_not_show(path, monkeypatch):  # noqa: F811
    network, (s, x) = network_of(3), points(3, n=30)
    tangents = torch.linspace(-1, 1, len(_flat(network)), dtype=torch.float64)
    whole = weight_jvp(network, s, x, tangents), per_sample_gradients(network, s, x)
    monkeypatch.setattr(mixed_second_order, "CHUNK", 50)
    monkeypatch.setattr(cpu_derivative, "CHUNK", 50)
    assert_near(weight_jvp(network, s, x, tangents), whole[0], 1e-13)
    assert_near(per_sample_gradients(network, s, x), whole[1], 1e-13)


def test_no_points(path):  # noqa: F811
    network, (s, x) = network_of(3), points(3, n=0)
    tangents = _flat(network)
    assert per_sample_gradients(network, s, x).shape == (0, len(tangents))
    assert weight_jvp(network, s, x, tangents).shape == (0,)


def test_tangents_of_another_network():
    network, (s, x) = network_of(3), points(3)
    with pytest.raises(ValueError, match="this network has"):
        weight_jvp(network, s, x, torch.ones(3, dtype=torch.float64))


def _flat(network):
    return torch.nn.utils.parameters_to_vector(network.parameters()).detach()


def _flat_value(network, s, x):
    """Return the mixed derivative as a function of the flat weights, which torch.func computes by plain torch."""
    names = [f"network.{name}" for name, _ in network.named_parameters()]
    shapes = [weight.shape for weight in network.parameters()]

    def value(flat):
        parts = flat.split([shape.numel() for shape in shapes])
        state = {name: part.view(shape) for name, part, shape in zip(names, parts, shapes, strict=True)}
        return torch.func.functional_call(mixed_second_order._Mixed(network), state, (s, x))

    return value
