"""The orders of tensor rules for an error wanted, within a number of nodes and the time left.

What `axis_choice.py` foresees is of first order. Where a rule of a node more per axis finds a larger error than the one
wanted, orders are chosen again for a third of the error foreseen, as often as that changes them.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core import devices
from methods.core.budget import Clock
from methods.core.finite_values import finite
from methods.core.relative_error import relative_errors
from methods.quadrature import axis_choice, axis_errors, rule_orders
from methods.quadrature.arc_rules import ArcMap
from methods.quadrature.axis_choice import AxisErrors
from methods.quadrature.axis_rules import tensor_nodes
from methods.quadrature.rule_error import root_mean_square
from methods.quadrature.rule_orders import MARGIN, MOST_NODES
from methods.quadrature.term_rules import TermRules, axis_rule

LEAST_NODES = 500
"""Nodes that the clock leaves to a rule, however little time there is: with a handful the values would mean nothing,
and they take milliseconds."""

HIGHER = 1
"""Rules that judge the error of another one have this many nodes more per axis."""

TIMED_NODES = 4096
"""Nodes, at most, of the rule that is timed. With fewer the seconds per node would be those of the calls."""


class Chosen(NamedTuple):
    """Rules with what is known of them."""

    rules: TermRules
    value: torch.Tensor
    """I (n,) at the points by which they were chosen."""
    higher: torch.Tensor
    """The same by rules of higher orders."""


def higher(orders: np.ndarray) -> np.ndarray:
    """Raise the orders by HIGHER."""
    return orders + HIGHER


def steps_to_lower(orders: np.ndarray) -> float:
    """Compute by how many times HIGHER the orders (n_terms, k) exceed those of the smaller rule, at most."""
    return float((orders - rule_orders.lower(orders)).max()) / HIGHER


def choose(
    integral: ParametricIntegral,
    axes: list[list[AxisErrors]],
    s: torch.Tensor,
    epsrel: float,
    max_nodes: int,
    clock: Clock,
    n_near: float = 0.0,
) -> tuple[Chosen, int]:
    """Choose orders, and the maps that suit them.

    Also tell the number of nodes that the clock allowed, as the mean over the terms: `max_nodes`, or less.

    Parameters
    ----------
    integral : ParametricIntegral
        The integral.
    axes : list of lists of AxisErrors
        What each map and order leaves, by term and Feynman parameter.
    s : tensor (n, m)
        Points by which the error is judged.
    epsrel : float
        Relative error wanted, root mean square.
    max_nodes : int
        Largest number of nodes, as the mean over the terms; it wins over `epsrel`.
    clock : Clock
        Of the budget.
    n_near : float
        Number of points near corner zeros, divided by n, at which the rule and that of `rule_orders.reference` are
        evaluated, too, before the clock ends.
    """
    seconds_per_node = _seconds_per_node(integral, s, clock) if clock.is_limited else 0.0

    def is_affordable(orders: np.ndarray) -> bool:
        changed = [change(orders) for change in (rule_orders.same, rule_orders.lower, higher)]
        near = [rule_orders.same(orders), rule_orders.reference(orders)] if n_near else []
        n_nodes = sum(map(rule_orders.n_nodes, changed)) + n_near * sum(map(rule_orders.n_nodes, near))
        return seconds_per_node * n_nodes <= clock.left

    def orders_for(goal: float, max_nodes: int) -> np.ndarray:
        return np.array(axis_choice.choose_orders(axes, goal, max_nodes, MOST_NODES, HIGHER))

    goal, least = epsrel / MARGIN, min(max_nodes, LEAST_NODES)
    while not is_affordable(orders := orders_for(goal, max_nodes)) and max_nodes > least:
        max_nodes = max(least, int(0.9 * max_nodes))
    while True:
        found = judged(integral, axes, orders, s)
        goal /= MARGIN
        orders = orders_for(goal, max_nodes)
        if np.array_equal(orders, found.rules.orders) or _error(found) <= epsrel:
            return found, max_nodes
        if not is_affordable(orders):
            return found, math.ceil(rule_orders.n_nodes(found.rules.orders) / len(axes))


def judged(integral: ParametricIntegral, axes: list[list[AxisErrors]], orders: np.ndarray, s: torch.Tensor) -> Chosen:
    """Make rules of these orders (n_terms, k) and compute their values at s (n, m).

    Raises
    ------
    InputError
        Where a value is infinite or NaN.
    """
    of_terms = zip(axes, orders.tolist(), strict=True)
    maps = np.array([[axis.best_map(n) for axis, n in zip(*of_term, strict=True)] for of_term in of_terms])
    rules = TermRules(integral, maps, orders, str(s.device))
    found = Chosen(rules, rules.values(s), rules.values(s, higher))
    for values in (found.value, found.higher):
        finite(values.cpu().numpy(), s.cpu().numpy(), integral)
    return found


def _seconds_per_node(integral: ParametricIntegral, s: torch.Tensor, clock: Clock) -> float:
    """Seconds per node of a term at s (n, m): its coefficients and its values."""
    order = min(axis_errors.HIGHEST_ORDER, axis_choice.largest_order(TIMED_NODES, integral.k))
    terms = integral.terms

    def evaluate(order: int) -> None:
        rule = axis_rule(integral, ArcMap(0.5) if integral.is_complex else axis_choice.START, order)
        for term in terms:
            term.weighted_sum(*tensor_nodes([rule] * term.k, s.device))(s)
        devices.synchronise(s.device)

    evaluate(1)  # the first evaluation of a term compiles its formulas and sums, which no later rule does
    before = clock.left
    evaluate(order)
    return (before - clock.left) / (len(terms) * order**integral.k)


def _error(found: Chosen) -> float:
    """Root mean square relative error of values (n,), by those of a larger rule."""
    value, reference = found.value.cpu().numpy(), found.higher.cpu().numpy()
    return root_mean_square(relative_errors(value - reference, reference))
