"""Which saved rule is whose: by values of the terms, and never by chance."""

from __future__ import annotations

import types

import numpy as np
import pytest

from methods.core import term_order
from methods.core.storage import StorageError

TWO_TERMS = types.SimpleNamespace(name="mine", terms=[None, None])


def with_values(monkeypatch, rows):
    """Have the terms of any integral these values, of f and then of F."""
    monkeypatch.setattr(term_order, "term_values", lambda integral: np.array(rows))


def test_each_term_has_the_rule_of_its_values(monkeypatch):
    with_values(monkeypatch, [[1.0, np.nan, 5.0, 6.0], [2.0, np.nan, 5.0, 6.0]])
    assert term_order.order_of_terms(np.array([[2.0, np.nan, 5.0, 6.0], [1.0, np.nan, 5.0, 6.0]]), TWO_TERMS) == [1, 0]


def test_terms_with_the_same_values_are_the_same(monkeypatch):
    rows = [[1.0, np.nan, 5.0, 6.0]] * 2
    with_values(monkeypatch, rows)
    assert term_order.order_of_terms(np.array(rows), TWO_TERMS) == [0, 1]


def test_terms_without_any_value_are_not_told_apart_by_chance(monkeypatch):
    rows = [[np.nan, np.nan, 5.0, 6.0]] * 2
    with_values(monkeypatch, rows)
    with pytest.raises(StorageError, match=r"2 terms of mine have the same polynomial, and no value .*; fit .* again"):
        term_order.order_of_terms(np.array(rows), TWO_TERMS)


def test_a_single_term_is_not_evaluated(monkeypatch):
    monkeypatch.delattr(term_order, "term_values")
    assert term_order.order_of_terms(np.ones((1, 4)), types.SimpleNamespace(name="mine", terms=[None])) == [0]
