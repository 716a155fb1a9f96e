"""The corrected primitive: it is the sum that it says, its error bars are honest, and the network is worth it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from integrals import changing_sign, product

import methods
import references
from methods.base import HasReplicas, InputError, ParametricIntegral
from methods.quadrature import lattices
from methods.quadrature.transforms import korobov


def fitted(integral: ParametricIntegral, **fields):
    return methods.create("primitive_corrected", **{"width": 100} | fields).fit(integral)


@pytest.mark.parametrize("n_replicas", [1, 2])
def test_is_the_corner_sum_plus_the_mean_of_what_is_left(n_replicas):
    """Each shift's value, from the nodes and what the replica and the map say of themselves."""
    integral = references.integral("box1l")
    method = fitted(integral, lattice_size=32, n_shifts=3, n_replicas=n_replicas)
    s = torch.as_tensor(integral.sample(4, 0))
    shifts = np.random.default_rng(method.seed).random((3, 1, integral.k))
    lattice = lattices.points(lattices.generating_vector(32, integral.k), 32)
    unit, slopes = korobov(torch.as_tensor((lattice + shifts) % 1.0), 1)
    u, t = method.coordinates.u(s), method.map_.draw(unit).flatten(end_dim=1)
    weights = slopes.prod(dim=2) / 32
    values = []
    for row, of_row in zip(s, u, strict=True):
        many = of_row.expand(len(t), -1)
        g = method.map_.target(integral, row.expand(len(t), -1), many, t)
        found = torch.zeros(3, dtype=torch.float64)
        for replica in method.replicas_:
            # What the second stage has is constant in t, and no part of this.
            left = g - 1 - replica.network.neurons(many, t) @ replica.c
            of_neurons = 1 + replica.corner_sum(of_row[None], method.map_.powers)
            found += (of_neurons + (left.view(3, 32) * weights).sum(dim=1)) / n_replicas
        values.append(found * method.map_.norm(of_row[None]))
    estimate = method.integrate(s.numpy())
    expected = torch.stack(values)
    np.testing.assert_allclose(estimate.value, expected.mean(dim=1), rtol=1e-11)
    np.testing.assert_allclose(estimate.error, expected.std(dim=1) / 3**0.5, rtol=1e-5)
    assert estimate.n_eval == 4 * 3 * 32


def with_nodes_of(method, folder):
    """Load what was saved of it, which places the nodes anew, by its seed."""
    method.save(folder / "model")
    return type(method).load(folder / "model", method.integral_)


def test_error_bars_are_honest_over_seeds_of_the_shifts(tmp_path):
    """Rows share the shifts; so many shifts are drawn for one network, 40 sets for 25 rows."""
    integral, truth = references.integral("box1l"), references.truth("box1l")
    method = fitted(integral, lattice_size=64)
    s, value = truth.s[truth.uniform][:25], truth.value[truth.uniform][:25]
    pulls = []
    for method.seed in range(40):
        estimate = with_nodes_of(method, tmp_path).integrate(s)
        pulls.append(np.abs(estimate.value - value) / estimate.error)
    # Student's distribution with seven degrees of freedom: 65 and 98 %.
    assert 0.5 < np.mean(np.array(pulls) < 1) < 0.8
    assert np.mean(np.array(pulls) < 3) > 0.95


def test_removes_the_bias_of_a_short_training():
    integral, truth = references.integral("box1l"), references.truth("box1l")
    method = fitted(integral, width=50)
    s, value = truth.s[truth.uniform][:100], truth.value[truth.uniform][:100]
    corrected = np.abs(method.integrate(s).value / value - 1)
    u = method.coordinates.u(torch.as_tensor(s))
    of_neurons = (1 + method.replicas_[0].corner_sum(u, method.map_.powers)) * method.map_.norm(u)
    uncorrected = np.abs(of_neurons.numpy() / value - 1)
    assert np.median(corrected) < 0.03 * np.median(uncorrected)


def test_the_network_leaves_less_to_the_lattice(tmp_path):
    integral = references.integral("box1l")
    s = integral.sample(20, 0)
    method = fitted(integral, width=500)
    with_network = method.integrate(s).error.mean()
    for replica in method.replicas_:
        replica.c.zero_()
    assert with_network < 0.3 * with_nodes_of(method, tmp_path).integrate(s).error.mean()


def test_no_replicas_are_told_whose_mean_is_not_its_value():
    assert isinstance(methods.create("neural_primitive"), HasReplicas)
    assert not isinstance(methods.create("primitive_corrected"), HasReplicas)


@pytest.mark.parametrize("integral", [changing_sign(), product(1)], ids=lambda integral: integral.name)
def test_one_feynman_parameter_and_both_signs(integral):
    s = integral.sample(50, 1)
    estimate = fitted(integral).integrate(s)
    np.testing.assert_allclose(estimate.value, integral.exact(s), atol=1e-6)


@pytest.mark.parametrize(
    ("field", "value"), [("n_shifts", 1), ("lattice_size", 100), ("lattice_size", 0), ("width", 0)]
)
def test_fields_are_checked(field, value):
    with pytest.raises(InputError, match=field):
        fitted(product(1), **{field: value})
