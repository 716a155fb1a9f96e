"""A contour, and a map and an order for each Feynman parameter on it, of each term, chosen without knowing I(s).

As for real integrals (`axis_choice.py`) the errors E_j(n) that the best maps leave on each parameter, by order, give
orders for a number of nodes, or for an error wanted. Here they depend on the contour, which `arc_search.py` finds.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core.budget import Clock
from methods.core.errors import NoCausalContour
from methods.quadrature import arc_errors, arc_search, axis_choice, causality
from methods.quadrature.arc_errors import COARSE, FINE, Candidates
from methods.quadrature.arc_rules import ArcMap, ArcRule, Contour
from methods.quadrature.axis_choice import AxisErrors

NODES_PER_AXIS, MOST_NODES = 16, 20_000
"""Contours are compared by rules of so many nodes to the power of k, or MOST_NODES: what is best for these is good for
smaller and larger ones."""

SEARCH_SAMPLE, FINAL_SAMPLE = 512, 8192
"""Points at which a contour is checked to be causal, in the search and once it is found."""

COMPARED = 60
"""Contours, about, that are causal among the first ones and compared by their errors."""


def contours(
    terms: Sequence[ParametricIntegral], s: torch.Tensor, corners: np.ndarray, order: int
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
    order : int
        Nodes on each of the other parameters while rules are compared for one.

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
    found, looks = [], []
    for term in terms:
        error = functools.partial(_error, term, s, order)
        final = causality.sample(term, corners, FINAL_SAMPLE)
        for paths in arc_search.contours(term, causality.sample(term, corners, SEARCH_SAMPLE), error):
            look = causality.look(term, paths, final)
            if look.share_not_causal == 0:
                break
        else:
            raise NoCausalContour(
                f"All contours tried for {term.name} pass zeros of {term.prescription} - i0 on the wrong side, the "
                f"last one at {look.share_not_causal:.1e} of the points; take a smaller box."
            )
        found.append(paths)
        looks.append(look)
    details = {
        "share_not_causal": max(look.share_not_causal for look in looks),
        "least_modulus_of_polynomial": min(look.least_modulus for look in looks),
    }
    return found, details


def errors_by_order(
    terms: Sequence[ParametricIntegral], contours: Sequence[Sequence[Contour]], s: torch.Tensor, order: int
) -> list[list[AxisErrors]]:
    """Compare maps and orders on every parameter of every term, relative to the sum of all terms.

    While one parameter is looked at, the others have `order` nodes and the maps that suit the rules compared.
    """
    others, total = [], s.new_zeros(len(s), dtype=torch.complex128)
    for term, paths in zip(terms, contours, strict=True):
        axes, value = _errors_of_term(term, s, [ArcRule(ArcMap(*path), order) for path in paths], None, FINE)
        total += value
        orders = _orders(axes)
        others.append([ArcRule(axis.a[n - 1], order) for axis, n in zip(axes, orders, strict=True)])
    scale = total.abs().clamp_min(max(axis_choice.SMALL * float(total.abs().mean()), 1e-300))
    return [_errors_of_term(term, s, rules, scale, FINE)[0] for term, rules in zip(terms, others, strict=True)]


def affordable_order(terms: Sequence[ParametricIntegral], s: torch.Tensor, wanted: int, clock: Clock) -> int:
    """Find an order, at most `wanted`, with which contours are found in time."""
    if not clock.is_limited:
        return wanted
    k, path = terms[0].k, Contour(0.5)

    def seconds(order: int) -> float:
        before, rules = clock.left, [ArcRule(ArcMap(*path), order)] * (k - 1)
        for term in terms:
            marginal = arc_errors.marginal(term, s, 0, path, rules, COARSE.grid)
            arc_errors.mean_squared_errors(marginal, COARSE)
        return before - clock.left

    seconds(1)  # the first evaluation compiles the formulas, and makes the candidates
    trials = min(COMPARED, len(arc_search.START_CONTOURS) ** k) + arc_search.SIMPLEX_TRIALS * k
    orders = range(wanted, 1, -1)
    return next((order for order in orders if trials * k * seconds(order) <= clock.left), 1)


def _error(term: ParametricIntegral, s: torch.Tensor, order: int, contours: Sequence[Contour]) -> float:
    """Compute the error that decides between contours, relative to the term."""
    axes, _ = _errors_of_term(term, s, [ArcRule(ArcMap(*path), order) for path in contours], None, COARSE)
    return math.hypot(*(axis.error[n - 1] for axis, n in zip(axes, _orders(axes), strict=True)))


def _orders(axes: list[AxisErrors]) -> list[int]:
    """Orders of the rules by which contours are compared."""
    max_nodes = min(MOST_NODES, NODES_PER_AXIS ** len(axes))
    return axis_choice.choose_orders([axes], 0.0, max_nodes, max_nodes, 0)[0]


def _errors_of_term(
    term: ParametricIntegral, s: torch.Tensor, rules: list[ArcRule], scale: torch.Tensor | None, candidates: Candidates
) -> tuple[list[AxisErrors], torch.Tensor]:
    """Errors of all parameters, relative to `scale` (n,) or else to the term itself; and the term's integral (n,)."""
    found = []
    for j, rule in enumerate(rules):
        others = rules[:j] + rules[j + 1 :]
        marginal = arc_errors.marginal(term, s, j, rule.a.contour, others, candidates.grid)
        value = arc_errors.integrated(marginal)
        size = value.abs().clamp_min(1e-300) if scale is None else scale
        best = arc_errors.mean_squared_errors(marginal / size[:, None], candidates).sqrt().min(dim=0)
        maps = candidates.maps(rule.a.contour)
        found.append(AxisErrors(best.values.tolist(), [maps[i] for i in best.indices.tolist()]))
    return found, value
