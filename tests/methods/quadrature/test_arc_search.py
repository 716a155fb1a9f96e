"""Where the search for contours begins, and what a budget counts of it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import references
from methods.base import ParametricIntegral
from methods.core.budget import Clock
from methods.core.errors import NoCausalContour
from methods.quadrature import arc_causality, arc_choice, arc_search
from methods.quadrature.arc_choice import Effort


def positive(k: int) -> ParametricIntegral:
    """∫ dx/(s + x1 + … + xk), for which all contours that begin a search are causal."""
    variables = [f"x{i + 1}" for i in range(k)]
    return ParametricIntegral.from_expression(
        name="positive", variables=variables, parameters=("s",), low=(1.0,), high=(2.0,), prescription="F",
        definitions={"F": f"s + {' + '.join(variables)}"}, expression="1/F",
    )  # fmt: skip


def sample(integral: ParametricIntegral) -> arc_causality.Sample:
    return arc_causality.sample(integral, np.array([integral.low, integral.high]), 128)


def looked_at(k: int, monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """List the contours that a complete search looks at where none of them is causal."""
    seen = []

    def refuse(term, paths, points):
        seen.append(tuple(paths))
        return False

    def all_wrong(term, paths, points):
        return arc_causality.Causality(np.ones(len(points.s), dtype=bool), 0.0)

    monkeypatch.setattr(arc_causality, "is_causal", refuse)
    monkeypatch.setattr(arc_causality, "causality_on", all_wrong)
    integral = positive(k)
    with pytest.raises(NoCausalContour):
        arc_search.contours(integral, sample(integral), lambda contours: 1.0, arc_search.n_contours(k))
    return seen


@pytest.mark.parametrize("k", [1, 2, 4, 6, 30])
def test_a_search_begins_with_equal_contours_and_looks_at_none_twice(k, monkeypatch):
    seen, n_equal = looked_at(k, monkeypatch), len(arc_search.START_CONTOURS)
    assert {paths[0] for paths in seen[:n_equal]} == set(arc_search.START_CONTOURS)
    assert all(len(set(paths)) == 1 for paths in seen[:n_equal])
    assert len(set(seen)) == len(seen) == min(n_equal**k, arc_search.MOST_STARTS)
    assert len(seen) == arc_search.n_starts(k)
    n_different = [len(set(paths)) for paths in seen]
    assert all(fewer <= more for fewer, more in itertools.pairwise(n_different))


def test_where_no_contour_is_causal_it_says_where_the_best_one_fails():
    """F has three zeros for s > 1, which ask for three sides in turn, and one below."""
    integral = ParametricIntegral.from_expression(
        name="three_zeros", variables=("x1",), parameters=("s",), low=(0.0,), high=(4.0,), prescription="F",
        definitions={"F": "(x1 - 0.5)*((x1 - 0.5)**2 - (s - 1)/100)"}, expression="1/F",
    )  # fmt: skip
    with pytest.raises(NoCausalContour, match=r"None of 7 contours .* points looked at, such as s = \d") as refused:
        arc_search.contours(integral, sample(integral), lambda contours: 1.0, arc_search.n_contours(1))
    assert float(str(refused.value).partition("such as s = ")[2].partition(". ")[0]) > 1


def test_starts_that_are_causal_are_counted():
    everywhere, bubble = positive(2), references.integral("bubble_physical")
    assert arc_search.n_causal_starts(everywhere, sample(everywhere)) == 49
    assert arc_search.n_causal_starts(bubble, sample(bubble)) == 1  # of the arcs none, of the two S one


@pytest.mark.parametrize(("budget", "is_complete"), [(3.6, False), (9.0, True)])
def test_a_budget_counts_the_errors_of_all_causal_starts(own_time, budget, is_complete):
    """By this clock the causality of a contour takes 1 ms and its error 3 ms.

    A third of 3.6 s is enough for 120 errors, not for 403.
    """
    integral = positive(3)
    corners, complete = np.array([integral.low, integral.high]), arc_search.n_contours(3)
    s = torch.as_tensor(integral.sample(4, seed=0))
    effort = arc_choice.affordable([integral], s, corners, Effort(4, complete), Clock(budget), 1 / 3)
    assert (effort.n_contours == complete) == is_complete


@pytest.mark.parametrize(("budget", "order"), [(0.06, 3), (9.0, 4)])
def test_a_budget_leaves_the_contours_that_are_wanted_and_their_order_where_it_can(own_time, budget, order):
    """By this clock five contours and both comparisons on the last one take 26 ms, of a third of the budget."""
    integral, wanted = positive(3), Effort(4, 5)
    corners, s = np.array([integral.low, integral.high]), torch.as_tensor(integral.sample(4, seed=0))
    assert arc_choice.affordable([integral], s, corners, wanted, Clock(budget), 1 / 3) == Effort(order, 5)
