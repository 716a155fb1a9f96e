"""Coordinates chosen by a rough rule: those that precise values lead to, within the time that there is."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
import torch
from integrals import callable_integral, costly, product

from methods.core.budget import Clock
from methods.tables import choice_by_rule, coordinate_choice


def test_the_choice_is_as_good_as_by_exact_values():
    """log(1 + 1/s) is singular at s = 0, next to the box."""
    integral = callable_integral(lambda s, x: 1 / (s[..., 0] + x[..., 0]), low=(0.1,), high=(5.0,))
    choice, error_by_degree, cut_short = choice_by_rule.choose(integral, "cpu", Clock(None))
    assert not cut_short
    assert choice.coordinates.c[0] == pytest.approx(0.0, abs=0.3)
    s = integral.sample(choice_by_rule.POINTS, seed=1)
    exact = coordinate_choice.choose(integral.low, integral.high, s, np.log1p(1 / s[:, 0]))
    assert 0.5 < choice.error / exact.error < 2
    assert error_by_degree(5) == pytest.approx(choice.error)
    assert error_by_degree(7) < 0.2 * choice.error


def test_an_expensive_integrand_leaves_fewer_values(own_time):
    own_time.tick = 0.0
    integral = costly(product(2), 1e-4)
    choice, _, cut_short = choice_by_rule.choose(integral, "cpu", Clock(3.0))
    assert cut_short
    assert np.isfinite(choice.coordinates.c).all()
    assert own_time.now < 3.2


def test_a_duration_is_read_after_a_number_has_come_from_the_device(monkeypatch):
    """A GPU returns from calls before it has made them, and for a number it has to make them all."""
    events, number, now = [], torch.Tensor.__float__, time.perf_counter
    monkeypatch.setattr(torch.Tensor, "__float__", lambda tensor: events.append("number") or number(tensor))
    monkeypatch.setattr(time, "perf_counter", lambda: events.append("clock") or now())
    choice_by_rule.choose(product(1), "cpu", Clock(None))
    assert ("number", "clock") in itertools.pairwise(events)
