"""Networks with closed forms: mixed derivative against autograd, corner sums against quadrature."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from methods.primitives.sine_network import Network, Products, Sines

K, M, F = 3, 2, 5

POWERS = [(0, 0, 0), (1, 0, 2)]

both = pytest.mark.parametrize("cls", [Sines, Products])


def drawn(cls: type[Network], seed: int = 0, omega: float = 1.5) -> Network:
    return cls.draw(K, M, F, omega, 0.7, torch.Generator().manual_seed(seed), "cpu")


def rows(n: int, columns: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(n, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gauss(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return nodes (n^K, K) and weights of the tensor Gauss rule on the unit cube."""
    nodes, weights = (torch.from_numpy(part) / 2 for part in np.polynomial.legendre.leggauss(n))
    return torch.cartesian_prod(*[nodes + 0.5] * K), torch.cartesian_prod(*[weights] * K).prod(dim=1)


def primitive(network: Network, u: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Return a function with the neurons as its mixed derivative: (n, F), written without their code."""
    omega, nu, phases, bias = network.omega, network.nu, network.phases, network.bias
    if isinstance(network, Products):
        antiderivatives = torch.sin(omega * (2 * t - 1)[:, :, None] + phases) / (2 * omega)
        return antiderivatives.prod(dim=1) * torch.cos(u @ nu + bias)
    # The third antiderivative of sin is cos, and each brings one factor 1/(2ω).
    return torch.cos((2 * t - 1) @ omega + u @ nu + bias) / (2 * omega).prod(dim=0)


@both
def test_neurons_are_mixed_derivatives(cls):
    network, u, t = drawn(cls), 2 * rows(6, M) - 1, rows(6, K, seed=1).requires_grad_()
    for r in range(F):
        y = primitive(network, u, t)[:, r]
        for i in range(K):
            y = torch.autograd.grad(y.sum(), t, create_graph=True)[0][:, i]
        torch.testing.assert_close(network.neurons(u, t)[:, r], y, rtol=1e-10, atol=1e-12)


@both
def test_corner_sums_are_those_of_the_primitive(cls):
    network, u = drawn(cls), 2 * rows(6, M) - 1
    corners = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * K)
    signs = (-1) ** (K - corners.sum(dim=1))
    values = torch.stack([primitive(network, u, corner.expand(6, -1)) for corner in corners])
    expected = (signs[:, None, None] * values).sum(dim=0)
    torch.testing.assert_close(network.corner_sums(u, torch.zeros(K).double()), expected, rtol=1e-10, atol=1e-12)


@both
@pytest.mark.parametrize("powers", POWERS)
def test_corner_sums_are_integrals_with_the_weight(cls, powers):
    network, u, p = drawn(cls), 2 * rows(3, M) - 1, torch.tensor(powers, dtype=torch.float64)
    t, weights = gauss(24)
    density = ((p + 1) * t**p).prod(dim=1)
    expected = torch.stack([(weights * density) @ network.neurons(row.expand(len(t), -1), t) for row in u])
    torch.testing.assert_close(network.corner_sums(u, p), expected, rtol=1e-10, atol=1e-13)
    assert not torch.allclose(network.corner_sums(u, p + 1), expected, rtol=1e-3)


@both
@pytest.mark.parametrize("powers", POWERS)
def test_a_good_rule_averages_to_the_amplitude(cls, powers):
    network, p = drawn(cls), torch.tensor(powers, dtype=torch.float64)
    t, weights = gauss(24)
    average = network.average(t, weights * ((p + 1) * t**p).prod(dim=1))
    torch.testing.assert_close(average, network.amplitude(p), rtol=1e-10, atol=1e-13)


@both
def test_an_average_and_its_sums_are_those_of_the_neurons(cls):
    """With the few points of any rule, for two sets of c at once."""
    network, u, t, weights = drawn(cls), 2 * rows(4, M) - 1, rows(7, K, seed=1), rows(7, 1, seed=2)[:, 0]
    c = rows(F, 2, seed=3) - 0.5
    neurons = torch.stack([network.neurons(row.expand(7, -1), t) for row in u])
    expected = torch.einsum("j,njr,rq->nq", weights, neurons, c)
    found = network.sums(u, network.average(t, weights)[:, None] * c)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-13)


@both
def test_amplitudes_are_exact_up_to_the_stated_frequency(cls):
    """For p = 0 they are sin ω/ω; the rule of 80 nodes fails far beyond."""
    network = drawn(cls)
    errors = []
    for largest in (60.0, 240.0):
        omega = torch.linspace(-largest, largest, K * F, dtype=torch.float64).view(K, F) + 0.1
        wide = cls(omega=omega, nu=network.nu, phases=network.phases, bias=network.bias)
        errors.append(float((wide.amplitudes(torch.zeros(K).double()) - torch.sin(omega) / omega).abs().max()))
    assert errors[0] < 1e-13
    assert errors[1] > 1e-6


@both
def test_drawing_is_deterministic(cls):
    before = torch.get_rng_state()
    a, b, c = drawn(cls), drawn(cls), drawn(cls, seed=1)
    for name in ("omega", "nu", "phases", "bias"):
        assert torch.equal(getattr(a, name), getattr(b, name))
        assert not torch.equal(getattr(a, name), getattr(c, name))
    assert torch.equal(torch.get_rng_state(), before)


@both
def test_frequencies_have_the_spread_asked_for(cls):
    network = cls.draw(K, M, 4000, 1.5, 0.7, torch.Generator().manual_seed(0), "cpu")
    assert float(network.omega.std()) == pytest.approx(1.5, rel=0.05)
    assert float(network.nu.std()) == pytest.approx(0.7, rel=0.05)
    assert float(network.bias.max()) == pytest.approx(2 * np.pi, rel=0.01)


@both
def test_another_precision(cls):
    network, u, t = drawn(cls), 2 * rows(6, M) - 1, rows(6, K, seed=1)
    single = network.to(torch.float32)
    assert {tensor.dtype for tensor in vars(single).values()} == {torch.float32}
    assert {tensor.dtype for tensor in vars(network).values()} == {torch.float64}
    found = single.neurons(u.float(), t.float())
    assert found.dtype is torch.float32
    torch.testing.assert_close(found.double(), network.neurons(u, t), rtol=0, atol=1e-5)
    # Rounded frequencies are other frequencies: what is evaluated must have gone through the same rounding.
    assert not torch.equal(single.to(torch.float64).neurons(u, t), network.neurons(u, t))


@both
def test_one_variable_each(cls):
    network = cls.draw(1, 1, 4, 1.0, 1.0, torch.Generator().manual_seed(0), "cpu")
    u, t = rows(3, 1), rows(3, 1, seed=1)
    assert network.neurons(u, t).shape == network.corner_sums(u, torch.zeros(1).double()).shape == (3, 4)
