"""A contour, and a map and an order for each Feynman parameter on it, of each term, chosen without knowing I(s).

As for real integrals (`axis_choice.py`) the errors E_j(n) that the best maps leave on each parameter, by order, give
orders for a number of nodes, or for an error wanted. Here they depend on the contour, which `arc_search.py` finds.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core.budget import Clock
from methods.core.errors import InputError, NoCausalContour
from methods.core.finite_values import finite
from methods.core.relative_error import error_scale
from methods.quadrature import arc_causality, arc_errors, arc_search, axis_choice
from methods.quadrature.arc_errors import COARSE, FINE, Candidates
from methods.quadrature.arc_rules import ArcMap, ArcRule, Contour
from methods.quadrature.axis_choice import AxisErrors

COMPARED_ORDER, MOST_COMPARED_NODES = 16, 20_000
"""Contours are compared by rules of COMPARED_ORDER^k nodes, or MOST_COMPARED_NODES: what is best for these is good for
smaller and larger ones."""

SEARCH_SAMPLE, FINAL_SAMPLE = 512, 8192
"""Points at which a contour is checked to be causal, in the search and once it is found."""

LEAST_CONTOURS, LEAST_ORDER = 8, 3
"""Contours that a search looks at however little time there is, unless fewer are wanted, and nodes on the other
parameters then. On box1l_physical, with 4,000 nodes, a search of 20 contours has 3.8, 7.0, 6.7 and 7.3 digits with 1,
2, 3 and 5 such nodes, and one of 150 contours 4.4, 6.9, 6.8 and 7.6; on box1l_hh the worst points have 4.9, 5.2, 6.4,
6.3 of 20."""


class Effort(NamedTuple):
    """What a search for contours may cost."""

    order: int
    """Nodes on each of the other parameters while rules are compared for one."""
    n_contours: int
    """Contours that are looked at for each term."""

    def candidates(self, k: int) -> Candidates:
        """Give the maps and orders that are compared on a contour: coarser ones where contours were left out."""
        return FINE if self.n_contours >= arc_search.n_contours(k) else COARSE


def contours(
    terms: Sequence[ParametricIntegral], s: torch.Tensor, corners: np.ndarray, effort: Effort
) -> tuple[list[tuple[Contour, ...]], dict[str, Any]]:
    """Find the contours of all terms.

    Parameters
    ----------
    terms : sequence of ParametricIntegral
        They add up to the integral.
    s : tensor (n, m)
        Phase-space points at which rules are compared.
    corners : array (n, m)
        Corners of the box, at which contours are checked to be causal.
    effort : Effort
        What it may cost.

    Returns
    -------
    list of tuples of Contour
        By term and parameter.
    dict
        What a larger sample says of them, as JSON values.

    Raises
    ------
    NoCausalContour
        Where there is none for a term.
    """
    found, causalities = [], []
    for term in terms:
        error = functools.partial(_error, term, s, effort.order)
        final = arc_causality.sample(term, corners, FINAL_SAMPLE)
        points = arc_causality.sample(term, corners, SEARCH_SAMPLE)
        for paths in arc_search.contours(term, points, error, effort.n_contours):
            causality = arc_causality.causality_on(term, paths, final)
            if causality.share_not_causal == 0:
                break
        else:
            raise NoCausalContour(
                f"All contours tried for {term.name} pass zeros of {term.prescription} - i0, or of other denominators, "
                f"on the wrong side, the last one at {causality.share_not_causal:.1e} of the points; take a smaller "
                "box, or look at more contours."
            )
        found.append(paths)
        causalities.append(causality)
    details = {
        "share_not_causal": max(causality.share_not_causal for causality in causalities),
        "least_modulus_of_polynomial": min(causality.least_modulus for causality in causalities),
    }
    return found, details


def errors_by_order(
    terms: Sequence[ParametricIntegral], contours: Sequence[Sequence[Contour]], s: torch.Tensor, effort: Effort
) -> list[list[AxisErrors]]:
    """Compare maps and orders on every parameter of every term, relative to the sum of all terms.

    While one parameter is looked at, the others have `effort.order` nodes and the maps that suit the rules compared.

    Raises
    ------
    InputError
        Where a term is infinite or NaN at one of the points: no error could be compared with its own.
    """
    order, candidates = effort.order, effort.candidates(terms[0].k)
    others, total = [], s.new_zeros(len(s), dtype=torch.complex128)
    for term, paths in zip(terms, contours, strict=True):
        axes, value = _errors_of_term(term, s, [ArcRule(ArcMap(*path), order) for path in paths], None, candidates)
        total += value
        orders = _orders(axes)
        others.append([ArcRule(axis.a[n - 1], order) for axis, n in zip(axes, orders, strict=True)])
    scale = error_scale(total, float(total.abs().mean()))
    return [_errors_of_term(term, s, rules, scale, candidates)[0] for term, rules in zip(terms, others, strict=True)]


def affordable(
    terms: Sequence[ParametricIntegral],
    s: torch.Tensor,
    corners: np.ndarray,
    wanted: Effort,
    clock: Clock,
    share: float,
) -> Effort:
    """Find the effort, `wanted` at most, for which a share of the time left is enough.

    Raises
    ------
    InputError
        Where there is not enough time left for the least effort.
    """
    if not clock.is_limited:
        return wanted
    k, searching, least = terms[0].k, clock.share(share), min(wanted.order, LEAST_ORDER)
    paths = (Contour(0.5),) * k
    samples = [arc_causality.sample(term, corners, SEARCH_SAMPLE) for term in terms]

    def seconds_of_causality() -> float:
        before = clock.left
        for term, points in zip(terms, samples, strict=True):
            arc_causality.causality_on(term, paths, points)
        return before - clock.left

    def seconds_of_error(order: int) -> float:
        before, rules = clock.left, [ArcRule(ArcMap(*path), order) for path in paths[1:]]
        for term in terms:
            marginal = arc_errors.marginal(term, s, 0, paths[0], rules, COARSE.grid)
            arc_errors.mean_squared_errors(marginal, COARSE)
        return k * (before - clock.left)

    seconds_of_causality(), seconds_of_error(least)  # the first ones compile the formulas and make the candidates
    of_causality, is_complete = seconds_of_causality(), wanted.candidates(k) is FINE
    counting = of_causality * arc_search.n_starts(k) if is_complete else 0.0
    others = of_causality * wanted.n_contours + (arc_errors.seconds_to_prepare(FINE) if is_complete else 0.0)
    if counting + others < searching.left:
        n_errors = _n_errors(terms, samples, wanted)
        for order in range(wanted.order, least - 1, -1):
            if others + n_errors * seconds_of_error(order) <= searching.left:
                return wanted._replace(order=order)
    each, fewest = of_causality + seconds_of_error(least), min(LEAST_CONTOURS, wanted.n_contours)
    n = min(wanted.n_contours, int(searching.left / each))
    if n < fewest and fewest * each > clock.left:
        raise InputError(
            f"The budget leaves {max(0.0, clock.left):.2g} s for the choice of a contour of {terms[0].name}, and "
            f"{fewest} contours take {fewest * each:.2g} s; give a larger budget."
        )
    return Effort(least, max(fewest, n))


def _n_errors(terms: Sequence[ParametricIntegral], samples: Sequence[arc_causality.Sample], effort: Effort) -> float:
    """Count the comparisons of rules that a search makes, in units of one on a contour that it looks at.

    Maps and orders on the contour that it finds are compared twice: at more nodes of a marginal where none is left out.
    """
    k = terms[0].k
    if effort.candidates(k) is COARSE:
        return effort.n_contours + 2
    n_causal = max(map(arc_search.n_causal_starts, terms, samples))
    return n_causal + arc_search.n_contours(k) - arc_search.n_starts(k) + 2 * FINE.grid / COARSE.grid


def _error(term: ParametricIntegral, s: torch.Tensor, order: int, contours: Sequence[Contour]) -> float:
    """Compute the error that decides between contours, relative to the term; infinite where values are not finite."""
    try:
        axes, _ = _errors_of_term(term, s, [ArcRule(ArcMap(*path), order) for path in contours], None, COARSE)
    except InputError:
        return math.inf
    return math.hypot(*(axis.error[n - 1] for axis, n in zip(axes, _orders(axes), strict=True)))


def _orders(axes: list[AxisErrors]) -> list[int]:
    """Orders of the rules by which contours are compared."""
    max_nodes = min(MOST_COMPARED_NODES, COMPARED_ORDER ** len(axes))
    return axis_choice.choose_orders([axes], 0.0, max_nodes, max_nodes, 0)[0]


def _errors_of_term(
    term: ParametricIntegral, s: torch.Tensor, rules: list[ArcRule], scale: torch.Tensor | None, candidates: Candidates
) -> tuple[list[AxisErrors], torch.Tensor]:
    """Errors of all parameters, relative to `scale` (n,) or else to the term itself; and the term's integral (n,).

    Raises InputError where that is infinite or NaN.
    """
    found = []
    for j, rule in enumerate(rules):
        others = rules[:j] + rules[j + 1 :]
        marginal = arc_errors.marginal(term, s, j, rule.a.contour, others, candidates.grid)
        value = arc_errors.integrated(marginal)
        finite(value.cpu().numpy(), s.cpu().numpy(), term)
        size = value.abs().clamp_min(1e-300) if scale is None else scale
        best = arc_errors.mean_squared_errors(marginal / size[:, None], candidates).sqrt().min(dim=0)
        maps = candidates.maps(rule.a.contour)
        found.append(AxisErrors(best.values.tolist(), [maps[i] for i in best.indices.tolist()]))
    return found, value
