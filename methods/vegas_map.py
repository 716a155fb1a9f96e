"""The map of VEGAS, adapted once to a whole box of s and then frozen, under a randomly shifted rank-1 lattice.

    I(s) ≈ 1/S Σ_r 1/n Σ_j f(s, x(y_j)) Π_i x_i'(y_ji),    y_j = tent({j z/n + Δ_r})

The map is adapted to the root mean square over s of f(s, x)/I(s), which is large wherever any of the points needs
samples. All s then share nodes, so that each shift is one matrix product for all of them. VEGAS makes each axis linear
between edges; a monotone cubic through the same edges has no jumps in its slope, which a lattice wants. With 2,048
points and eight shifts, digits on box1l, box2l and pentagon1l_8d:

    linear, 1000 intervals as vegas has them by default    4.6   3.8   3.2
    the same after a tent                                  4.1   3.4   4.0
    linear, 100 intervals, after a tent                    5.8   3.3   4.8
    monotone cubic, 100 intervals, after a tent            6.3   3.4   5.1

notation: n = points of a lattice, S = shifts, z = generating vector, Δ_r = random shift, {·} = fractional part.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.core.batches import in_batches
from methods.core.budget import Clock
from methods.core.finite_values import finite
from methods.core.packages import reason_if_missing
from methods.quadrature import lattices
from methods.quadrature.transforms import tent

N_POINTS_OF_BOX = 24
"""Phase-space points that the map is adapted to together."""

N_INTERVALS = 100
"""Intervals of the map along an axis."""

N_WARM_UP, N_SAMPLES = 10, 20_000
"""Iterations that adapt the map, and integrand evaluations in each, for every one of these points."""


class _OutOfTime(Exception):
    """Raised within vegas before an iteration for which there is no time."""


class _Iterations:
    """Counts the iterations of vegas, and ends them where the clock leaves no time for another one.

    The first one is made in any case.
    """

    def __init__(self, clock: Clock) -> None:
        self.n, self._clock, self._left = 0, clock, clock.left

    def begin(self, itn: int, integrator: Any) -> None:
        """Raise _OutOfTime where an iteration as long as the last one would end too late."""
        left, before = self._clock.left, self._left
        if self.n and before - left > left:
            raise _OutOfTime
        self.n, self._left = self.n + 1, left

    def end(self, itn_result: Any, result: Any) -> None:
        """Leave the result of an iteration as it is."""


@dataclass(kw_only=True)
class VegasMap(Method):
    """A frozen VEGAS map under randomly shifted lattices.

    Parameters
    ----------
    points : int
        Points of a lattice, a power of two; the knob for accuracy.
    shifts : int
        Number of random shifts, at least two.
    seed : int
        Of the samples that adapt the map, and of the shifts.

    Notes
    -----
    The error is the standard deviation of the mean over the shifts. Adapting the map is all the preparation there is:
    a fixed number of samples, some tenths of a second for a single sector. A budget may leave fewer of its iterations:
    ``details_`` has their number, and whether the budget decided it.
    """

    name: ClassVar[str] = "vegas_map"
    source: ClassVar[str] = (
        "Lepage, J. Comput. Phys. 439 (2021) 110386; Cranley & Patterson, SIAM J. Numer. Anal. 13 (1976) 904"
    )
    version: ClassVar[int] = 2

    points: int = 2048
    shifts: int = 8
    seed: int = 0

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say that the package is missing, where it is."""
        return super().unsupported(integral) or reason_if_missing("vegas", "vegas")

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Adapt the map; raise InputError for a complex integral, without the package vegas, and for bad fields."""
        clock = Clock(budget)
        self._require_supported(integral)
        import vegas

        if self.points < 1 or self.points.bit_count() != 1:
            raise InputError(f"vegas_map.points is {self.points}; give a power of two.")
        if self.shifts < 2:
            raise InputError(f"vegas_map.shifts is {self.shifts}; give at least two, whose spread is the error.")
        integral.check_integrand()
        self.integral_ = integral
        adaptation, shifting = np.random.default_rng(self.seed).spawn(2)
        s = torch.as_tensor(integral.sample(N_POINTS_OF_BOX, seed=0))
        typical = integral.at_nodes(torch.as_tensor(adaptation.random((N_SAMPLES, integral.k))))(s).abs().mean(dim=1)

        @vegas.lbatchintegrand
        def size(x: np.ndarray) -> np.ndarray:
            f = integral.at_nodes(torch.as_tensor(np.array(x)))(s) / typical[:, None]
            return f.square().mean(dim=0).sqrt().numpy()

        integrator = vegas.Integrator(
            [[0, 1]] * integral.k, ran_array_generator=adaptation.random, maxinc_axis=N_INTERVALS
        )
        iterations, cut_short = _Iterations(clock), False
        try:
            integrator(size, nitn=N_WARM_UP, neval=N_SAMPLES, analyzer=iterations)
        except _OutOfTime:
            cut_short = True
        # An axis may have fewer intervals than another; what lies beyond its last edge is not used.
        self.edges_, self.n_intervals_ = np.array(integrator.map.grid), np.array(integrator.map.ninc)
        self.shifts_ = shifting.random((self.shifts, integral.k))
        self._make_rules()
        self.details_ = {"n_iterations": iterations.n, "cut_short": cut_short}
        return self

    @in_batches
    def integrate(self, s: np.ndarray) -> Estimate:
        """Compute the means over the shifts, and the standard deviations of these means."""
        s = self.integral_.check(s)
        points = torch.as_tensor(s)
        value = np.stack([rule(points).numpy() for rule in self._rules])
        error = value.std(axis=0, ddof=1) / math.sqrt(self.shifts)
        return Estimate(finite(value.mean(axis=0), s, self.integral_), error, len(s) * self.shifts * self.points)

    def _make_rules(self) -> None:
        """Fix the nodes of all shifts."""
        lattice = lattices.points(lattices.generating_vector(self.points, self.integral_.k), self.points)
        self._rules = []
        for shift in self.shifts_:
            x, slopes = self._mapped(tent((lattice + shift) % 1.0, 0)[0])
            self._rules.append(self.integral_.weighted_sum(torch.as_tensor(x), torch.as_tensor(slopes / self.points)))

    def _mapped(self, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Map y (n, k) to x (n, k) and the product of its slopes (n,)."""
        from scipy.interpolate import PchipInterpolator

        x, slopes = np.empty_like(y), np.ones(len(y))
        for i, (edges, n) in enumerate(zip(self.edges_, self.n_intervals_, strict=True)):
            axis = PchipInterpolator(np.linspace(0, 1, n + 1), edges[: n + 1])
            x[:, i] = axis(y[:, i])
            slopes *= axis(y[:, i], 1)
        return x, slopes

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        super()._restore(state)
        self._make_rules()
