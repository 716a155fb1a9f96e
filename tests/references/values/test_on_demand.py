"""True values computed now above threshold: on two contours, or a sentence that says what to do."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import references
from references.values import dispersion
from references.values.truth_files import TruthError


def without_closed_form(name, **changes):
    return dataclasses.replace(references.integral(name), name="mine", exact=None, **changes)


@pytest.mark.slow
def test_above_threshold_two_contours_agree_with_a_dispersion_relation():
    truth = references.truth_of(without_closed_form("box1l_hh"), n=6, edge_points=0)
    expected = dispersion.values(dispersion.arguments(references.integral("box1l_hh"), truth.s))
    assert (np.abs(truth.value - expected) <= truth.error).all()
    assert (truth.error < 1e-7 * np.abs(expected)).all()
    assert "two complex contours" in truth.how


def test_a_contour_that_crosses_a_zero_is_refused():
    """F of a bubble is symmetric in x: no arc avoids both of its zeros."""
    with pytest.raises(TruthError, match=r"crosses a zero of its F - i0. .*give `exact`"):
        references.truth_of(without_closed_form("bubble_physical"), n=4, edge_points=0)


def test_what_one_loop_s_contours_do_not_reach_is_refused_with_what_to_do():
    with pytest.raises(TruthError, match=r"k = 6, too many .*give `exact`.*benchmarks.choose checks"):
        references.truth_of(without_closed_form("box2l_physical"), n=4, edge_points=0)
