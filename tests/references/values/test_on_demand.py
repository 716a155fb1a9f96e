"""True values computed now: from closed forms, and above threshold on two contours, or a sentence on what to do."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from integrals import callable_integral

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


def test_a_closed_form_may_vanish_where_it_is_compared():
    vanishing = ParametricIntegral.from_expression(
        name="difference", variables=["x1"], parameters=["s1", "s2"], expression="2*s1*x1 - s2", low=[1, 1],
        high=[2, 2], exact=lambda s: s[:, 0] - s[:, 1],
    )  # fmt: skip
    truth = references.truth_of(vanishing, n=40, edge_points=12)
    assert (truth.value == 0).any()
    assert truth.how.startswith("closed form, compared with Gauss–Legendre (")
    assert 0 < truth.error.min() < truth.error.max() < 1e-10


def test_a_closed_form_of_a_sum_is_compared_term_by_term():
    """One rule for peaks at both ends takes so many nodes that no more than eight digits could be compared."""
    factors = {f"A{i}": f"s + x{i}" for i in range(1, 5)} | {f"B{i}": f"1 + s - x{i}" for i in range(1, 5)}
    peaks = ParametricIntegral.from_expression(
        name="two_peaks", variables=["x1", "x2", "x3", "x4"], parameters=["s"], definitions=factors, low=[0.02],
        high=[0.04], expression="1/(A1*A2*A3*A4)**2 + 1/(B1*B2*B3*B4)**2",
        exact=lambda s: 2 * (s[:, 0] * (1 + s[:, 0])) ** -4.0,
    )  # fmt: skip
    truth = references.truth_of(peaks, n=8, edge_points=4)
    assert truth.how.startswith("closed form, compared with Gauss–Legendre (")
    assert (truth.error < 1e-11 * truth.value).all()


@pytest.mark.parametrize(
    ("f", "k", "message"),
    [
        (lambda s, x: s[..., 0] + 0 * x[..., 0], 30, "evaluations at least"),
        (lambda s, x: np.where(s[..., 0] > 1.5, np.inf, 1.0) + 0 * x[..., 0], 1, "not finite"),
    ],
    ids=["too expensive", "not finite"],
)
def test_what_quadrature_refuses_has_no_true_values_and_says_what_to_do(f, k, message):
    with pytest.raises(TruthError, match=rf"{message}.* give `exact`, .*benchmarks\.choose checks a method"):
        references.truth_of(callable_integral(f, k=k), n=5, edge_points=4)
