"""Gauss–Legendre rules on a learned contour: a complex change of variables that flattens the integrand, for each s.

    I(s) ≈ Σ_j w_j f(s, x(s, t_j)) det ∂x/∂t,    x_i = t_i/(t_i + c_i (1 − t_i)),    log c_i a polynomial in s and t

Above a threshold F changes sign in the cube, and I is that of F − i0: the contour has to leave the real axis on the
allowed side. A complex c_i does this by its phase, and crowds the nodes by its size. Both are fitted at once, by least
squares of log g, g = f det ∂x/∂t being what the rule integrates (`methods/primitives/contour_fit.py`). No value of I(s)
has a part in it. For a real integral the same map is real.

At box1l_physical 16³ nodes have 12.7 digits on average, 9.8 at the worst point; right above threshold, at s12 = 4.03,
20³ nodes have 10.0.

Learned contours, by networks: Winterhalder et al., SciPost Phys. 12 (2022) 129. Maps that are triangular are known as
Knothe–Rosenblatt rearrangements.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.core.budget import Clock
from methods.core.moving_nodes import MovingIntegrand
from methods.primitives import contour_search
from methods.primitives.contour_map import ContourMap
from methods.primitives.contour_search import Found, Search
from methods.primitives.moving_rule import MovingRule, axis_errors
from methods.primitives.triangular_map import Coordinates
from methods.quadrature import axis_choice
from methods.quadrature.rule_error import RuleError, relative, root_mean_square, rule_error

N_CORNERS, N_DRAWN = 16, 48
"""Phase-space points by which rules are judged: corners of the box, and drawn from it."""

MOST_NODES = 2_000_000
"""Largest rule of a term that `fit` compares with."""

MARGIN = 3.0
"""The orders are chosen for an error so many times below `epsrel`: the sum over the axes is one of first order."""

HIGHER = 2
"""The rules that judge the error in `fit` have this many nodes more per axis."""

SEARCH_SHARE, FINAL_SHARE = 0.4, 0.3
"""Shares of the budget for the order of variables, and for the last fits."""

Moving = list[tuple[MovingIntegrand, ContourMap]]
"""Formula and map of each term."""


@dataclass(kw_only=True)
class LearnedContour(Method):
    """Tensor Gauss–Legendre rules on a learned contour or, for a real integral, a learned map; one for each term.

    Parameters
    ----------
    epsrel : float
        Relative error wanted, root mean square over the box.
    max_nodes : int
        Largest number of nodes, as the mean over the terms; it wins over `epsrel`.
    order : int, optional
        Nodes per axis, the same on all; None chooses them for each axis, by how fast the error falls there.
    degree : int, optional
        Total degree of log c_i in s and t; None takes 3, or less where a map would have more than 600 coefficients.
    n_orders : int, optional
        Largest number of orders of variables that are tried for each term; None tries all for k <= 3, and else
        exchanges pairs as long as that helps.
    seed : int
        Of the points to which the map is fitted.
    device : str
        Where to compute, as torch names it.

    Attributes
    ----------
    maps_ : list of ContourMap
        For each term.
    orders_ : array (n_terms, k)
        Nodes of each axis, in the order of its map.
    details_ : dict
        For each term the order of variables, the root mean square of log g, the share of sampled points at which the
        contour is seen not to be causal, and the smallest |F| over the largest; by how much values by a second map, in
        another order of variables, differ, relatively; `degree`, `n_orders` and `max_nodes` as used.

    Notes
    -----
    The error follows from the difference to rules of half the order, by two constants found at a few dozen points where
    rules of higher order are known (`methods/quadrature/rule_error.py`). Where a second map gives other values than the
    first, by more than both differ from their rules of half the order, the error is at least that difference.

    Nodes depend on s, so that a node costs some ten times what it does in `gauss_legendre`; nodes are fewer.
    """

    name: ClassVar[str] = "learned_contour"
    source: ClassVar[str] = "after Winterhalder et al., SciPost Phys. 12 (2022) 129, with polynomials for networks"
    treats_complex: ClassVar[bool] = True

    epsrel: float = 1e-8
    max_nodes: int = 20_000
    order: int | None = None
    degree: int | None = None
    n_orders: int | None = None
    seed: int = 0
    device: str = "cpu"

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say why a tensor rule is out of reach, or a contour: a Python function tells nothing of its F."""
        if 2**integral.k > self.max_nodes or 4**integral.k > MOST_NODES:
            return f"a tensor rule in k = {integral.k} needs more than max_nodes = {self.max_nodes} nodes"
        if integral.is_complex and integral.expression is None:
            return "a Python function tells nothing of where F changes sign; define it by from_expression"
        return super().unsupported(integral)

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Fit the maps, choose orders, and find the law of the error. Raises InputError where no contour is causal."""
        clock = Clock(budget)
        self._check_fields()
        self._prepare(integral)
        searches = [Search(term, self._coordinates, self.seed, self.device) for term in self._terms]
        degree, n_orders, cut_short = self._affordable(searches, clock)
        found = [contour_search.find(search, integral.name, degree, n_orders) for search in searches]
        self._take([best.contour for best, _ in found])
        s = torch.as_tensor(_points(integral), device=self.device)
        max_nodes = self._choose_orders(s, clock)
        self._make_rules()
        value, lower, higher = (
            _total(rules, s).cpu().numpy() for rules in (self._rules, self._lower_rules, self._rules_of(_higher))
        )
        self.error_ = rule_error(value, lower, higher, N_DRAWN)
        difference = self._difference_to_second([second for _, second in found], s, value, lower)
        self.details_ = {
            "order_of_map": [list(best.contour.order) for best, _ in found],
            "orders": self.orders_.tolist(),
            "spread_of_log_g": [best.spread for best, _ in found],
            "not_causal": [best.not_causal for best, _ in found],
            "smallest_f": [None if math.isnan(best.smallest) else best.smallest for best, _ in found],
            "second_map_differs": difference,
            "degree": degree, "n_orders": n_orders, "max_nodes": max_nodes,
            "cut_short": cut_short or max_nodes < self.max_nodes,
        }  # fmt: skip
        return self

    def integrate(self, s: np.ndarray) -> Estimate:
        """Compute the sums over the nodes; `n_eval` counts both rules."""
        points = torch.as_tensor(self.integral_.check(s), device=self.device)
        value, lower = (_total(rules, points).cpu().numpy() for rules in (self._rules, self._lower_rules))
        n_nodes = np.prod(self.orders_, axis=1) + np.prod(_lower(self.orders_), axis=1)
        return Estimate(value, self.error_(value, lower), round(len(points) * n_nodes.mean()))

    def _check_fields(self) -> None:
        for name in ("epsrel", "max_nodes", "order", "degree", "n_orders"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"learned_contour.{name} is {value!r}; give a number above zero.")

    def _prepare(self, integral: ParametricIntegral) -> None:
        self.integral_, self._terms = integral, integral.terms
        self._coordinates = Coordinates(integral, self.device)

    def _take(self, maps: list[ContourMap]) -> None:
        self.maps_ = maps
        self._moving = self._with_integrands(maps)

    def _with_integrands(self, maps: Iterable[ContourMap]) -> Moving:
        """Compile the formula of each term for the order of its map."""
        return [(MovingIntegrand(term, map_.order), map_) for term, map_ in zip(self._terms, maps, strict=True)]

    def _affordable(self, searches: list[Search], clock: Clock) -> tuple[int, int | None, bool]:
        """Return degree and `n_orders` that the clock allows, and whether it made them smaller."""
        k, m, n_terms = self.integral_.k, self.integral_.m, len(searches)
        degree, n_orders = self.degree or contour_search.degree_of(k, m), self.n_orders
        if not clock.is_limited:
            return degree, n_orders, False
        searches[0].short(tuple(range(k)))  # the first evaluation compiles the formula
        search, final = clock.share(SEARCH_SHARE), clock.share(SEARCH_SHARE + FINAL_SHARE)
        seconds = searches[0].seconds_of_short()
        affordable = max(1, int(search.left / (n_terms * seconds)))
        lower = degree
        while lower > 1 and n_terms * contour_search.times_a_short(k, m, lower) * seconds > final.left - search.left:
            lower -= 1
        is_few = affordable < (n_orders or contour_search.most_orders(k))
        return lower, affordable if is_few else n_orders, lower < degree or is_few

    def _choose_orders(self, s: torch.Tensor, clock: Clock) -> int:
        """Set the orders for an error of `epsrel`, and return the `max_nodes` that the clock allows.

        Where a higher rule finds a larger error than `epsrel`, which was foreseen to first order only, they are chosen
        once more for a smaller one.
        """
        if self.order is not None:
            self.orders_ = np.full((len(self.maps_), self.integral_.k), self.order)
            return self.max_nodes
        before, others = clock.left, axis_choice.search_order(self.integral_.k)
        axes, n_nodes = axis_errors(self._moving, self._coordinates, s, others)
        seconds_per_node = (before - clock.left) / n_nodes if clock.is_limited else 0.0
        goal, max_nodes = self.epsrel / MARGIN, self.max_nodes
        self.orders_ = np.zeros((len(axes), self.integral_.k), dtype=int)
        while True:
            orders = np.array(axis_choice.choose_orders(axes, goal, max_nodes, MOST_NODES, HIGHER))
            # Twice a higher rule, for its value and the second map's, and half of that for the others.
            if max_nodes > 1 and 3 * seconds_per_node * len(s) * np.prod(_higher(orders), axis=1).sum() > clock.left:
                max_nodes = int(0.8 * max_nodes)
                continue
            if np.array_equal(orders, self.orders_) or goal < self.epsrel / MARGIN**3:
                return max_nodes
            self.orders_ = orders
            value, higher = (_total(self._rules_of(change), s).cpu().numpy() for change in (_same, _higher))
            if root_mean_square(relative(value - higher, higher)) <= self.epsrel:
                return max_nodes
            goal /= MARGIN

    def _difference_to_second(
        self, seconds: list[Found | None], s: torch.Tensor, value: np.ndarray, lower: np.ndarray
    ) -> float | None:
        """Return how much values by second maps differ, relatively; where that is too much, the error knows of it."""
        if None in seconds:
            return None
        moving = self._with_integrands(second.contour for second in seconds if second is not None)
        nodes = [
            [dict(zip(first.order, orders, strict=True))[column] for column in second.order]
            for first, (_, second), orders in zip(self.maps_, moving, self.orders_, strict=True)
        ]
        other, other_lower = (
            _total(self._rules_on(moving, change(np.array(nodes))), s).cpu().numpy() for change in (_higher, _lower)
        )
        difference, of_first, of_second = (
            root_mean_square(relative(a - b, value)) for a, b in ((value, other), (value, lower), (other, other_lower))
        )
        if difference > of_first + of_second:
            self.error_ = self.error_._replace(floor=max(self.error_.floor, difference))
        return difference

    def _make_rules(self) -> None:
        self._rules, self._lower_rules = self._rules_of(_same), self._rules_of(_lower)

    def _rules_of(self, change: Callable[[np.ndarray], np.ndarray]) -> list[MovingRule]:
        return self._rules_on(self._moving, change(self.orders_))

    def _rules_on(self, moving: Moving, orders: np.ndarray) -> list[MovingRule]:
        return [MovingRule(*pair, self._coordinates, of_term) for pair, of_term in zip(moving, orders, strict=True)]

    def _state(self) -> dict[str, np.ndarray]:
        return {
            "orders_": self.orders_,
            "error_": np.asarray(self.error_),
            "map.order": np.array([map_.order for map_ in self.maps_]),
            "map.degree": np.array([map_.degree for map_ in self.maps_]),
            "map.a": np.stack([map_.a.cpu().numpy() for map_ in self.maps_]),
        }

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._prepare(self.integral_)
        self.orders_, self.error_ = state["orders_"], RuleError(*map(float, state["error_"]))
        of_terms = zip(*(state[f"map.{name}"] for name in ("order", "degree", "a")), strict=True)
        self._take([
            ContourMap(tuple(order.tolist()), self.integral_.m, int(degree), torch.as_tensor(a, device=self.device))
            for order, degree, a in of_terms
        ])  # fmt: skip
        self._make_rules()


def _points(integral: ParametricIntegral) -> np.ndarray:
    """Points of the box by which a rule is judged: corners, all of them up to m = 4, and then N_DRAWN drawn ones."""
    m = integral.m
    every = itertools.product([0.0, 1.0], repeat=m)
    upper = np.array(list(every)) if 2**m <= N_CORNERS else np.random.default_rng(0).integers(0, 2, (N_CORNERS, m))
    return np.concatenate([integral.from_unit(upper.astype(float)), integral.sample(N_DRAWN, seed=0)])


def _same(orders: np.ndarray) -> np.ndarray:
    return orders


def _lower(orders: np.ndarray) -> np.ndarray:
    return (orders + 1) // 2


def _higher(orders: np.ndarray) -> np.ndarray:
    return orders + HIGHER


def _total(rules: Iterable[MovingRule], s: torch.Tensor) -> torch.Tensor:
    """Sum over the terms."""
    return torch.stack([rule(s) for rule in rules]).sum(dim=0)
