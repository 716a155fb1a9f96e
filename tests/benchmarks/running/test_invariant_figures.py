"""Digits by the value of each invariant."""

from __future__ import annotations

import numpy as np
import pytest

import references
from benchmarks.running.invariant_figures import BINS, by_invariant


def test_each_point_counts_in_its_interval_of_every_invariant():
    integral = references.integral("box1l_hh")
    s = integral.sample(400, seed=1)
    s = np.concatenate([s, [integral.low], [integral.high]])
    true = np.full(len(s), 2.0 + 1.0j)
    first = integral.to_unit(s)[:, 0] < 1 / BINS
    value = np.where(first, true * (1 + 1e-2j), true * (1 - 1e-5))
    found = by_invariant(integral, s, value, true)
    assert list(found) == ["s12", "s14"]
    s12 = found["s12"]
    assert len(s12["edges"]) == BINS + 1
    assert s12["edges"][0] == 4.5
    assert s12["edges"][-1] == 30.0
    assert s12["digits_mean"] == pytest.approx([2.0] + [5.0] * (BINS - 1))
    assert s12["digits_worst"] == pytest.approx([2.0] + [5.0] * (BINS - 1))
    # Some of the points near threshold lie in every interval of the other invariant.
    assert min(found["s14"]["digits_worst"]) == pytest.approx(2.0)
    assert all(2.0 < mean < 5.0 for mean, least in zip(*list(found["s14"].values())[1:], strict=True) if least < 3)


def test_intervals_without_points_have_no_digits():
    integral = references.integral("box1l_hh")
    s = np.array([integral.low])
    found = by_invariant(integral, s, np.ones(1) * 1j, np.ones(1) * 1j)["s12"]
    assert found["digits_mean"][1:] == [None] * (BINS - 1)
