"""Tensor Gauss–Legendre quadrature with a map and an order for each Feynman parameter: what an expert tries first.

    I(s) ≈ Σ_j w_j f(s, x_j),    x = (e^{a t} − 1)/(e^a − 1) on each axis, t the Gauss–Legendre nodes on [0, 1]

The map crowds the nodes where sector-decomposed integrands peak, at x → 0. Its strength a and the number of nodes are
chosen for each Feynman parameter, and for each term of a sum such as the sectors of a loop integral
(`methods/quadrature/axis_choice.py`). Nodes and weights serve every s, so many integrals are one matrix product
(`methods/core/node_sums.py`).

Above threshold, where F changes its sign in the cube, each Feynman parameter follows an arc or an S in the complex
plane, with a map on it, that passes the zeros of F − i0 on the right side (`methods/quadrature/arc_rules.py`,
`arc_choice.py`). Nodes and weights serve every s, too.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.core import devices
from methods.core.arithmetic import Arithmetic
from methods.core.budget import Clock
from methods.core.node_factors import node_factors
from methods.quadrature import arc_choice, axis_choice, axis_errors, box_corners
from methods.quadrature.arc_rules import ArcMap, ArcRule
from methods.quadrature.axis_rules import AxisRule, Rule, tensor_nodes
from methods.quadrature.node_gradients import weighted_sum_with_gradient
from methods.quadrature.rule_error import RuleError, relative, root_mean_square, rule_error

N_CORNERS, N_DRAWN = 128, 64
"""Phase-space points by which rules are judged: corners of the box, and drawn from it."""

N_SEARCHED = 16
"""How many of either are for the choice of the maps."""

MOST_NODES = 2_000_000
"""Largest rule of a term that `fit` compares with: 80 MB of nodes for k = 5."""

SEARCH_SHARE = 1 / 3
"""Share of the budget that the choice of the maps may take: with fewer nodes on the other axes where it would take
more."""

LEAST_NODES = 500
"""Nodes that a budget leaves to a rule, however short it is: with a handful the values would mean nothing, and they
take milliseconds."""

MARGIN = 3.0
"""The orders are chosen for an error so many times below `epsrel`: the sum over the axes is one of first order."""

HIGHER = 1
"""The rules that judge the error in `fit` have this many nodes more per axis."""

TIMED_OTHERS, TIMED_NODES = 32, 4096
"""Nodes, at most, of what is timed: on the other axes of a marginal, and of a rule. With fewer the seconds per node
would be those of the calls."""


@dataclass(kw_only=True)
class GaussLegendre(Method):
    """Tensor Gauss–Legendre rules after a map of each Feynman parameter, one rule per term, batched over s.

    Parameters
    ----------
    epsrel : float
        Relative error wanted, root mean square over the box.
    max_nodes : int
        Largest number of nodes, as the mean over the terms of the integral; it wins over `epsrel`.
    order : int, optional
        Nodes on every axis; None chooses a number for each.
    a : float, optional
        Strength of the map on every axis; None chooses one for each. Contours of complex integrals are always chosen.
    search_order : int, optional
        Nodes on the other axes while one is chosen for; None takes what 256 nodes allow, 12 at most.
    device : str
        Where to compute, as torch names it.

    Notes
    -----
    The error follows from the difference to rules of half the order, by two constants found at a few dozen points where
    rules of higher order are known (`methods/quadrature/rule_error.py`).

    A budget may reduce `search_order` and `max_nodes`: ``details_`` has the values with which a fit without a budget
    repeats the result, and ``details_["cut_short"]``, which tells whether it did so.

    Of a complex integral they also have the contour: ``"strengths"`` are the fields of `ArcMap`, and a sample of points
    on it tells the share that is not causal (0) and the least |F|.
    """

    name: ClassVar[str] = "gauss_legendre"
    source: ClassVar[str] = "Gauss (1814); textbook"
    version: ClassVar[int] = 3
    treats_complex: ClassVar[bool] = True

    epsrel: float = 1e-8
    max_nodes: int = 20_000
    order: int | None = None
    a: float | None = None
    search_order: int | None = None
    device: str = "cpu"

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say why a tensor rule is out of reach: order 2 and, to judge it, order 4 have too many nodes."""
        if integral.is_complex and integral.expression is None:
            return "a contour is checked by the polynomial of the prescription, which a Python function does not tell"
        if 2**integral.k <= self.max_nodes and 4**integral.k <= MOST_NODES:
            return super().unsupported(integral)
        return (
            f"a tensor rule in k = {integral.k} needs more than max_nodes = {self.max_nodes} nodes, or {MOST_NODES} to "
            "compare orders"
        )

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Choose maps and orders, and fit the law of the error, on a few dozen points."""
        clock = Clock(budget)
        devices.check(self.name, self.device)
        self.integral_ = integral
        corners = self._tensor(box_corners.corners(integral))
        drawn = self._tensor(integral.sample(N_DRAWN, seed=0))
        goal = self.epsrel / MARGIN
        choose = self._choose_arcs if integral.is_complex else self._choose_maps
        axes, corners, chosen = choose(corners, drawn, goal, clock)
        s = torch.cat([corners[:N_CORNERS], drawn])
        value, higher, max_nodes = self._choose_orders(axes, goal, s, clock)
        self._make_rules()
        lower = _total(self._lower_rules, s)
        self.error_ = rule_error(value.cpu().numpy(), lower.cpu().numpy(), higher.cpu().numpy(), N_DRAWN)
        self.details_ = {
            "orders": self.orders_.tolist(), "strengths": self.a_.tolist(), "max_nodes": max_nodes,
            **chosen, "cut_short": chosen["cut_short"] or max_nodes < self.max_nodes,
        }  # fmt: skip
        return self

    def integrate(self, s: np.ndarray) -> Estimate:
        """Compute the sums over the nodes; `n_eval` counts both rules."""
        points = self._tensor(self.integral_.check(s))
        return self._estimate(points, _total(self._rules, points))

    def integrate_with_gradient(self, s: np.ndarray) -> tuple[Estimate, np.ndarray]:
        """Integrate, and give ∂I/∂s (n, m) too: the rule's own derivatives, without an error.

        `n_eval` is that of `integrate`: the derivatives are taken of the same evaluations.
        """
        points = self._tensor(self.integral_.check(s))
        with_gradient = self._rules_of(_same, weighted_sum_with_gradient)
        values, gradients = zip(*[rule(points) for rule in with_gradient], strict=True)
        return self._estimate(points, sum(values)), sum(gradients).cpu().numpy()

    def export_form(self) -> Arithmetic:
        """List the steps of the value, as `methods.base.Exportable` says: the sums over the nodes, without the error.

        Raises
        ------
        InputError
            For a term that is no product of powers of polynomials affine in s.
        """
        arithmetic, parts = Arithmetic(self.integral_.m), []
        for term, strengths, orders in zip(self.integral_.terms, self.a_, self.orders_, strict=True):
            x, weights = tensor_nodes([self._rule(a, int(n)) for a, n in zip(strengths, orders, strict=True)], "cpu")
            found = node_factors(term, x.numpy(), weights.numpy())
            if found is None:
                raise InputError(
                    f"{term.name} is no product of powers of polynomials affine in s, so that its nodes cannot be "
                    "exported; export a table, such as chebyshev."
                )
            parts.append(arithmetic.node_sum(arithmetic.s, *found))
        arithmetic.outputs["value"] = functools.reduce(arithmetic.add, parts)
        return arithmetic

    def _estimate(self, points: torch.Tensor, value: torch.Tensor) -> Estimate:
        lower = _total(self._lower_rules, points).cpu().numpy()
        n_nodes = np.prod(self.orders_, axis=1) + np.prod(_lower(self.orders_), axis=1)
        found, unit = value.cpu().numpy(), self.integral_.to_unit(points.cpu().numpy())
        return Estimate(found, self.error_(found, lower, unit), round(len(points) * n_nodes.mean()))

    def _choose_maps(
        self, corners: torch.Tensor, drawn: torch.Tensor, goal: float, clock: Clock
    ) -> tuple[list[list[axis_choice.AxisErrors]], torch.Tensor, dict[str, Any]]:
        """Find what each map and order leaves; order the corners (n, m) by how hard they are, and say what was chosen.

        Maps are searched at some corners first, and again at the worst of all where those maps do not serve them.
        """
        terms = self.integral_.terms
        strengths = axis_errors.STRENGTHS if self.a is None else (float(self.a),)
        searched = torch.cat([corners[:N_SEARCHED], drawn[:N_SEARCHED]])
        n_searches = 1 if len(corners) <= N_SEARCHED else 2
        order, ended_early = self._affordable_search(searched, n_searches, clock.share(SEARCH_SHARE))
        axes = axis_choice.errors_by_order(terms, searched, order, goal, strengths)
        worst_first = box_corners.worst_first(terms, axes, corners, N_SEARCHED)
        if worst_first is not None:
            corners = worst_first
            searched = torch.cat([corners[:N_SEARCHED], drawn[:N_SEARCHED]])
            axes = axis_choice.errors_by_order(terms, searched, order, goal, strengths)
        return axes, corners, {"search_order": order, "cut_short": ended_early}

    def _choose_arcs(
        self, corners: torch.Tensor, drawn: torch.Tensor, goal: float, clock: Clock
    ) -> tuple[list[list[axis_choice.AxisErrors]], torch.Tensor, dict[str, Any]]:
        """Find a contour, and what each map and order leaves on it; the corners (n, m) stay in their order."""
        terms, wanted = self.integral_.terms, self.search_order or axis_choice.search_order(self.integral_.k)
        searched = torch.cat([corners[:N_SEARCHED], drawn[:N_SEARCHED]])
        order = arc_choice.affordable_order(terms, searched, wanted, clock.share(SEARCH_SHARE))
        contours, details = arc_choice.contours(terms, searched, corners.cpu().numpy(), order)
        axes = arc_choice.errors_by_order(terms, contours, searched, order)
        return axes, corners, {"search_order": order, "cut_short": order < wanted, **details}

    def _affordable_search(self, s: torch.Tensor, n_searches: int, clock: Clock) -> tuple[int, bool]:
        """Nodes on the other axes while one is chosen for; and whether the clock made them fewer."""
        k, terms = self.integral_.k, self.integral_.terms
        wanted = self.search_order or axis_choice.search_order(k)
        if not clock.is_limited:
            return wanted, False
        centre, weight = s.new_full((1, k), 0.5), s.new_ones(1)
        for term in terms:  # the first evaluation of an integrand compiles its formulas
            term.at_nodes(centre)(s)
            term.weighted_sum(centre, weight)(s)
        order, first, before = wanted, min(wanted, _root(TIMED_OTHERS, k - 1)), clock.left
        for term in terms:
            axis_errors.marginal(term, s, 0, [AxisRule(axis_choice.START, first)] * (k - 1))
        seconds = n_searches * axis_choice.SWEEPS * k * (before - clock.left) / first ** (k - 1)
        while order > 1 and seconds * order ** (k - 1) > clock.left:
            order -= 1
        return order, order < wanted

    def _choose_orders(
        self, axes: list[list[axis_choice.AxisErrors]], goal: float, s: torch.Tensor, clock: Clock
    ) -> tuple[torch.Tensor, torch.Tensor, int]:
        """Set orders and maps; give the values of that rule and of a higher one at s (n, m), and the `max_nodes` kept.

        Where the higher rule finds a larger error than `epsrel`, which was foreseen to first order only, they are
        chosen once more for a smaller one.
        """
        seconds_per_node = self._seconds_per_node(s, clock) if clock.is_limited else 0.0

        def is_affordable(orders: np.ndarray) -> bool:
            n_nodes = sum(_n_nodes(change(orders)) for change in (_same, _lower, _higher))
            return seconds_per_node * n_nodes <= clock.left

        max_nodes, least = self.max_nodes, min(self.max_nodes, LEAST_NODES)
        while not is_affordable(orders := self._orders(axes, goal, max_nodes)) and max_nodes > least:
            max_nodes = max(least, int(0.9 * max_nodes))
        while True:
            self.orders_ = orders
            self.a_ = np.array(
                [[axis.a[n - 1] for axis, n in zip(*both, strict=True)] for both in zip(axes, orders, strict=True)]
            )
            value, higher = (_total(self._rules_of(change), s) for change in (_same, _higher))
            goal /= MARGIN
            orders = self._orders(axes, goal, max_nodes)
            if np.array_equal(orders, self.orders_) or _error(value, higher) <= self.epsrel:
                return value, higher, max_nodes
            if not is_affordable(orders):
                return value, higher, math.ceil(_n_nodes(self.orders_) / len(axes))

    def _orders(self, axes: list[list[axis_choice.AxisErrors]], goal: float, max_nodes: int) -> np.ndarray:
        """Orders (n_terms, k) for an error of `goal`, within `max_nodes`."""
        if self.order is not None:
            return np.full((len(axes), self.integral_.k), self.order)
        return np.array(axis_choice.choose_orders(axes, goal, max_nodes, MOST_NODES, HIGHER))

    def _seconds_per_node(self, s: torch.Tensor, clock: Clock) -> float:
        """Seconds per node of a term, at the points of `fit`: its coefficients and its values."""
        order = min(axis_errors.HIGHEST_ORDER, _root(TIMED_NODES, self.integral_.k))
        before, terms = clock.left, self.integral_.terms
        rule = self._rule(ArcMap(0.5) if self.integral_.is_complex else axis_choice.START, order)
        for term in terms:
            term.weighted_sum(*tensor_nodes([rule] * term.k, self.device))(s)
        return (before - clock.left) / (len(terms) * order**self.integral_.k)

    def _make_rules(self) -> None:
        self._rules, self._lower_rules = list(self._rules_of(_same)), list(self._rules_of(_lower))

    def _rules_of(
        self, change: Callable[[np.ndarray], np.ndarray], fix: Callable = ParametricIntegral.weighted_sum
    ) -> Iterator[Callable]:
        """Make s -> Σ_j w_j f(s, x_j) for each term, its orders changed, as `fix` makes it; one at a time."""
        for term, strengths, orders in zip(self.integral_.terms, self.a_, change(self.orders_), strict=True):
            rules = [self._rule(a, int(n)) for a, n in zip(strengths, orders, strict=True)]
            yield fix(term, *tensor_nodes(rules, self.device))

    def _rule(self, a: Any, order: int) -> Rule:
        """Make a rule of one Feynman parameter, of the strength of an exponential map or the fields of an `ArcMap`."""
        return ArcRule(ArcMap(*a), order) if self.integral_.is_complex else AxisRule(float(a), order)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float64, device=self.device)

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        super()._restore(state)
        self.error_ = RuleError(*map(float, state["error_"]))
        self._make_rules()


def _root(n: int, k: int) -> int:
    """Find the largest order of a rule in k dimensions with at most n nodes."""
    return max(1, math.floor(n ** (1 / max(1, k)) + 1e-9))


def _same(orders: np.ndarray) -> np.ndarray:
    return orders


def _lower(orders: np.ndarray) -> np.ndarray:
    return (orders + 1) // 2


def _higher(orders: np.ndarray) -> np.ndarray:
    return orders + HIGHER


def _n_nodes(orders: np.ndarray) -> int:
    """Count the nodes over all terms."""
    return int(np.prod(orders, axis=1).sum())


def _total(rules: Iterable[Callable[[torch.Tensor], torch.Tensor]], s: torch.Tensor) -> torch.Tensor:
    """Sum over the terms."""
    return functools.reduce(operator.add, (rule(s) for rule in rules))


def _error(value: torch.Tensor, higher: torch.Tensor) -> float:
    """Root mean square relative error of values (n,), by those of a larger rule."""
    found, reference = value.cpu().numpy(), higher.cpu().numpy()
    return root_mean_square(relative(found - reference, reference))
