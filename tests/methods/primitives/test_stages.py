"""Stages of a replica: the series of its corner sum, what the second stage is for, and rounding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from integrals import callable_integral, product

import methods
from methods.core.budget import Clock
from methods.primitives import chebyshev_series, two_stages
from methods.primitives.two_stages import Training


def prepared(integral=None, **fields):
    """Return a method that has a map, and all that a `Training` reads."""
    settings = {"width": 60, "n_updates": 1, "n_replicas": 1} | fields
    return methods.create("neural_primitive", **settings).fit(integral or product(2))


def points(method, n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return u, t of density w, and g there."""
    integral = method.integral_
    generator = torch.Generator().manual_seed(seed)
    unit = torch.rand(n, integral.m + integral.k, generator=generator, dtype=torch.float64)
    u, t = 2 * unit[:, : integral.m] - 1, method.map_.draw(unit[:, integral.m :])
    return u, t, method.map_.target(integral, method.coordinates.s(u), u, t)


def test_the_series_is_the_corner_sum_on_other_points():
    method = prepared()
    replica = Training(method, 0).stages
    ((series, degree, error, cut_short),) = two_stages.expand([replica], method.map_.powers, Clock(None))
    assert error < two_stages.SERIES_ERROR
    assert not cut_short
    u = points(method, 500, seed=1)[0]
    basis, expected = chebyshev_series.products(u, degree), replica.corner_sum(u, method.map_.powers) - 1
    assert float((series @ basis - expected).abs().max()) < 3 * two_stages.SERIES_ERROR
    assert float((series[1:] @ basis[1:]).abs().max()) > 100 * two_stages.SERIES_ERROR


def test_the_series_stops_where_it_becomes_too_long(monkeypatch):
    monkeypatch.setattr(two_stages, "MAX_SERIES", 60)
    method = prepared(nu=12.0)
    replica = Training(method, 0).stages
    ((series, degree, error, cut_short),) = two_stages.expand([replica], method.map_.powers, Clock(None))
    assert not cut_short
    assert len(series) == chebyshev_series.count(2, degree) <= 60 < chebyshev_series.count(2, degree + 1)
    assert error > two_stages.SERIES_ERROR


def test_replicas_that_share_their_points_have_the_series_that_each_has_alone():
    method = prepared(n_replicas=2, nu=6.0)
    replicas = [Training(method, 0).stages, Training(method, 1).stages]
    replicas[0].c.mul_(1e-6)  # needs a lower degree
    together = two_stages.expand(replicas, method.map_.powers, Clock(None))
    assert together[0].degree < together[1].degree
    for replica, found in zip(replicas, together, strict=True):
        (alone,) = two_stages.expand([replica], method.map_.powers, Clock(None))
        assert alone.degree == found.degree
        torch.testing.assert_close(alone.series, found.series, rtol=0, atol=1e-13)


def test_the_series_stops_where_the_next_degree_would_take_too_long(own_time):
    own_time.tick = 1.0
    method = prepared(nu=12.0)
    replica = Training(method, 0).stages
    degrees = [
        two_stages.expand([replica], method.map_.powers, Clock(budget))[0].degree for budget in (0.0, 20.0, None)
    ]
    assert degrees[0] == replica.degree < degrees[1] < degrees[2]
    assert two_stages.expand([replica], method.map_.powers, Clock(0.0))[0].cut_short


def rough(mean: float):
    """F = (1 + mean · s1²)(1 + a fast wave), where the map flattens neither."""

    def f(s, x):
        wave = torch.sin(40 * x[..., 0] + 7 * s[..., 0])
        return (1.0 + 0.3 * wave) * (1 + mean * s[..., 0] ** 2)

    return f


def test_the_second_stage_takes_the_mean_that_is_left():
    """The map is of an integrand without it, and neurons that are held at zero leave all of it."""
    method = prepared(callable_integral(rough(0.0)), precision="float64")  # there are no rounded copies of weights then
    planted = callable_integral(rough(0.1))
    method.integral_ = planted
    training = Training(method, 0)
    training.stages.c.zero_()
    u, x = (torch.linspace(*ends, dtype=torch.float64)[:, None] for ends in ((-1, 1, 50), (0, 1, 20_001)))
    mean = planted.integrand(method.coordinates.s(u)[:, None, :], x).mean(dim=1)
    expected = mean / method.map_.norm(u)
    before = training.stages.corner_sum(u, method.map_.powers) - expected
    for _ in range(8):
        training.update()
    after = training.solve().corner_sum(u, method.map_.powers) - expected
    assert float(before.abs().max()) > 0.05
    assert float(after.abs().max()) < 0.1 * float(before.abs().max())


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_what_is_evaluated_is_what_the_second_stage_saw(precision):
    """All weights are numbers of the lower precision, so that rounding again changes nothing."""
    replica = Training(prepared(precision=precision), 0).stages
    for tensor in (*vars(replica.network).values(), replica.c):
        assert tensor.dtype is torch.float64
        assert torch.equal(tensor.to(torch.float32).double(), tensor) == (precision == "float32")


def test_a_replica_leaves_little_and_no_mean():
    method = prepared(callable_integral(lambda s, x: 2 + torch.sin(3 * x[..., 0] * (s[..., 0] + x[..., 1])), k=2))
    replica = method.replicas_[0]
    u, t, g = points(method, 20_000, seed=2)
    left = (g - replica.g(u, t)).numpy()
    assert abs(left.mean()) < 5 * left.std() / np.sqrt(len(left))
    assert left.std() < 0.5 * float((g - 1).std())


def test_replicas_differ_and_repeat():
    method = prepared(n_replicas=2)
    first, again, other = (Training(method, index).stages for index in (0, 0, 1))
    assert torch.equal(first.c, again.c)
    assert torch.equal(first.network.omega, again.network.omega)
    assert not torch.equal(first.network.omega, other.network.omega)
