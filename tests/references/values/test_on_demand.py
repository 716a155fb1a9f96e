"""True values computed now above threshold: on two contours, or a sentence that says what to do."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import references
from methods.base import ParametricIntegral
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
    with pytest.raises(TruthError, match=r"k = 6, too many .*give `exact`.*benchmarks.choose checks") as problem:
        references.truth_of(without_closed_form("box2l_physical"), n=4, edge_points=0)
    assert "--face-free" not in str(problem.value)
    with pytest.raises(TruthError, match=r"--face-free of references\.from_loop"):
        references.truth_of(without_closed_form("box2l_sum_physical"), n=4, edge_points=0)


def half_bubble(factor=1.0):
    """Return half the interval of a bubble above threshold, which one arc passes, with its closed form × factor."""

    def exact(s):
        beta = np.sqrt(1 - 4 / s[:, 0])
        return factor * 2 / (s[:, 0] * beta) * (np.log((1 - beta) / (1 + beta)) + 1j * np.pi)

    made = ParametricIntegral.from_expression(
        name="half_bubble", variables=["x"], parameters=["s"], definitions={"F": "4 - s*x*(2 - x)"},
        expression="4/F", prescription="F", low=[5], high=[30],
    )  # fmt: skip
    return dataclasses.replace(made, exact=exact)


def test_a_complex_closed_form_is_compared_with_a_rule_on_contours():
    truth = references.truth_of(half_bubble(), n=20, edge_points=0)
    assert truth.value.imag.min() > 0
    assert truth.how.startswith("closed form, compared with Gauss–Legendre (")
    with pytest.raises(TruthError, match="correct exact"):
        references.truth_of(half_bubble(1 + 1e-6), n=20, edge_points=0)


def test_where_no_contour_is_found_a_closed_form_says_that_it_was_not_compared():
    bubble = dataclasses.replace(references.integral("bubble_physical"), name="mine")
    assert "not compared with quadrature" in references.truth_of(bubble, n=4, edge_points=0).how
