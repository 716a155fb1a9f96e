"""Tensor Gauss–Legendre quadrature after an exponential map: what an expert tries first.

    I(s) ≈ Σ_j w_j f(s, x_j),    x = (e^{a t} − 1)/(e^a − 1),    t the Gauss–Legendre nodes on [0, 1]

The map crowds the nodes where sector-decomposed integrands peak, at x → 0. Nodes and weights serve every s, so many
integrals are one matrix product (`methods/core/node_sums.py`). Measured on box1l: 8³ nodes give 9.4 digits with a = 3,
and 6.8 with a = 2; without the map 16³ nodes give 6.5.

notation: n = order, nodes per Feynman parameter.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch

from methods.base import Estimate, Method, ParametricIntegral
from methods.core.budget import Clock
from methods.quadrature.node_gradients import weighted_sum_with_gradient
from methods.quadrature.transforms import exponential

MAPS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 2.75, 3.0, 3.25, 3.5, 4.0, 5.0)
"""Candidates for a. On box1l and box2l a step of 0.5 around the best costs up to one digit, one of 0.25 little."""

MOST_NODES = 2_000_000
"""Largest rule that `fit` compares with, at order 4: k = 10, and 80 MB of nodes."""

MAP_SHARE = 1 / 3
"""Share of the budget that the choice of the map may take: as many maps at lower order where it would take more."""

ROUNDING = 2e-16
"""Relative to |I|, and to its typical size, where the sum over the nodes cancels."""

LOWER = 4
"""The rule that estimates the error has this many nodes less per axis: an eighth of the work at order 8 on box1l. With
it 87-98 % of the errors on box1l and box2l at orders 4 to 8 lie within one and 98-100 % within three standard
deviations; with 3 nodes less it is 94-99 % and 99-100 %, since that overstates the error more."""


@dataclass(kw_only=True)
class GaussLegendre(Method):
    """Tensor Gauss–Legendre rule after an exponential map, batched over s.

    Parameters
    ----------
    epsrel : float
        Relative error wanted, root mean square over the box; the order is the smallest that reaches it.
    max_nodes : int
        Largest number of nodes of a rule; it wins over `epsrel`.
    order : int, optional
        Nodes per Feynman parameter; None chooses it by comparing orders.
    a : float, optional
        Strength of the map; None chooses it by comparing orders.
    device : str
        Where to compute, as torch names it.

    Notes
    -----
    The error is the difference to a rule of lower order, times the ratio of error to difference found in `fit` by
    comparison with a rule of higher order. As the difference may vanish by chance, the typical (median) relative error
    found there is added in quadrature.

    Within a budget the order is the one whose comparison still fits; ``details_["cut_short"]`` tells whether that
    decided, rather than `epsrel` or `max_nodes`. `order` and `a` from there repeat the result without a budget.
    """

    name: ClassVar[str] = "gauss_legendre"
    source: ClassVar[str] = "Gauss (1814); textbook"

    epsrel: float = 1e-8
    max_nodes: int = 20_000
    order: int | None = None
    a: float | None = None
    device: str = "cpu"

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Return why a tensor rule is out of reach: orders 2 and, to judge it, 4 have too many nodes."""
        if 2**integral.k <= self.max_nodes and 4**integral.k <= MOST_NODES:
            return None
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
        """Choose the map, the order and the factor of the error estimate on a few dozen points."""
        clock = Clock(budget)
        self.integral_ = integral
        corners = list(itertools.islice(itertools.product(*zip(integral.low, integral.high, strict=True)), 16))
        s = self._tensor(np.concatenate([integral.sample(32, seed=0), corners]))
        self.a_ = self._choose_a(s, clock) if self.a is None else self.a

        @functools.cache
        def value_at(order: int) -> torch.Tensor:
            return self._rule(order, self.a_)(s)

        self.order_, cut_short = self._choose_order(value_at, clock) if self.order is None else (self.order, False)
        value, higher = value_at(self.order_), value_at(self.order_ + 2)
        self._make_rules()
        error, typical = (value - higher).abs(), float(value.abs().mean())
        self.typical_value_ = typical
        self.typical_error_ = float((error / value.abs().clamp_min(1e-300)).median())
        difference = (value - self._lower(s)).abs().clamp_min(ROUNDING * typical + 1e-300)
        self.error_ratio_ = float((error / difference).square().mean().sqrt())
        self.details_ = {"order": self.order_, "a": self.a_, "cut_short": cut_short}
        return self

    def integrate(self, s: np.ndarray) -> Estimate:
        """Return the sums over the nodes; `n_eval` counts both rules."""
        points = self._tensor(self.integral_.check(s))
        return self._estimate(points, self._value(points))

    def integrate_with_gradient(self, s: np.ndarray) -> tuple[Estimate, np.ndarray]:
        """Integrate, and give ∂I/∂s (n, m) too: the rule's own derivatives, without an error.

        `n_eval` is that of `integrate`: the derivatives are taken of the same evaluations.
        """
        points = self._tensor(self.integral_.check(s))
        value, gradient = self._rule(self.order_, self.a_, weighted_sum_with_gradient)(points)
        return self._estimate(points, value), gradient.cpu().numpy()

    def _estimate(self, points: torch.Tensor, value: torch.Tensor) -> Estimate:
        scaled = self.error_ratio_ * (value - self._lower(points))
        floor = self.typical_error_ * value.abs() + ROUNDING * (value.abs() + self.typical_value_)
        error = torch.hypot(scaled, floor)
        n_eval = len(points) * (self.order_**self.integral_.k + self._lower_order() ** self.integral_.k)
        return Estimate(value.cpu().numpy(), error.cpu().numpy(), n_eval)

    def _choose_a(self, s: torch.Tensor, clock: Clock) -> float:
        """Return the map whose rules of neighbouring orders differ least, at an order that is cheap."""

        def difference(order: int, a: float) -> float:
            return _difference(self._rule(order, a)(s), self._rule(order + 2, a)(s))

        order = max(2, min(6, int(100_000 ** (1 / self.integral_.k)) - 2))
        if budget := clock.share(MAP_SHARE).budget:
            difference(2, 0.0)  # the first evaluation of an integrand compiles its formula
            before = clock.left
            difference(2, 0.0)
            seconds_per_node = (before - clock.left) / self._nodes_of_comparison(2)
            while order > 2 and len(MAPS) * seconds_per_node * self._nodes_of_comparison(order) > budget:
                order -= 1
        return min(MAPS, key=lambda a: difference(order, a))

    def _choose_order(self, value_at: Callable[[int], torch.Tensor], clock: Clock) -> tuple[int, bool]:
        """Return the smallest order whose difference to a higher one is below `epsrel`, or the largest allowed.

        Also tell whether the clock ended the search.
        """
        order = 2
        while (order + 1) ** self.integral_.k <= self.max_nodes:
            before = clock.left
            if _difference(value_at(order), value_at(order + 2)) <= self.epsrel:
                return order, False
            # Of the rules compared, the higher one is new; and in the end the lower one is made once more.
            seconds_per_node = (before - clock.left) / (order + 2) ** self.integral_.k
            if seconds_per_node * self._nodes_of_comparison(order + 1) > clock.left:
                return order, True
            order += 1
        return order, False

    def _nodes_of_comparison(self, order: int) -> int:
        return order**self.integral_.k + (order + 2) ** self.integral_.k

    def _lower_order(self) -> int:
        return max(1, self.order_ - LOWER)

    def _make_rules(self) -> None:
        self._value = self._rule(self.order_, self.a_)
        self._lower = self._rule(self._lower_order(), self.a_)

    def _rule(self, order: int, a: float, fix: Callable = ParametricIntegral.weighted_sum) -> Callable:
        """Return s -> Σ_j w_j f(s, x_j) for the tensor rule of `order` nodes per axis, as `fix` makes it."""
        nodes, weights = np.polynomial.legendre.leggauss(order)
        x, dx_dt = exponential((nodes + 1) / 2, a)
        k = self.integral_.k
        axes, factors = self._tensor(x), self._tensor(weights / 2 * dx_dt)
        tensor_nodes = torch.cartesian_prod(*[axes] * k).reshape(-1, k)
        tensor_weights = torch.cartesian_prod(*[factors] * k).reshape(-1, k).prod(dim=1)
        return fix(self.integral_, tensor_nodes, tensor_weights)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float64, device=self.device)

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        super()._restore(state)
        self._make_rules()


def _difference(value: torch.Tensor, reference: torch.Tensor) -> float:
    """Return the root mean square relative difference; points where I nearly vanishes count by the typical |I|."""
    scale = reference.abs().clamp_min(0.01 * float(reference.abs().mean()))
    return float(((value - reference) / scale).square().mean().sqrt())
