"""Which labels are refused because of the errors that their method states."""

from __future__ import annotations

import numpy as np
import pytest

from methods.base import Estimate, InputError
from methods.surrogates.label_limit import FACTOR, LARGE, LabelLimit


def test_the_limit_follows_the_usual_error_and_the_typical_value():
    value, error = np.array([1.0, 2.0, -1.0, 1e-9]), np.array([1e-8, 1e-2, np.nan, 1e-8])
    limit = LabelLimit.of(value, error)
    assert limit.relative == LARGE
    assert limit.refuses(value, error).tolist() == [False, True, False, False]
    assert np.isnan(limit.nan_where_refused(Estimate(value, error, 0))).tolist() == [False, True, False, False]
    coarse = LabelLimit.of(np.ones(4), np.array([0.01, 0.02, 0.02, 0.1]))
    assert coarse.relative == pytest.approx(FACTOR * 0.02)
    assert not coarse.refuses(np.ones(4), np.array([0.01, 0.02, 0.02, 0.1])).any()
    assert LabelLimit.of(value, np.full(4, np.nan)).relative == LARGE


def test_labels_that_are_not_finite_are_refused():
    value = np.array([1.0, np.nan, np.inf])
    assert LabelLimit.of(value, np.zeros(3)).refuses(value, np.zeros(3)).tolist() == [False, True, True]
    with pytest.raises(InputError, match="at least 3 good ones"):
        LabelLimit.of(value, np.zeros(3)).without_refused(value, np.zeros(3))
