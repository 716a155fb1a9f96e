"""Tensor rules of all terms of an integral: real ones after an exponential map, complex ones on a contour."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.quadrature import rule_orders
from methods.quadrature.arc_rules import ArcMap, ArcRule
from methods.quadrature.axis_rules import AxisRule, Rule, tensor_blocks, tensor_nodes

Change = Callable[[np.ndarray], np.ndarray]
"""Of orders (n_terms, k)."""

BLOCK = 2**17
"""Nodes whose coefficients `TermRules.values` holds at a time: a rule of 1,000,000 may take some 800 MB of them."""


class TermRules:
    """A rule for each term.

    Parameters
    ----------
    integral : ParametricIntegral
        The sum of the terms.
    maps : array (n_terms, k) or (n_terms, k, 4)
        Strengths of exponential maps or, for a complex integral, the fields of `ArcMap`.
    orders : array (n_terms, k)
        Numbers of nodes.
    device : str
        Where to compute.
    """

    def __init__(self, integral: ParametricIntegral, maps: np.ndarray, orders: np.ndarray, device: str) -> None:
        self.integral, self.maps, self.orders, self._device = integral, maps, orders, device

    def nodes(self, change: Change = rule_orders.same) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Make nodes (n, k) and weights (n,) of each term, its orders changed."""
        for rules in self._axis_rules(change):
            yield tensor_nodes(rules, self._device)

    def sums(
        self, change: Change = rule_orders.same, fix: Callable = ParametricIntegral.weighted_sum
    ) -> Iterator[Callable]:
        """Make s -> Σ_j w_j f(s, x_j) for each term, its orders changed, as `fix` makes it; one at a time."""
        for term, nodes in zip(self.integral.terms, self.nodes(change), strict=True):
            yield fix(term, *nodes)

    def values(self, s: torch.Tensor, change: Change = rule_orders.same) -> torch.Tensor:
        """Compute I (n,) at s (n, m), the orders changed, from one block of nodes after the other."""
        blocks = (
            term.weighted_sum(*nodes)
            for term, rules in zip(self.integral.terms, self._axis_rules(change), strict=True)
            for nodes in tensor_blocks(rules, self._device, BLOCK)
        )
        return total(blocks, s)

    def _axis_rules(self, change: Change) -> Iterator[list[Rule]]:
        """Make the rules of the axes of each term, its orders changed."""
        for of_term, orders in zip(self.maps, change(self.orders), strict=True):
            yield [axis_rule(self.integral, a, int(n)) for a, n in zip(of_term, orders, strict=True)]


def axis_rule(integral: ParametricIntegral, a: Any, order: int) -> Rule:
    """Make a rule of one Feynman parameter, of the strength of an exponential map or the fields of an `ArcMap`."""
    return ArcRule(ArcMap(*a), order) if integral.is_complex else AxisRule(float(a), order)


def total(sums: Iterable[Callable[[torch.Tensor], torch.Tensor]], s: torch.Tensor) -> torch.Tensor:
    """Add the sums of all terms at s (n, m): (n,)."""
    return functools.reduce(operator.add, (of_term(s) for of_term in sums))
