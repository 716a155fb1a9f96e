"""Gauss–Legendre rules on a learned contour: a complex change of variables that flattens the integrand, for each s.

    I(s) ≈ Σ_j w_j f(s, x(s, t_j)) det ∂x/∂t,    x_i = t_i/(t_i + c_i (1 − t_i)),    log c_i a polynomial in s and t

Above a threshold F changes sign in the cube, and I is that of F − i0: the contour has to leave the real axis on the
allowed side. A complex c_i does this by its phase, and crowds the nodes by its size. Both are fitted at once, by least
squares of log g, g = f det ∂x/∂t being what the rule integrates (`methods/primitives/contour_fit.py`). No value of I(s)
has a part in it. For a real integral the same map is real.

On box1l_physical 16³ nodes have 12.6 digits on average and 9.0 at the worst of 150 points; right above threshold, at
s12 = 4.03, 20³ nodes have 10.0 and 8.5 (box1l_threshold_above).

With more than three variables c_i does not depend on t_i: x_i runs on arcs of circles. log g varies more then, but
rules need fewer nodes. For each term two maps are found, in different orders of variables, whose rules agree; and the
first is fitted once more, to the errors of rules. On the formula of box2l above its threshold (s12 in 21 … 28.5, s14 in
−30 … −3, mH2 in 0.5 … 1.5) 9e4 nodes have 5.7 digits on average at 104 points (worst 4.7); without the last fit, at 40
points, 1.8e5, 7.5e5 and 2.2e6 have 5.4, 6.4 and 7.7 (5.1, 6.2, 7.2). Where F vanishes at corners of the cube inside the
box, windows have maps of their own (`contour_windows.py`): for s12 in 5 … 16, with two of them, 2.2e6 nodes have four
digits at 84 % of 69 points, and 4.7 on average.

Learned contours, by networks: Winterhalder et al., SciPost Phys. 12 (2022) 129. Maps that are triangular are known as
Knothe–Rosenblatt rearrangements.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.core import devices
from methods.core.batches import in_batches
from methods.core.budget import Clock
from methods.core.errors import NoCausalContour
from methods.core.finite_values import finite
from methods.primitives import contour_search
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.compiled_rule import COMPILING_SECONDS
from methods.primitives.contour_map import ContourMap
from methods.primitives.contour_orders import MOST_MOVING_NODES
from methods.primitives.contour_parts import LEARNED, Learned
from methods.primitives.contour_region import ContourRegion, Wanted
from methods.primitives.contour_search import Search
from methods.primitives.contour_windows import Pairs, WindowSearch, first_boxes

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
        exchanges pairs as long as that helps. A complex integral with k > 3 needs 2, however short the budget is.
    max_windows : int
        Largest number of windows of s with maps of their own that are made where two maps differ, for more than three
        variables. A box inside which F vanishes at corners of the cube is two windows, which meet there, anyway.
    n_refinements : int
        Steps in which maps of more than three variables are fitted to the errors of rules, after log g.
    learned : "both", "contour" or "importance"
        The part of log c_i that is fitted: all of it; its phases alone, with |c_i| = 1; or |c_i| alone, with the phases
        from which a fit starts. The last two tell what each part is worth, and are no better choice anywhere.
    seed : int
        Of the points to which the map is fitted.
    device : str
        Where to compute, as torch names it.

    Attributes
    ----------
    regions_ : list of ContourRegion
        Windows of s with their maps, rules and estimates of the error; one is the whole box.
    details_ : dict
        For each term the order of variables and the root mean square of log g; the largest share of sampled points at
        which a contour is seen not to be causal, and the smallest |F|; by how much values by a second map, in
        another order of variables, differ, relatively, or None where no second one is causal: then the error tells
        nothing of contours; `windows`; with more than three variables `n_refuted`, how many of the maps that were tried
        a zero of F on the way to them refutes, summed over windows (those of a whole that its parts keep count in
        each), None without arcs, and `n_refinements`; `degree`, `n_orders` and `max_nodes` as used.

    Notes
    -----
    With up to three variables the error follows from the difference to rules of half the order, by five constants found
    at up to 64 points where rules of higher order are known (`methods/quadrature/rule_error.py`), and near corner zeros
    it has what rules of up to twice the order tell there (`methods/quadrature/corner_zero_error.py`). Where a second
    map gives other values than the first, by more than both differ from their rules of half the order, the error is at
    least that difference. With more than three variables the smaller rule is on the second map and has an eighth of the
    nodes, so that the error at each s, by four constants, tells of contours that fail there
    (`methods/primitives/pair_error.py`). Where a zero of F refutes all maps, one of them is taken, and no error is
    below |I|.

    Nodes depend on s, and a node costs more than in `gauss_legendre`; nodes are fewer. Where there is a C++ compiler
    the sums are compiled (`methods/kernels`), which takes about a second per term, once per machine.
    """

    name: ClassVar[str] = "learned_contour"
    source: ClassVar[str] = "after Winterhalder et al., SciPost Phys. 12 (2022) 129, with polynomials for networks"
    version: ClassVar[int] = 6
    treats_complex: ClassVar[bool] = True

    epsrel: float = 1e-8
    max_nodes: int = 20_000
    order: int | None = None
    degree: int | None = None
    n_orders: int | None = None
    max_windows: int = 1
    n_refinements: int = 6
    learned: Learned = "both"
    seed: int = 0
    device: str = "cpu"

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say why a tensor rule is out of reach, or a contour: a Python function tells nothing of its F."""
        if 2**integral.k > self.max_nodes:
            return f"a tensor rule in k = {integral.k} needs more than max_nodes = {self.max_nodes} nodes"
        if 4**integral.k > MOST_MOVING_NODES:
            return f"orders are compared by rules of 4^{integral.k} nodes, which are more than {MOST_MOVING_NODES}"
        if self.order is not None and self.order**integral.k > MOST_MOVING_NODES:
            return f"order = {self.order} in k = {integral.k} needs more than {MOST_MOVING_NODES} nodes; give less"
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
        """Fit the maps, choose orders, and find the constants of the error.

        Raises
        ------
        NoCausalContour
            Where no map is causal.
        InputError
            For a field that is not allowed, or an integral that it cannot treat or that is infinite or NaN at one of
            the points by which rules are judged.
        """
        clock = Clock(budget)
        self._check_fields(integral)
        self._require_supported(integral)
        integral.check_integrand()
        self.integral_ = integral
        is_many = integral.k > contour_search.ALL_ORDERS
        pairs, details = self._fit_by_trial(clock) if is_many else self._fit_by_spread(clock)
        max_nodes = min(region.max_nodes for region in self.regions_)
        self.details_ = {
            "order_of_map": [list(best.contour.order) for best, _ in pairs],
            "orders": self.orders_.tolist(),
            "spread_of_log_g": [_finite(best.spread) for best, _ in pairs],
            "share_not_causal": max(best.not_causal for best, _ in pairs),
            "least_modulus_of_polynomial": _finite(min(best.smallest for best, _ in pairs)),
            **details, "max_nodes": max_nodes, "cut_short": details["cut_short"] or max_nodes < self.max_nodes,
        }  # fmt: skip
        return self

    def _fit_by_spread(self, clock: Clock) -> tuple[Pairs, dict[str, Any]]:
        """Take the order of variables in which log g varies least, for few variables."""
        degree, n_orders, is_lower = self._affordable(1, clock, on_arcs=False)
        searches = self._searches(self.integral_, on_arcs=False)
        pairs = [contour_search.find(search, self.integral_.name, degree, n_orders) for search in searches]
        may_compile = clock.left > COMPILING_SECONDS * len(pairs)
        region = ContourRegion(self.integral_, [best.contour for best, _ in pairs], None, self.device, may_compile)
        self.regions_ = [region.choose(self._wanted, clock)]
        seconds = [second.contour for _, second in pairs if second is not None]
        differs = region.compare(seconds) if len(seconds) == len(pairs) else None
        n_tried = max(search.n_tried for search in searches)
        return pairs, {
            "second_map_differs": differs, "windows": 1, "degree": degree, "n_orders": n_orders,
            "cut_short": is_lower or self._are_few(n_orders, n_tried),
        }  # fmt: skip

    def _fit_by_trial(self, clock: Clock) -> tuple[Pairs, dict[str, Any]]:
        """Take the order of variables whose rules need fewest nodes, in each window."""
        boxes = first_boxes(self.integral_)
        degree, n_orders, is_lower = self._affordable(len(boxes), clock, on_arcs=True)
        search = WindowSearch(
            self._searches, n_orders, self._wanted, degree, self.n_refinements, self.device, clock
        )  # fmt: skip
        try:
            found, cut_short = search.find(boxes, self.max_windows)
        except NoCausalContour:  # arcs cannot pass above one zero of F and below the next
            pairs, details = self._fit_by_spread(clock)
            details |= {"n_refuted": None, "n_refinements": 0, "cut_short": details["cut_short"] or is_lower}
            return pairs, details
        self.regions_ = [window.region for window in found]
        differs = [region.differs for region in self.regions_ if region.differs is not None]
        steps, n_tried = min(window.n_refinements for window in found), max(window.n_tried for window in found)
        return [pair for window in found for pair in window.pairs], {
            "second_map_differs": max(differs) if len(differs) == len(found) else None,
            "windows": len(found), "n_refuted": sum(window.n_refuted for window in found), "n_refinements": steps,
            "degree": degree, "n_orders": n_orders,
            "cut_short": cut_short or is_lower or steps < self.n_refinements or self._are_few(n_orders, n_tried),
        }  # fmt: skip

    @in_batches
    def integrate(self, s: np.ndarray) -> Estimate:
        """Compute the sums over the nodes; `n_eval` counts both rules."""
        s = self.integral_.check(s)
        value = np.empty(len(s), dtype=np.complex128 if self.integral_.is_complex else np.float64)
        error, n_eval = np.empty(len(s)), 0.0
        for region, rows in self._rows(s):
            value[rows], error[rows] = region.estimate(s[rows])
            n_eval += len(rows) * region.n_nodes
        return Estimate(finite(value, s, self.integral_), error, round(n_eval))

    def integrate_with_gradient(self, s: np.ndarray) -> tuple[Estimate, np.ndarray]:
        """Integrate, and give ∂I/∂s (n, m) too: those of the sums at fixed nodes, without an error.

        Raises InputError where `integrate` does: for s outside the box, and where a value is infinite or NaN.
        """
        s = self.integral_.check(s)
        gradient = np.empty(s.shape, dtype=np.complex128 if self.integral_.is_complex else np.float64)
        value, error, n_eval = np.empty(len(s), dtype=gradient.dtype), np.empty(len(s)), 0.0
        for region, rows in self._rows(s):
            value[rows], error[rows], gradient[rows] = region.estimate_with_gradient(s[rows])
            n_eval += len(rows) * region.n_nodes
        return Estimate(finite(value, s, self.integral_), error, round(n_eval)), gradient

    @property
    def maps_(self) -> list[ContourMap]:
        """Maps of all regions, term by term."""
        return [map_ for region in self.regions_ for map_ in region.maps]

    @property
    def orders_(self) -> np.ndarray:
        """Nodes of each axis of `maps_` (n_maps, k), in the order of its map."""
        return np.concatenate([region.orders for region in self.regions_])

    @property
    def _wanted(self) -> Wanted:
        return Wanted(self.epsrel, self.max_nodes, self.order)

    def _searches(self, integral: ParametricIntegral, on_arcs: bool = True) -> list[Search]:
        coordinates = BoxCoordinates(integral, self.device)
        return [Search(term, coordinates, self.seed, self.device, on_arcs, self.learned) for term in integral.terms]

    def _rows(self, s: np.ndarray) -> Iterator[tuple[ContourRegion, np.ndarray]]:
        """Yield regions with the rows of s (n, m) that they treat; each row belongs to the first that contains it."""
        left = np.ones(len(s), dtype=bool)
        for region in self.regions_:
            here = left & region.contains(s)
            left &= ~here
            if here.any():
                yield region, np.flatnonzero(here)

    def _check_fields(self, integral: ParametricIntegral) -> None:
        devices.check(self.name, self.device)
        for name in ("epsrel", "max_nodes", "order", "degree", "n_orders", "max_windows"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InputError(f"learned_contour.{name} is {value!r}; give a number above zero.")
        if self.learned not in LEARNED:
            raise InputError(f"learned_contour.learned is {self.learned!r}; give one of {', '.join(LEARNED)}.")
        least = contour_search.least_orders(integral)
        if self.n_orders is not None and self.n_orders < least:
            raise InputError(
                f"learned_contour.n_orders is {self.n_orders} for the complex {integral.name} with k = {integral.k}, "
                f"where nothing but a second contour tells of a wrong one; give {least} or more, or None."
            )

    def _are_few(self, n_orders: int | None, n_tried: int) -> bool:
        """Return whether `n_orders` that the clock allowed ended the search while there were others to try."""
        return n_orders != self.n_orders and n_tried == n_orders and n_tried < math.factorial(self.integral_.k)

    def _affordable(self, n_boxes: int, clock: Clock, *, on_arcs: bool) -> tuple[int, int | None, bool]:
        """Return degree and `n_orders` that the clock allows, and whether it made the degree smaller."""
        k, m = self.integral_.k, self.integral_.m
        default = 1 if on_arcs else contour_search.degree_of(k, m)
        degree, n_orders = self.degree or default, self.n_orders
        if not clock.is_limited:
            return degree, n_orders, False
        searches = self._searches(self.integral_, on_arcs)
        n_fits = n_boxes * len(searches)
        searches[0].short(tuple(range(k)))  # the first evaluation compiles the formula
        search, final = clock.share(SEARCH_SHARE), clock.share(SEARCH_SHARE + FINAL_SHARE)
        seconds = searches[0].seconds_of_short() * (2 if on_arcs else 1)  # a trial takes about as long again
        affordable = max(contour_search.least_orders(self.integral_), int(search.left / (n_fits * seconds)))
        lower = degree
        while lower > 1 and n_fits * contour_search.times_a_short(k, m, lower) * seconds > final.left - search.left:
            lower -= 1
        return lower, affordable if affordable < (n_orders or math.inf) else n_orders, lower < degree

    def _state(self) -> dict[str, np.ndarray]:
        parts = [region.state(f"region{i}.") for i, region in enumerate(self.regions_)]
        return {"n_regions": np.array(len(parts))} | {name: array for part in parts for name, array in part.items()}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self.regions_ = [
            ContourRegion.of_state(self.integral_, state, f"region{i}.", self.device)
            for i in range(int(state["n_regions"]))
        ]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
