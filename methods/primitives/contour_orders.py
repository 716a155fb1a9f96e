"""How many nodes each axis of a rule on a contour needs, found without knowing I(s).

A rule of n nodes on one axis of t errs, to first order, as it does on the integral over all other axes, a function of
one variable: that is evaluated on a grid once, and gives the errors of all orders. They add up over axes and terms
(`methods/quadrature/axis_choice.py`), and a rule with more nodes everywhere tells whether the sum was right.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core.budget import Clock
from methods.core.finite_values import finite
from methods.core.moving_nodes import MovingIntegrand
from methods.core.relative_error import error_scale, relative_errors
from methods.primitives import compiled_rule
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.compiled_rule import CompiledRule, Kernel
from methods.primitives.contour_map import ContourMap
from methods.primitives.moving_rule import MovingRule
from methods.quadrature import axis_choice, rule_orders
from methods.quadrature.axis_choice import AxisErrors
from methods.quadrature.axis_errors import HIGHEST_ORDER
from methods.quadrature.axis_rules import gauss_legendre
from methods.quadrature.order_choice import LEAST_NODES
from methods.quadrature.rule_error import root_mean_square
from methods.quadrature.rule_orders import MARGIN, lower

GRID = 2 * HIGHEST_ORDER + 1
"""Nodes of an axis between which integrals over the others are interpolated. The interpolant is of degree GRID − 1,
which rules of half as many nodes integrate exactly: with fewer, the highest orders would seem to have no error."""

SEARCH_NODES = 5_000
"""Nodes, at most, over which an axis is integrated while another one is judged, where sums are compiled. In six
dimensions those are 5 per axis; with 3, rules of 2e5 nodes have 4.4 digits instead of 5.3 (box2l above threshold)."""

TRIAL_ORDER = 4
"""Nodes on each axis while another one is judged, to compare maps: of 60 orders of variables of box2l above its
threshold those that seemed the best ten with 4 nodes were among the best fifteen with 7."""

TRIAL_POINTS = 12
"""Phase-space points by which orders of a given number of nodes are chosen."""

MARGINAL_NODES = 100_000_000
"""Products of nodes and phase-space points, at most, by which all axes of a term are judged: a second or two."""

MOST_NODES, MOST_MOVING_NODES = 20_000_000, 2_000_000
"""Largest rule of a term that others are compared with, where its sums are compiled and where they are not."""

Rule = Callable[[torch.Tensor], torch.Tensor]
"""s (n, m) -> the sums (n,) of one term."""

HIGHER = 2
"""Rules that judge the error of another one have this many nodes more per axis."""


class MovingTermRules:
    """Tensor rules of all terms of an integral, each on its map.

    Parameters
    ----------
    terms : list of ParametricIntegral
        They add up to the integral.
    maps : list of ContourMap
        For each term.
    coordinates : BoxCoordinates
        From s to u.
    may_compile : bool
        Whether there is time for compiling their sums.
    """

    def __init__(
        self,
        terms: Sequence[ParametricIntegral],
        maps: Sequence[ContourMap],
        coordinates: BoxCoordinates,
        may_compile: bool = True,
    ) -> None:
        self._may_compile = may_compile
        self.maps, self._terms, self._coordinates = list(maps), list(terms), coordinates
        self._integrands = [MovingIntegrand(term, map_.order) for term, map_ in zip(terms, maps, strict=True)]

    @property
    def k(self) -> int:
        """Number of axes."""
        return self.maps[0].k

    def of(self, orders: Sequence[int] | np.ndarray) -> list[MovingRule]:
        """Make the rules of these orders: (n_terms, k), or (k,) for all terms."""
        each = np.broadcast_to(orders, (len(self.maps), self.k))
        triples = zip(self._integrands, self.maps, each, strict=True)
        return [MovingRule(integrand, map_, self._coordinates, of_term) for integrand, map_, of_term in triples]

    def fastest(self, orders: Sequence[int] | np.ndarray) -> list[CompiledRule | MovingRule]:
        """Make the rules of these orders, as `of` does, compiled where they can be."""
        each = np.broadcast_to(orders, (len(self.maps), self.k))
        terms = zip(self._integrands, self.maps, self._kernels, each, strict=True)
        return [
            MovingRule(integrand, map_, self._coordinates, of_term)
            if kernel is None
            else kernel.rule(self._coordinates, of_term)
            for integrand, map_, kernel, of_term in terms
        ]

    @functools.cached_property
    def _kernels(self) -> list[Kernel | None]:
        pairs = zip(self._terms, self.maps, strict=True)
        return [compiled_rule.kernel(term, map_) if self._may_compile else None for term, map_ in pairs]

    @property
    def are_compiled(self) -> bool:
        """Whether the sums of all terms are compiled."""
        return None not in self._kernels

    @property
    def most_nodes(self) -> int:
        """Largest rule of a term that others are compared with."""
        return MOST_NODES if self.are_compiled else MOST_MOVING_NODES

    def values(self, orders: np.ndarray, s: torch.Tensor) -> np.ndarray:
        """Compute the sums over all terms at s (n, m): (n,)."""
        return total(self.fastest(orders), s).cpu().numpy()


def total(rules: Sequence[Rule], s: torch.Tensor) -> torch.Tensor:
    """Compute the sum of rules at s (n, m): (n,)."""
    return torch.stack([rule(s) for rule in rules]).sum(dim=0)


def higher(orders: np.ndarray) -> np.ndarray:
    """Raise the orders by HIGHER."""
    return orders + HIGHER


def choose(
    rules: MovingTermRules,
    integral: ParametricIntegral,
    s: torch.Tensor,
    epsrel: float,
    max_nodes: int,
    clock: Clock,
    n_near: float = 0.0,
) -> tuple[np.ndarray, int]:
    """Choose orders of the rules of an integral for an error of `epsrel` at s (n, m).

    Where a higher rule finds a larger error than `epsrel`, which was foreseen to first order only, they are chosen once
    more for a smaller one. Values at `n_near` points, in units of n, by the rule and by that of `rule_orders.reference`
    follow within the clock.

    Returns
    -------
    array (n_terms, k)
        The orders.
    int
        The largest number of nodes, as the mean over the terms: `max_nodes`, or less where the clock does not allow it,
        but no less than LEAST_NODES: so many take milliseconds, even where no time is left.

    Raises
    ------
    InputError
        Where the integral is infinite or NaN at a point: no error could be compared with its own.
    """
    others = search_order(rules)  # before the clock is read, since it compiles the rules, which no node has to pay for
    before, least = clock.left, min(max_nodes, LEAST_NODES)
    axes, n_nodes = axis_errors(rules, s, others, integral)
    seconds_per_node = (before - clock.left) / n_nodes if clock.is_limited else 0.0
    goal, chosen = epsrel / MARGIN, np.zeros((len(axes), rules.k), dtype=int)
    while True:
        orders = np.array(axis_choice.choose_orders(axes, goal, max_nodes, rules.most_nodes, HIGHER))
        if np.array_equal(orders, chosen) or goal < epsrel / MARGIN**3:
            return chosen, max_nodes
        # Twice a higher rule, for its value and the second map's, and half of that for the others.
        near = [orders, rule_orders.reference(orders)] if n_near else []
        n_judging = 3 * rule_orders.n_nodes(higher(orders)) + n_near * sum(map(rule_orders.n_nodes, near))
        if seconds_per_node * len(s) * n_judging > clock.left:
            if chosen.any():
                return chosen, math.ceil(np.prod(chosen, axis=1).mean())
            if max_nodes > least:
                max_nodes = max(least, int(0.8 * max_nodes))
                continue
        chosen = orders
        reference = rules.values(higher(orders), s)
        if root_mean_square(relative_errors(rules.values(orders, s) - reference, reference)) <= epsrel:
            return chosen, max_nodes
        goal /= MARGIN


def search_order(rules: MovingTermRules) -> int:
    """Return the nodes on each axis while another one is judged; the rules are compiled then, where they can be."""
    cheap = axis_choice.search_order(rules.k)
    if not rules.are_compiled or rules.k <= 2:
        return cheap
    return max(cheap, min(axis_choice.SEARCH_ORDER, math.floor(SEARCH_NODES ** (1 / (rules.k - 1)) + 1e-9)))


def foreseen_nodes(rules: MovingTermRules, s: torch.Tensor, goal: float) -> float:
    """Foresee how many nodes rules need for a relative error `goal`, by few evaluations at s (n, m)."""
    axes, _ = axis_errors(rules, s, TRIAL_ORDER)
    orders = axis_choice.choose_orders(axes, goal, MOST_NODES, MOST_NODES, 0)
    left = [axis.error[n - 1] for pair in zip(axes, orders, strict=True) for axis, n in zip(*pair, strict=True)]
    return float(sum(map(math.prod, orders))) * max(1.0, math.hypot(*left) / goal)


def best_orders(rules: MovingTermRules, s: torch.Tensor, n_nodes: int) -> np.ndarray:
    """Return the orders (n_terms, k) of so many nodes, as the mean over the terms, that err least at s (n, m)."""
    axes, _ = axis_errors(rules, s[:TRIAL_POINTS], search_order(rules))
    return np.array(axis_choice.choose_orders(axes, 0.0, n_nodes, n_nodes, 0))


def difference(
    first: MovingTermRules, second: MovingTermRules, orders: np.ndarray, s: torch.Tensor
) -> tuple[float, float]:
    """Compare rules on two maps, relatively, as root mean square over s (n, m).

    Returns
    -------
    float
        Difference of the first ones, of these orders, and the second ones, of higher orders.
    float
        What both differ from rules of half the order, added up: more than that is no error of a rule, but of a contour.
    """
    pairs = zip(first.maps, second.maps, orders, strict=True)
    permuted = np.array([
        [of_term[a.order.index(column)] for column in b.order] for a, b, of_term in pairs
    ])  # fmt: skip
    value, halved = (first.values(change, s) for change in (orders, lower(orders)))
    other, other_halved = (second.values(change, s) for change in (higher(permuted), lower(permuted)))
    compared = ((value, other), (value, halved), (other, other_halved))
    found, of_first, of_second = (root_mean_square(relative_errors(a - b, value)) for a, b in compared)
    return found, of_first + of_second


def axis_errors(
    rules: MovingTermRules, s: torch.Tensor, others: int, integral: ParametricIntegral | None = None
) -> tuple[list[list[AxisErrors]], int]:
    """Errors that rules leave on each axis of each term, by their orders.

    The integrals over all other axes are interpolated between GRID nodes, so that one evaluation tells of all orders.

    Parameters
    ----------
    rules : MovingTermRules
        The rules.
    s : tensor (n, m)
        Phase-space points.
    others : int
        Nodes on each of the other axes.
    integral : ParametricIntegral, optional
        That of the rules, whose values are to be finite; without it errors are NaN where one of them is not.

    Returns
    -------
    list of lists of AxisErrors
        By term and axis, relative to the integral; they name no strength of a map.
    int
        How many products of nodes and points were evaluated.

    Raises
    ------
    InputError
        Where `integral` is given, and its value is infinite or NaN at one of the points.
    """
    k = rules.k
    n_points = max(1, MARGINAL_NODES // (k * GRID * others ** (k - 1)))
    s = s[:: -(-len(s) // n_points)]
    orders = [[GRID if i == axis else others for i in range(k)] for axis in range(k)]
    by_axis = [[rule.marginal(s, axis) for rule in rules.fastest(of_axes)] for axis, of_axes in enumerate(orders)]
    marginals = list(zip(*by_axis, strict=True))
    differences = torch.as_tensor(_differences(), device=s.device).to(marginals[0][0])
    weights = torch.as_tensor(gauss_legendre(GRID)[1], device=s.device).to(differences)
    value, *by_others = (torch.stack([each @ weights for each in of_terms]).sum(dim=0) for of_terms in by_axis)
    if integral is not None:
        for sums in (value, *by_others):
            finite(sums.cpu().numpy(), s.cpu().numpy(), integral)
    scale = error_scale(value, float(value.abs().mean()))[:, None]
    found = [
        [
            AxisErrors(((marginal @ differences).abs() / scale).square().mean(dim=0).sqrt().tolist(), [])
            for marginal in of_term
        ]
        for of_term in marginals
    ]
    return found, len(marginals) * k * len(s) * GRID * others ** (k - 1)


@functools.cache
def _differences() -> np.ndarray:
    """Weights on GRID nodes of the rules of order 1, 2, …, less those of the grid's own rule: (GRID, HIGHEST_ORDER)."""
    nodes, weights = gauss_legendre(GRID)
    basis = np.polynomial.legendre.legvander(2 * nodes - 1, GRID - 1)
    of_polynomial = basis * weights[:, None] * (2 * np.arange(GRID) + 1)
    columns = []
    for order in range(1, HIGHEST_ORDER + 1):
        t, w = gauss_legendre(order)
        columns.append(of_polynomial @ (np.polynomial.legendre.legvander(2 * t - 1, GRID - 1).T @ w) - weights)
    return np.stack(columns, axis=1)
