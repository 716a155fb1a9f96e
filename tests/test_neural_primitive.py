"""neural_primitive: learns a small integral, reproducibly, and what it is made of."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from integrals import plain, product

import methods
from methods.base import InputError
from methods.lattice import generating_vector, unshifted
from methods.transforms import TRANSFORMS

SMALL = {"width": 16, "depth": 2, "lattice_size": 256}


def small(**fields):
    return methods.create("neural_primitive", **{**SMALL, "n_updates": 400, **fields})


def digits(method, integral):
    s = integral.sample(300, seed=8)
    return -np.log10(np.abs(method.integrate(s).value / integral.exact(s) - 1)).mean()


@pytest.mark.parametrize("integral", [product(1), plain(2)], ids=lambda i: i.name)
@pytest.mark.parametrize(
    ("activation", "gain", "n_updates"), [("tanh", 1.5, 400), ("sigmoid", 2.0, 1500)], ids=["tanh", "sigmoid"]
)
def test_learns_two_digits(integral, activation, gain, n_updates):
    method = small(activation=activation, gain=gain, n_updates=n_updates).fit(integral)
    assert digits(method, integral) > 2.0


def test_untrained_is_no_better_than_a_guess():
    integral = product(2)
    assert digits(small(n_updates=1).fit(integral), integral) < 1.0


def test_target_integrates_to_the_normalised_integral():
    """The mean of the target over t is I(s)/f(s, ½), whatever the transform: eq. 2.20 and 2.23."""
    integral = product(2)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    axis, factor = torch.tensor((nodes + 1) / 2), torch.tensor(weights / 2)
    t = torch.cartesian_prod(axis, axis)
    s = torch.tensor([[1.25, 1.75]], dtype=torch.float64)
    for transform in TRANSFORMS:
        method = small(transform=transform)
        method._prepare(integral)
        unit = (s - 1.0).expand(len(t), -1)
        mean = method.target(torch.cat([t, unit], dim=1)) @ torch.outer(factor, factor).flatten()
        centre = integral.integrand(s, torch.full((1, 2), 0.5, dtype=torch.float64))
        np.testing.assert_allclose(mean, integral.exact(s.numpy()) / centre.numpy(), rtol=1e-10)


def test_a_fit_cut_short_by_its_budget_can_be_repeated():
    integral = product(2)
    first = small(n_updates=None).fit(integral, budget=1.0)
    again = small(n_updates=first.n_updates_).fit(integral)
    s = integral.sample(20, seed=0)
    np.testing.assert_array_equal(first.integrate(s).value, again.integrate(s).value)


def test_budget_is_kept():
    start = time.perf_counter()
    small(n_updates=None).fit(product(2), budget=1.0)
    assert time.perf_counter() - start < 2.0


def test_time_inside_the_monitor_does_not_count():
    calls = []

    def monitor(method):
        calls.append(method.integrate(product(2).sample(3, seed=0)).value)
        time.sleep(0.05)

    method = small(n_updates=100).fit(product(2), budget=60.0, monitor=monitor)
    assert len(calls) == 4
    without = small(n_updates=100).fit(product(2))
    s = product(2).sample(3, seed=0)
    np.testing.assert_array_equal(method.integrate(s).value, without.integrate(s).value)


def test_error_is_the_spread_of_the_replicas():
    integral = product(1)
    s = integral.sample(5, seed=0)
    three = small(n_replicas=3, n_updates=50).fit(integral)
    assert (three.integrate(s).error > 0).all()
    assert np.isnan(small(n_replicas=1, n_updates=50).fit(integral).integrate(s).error).all()


def test_seeds_differ():
    integral = product(1)
    s = integral.sample(5, seed=0)
    values = [small(seed=seed, n_updates=20).fit(integral).integrate(s).value for seed in (0, 1)]
    assert not np.allclose(*values)


def test_global_random_state_and_default_dtype_are_untouched():
    before = torch.get_rng_state()
    small(n_updates=5).fit(product(1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.parametrize(
    ("field", "value"), [("activation", "relu"), ("transform", "none"), ("precision", "float16"), ("n_replicas", 0)]
)
def test_fields_are_checked(field, value):
    with pytest.raises(InputError, match=field):
        small(**{field: value}).fit(product(1))


def test_lattice_is_a_full_rank_1_lattice():
    n, dimension = 127, 4
    lattice = unshifted(n, dimension, dtype=torch.float64, device="cpu")
    assert len({tuple(row) for row in (lattice * n).round().int().tolist()}) == n
    # Exact for every Fourier mode outside the dual lattice, of which no low one is a member.
    h = torch.tensor([1.0, -2.0, 1.0, 0.0], dtype=torch.float64)
    assert torch.exp(2j * torch.pi * (lattice @ h)).mean().abs() < 1e-12
    z = torch.tensor(generating_vector(n, dimension), dtype=torch.float64)
    dual = torch.tensor([float(n), 0, 0, 0], dtype=torch.float64)
    assert float(dual @ z) % n == 0
    assert torch.exp(2j * torch.pi * (lattice @ dual)).mean().abs() > 0.999


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_gives_the_same_within_float32():
    integral = product(1)
    s = integral.sample(50, seed=0)
    values = [small(device=device, n_updates=50).fit(integral).integrate(s).value for device in ("cpu", "cuda")]
    np.testing.assert_allclose(*values, rtol=1e-3)
