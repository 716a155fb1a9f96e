"""Calls for very many points are made in batches: same values, same sentences, less memory."""

from __future__ import annotations

import importlib

import numpy as np
import pandas as pd
import pytest
import torch
from integrals import product

import methods
from methods.base import Estimate, InputError
from methods.core import batches


class Recording:
    """Gives the sum of each point's invariants, and notes how many points it was called for."""

    def __init__(self):
        self.calls = []
        self.integral_ = product(2)

    @batches.in_batches
    def integrate(self, s):
        """Return the sums."""
        s = self.integral_.check(s)
        self.calls.append(len(s))
        return Estimate(s.sum(1), np.full(len(s), np.nan), 3 * len(s))


@pytest.fixture
def short_batches(monkeypatch):
    monkeypatch.setattr(batches, "ROWS", 10)


@pytest.mark.parametrize(("n", "calls"), [(0, [0]), (10, [10]), (11, [10, 1]), (35, [10, 10, 10, 5])])
def test_values_come_from_batches_in_order(short_batches, n, calls):
    method = Recording()
    s = method.integral_.sample(n, seed=1)
    value, error, n_eval = method.integrate(s)
    np.testing.assert_array_equal(value, s.sum(1))
    assert (len(error), n_eval) == (n, 3 * n)
    assert method.calls == calls


def test_a_point_outside_is_named_by_its_row_among_all(short_batches):
    method = Recording()
    s = method.integral_.sample(35, seed=1)
    s[27, 0] = 1e9
    with pytest.raises(InputError, match="in row 27 lies outside"):
        method.integrate(s)


def table(s):
    return pd.DataFrame(s, columns=["s1", "s2"])


@pytest.mark.parametrize("given", [np.ndarray.tolist, torch.as_tensor, table], ids=["list", "tensor", "table"])
def test_what_is_no_array_is_passed_on_in_batches_too(short_batches, given):
    method = Recording()
    s = method.integral_.sample(12, seed=1)
    np.testing.assert_array_equal(method.integrate(given(s)).value, s.sum(1))
    assert method.calls == [10, 2]


@pytest.mark.parametrize("target", methods.METHODS.values(), ids=methods.METHODS.keys())
def test_every_registered_method_computes_in_batches(target):
    module, _, name = target.partition(":")
    assert hasattr(getattr(importlib.import_module(module), name).integrate, "__wrapped__")
