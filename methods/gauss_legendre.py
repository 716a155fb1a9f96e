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
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.core import devices, term_order
from methods.core.arithmetic import Arithmetic
from methods.core.batches import in_batches
from methods.core.budget import Clock
from methods.core.finite_values import finite
from methods.core.node_factors import node_factors
from methods.quadrature import (
    arc_choice,
    arc_search,
    axis_choice,
    axis_errors,
    box_corners,
    corner_zero_error,
    order_choice,
    rule_orders,
)
from methods.quadrature.arc_choice import Effort
from methods.quadrature.axis_choice import AxisErrors
from methods.quadrature.corner_zero_error import CornerZeroError
from methods.quadrature.node_gradients import weighted_sum_with_gradient
from methods.quadrature.rule_error import RuleError, rule_error
from methods.quadrature.rule_orders import MOST_NODES
from methods.quadrature.term_rules import TermRules, total
from methods.quadrature.transforms import check_strength

N_CORNERS, N_DRAWN = 128, 64
"""Phase-space points by which rules are judged: corners of the box, and drawn from it."""

N_SEARCHED = 16
"""Corners, and as many drawn points, by which the maps are chosen."""

SEARCH_SHARE = 1 / 3
"""Share of the budget that the choice of the maps may take: with fewer nodes on the other axes where it would take
more."""


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
    n_contours : int, optional
        Contours of a complex integral that are looked at for each term; with less than all of them, which None takes,
        maps are compared more coarsely, too.
    device : str
        Where to compute, as torch names it.

    Notes
    -----
    The error follows from the difference to rules of half the order, by five constants found at up to 192 points, 128
    corners of the box and 64 drawn from it, where rules of higher order are known
    (`methods/quadrature/rule_error.py`).

    A budget may reduce `search_order`, `n_contours` and `max_nodes`: ``details_`` has the values with which a fit
    without a budget repeats the result, and ``details_["cut_short"]``, which tells whether it did so. Of a sum of
    terms, `max_nodes` is a mean that may be rounded up, and single orders may then be higher by one.

    Of a complex integral ``details_`` also tells the contour: ``"strengths"`` are the fields of `ArcMap`. At points of
    a sample ``"share_not_causal"`` is the share of those at which it is not causal, 0 of one that was taken, and
    ``"least_modulus_of_polynomial"`` the least |F|. ``"n_corner_zeros"`` is the number of planes of s on which F
    vanishes at a corner of the cube.
    """

    name: ClassVar[str] = "gauss_legendre"
    source: ClassVar[str] = "Gauss (1814); textbook"
    version: ClassVar[int] = 5
    treats_complex: ClassVar[bool] = True

    epsrel: float = 1e-8
    max_nodes: int = 20_000
    order: int | None = None
    a: float | None = None
    search_order: int | None = None
    n_contours: int | None = None
    device: str = "cpu"

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say why a tensor rule is out of reach: order 2 and, to judge it, order 4 have too many nodes."""
        if integral.is_complex and integral.expression is None:
            return "a contour is checked by the polynomial of the prescription, which a Python function does not tell"
        if problem := self._too_many_nodes(integral.k):
            return problem
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
        """Choose maps and orders, and find the constants of the error, at up to 192 points.

        Raises
        ------
        InputError
            For a field that is not allowed, an integral that it cannot treat or that is infinite or NaN at a point of
            the box, or a budget too short for any contour.
        """
        clock = Clock(budget)
        self._check_fields()
        self._require_supported(integral)
        integral.check_integrand()
        self.integral_ = integral
        corners = self._tensor(box_corners.corners(integral))
        drawn = self._tensor(integral.sample(N_DRAWN, seed=0))
        choose = self._choose_arcs if integral.is_complex else self._choose_maps
        axes, corners, chosen = choose(corners, drawn, clock)
        s = torch.cat([corners[:N_CORNERS], drawn])
        zeros = corner_zero_error.planes(integral)
        near_zeros = corner_zero_error.points(zeros, integral)
        if self.order is None:
            n_near = near_zeros.size / integral.m / len(s)
            found, max_nodes = order_choice.choose(integral, axes, s, self.epsrel, self.max_nodes, clock, n_near)
        else:
            orders = np.full((len(axes), integral.k), self.order)
            found, max_nodes = order_choice.judged(integral, axes, orders, s), self.max_nodes
        self.a_, self.orders_ = found.rules.maps, found.rules.orders
        self._make_rules()
        lower = total(self._lower_rules, s)
        value, smaller, larger = (part.cpu().numpy() for part in (found.value, lower, found.higher))
        self.error_ = rule_error(value, smaller, larger, N_DRAWN, order_choice.steps_to_lower(self.orders_))
        self._take_corner_zeros(zeros, near_zeros)
        self.details_ = {
            "orders": self.orders_.tolist(), "strengths": self.a_.tolist(), "max_nodes": max_nodes,
            **chosen, "cut_short": chosen["cut_short"] or max_nodes < self.max_nodes,
        }  # fmt: skip
        if integral.is_complex:
            self.details_["n_corner_zeros"] = len(zeros)
        return self

    @in_batches
    def integrate(self, s: np.ndarray) -> Estimate:
        """Compute the sums over the nodes; `n_eval` counts both rules."""
        points = self._tensor(self.integral_.check(s))
        return self._estimate(points, total(self._rules, points))

    def integrate_with_gradient(self, s: np.ndarray) -> tuple[Estimate, np.ndarray]:
        """Integrate, and give ∂I/∂s (n, m) too: the rule's own derivatives, without an error.

        `n_eval` is that of `integrate`: the derivatives are taken of the same evaluations.
        """
        points = self._tensor(self.integral_.check(s))
        with_gradient = self._term_rules.sums(fix=weighted_sum_with_gradient)
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
        on_host = TermRules(self.integral_, self.a_, self.orders_, "cpu")
        for term, (x, weights) in zip(self.integral_.terms, on_host.nodes(), strict=True):
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
        lower = total(self._lower_rules, points).cpu().numpy()
        n_nodes = np.prod(self.orders_, axis=1) + np.prod(rule_orders.lower(self.orders_), axis=1)
        s = points.cpu().numpy()
        found = finite(value.cpu().numpy(), s, self.integral_)
        error = self.error_(found, lower, self.integral_.to_unit(s))
        error = np.hypot(error, self._corner_zero_error(found, s))
        return Estimate(found, error, round(len(points) * n_nodes.mean()))

    def _check_fields(self) -> None:
        devices.check(self.name, self.device)
        for field in ("max_nodes", "order", "search_order", "n_contours"):
            value = getattr(self, field)
            if value is not None and not value >= 1:
                raise InputError(f"{self.name}.{field} is {value!r}; give at least 1.")
        check_strength(self.name, self.a)

    def _too_many_nodes(self, k: int) -> str | None:
        """Say that the order asked for needs too many nodes; None where it does not, or is left to be chosen."""
        largest = axis_choice.largest_order(MOST_NODES, k) - order_choice.HIGHER
        if self.order is None or self.order <= largest:
            return None
        return (
            f"order = {self.order} in k = {k} needs more than {MOST_NODES} nodes, with those that judge its error; "
            f"give an order up to {largest}"
        )

    def _choose_maps(
        self, corners: torch.Tensor, drawn: torch.Tensor, clock: Clock
    ) -> tuple[list[list[AxisErrors]], torch.Tensor, dict[str, Any]]:
        """Find what each map and order leaves; order the corners (n, m) by how hard they are, and say what was chosen.

        Maps are searched at some corners first, and again at the worst of all where those maps do not serve them.
        """
        terms, goal = self.integral_.terms, self.epsrel / rule_orders.MARGIN
        strengths = axis_errors.STRENGTHS if self.a is None else (float(self.a),)
        searched = torch.cat([corners[:N_SEARCHED], drawn[:N_SEARCHED]])
        n_searches = 1 if len(corners) <= N_SEARCHED else 2
        wanted = self.search_order or axis_choice.search_order(self.integral_.k)
        order = axis_choice.affordable_order(terms, searched, wanted, n_searches, clock.share(SEARCH_SHARE))
        axes = axis_choice.errors_by_order(terms, searched, order, goal, strengths)
        worst_first = box_corners.worst_first(terms, axes, corners, N_SEARCHED)
        if worst_first is not None:
            corners = worst_first
            searched = torch.cat([corners[:N_SEARCHED], drawn[:N_SEARCHED]])
            axes = axis_choice.errors_by_order(terms, searched, order, goal, strengths)
        return axes, corners, {"search_order": order, "cut_short": order < wanted}

    def _choose_arcs(
        self, corners: torch.Tensor, drawn: torch.Tensor, clock: Clock
    ) -> tuple[list[list[AxisErrors]], torch.Tensor, dict[str, Any]]:
        """Find a contour, and what each map and order leaves on it; the corners (n, m) stay in their order."""
        terms, k, s = self.integral_.terms, self.integral_.k, corners.cpu().numpy()
        complete = arc_search.n_contours(k)
        wanted = Effort(self.search_order or axis_choice.search_order(k), min(self.n_contours or complete, complete))
        searched = torch.cat([corners[:N_SEARCHED], drawn[:N_SEARCHED]])
        effort = arc_choice.affordable(terms, searched, s, wanted, clock, SEARCH_SHARE)
        contours, details = arc_choice.contours(terms, searched, s, effort)
        axes = arc_choice.errors_by_order(terms, contours, searched, effort)
        chosen = {"search_order": effort.order, "n_contours": effort.n_contours}
        return axes, corners, {**chosen, "cut_short": effort != wanted, **details}

    def _take_corner_zeros(self, planes: np.ndarray, s: np.ndarray) -> None:
        """Find the error near corner zeros of these planes, at points s (n_zeros, n_distances, n, m) near them."""

        def values(change: Callable[[np.ndarray], np.ndarray], points: np.ndarray) -> np.ndarray:
            return self._term_rules.values(self._tensor(points), change).cpu().numpy()

        found = corner_zero_error.measured_error(planes, s, self.orders_, values, self.error_.floor)
        self.corner_planes_, self.corner_errors_, self.corner_typical_ = found.planes, found.errors, found.typical_value
        self._corner_zero_error = found

    @property
    def _term_rules(self) -> TermRules:
        return TermRules(self.integral_, self.a_, self.orders_, self.device)

    def _make_rules(self) -> None:
        rules = self._term_rules
        self._rules, self._lower_rules = list(rules.sums()), list(rules.sums(rule_orders.lower))

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float64, device=self.device)

    def _state(self) -> dict[str, np.ndarray]:
        return {**super()._state(), term_order.ARRAY_NAME: term_order.term_values(self.integral_)}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        super()._restore({key: value for key, value in state.items() if key != term_order.ARRAY_NAME})
        if term_order.ARRAY_NAME in state:
            order = term_order.order_of_terms(state[term_order.ARRAY_NAME], self.integral_)
            self.a_, self.orders_ = self.a_[order], self.orders_[order]
        self.error_ = RuleError(*map(float, state["error_"]))
        typical_value = float(state.get("corner_typical_", 0.0))  # which older files do not have
        self._corner_zero_error = CornerZeroError(state["corner_planes_"], state["corner_errors_"], typical_value)
        self._make_rules()
