"""A map and an order for each Feynman parameter of each term of an integral, chosen without knowing I(s).

For every term t and parameter j, `axis_errors` gives the error E_tj(n) that the best of its maps leaves with n nodes,
as the root mean square over some s, relative to I(s). Where errors add up independently, the tensor rules err by

    E² ≈ Σ_tj E_tj(n_tj)²

and the orders n_tj grow one at a time, where E_tj is largest, until E is small enough, there are too many nodes, or the
largest E_tj is that of the highest order compared.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch

from methods.base import ParametricIntegral
from methods.core.budget import Clock
from methods.core.finite_values import finite
from methods.core.relative_error import error_scale
from methods.quadrature import axis_errors
from methods.quadrature.axis_rules import AxisRule

START = 3.0
"""Strength of the maps from which the search begins."""

SEARCH_NODES = 256
"""Nodes, at most, over which a marginal is integrated."""

SEARCH_ORDER = 12
"""Order, at most, of the rules over which it is integrated. On box1l_threshold, where F falls to 0.01 at one corner of
the cube, maps found with 5 leave errors up to 2e-5, and with 12 of 1.7e-8 (epsrel = 1e-8)."""

SWEEPS = 2
"""How often each parameter is looked at: with maps of strength START on the others, and with those found so."""

TIMED_OTHERS = 32
"""Nodes, at most, on the other parameters of a marginal that is timed. With fewer the seconds per node would be
those of the call."""


class AxisErrors(NamedTuple):
    """What the best map leaves on one parameter of one term, by order: element n − 1 belongs to n nodes."""

    error: list[float]
    """Root mean square over s, relative to I(s)."""
    a: list[Any]
    """The strength of that map, or an `ArcMap` where the integral is complex."""

    def best_map(self, order: int) -> Any:
        """Give the map of an order; that of the highest order compared where it is beyond."""
        return self.a[min(order, len(self.a)) - 1]

    def rule(self, order: int) -> AxisRule:
        """Make the best rule of an order."""
        return AxisRule(self.best_map(order), order)


def search_order(k: int) -> int:
    """Order of the rules by which a marginal in k dimensions is integrated over the k − 1 other parameters."""
    return min(SEARCH_ORDER, largest_order(SEARCH_NODES, k - 1))


def largest_order(n: int, k: int) -> int:
    """Find the largest order of a rule in k dimensions with at most n nodes."""
    return max(1, math.floor(n ** (1 / max(1, k)) + 1e-9))


def affordable_order(
    terms: list[ParametricIntegral], s: torch.Tensor, wanted: int, n_searches: int, clock: Clock
) -> int:
    """Find an order, `wanted` at most, with which so many calls of `errors_by_order` end in time."""
    if not clock.is_limited:
        return wanted
    k = terms[0].k
    centre, weight = s.new_full((1, k), 0.5), s.new_ones(1)
    for term in terms:  # the first evaluation of an integrand compiles its formulas
        term.at_nodes(centre)(s)
        term.weighted_sum(centre, weight)(s)
    order, first, before = wanted, min(wanted, largest_order(TIMED_OTHERS, k - 1)), clock.left
    for term in terms:
        axis_errors.marginal(term, s, 0, [AxisRule(START, first)] * (k - 1))
    seconds = n_searches * SWEEPS * k * (before - clock.left) / first ** (k - 1)
    while order > 1 and seconds * order ** (k - 1) > clock.left:
        order -= 1
    return order


def errors_by_order(
    terms: list[ParametricIntegral], s: torch.Tensor, order: int, goal: float, strengths: tuple[float, ...]
) -> list[list[AxisErrors]]:
    """Compare maps and orders on every parameter of every term.

    Parameters
    ----------
    terms : list of ParametricIntegral
        They add up to the integral.
    s : tensor (n, m)
        Phase-space points.
    order : int
        Nodes on each of the other parameters.
    goal : float
        Relative error at which the maps for the others are the best ones.
    strengths : tuple of float
        Candidates for a.

    Returns
    -------
    list of lists of AxisErrors
        By term and parameter.

    Raises
    ------
    InputError
        Where a term is infinite or NaN somewhere: no error could be compared with its own.
    """
    first_maps, total = [], torch.zeros(len(s), dtype=s.dtype, device=s.device)
    for term in terms:
        found, value = _errors_of_term(term, s, [AxisRule(START, order)] * term.k, strengths, None)
        total += value
        first_maps.append([AxisRule(axis.a[_needed(axis, goal) - 1], order) for axis in found])
    scale = error_scale(total, float(total.abs().mean()))
    return [_errors_of_term(term, s, maps, strengths, scale)[0] for term, maps in zip(terms, first_maps, strict=True)]


def choose_orders(
    axes: list[list[AxisErrors]], goal: float, max_nodes: int, most_nodes: int, higher: int
) -> list[list[int]]:
    """Raise the order of the parameter that errs most, until the error is below `goal` or there are too many nodes.

    It also ends where that parameter has the highest order compared: more nodes on others would hardly tell.

    Parameters
    ----------
    axes : list of lists of AxisErrors
        By term and parameter.
    goal : float
        Relative error wanted.
    max_nodes : int
        Largest number of nodes, as the mean over the terms.
    most_nodes : int
        Largest number of nodes of any term once `higher` are added to its orders.
    higher : int
        How many that are.

    Returns
    -------
    list of lists of int
        Orders by term and parameter.
    """
    orders = [[1] * len(term) for term in axes]
    error = {(t, j): axis.error[0] for t, term in enumerate(axes) for j, axis in enumerate(term)}
    while sum(e * e for e in error.values()) > goal**2:
        t, j = max(error, key=error.__getitem__)
        trial = [list(term) for term in orders]
        trial[t][j] += 1
        n_nodes = sum(map(math.prod, trial))
        if trial[t][j] > len(axes[t][j].error) or n_nodes > max_nodes * len(axes):
            break
        if math.prod(n + higher for n in trial[t]) > most_nodes:
            break
        orders, error[t, j] = trial, axes[t][j].error[trial[t][j] - 1]
    return orders


def _errors_of_term(
    term: ParametricIntegral, s: torch.Tensor, rules: list[AxisRule], strengths: tuple[float, ...],
    scale: torch.Tensor | None,
) -> tuple[list[AxisErrors], torch.Tensor]:  # fmt: skip
    """Errors of all parameters, relative to `scale` (n,) or else to the term itself; and the term's integral (n,)."""
    found = []
    for j in range(term.k):
        marginal = axis_errors.marginal(term, s, j, rules[:j] + rules[j + 1 :])
        value = axis_errors.integrated(marginal)
        finite(value.cpu().numpy(), s.cpu().numpy(), term)
        size = value.abs().clamp_min(1e-300) if scale is None else scale
        best = (axis_errors.errors(marginal, strengths) / size[:, None, None]).square().mean(dim=0).sqrt().min(dim=0)
        found.append(AxisErrors(best.values.tolist(), [strengths[i] for i in best.indices.tolist()]))
    return found, value


def _needed(axis: AxisErrors, goal: float) -> int:
    """Find the first order that reaches the goal, or else the one that errs least."""
    reached = (n for n, error in enumerate(axis.error, 1) if error <= goal)
    return next(reached, 1 + min(range(len(axis.error)), key=axis.error.__getitem__))
