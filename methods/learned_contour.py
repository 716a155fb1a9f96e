"""Gauss–Legendre rules on a learned contour: a complex change of variables that flattens the integrand, for each s.

    I(s) ≈ Σ_j w_j f(s, x(s, t_j)) det ∂x/∂t,    x_i = t_i/(t_i + c_i (1 − t_i)),    log c_i a polynomial in s and t

Above a threshold F changes sign in the cube, and I is that of F − i0: the contour has to leave the real axis on the
allowed side. A complex c_i does this by its phase, and crowds the nodes by its size. Both are fitted at once, by least
squares of log g, g = f det ∂x/∂t being what the rule integrates (`methods/primitives/contour_fit.py`). No value of I(s)
has a part in it. For a real integral the same map is real.

On box1l_physical 16³ nodes have 12.6 digits on average and 9.0 at the worst of 150 points; right above threshold, at
s12 = 4.03, 20³ nodes have 10.0 and 8.5 (box1l_threshold_above).

Learned contours, by networks: Winterhalder et al., SciPost Phys. 12 (2022) 129. Maps that are triangular are known as
Knothe–Rosenblatt rearrangements.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.core import devices
from methods.core.budget import Clock
from methods.primitives import contour_orders, contour_search, contour_trials
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.contour_map import ContourMap
from methods.primitives.contour_orders import MOST_NODES, TermRules, total
from methods.primitives.contour_search import Search
from methods.quadrature.rule_error import RuleError, rule_error

N_CORNERS, N_DRAWN = 16, 48
"""Phase-space points by which rules are judged: corners of the box, and drawn from it."""

COMPILING_SECONDS = 3.0
"""Seconds of the budget that must be left for each term where its sums are to be compiled, which takes 0.7 to 1.3."""

SEARCH_SHARE, FINAL_SHARE = 0.35, 0.2
"""Shares of the budget for the order of variables, and for the last fits."""


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
        For each term the order of variables and the root mean square of log g; the largest share of sampled points at
        which a contour is seen not to be causal, and the smallest |F|; by how much values by a second map, in
        another order of variables, differ, relatively; `degree`, `n_orders` and `max_nodes` as used.

    Notes
    -----
    The error follows from the difference to rules of half the order, by two constants found at a few dozen points where
    rules of higher order are known (`methods/quadrature/rule_error.py`). Where a second map gives other values than the
    first, by more than both differ from their rules of half the order, the error is at least that difference.

    Nodes depend on s, and a node costs more than in `gauss_legendre`; nodes are fewer. Where there is a C++ compiler
    the sums are compiled (`methods/kernels`), which takes about a second per term, once per machine.
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
        """Fit the maps, choose orders, and find the law of the error. Raises NoCausalContour where none is."""
        clock = Clock(budget)
        self._check_fields()
        self._prepare(integral)
        is_many = integral.k > contour_search.ALL_ORDERS
        searches = [Search(term, self._coordinates, self.seed, self.device, on_arcs=is_many) for term in self._terms]
        degree, n_orders, is_lower = self._affordable(searches, clock)
        find = contour_trials.find if is_many else contour_search.find
        found = [find(search, integral.name, degree, n_orders) for search in searches]
        is_few = n_orders != self.n_orders and any(search.n_tried == n_orders for search in searches)
        may_compile = clock.left > COMPILING_SECONDS * len(found)
        self._take([best.contour for best, _ in found], may_compile)
        s, max_nodes = torch.as_tensor(_points(integral), device=self.device), self.max_nodes
        if self.order is not None:
            self.orders_ = np.full((len(found), integral.k), self.order)
        else:
            self.orders_, max_nodes = contour_orders.choose(self._on_maps, s, self.epsrel, self.max_nodes, clock)
        self._make_rules()
        self._judge(s)
        difference = self._compare_with([second.contour for _, second in found if second is not None], s)
        self.details_ = {
            "order_of_map": [list(best.contour.order) for best, _ in found],
            "orders": self.orders_.tolist(),
            "spread_of_log_g": [_finite(best.spread) for best, _ in found],
            "share_not_causal": max(best.not_causal for best, _ in found),
            "least_modulus_of_polynomial": _finite(min(best.smallest for best, _ in found)),
            "second_map_differs": difference,
            "degree": degree, "n_orders": n_orders, "max_nodes": max_nodes,
            "cut_short": is_lower or is_few or max_nodes < self.max_nodes,
        }  # fmt: skip
        return self

    def integrate(self, s: np.ndarray) -> Estimate:
        """Compute the sums over the nodes; `n_eval` counts both rules."""
        s = self.integral_.check(s)
        return self._estimate(s, total(self._sums, torch.as_tensor(s, device=self.device)))

    def integrate_with_gradient(self, s: np.ndarray) -> tuple[Estimate, np.ndarray]:
        """Integrate, and give ∂I/∂s (n, m) too: the rule's own derivatives, without an error."""
        s = self.integral_.check(s)
        points = torch.as_tensor(s, device=self.device)
        rules = self._on_maps.of(self.orders_)
        values, gradients = zip(*[rule.with_gradient(points) for rule in rules], strict=True)
        return self._estimate(s, torch.stack(values).sum(dim=0)), torch.stack(gradients).sum(dim=0).cpu().numpy()

    def _estimate(self, s: np.ndarray, value: torch.Tensor) -> Estimate:
        found = value.cpu().numpy()
        lower = total(self._lower_sums, torch.as_tensor(s, device=self.device)).cpu().numpy()
        n_nodes = np.prod(self.orders_, axis=1) + np.prod(contour_orders.lower(self.orders_), axis=1)
        error = self.error_(found, lower, self.integral_.to_unit(s))
        return Estimate(found, error, round(len(s) * n_nodes.mean()))

    def _check_fields(self) -> None:
        devices.check(self.name, self.device)
        for name in ("epsrel", "max_nodes", "order", "degree", "n_orders"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"learned_contour.{name} is {value!r}; give a number above zero.")

    def _prepare(self, integral: ParametricIntegral) -> None:
        self.integral_, self._terms = integral, integral.terms
        self._coordinates = BoxCoordinates(integral, self.device)

    def _take(self, maps: list[ContourMap], may_compile: bool) -> None:
        self.maps_, self._on_maps = maps, TermRules(self._terms, maps, self._coordinates, may_compile)

    def _affordable(self, searches: list[Search], clock: Clock) -> tuple[int, int | None, bool]:
        """Return degree and `n_orders` that the clock allows, and whether it made the degree smaller."""
        k, m, n_terms = self.integral_.k, self.integral_.m, len(searches)
        default = 1 if k > contour_search.ALL_ORDERS else contour_search.degree_of(k, m)
        degree, n_orders = self.degree or default, self.n_orders
        if not clock.is_limited:
            return degree, n_orders, False
        searches[0].short(tuple(range(k)))  # the first evaluation compiles the formula
        search, final = clock.share(SEARCH_SHARE), clock.share(SEARCH_SHARE + FINAL_SHARE)
        seconds = searches[0].seconds_of_short()
        affordable = max(1, int(search.left / (n_terms * seconds)))
        lower = degree
        while lower > 1 and n_terms * contour_search.times_a_short(k, m, lower) * seconds > final.left - search.left:
            lower -= 1
        return lower, affordable if affordable < (n_orders or math.inf) else n_orders, lower < degree

    def _judge(self, s: torch.Tensor) -> None:
        """Find the law of the error at s (n, m)."""
        on_maps, orders = self._on_maps, self.orders_
        lower, higher = (on_maps.values(change(orders), s) for change in (contour_orders.lower, contour_orders.higher))
        self.error_ = rule_error(on_maps.values(orders, s), lower, higher, N_DRAWN)

    def _compare_with(self, maps: list[ContourMap], s: torch.Tensor) -> float | None:
        """Return how much values by second maps differ, relatively; where that is too much, the error knows of it."""
        if len(maps) < len(self.maps_):
            return None
        second = TermRules(self._terms, maps, self._coordinates, self._on_maps.are_compiled)
        found, explained = contour_orders.difference(self._on_maps, second, self.orders_, s)
        if found > explained:
            self.error_ = self.error_._replace(floor=max(self.error_.floor, found))
        return found

    def _make_rules(self) -> None:
        self._sums, self._lower_sums = (
            self._on_maps.fastest(orders) for orders in (self.orders_, contour_orders.lower(self.orders_))
        )

    def _state(self) -> dict[str, np.ndarray]:
        return {
            "orders_": self.orders_,
            "error_": np.asarray(self.error_),
            "map.order": np.array([map_.order for map_ in self.maps_]),
            "map.degree": np.array([map_.degree for map_ in self.maps_]),
            "map.is_arc": np.array([map_.is_arc for map_ in self.maps_]),
            "map.a": np.stack([map_.a.cpu().numpy() for map_ in self.maps_]),
        }

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._prepare(self.integral_)
        self.orders_, self.error_ = state["orders_"], RuleError(*map(float, state["error_"]))
        of_terms = zip(*(state[f"map.{name}"] for name in ("order", "degree", "a", "is_arc")), strict=True)
        m, device = self.integral_.m, self.device
        maps = [
            ContourMap(tuple(order.tolist()), m, int(degree), torch.as_tensor(a, device=device), bool(is_arc))
            for order, degree, a, is_arc in of_terms
        ]
        self._take(maps, may_compile=True)
        self._make_rules()


def _points(integral: ParametricIntegral) -> np.ndarray:
    """Points of the box by which a rule is judged: corners, all of them up to m = 4, and then N_DRAWN drawn ones."""
    m = integral.m
    every = itertools.product([0.0, 1.0], repeat=m)
    upper = np.array(list(every)) if 2**m <= N_CORNERS else np.random.default_rng(0).integers(0, 2, (N_CORNERS, m))
    return np.concatenate([integral.from_unit(upper.astype(float)), integral.sample(N_DRAWN, seed=0)])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
