"""Stages of a replica: what the second is for, what its rule adds up, and rounding."""

from __future__ import annotations

import pytest
import torch
from integrals import callable_integral, product

import methods
from methods.core.budget import Clock
from methods.primitives import two_stages
from methods.primitives.two_stages import Training


def prepared(integral=None, **fields):
    """Return a method that has a map, and all that a `Training` reads."""
    settings = {"width": 60, "n_terms": 30, "lattice_size": 64, "n_updates": 1, "n_replicas": 1} | fields
    return methods.create("neural_primitive", **settings).fit(integral or product(2))


def rough(mean: float):
    """F = (1 + mean · s1²)(1 + a fast wave), where the map flattens neither."""

    def f(s, x):
        wave = torch.sin(40 * x[..., 0] + 7 * s[..., 0])
        return (1.0 + 0.3 * wave) * (1 + mean * s[..., 0] ** 2)

    return f


def test_the_second_stage_takes_the_mean_that_is_left():
    """The map is of an integrand without it, and neurons that are held at zero leave all of it."""
    method = prepared(callable_integral(rough(0.0)))
    planted = callable_integral(rough(0.1))
    method.integral_ = planted
    training = Training(method, 0)
    training.stages.c.zero_()
    training.place(40)
    u, x = training.u, torch.linspace(0, 1, 20_001, dtype=torch.float64)[:, None]
    expected = planted.integrand(method.coordinates.s(u)[:, None, :], x).mean(dim=1) / method.map_.norm(u)
    assert float((expected - expected.mean()).abs().max()) > 0.05
    training.update(256, 2)
    torch.testing.assert_close(training.total, expected, rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", ["neural_primitive", "separable_primitive"])
def test_a_rule_adds_up_what_the_neurons_leave(name):
    """In chunks of points and nodes, against the sum over all pairs at once."""
    method = methods.create(name, width=40, n_terms=20, lattice_size=64, n_updates=1, n_replicas=1).fit(product(2))
    generator = torch.Generator().manual_seed(3)
    u = 2 * torch.rand(150, 2, generator=generator, dtype=torch.float64) - 1
    unit = torch.rand(300, 2, generator=generator, dtype=torch.float64)
    weights = torch.rand(300, generator=generator, dtype=torch.float64) / 150
    replica, map_ = method.replicas_[0], method.map_
    found = two_stages.total_by_rule(method, replica, u, unit, weights)
    pairs_u, pairs_t = u.repeat_interleave(300, dim=0), map_.draw(unit).repeat(150, 1)
    g = map_.target(method.integral_, method.coordinates.s(pairs_u), pairs_u, pairs_t)
    left = g - 1 - replica.network.neurons(pairs_u, pairs_t) @ replica.c
    expected = 1 + replica.corner_sum(u, map_.powers) + left.view(150, 300) @ weights
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=0)


def test_shifts_of_a_replica_differ_and_are_averaged():
    method = prepared(callable_integral(rough(0.1)))
    totals = []
    for n_updates in (1, 2):
        training = Training(method, 0)
        training.place(10)
        for _ in range(n_updates):
            training.update(64, 1)
        totals.append(training.total)
    assert 0 < float((totals[0] - totals[1]).abs().max()) < 0.1


def test_noise_is_the_difference_of_pairs_of_shifts():
    training = Training(prepared(callable_integral(rough(0.1))), 0)
    training.place(10)
    sums, noise = [torch.zeros(10, dtype=torch.float64)], []
    for n_updates in (1, 2, 3):
        training.update(64, 1)
        sums.append(n_updates * training.total)
        noise.append(training.noise)
    shifts = torch.stack(sums).diff(dim=0)
    assert not noise[0].any()
    torch.testing.assert_close(noise[1], (shifts[0] - shifts[1]) / 2)
    torch.testing.assert_close(noise[2], (shifts[0] - shifts[1]) / 6**0.5)


def test_the_time_of_a_node_is_that_of_the_largest_trial_for_which_there_is_time(own_time):
    own_time.tick = 1.0
    method = prepared()
    replica = method.replicas_[0]
    (nodes, points), *_, (most_nodes, most_points) = two_stages.TRIALS
    assert two_stages.seconds_per_node(method, replica, Clock(1.0)) == pytest.approx(1 / (nodes * points))
    assert two_stages.seconds_per_node(method, replica, Clock(1e6)) == pytest.approx(1 / (most_nodes * most_points))


def test_a_larger_weight_is_taken_where_the_lattice_is_large_enough_for_it():
    """Of waves in six variables, which the map leaves as they are, lattices of this size know little."""
    wave = callable_integral(lambda s, x: torch.sin(9 * s[..., 0] * x.sum(dim=-1)), k=6)
    found = [Training(prepared(integral), 0).best_weight() for integral in (product(2), wave)]
    assert [weight for weight, _ in found] == [2, 1]
    assert found[0][1] < 1e-3 < found[1][1]


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_what_is_kept_is_what_the_second_stage_saw(precision):
    """All weights are numbers of the lower precision, so that rounding again changes nothing."""
    replica = Training(prepared(precision=precision), 0).stages
    for tensor in (*vars(replica.network).values(), replica.c):
        assert tensor.dtype is torch.float64
        assert torch.equal(tensor.to(torch.float32).double(), tensor) == (precision == "float32")


def test_replicas_differ_and_repeat():
    method = prepared(n_replicas=2)
    first, again, other = (Training(method, index).stages for index in (0, 0, 1))
    assert torch.equal(first.c, again.c)
    assert torch.equal(first.network.omega, again.network.omega)
    assert not torch.equal(first.network.omega, other.network.omega)
