"""The corner sum: by plain torch and by the kernel, against the sum written out, and properties."""

from __future__ import annotations

import copy
import itertools

import pytest
import torch
from compilers import needs_compiler
from test_mixed import SMOOTH, network_of, points

from methods.deep import cpu_corner_sum
from methods.deep import network as mixed
from methods.deep.activations import ACTIVATIONS
from methods.deep.network import PrimitiveNetwork, corner_sum


@pytest.mark.parametrize("activation", ["tanh", "gelu", "polylog3"])
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("k", [1, 2, 3, 5, 8])
def test_corner_sum_is_the_signed_sum_over_the_corners(k, grad, activation):
    network, (s, _) = network_of(k, activation=activation), points(k)
    expected = torch.zeros(len(s), dtype=torch.float64)
    for corner in itertools.product((0.0, 1.0), repeat=k):
        x = torch.tensor(corner, dtype=torch.float64).expand(len(s), k)
        expected += (-1) ** (k - sum(corner)) * network(s, x).detach()
    with torch.set_grad_enabled(grad):
        actual = corner_sum(network, s)
    assert actual.requires_grad == grad
    torch.testing.assert_close(actual.detach(), expected, rtol=1e-11, atol=1e-13)


@needs_compiler
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", ["relu0", "relu4", *SMOOTH])
def test_the_kernel_of_the_corner_sum_knows_the_activation(activation, dtype):
    """By a single neuron, whose corner sum for k = 1 is φ(w + v s + b) − φ(v s + b)."""
    network = PrimitiveNetwork(1, 1, 1, 1, activation, dtype)
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), ([[0.75, 9.0]], [0.125], [[1.0]], [0.0]), strict=True):
            parameter.copy_(torch.tensor(value))
        s = torch.linspace(-1, 1, 301, dtype=dtype)[:, None]
        z = 9 * s[:, 0].double() + 0.125
        actual = cpu_corner_sum.corner_sum(network, s)
    assert actual is not None
    phi = ACTIVATIONS[activation]
    expected = phi(z + 0.75) - phi(z)
    # z itself is rounded; relu9 reaches 9.8^10/10!.
    tolerance = 8 * torch.finfo(dtype).eps * (phi(z + 0.75).abs() + 10 * phi.tower(z, phi.base(z), 1)[1].abs()).max()
    assert (actual.double() - expected).abs().max() <= tolerance


@needs_compiler
@pytest.mark.parametrize(("width", "depth"), [(1, 1), (7, 2), (30, 4), (33, 3)])
@pytest.mark.parametrize(("k", "n"), [(1, 1), (1, 37), (2, 8), (3, 2), (3, 9), (4, 1), (6, 3), (8, 2)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-14)])
def test_the_kernel_of_the_corner_sum_takes_any_shape(k, n, width, depth, dtype, tolerance):
    network, (s, _) = network_of(k, 3, width, depth, dtype=dtype), points(k, n, 3, dtype)
    expected = corner_sum(network, s).detach()
    size = network.last.weight.abs().sum() * 2**k
    with torch.no_grad():
        actual = cpu_corner_sum.corner_sum(network, s)
        threaded = cpu_corner_sum.corner_sum(network, s.repeat(40, 1))
    assert (actual - expected).abs().max() <= tolerance * size
    assert (threaded.view(40, n) - expected).abs().max() <= tolerance * size


@needs_compiler
def test_the_kernel_of_the_corner_sum_declines_what_it_cannot_do():
    network, (s, _) = network_of(2, activation="polylog3"), points(2)
    with torch.no_grad():
        assert cpu_corner_sum.corner_sum(network, s) is None
        network = network_of(2)
        assert cpu_corner_sum.corner_sum(network, s) is not None
        for refused in (s.float(), s[:0], s.repeat(1, 2)[:, ::2], s[None]):
            assert cpu_corner_sum.corner_sum(network, refused) is None
        with pytest.raises(RuntimeError, match="shapes"):
            corner_sum(network, s.repeat(1, 2))
        columns = torch.vmap(lambda point: corner_sum(network, point[None])[0])(s)
        torch.testing.assert_close(columns, corner_sum(network, s), rtol=1e-12, atol=1e-14)
        squashed = copy.deepcopy(network)
        squashed.first.weight.tanh_()
        torch.nn.utils.parametrize.register_parametrization(network.first, "weight", torch.nn.Tanh())
        assert torch.equal(corner_sum(network, s), corner_sum(squashed, s))


def test_chunks_of_the_corner_sum_do_not_show(monkeypatch):
    network, (s, _) = network_of(3), points(3, n=20)
    whole = corner_sum(network, s)
    monkeypatch.setattr(mixed, "CHUNK", 100)
    torch.testing.assert_close(corner_sum(network, s), whole, rtol=1e-12, atol=1e-14)
    assert torch.equal(s, points(3, n=20)[0])
