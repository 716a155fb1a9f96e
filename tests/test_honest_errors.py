"""The rule by which tests call stated errors honest refuses those that are much too small or much too large."""

from __future__ import annotations

import numpy as np
import pytest
from honest_errors import LARGEST_STATED, assert_honest

PULL = np.random.default_rng(0).normal(size=1000)
"""Of honest Gaussian errors."""

WITHIN = {1: 0.6, 3: 0.95}


@pytest.mark.parametrize("pull", [PULL, -PULL, np.abs(PULL), PULL / 10, PULL.reshape(10, 100)])
def test_honest_errors_and_cautious_ones_pass(pull):
    assert_honest(pull, WITHIN)


@pytest.mark.parametrize(
    ("pull", "message"),
    [
        (10 * PULL, "too small: .* within 1 of them"),
        (np.where(np.arange(1000) % 10 == 0, 4.0, 0.5 * PULL), "too small: .* within 3 of them"),
        (PULL / 100, "too large"),
        (PULL / 1000, "too large"),
        (0 * PULL, "too large"),
        (np.nan * PULL, "too small"),
    ],
)
def test_others_do_not(pull, message):
    with pytest.raises(AssertionError, match=message):
        assert_honest(pull, WITHIN)


def test_how_large_a_stated_error_may_be_is_said_by_the_test():
    assert_honest(PULL / 60, WITHIN, largest_stated=100.0)
    with pytest.raises(AssertionError, match="too large"):
        assert_honest(PULL / 2 / LARGEST_STATED, WITHIN)
