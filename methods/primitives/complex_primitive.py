"""Primitives of a complex integral on a learned contour, and the Chebyshev series of their corner sums.

    g(s, t) ≈ 1 + Σ_r c_r sin(Σ_i ω_ri (2t_i − 1) + ν_r·u + b_r) + Σ_j c'_j T_j(u),    c_r and c'_j complex

with g of `contour_target.py`: sines and a second stage as in `neural_primitive`, where real and imaginary part have the
same frequencies, so that one normal matrix serves both. I(s) is h(u) times the corner sum, the integral of the
right-hand side over t with weight w(t), in closed form for each sine. Replicas differ by their frequencies and points;
they have the contour and h in common. Their series are cut at the degree up to which they agree
(`series_cut.py`); with a low degree of the second stage they would agree on what it cannot follow.

Digits, mean and worst, after 30 s of processor time, the contour's included: box1l_physical 3.6 and 3.0,
box1l_hh 3.9 and 3.2.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core import thresholds
from methods.core.arithmetic import Arithmetic
from methods.core.budget import Clock
from methods.primitives import chebyshev_series, contour_target, series_cut
from methods.primitives.contour_coordinates import ContourCoordinates
from methods.primitives.contour_target import ContourTarget
from methods.primitives.least_squares import LeastSquares
from methods.primitives.sine_network import Sines

CHUNK, PILOT = 2**13, 2**10
"""Points added to a fit at once, and by which the time of the first stage is estimated beforehand."""

EVALUATED = 2**9
"""Phase-space points evaluated at once, so that all of it stays in second-level cache."""

STAGE_ONE_SHARE = 0.35
"""Share of the time left after the contour that the sines may take; where they would take more, there are fewer."""

LEAST_WIDTH = 50
"""Smallest width, however short the time."""

UPDATES_WITHOUT_BUDGET = 64

MAX_SECOND, MAX_DEGREE = 500, 14
"""Coefficients of the second stage, and its degree, at most. On box1l_hh degree 8 stops at 4.1 digits."""

MAX_SERIES, SERIES_POINTS, SERIES_ERROR = 3000, 4, 1e-7
"""Coefficients of a corner sum's series, at most; points per coefficient that they are fitted to; and the error wanted,
at other points, by which their degree is chosen."""


class Trainable(Protocol):
    """Fields of a method that training reads; `neural_primitive` explains each."""

    width: int | None
    points_per_neuron: int
    omega: float
    nu: float
    n_updates: int | None
    n_replicas: int
    seed: int
    device: str


class ComplexSeries:
    """I(s) by each replica: (1 + series) times exp(log h).

    Parameters
    ----------
    integral : ParametricIntegral
        The integral.
    of_thresholds : dict
        Its thresholds by parameter.
    series : tensor (count, 2 n_replicas + 2)
        Coefficients of `chebyshev_series.products(u, degree)`: real and imaginary part of each replica's corner sum,
        less 1, and of log h.
    """

    def __init__(
        self, integral: ParametricIntegral, of_thresholds: Mapping[str, float], series: torch.Tensor, device: str
    ) -> None:
        self._thresholds, self._series, self._parameters = dict(of_thresholds), series, integral.parameters
        self._coordinates = ContourCoordinates(integral, self._thresholds, device)
        self._degree = _degree_of(len(series), integral.m)

    def values(self, s: torch.Tensor) -> torch.Tensor:
        """Compute I (n_replicas, n) at s (n, m), complex128."""
        return torch.cat([self._values(part) for part in s.split(EVALUATED)], dim=1)

    def _values(self, s: torch.Tensor) -> torch.Tensor:
        sums = self._series.T @ chebyshev_series.products(self._coordinates.u(s), self._degree)
        *of_replicas, log_size, phase = sums
        h = torch.polar(torch.exp(log_size), phase)
        return torch.complex(1 + torch.stack(of_replicas[::2]), torch.stack(of_replicas[1::2])) * h

    def steps(self, error_factor: float) -> Arithmetic:
        """List the steps of the mean of the replicas, and of their standard deviation times a factor: they share h."""
        arithmetic, n = Arithmetic(len(self._parameters)), (self._series.shape[1] - 2) // 2
        alpha = np.array(chebyshev_series.terms(len(self._parameters), self._degree))
        u = self._coordinates.steps(arithmetic, arithmetic.s)
        sums = arithmetic.polynomial(u, alpha, self._series.cpu().numpy())
        size, phase = arithmetic.apply("exp", arithmetic.take(sums, [2 * n])), arithmetic.take(sums, [2 * n + 1])
        members = arithmetic.take(sums, range(2 * n))
        mean = arithmetic.affine(members, np.kron(np.full((1, n), 1 / n), np.eye(2)), [1.0, 0.0])
        turned = arithmetic.scale(arithmetic.take(mean, [1, 0]), [-1.0, 1.0])  # i times the mean
        parts = (
            arithmetic.multiply(mean, arithmetic.apply("cos", phase)),
            arithmetic.multiply(turned, arithmetic.apply("sin", phase)),
        )
        arithmetic.outputs["value"] = arithmetic.multiply(arithmetic.add(*parts), size)
        if n > 1:
            deviations = arithmetic.affine(members, np.kron(np.eye(n) - 1 / n, np.eye(2)))
            weights = np.full((1, 2 * n), error_factor**2 / (n - 1))
            spread = arithmetic.apply("sqrt", arithmetic.affine(arithmetic.apply("square", deviations), weights))
            arithmetic.outputs["error"] = arithmetic.multiply(spread, size)
        return arithmetic

    def state(self) -> dict[str, np.ndarray]:
        """Give what `of_state` takes."""
        found = [self._thresholds.get(name, 0.0) for name in self._parameters]
        return {"series": self._series.cpu().numpy(), "thresholds": np.array(found)}

    @classmethod
    def of_state(cls, state: Mapping[str, np.ndarray], integral: ParametricIntegral, device: str) -> ComplexSeries:
        """Make it of what `state` gave."""
        found = {name: t for name, t in zip(integral.parameters, state["thresholds"].tolist(), strict=True) if t}
        return cls(integral, found, torch.as_tensor(state["series"], device=device), device)


class Trained(NamedTuple):
    """Series after so many updates of the second stage, and what to say about them."""

    series: ComplexSeries
    n_updates: int
    width: int
    details: dict[str, object]


def reason_against(integral: ParametricIntegral) -> str | None:
    """Say why a complex integral has no primitive on a single contour, in a sentence; None where it has one."""
    if reason := thresholds.reason_if_unknown(integral):
        return reason
    if len(integral.terms) > 1:
        return f"it is complex and a sum of {len(integral.terms)} terms, which have no contour in common"
    for name, threshold in thresholds.thresholds(integral).items():
        j = integral.parameters.index(name)
        if integral.low[j] < threshold < integral.high[j]:
            return f"its box lies on both sides of the threshold {name} = {threshold:g}; give one of either side"
    return None


def train(
    method: Trainable, integral: ParametricIntegral, default_width: int, clock: Clock, look: Callable[[Trained], None]
) -> Trained:
    """Fit the contour, each replica's sines, then the second stage until the clock or `n_updates` ends that.

    Parameters
    ----------
    method : Trainable
        Gives the hyperparameters.
    integral : ParametricIntegral
        A complex integral that `reason_against` says nothing against.
    default_width : int
        Neurons where the method's field does not say it; fewer where the clock does not allow so many.
    clock : Clock
        Of the budget.
    look : callable
        Called with the state of the training, each time the updates have doubled.
    """
    found = thresholds.thresholds(integral)
    coordinates = ContourCoordinates(integral, found, method.device)
    target, cut_short = contour_target.find(integral, coordinates, method.seed, method.device, clock)
    width = method.width or _affordable_width(method, target, default_width, clock.share(STAGE_ONE_SHARE))
    degree = max(d for d in range(MAX_DEGREE + 1) if d < 2 or chebyshev_series.count(integral.m, d) <= MAX_SECOND)
    replicas = [_Replica(method, target, width, degree, index) for index in range(method.n_replicas)]
    expanded = _expand(replicas, integral.m, degree)
    limit = method.n_updates or (sys.maxsize if clock.is_limited else UPDATES_WITHOUT_BUDGET)

    def trained(n_updates: int) -> Trained:
        series, degree = _joined(replicas, expanded, target)
        details = {
            "series_degree": degree,
            "order_of_map": list(target.contour.order),
            "spread_after_map": replicas[0].spread,
            "spread_after_neurons": max(replica.residual for replica in replicas),
            "thresholds": found,
            "cut_short": cut_short,
        }
        return Trained(ComplexSeries(integral, found, series, method.device), n_updates, width, details)

    done, longest = 0, 0.0
    while done < limit and (done == 0 or clock.left > 2 * longest):
        left = clock.left
        for replica in replicas:
            replica.update()
        done += 1
        longest = max(longest, left - clock.left)
        if done & (done - 1) == 0:
            look(trained(done))
    return trained(done)


class _Replica:
    """A primitive in training."""

    def __init__(self, method: Trainable, target: ContourTarget, width: int, degree: int, index: int) -> None:
        k, m = target.integral.k, target.integral.m
        seed = 1000 * method.seed + 2 * index
        generator = torch.Generator().manual_seed(seed)
        self._target, self._degree = target, degree
        self._points = torch.quasirandom.SobolEngine(k + m, scramble=True, seed=seed + 1)
        self.network = Sines.draw(k, m, width, method.omega / k, method.nu / k, generator, method.device)
        self._second = LeastSquares(chebyshev_series.count(m, degree), method.device)
        self._squares, squares, n_points = 0.0, 0.0, method.points_per_neuron * width
        fit = LeastSquares(width, method.device)
        while fit.n_points < n_points:
            u, t, g = self._draw(min(CHUNK, n_points - fit.n_points))
            fit.add(self.network.neurons(u, t), g)
            squares += float(g.square().sum())
        self.c = fit.solve()
        self.spread = math.sqrt(squares / n_points)

    def update(self) -> None:
        """Give the second stage more points."""
        u, t, g = self._draw(CHUNK)
        left = g - self.network.neurons(u, t) @ self.c
        self._second.add(chebyshev_series.products(u, self._degree).T, left)
        self._squares += float(left.square().sum())

    def second(self) -> torch.Tensor:
        """Return c' so far: (count, 2)."""
        return self._second.solve()

    @property
    def residual(self) -> float:
        """Standard deviation of what the sines leave of g, at the points of the second stage."""
        return math.sqrt(self._squares / max(1, self._second.n_points))

    def corner_sums(self, u: torch.Tensor) -> torch.Tensor:
        """Return real and imaginary part of the sines' corner sum at u (n, m): (n, 2)."""
        waves = self._target.waves(self.network.omega)
        return self.network.sums(u, waves[:, None] * self.c)

    def _draw(self, n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return u, t, and real and imaginary part of g − 1 (n, 2) at new points."""
        return _drawn(self._target, self._points, n)


def _drawn(
    target: ContourTarget, points: torch.quasirandom.SobolEngine, n: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    k = target.integral.k
    unit = points.draw(n, dtype=torch.float64).to(target.log_h.device)
    u, t = chebyshev_series.draw(unit[:, k:]), target.draw(unit[:, :k])
    g = target.g(u, t)
    return u, t, torch.stack([g.real - 1, g.imag], dim=1)


def _affordable_width(method: Trainable, target: ContourTarget, width: int, clock: Clock) -> int:
    """Return the width, or what the clock allows: the first stage costs about width³."""
    if clock.budget is None:
        return width
    start = time.perf_counter()
    k, m = target.integral.k, target.integral.m
    u, t, g = _drawn(target, torch.quasirandom.SobolEngine(k + m, scramble=True, seed=0), PILOT)
    network = Sines.draw(k, m, width, method.omega / k, method.nu / k, torch.Generator().manual_seed(0), method.device)
    LeastSquares(width, method.device).add(network.neurons(u, t), g)
    seconds = (time.perf_counter() - start) * method.n_replicas * method.points_per_neuron * width / PILOT
    return max(LEAST_WIDTH, round(width * min(1.0, clock.budget / seconds) ** (1 / 3)))


def _expand(replicas: Sequence[_Replica], m: int, degree: int) -> torch.Tensor:
    """Return Chebyshev series (count, 2 n_replicas) of the sines' corner sums, of at least this degree."""
    while True:
        size = chebyshev_series.count(m, degree)
        sobol = torch.quasirandom.SobolEngine(m, scramble=True, seed=0)
        u = chebyshev_series.draw(sobol.draw((SERIES_POINTS + 1) * size, dtype=torch.float64)).to(replicas[0].c.device)
        values = torch.cat([replica.corner_sums(u) for replica in replicas], dim=1)
        basis, fitted = chebyshev_series.products(u, degree).T, slice(0, SERIES_POINTS * size)
        fit = LeastSquares(size, u.device)
        fit.add(basis[fitted], values[fitted])
        series = fit.solve()
        error = float((basis @ series - values)[fitted.stop :].abs().max())
        if error < SERIES_ERROR or chebyshev_series.count(m, degree + 1) > MAX_SERIES:
            return series
        degree += 1


def _degree_of(count: int, m: int) -> int:
    """Return the degree of a series in m variables with so many coefficients."""
    return next(degree for degree in range(count + 1) if chebyshev_series.count(m, degree) >= count)


def _joined(replicas: Sequence[_Replica], expanded: torch.Tensor, target: ContourTarget) -> tuple[torch.Tensor, int]:
    """Return the series of `ComplexSeries`, sines and second stages together, and log h; and their degree."""
    both = expanded.clone()
    for i, replica in enumerate(replicas):
        second = replica.second()
        both[: len(second), 2 * i : 2 * i + 2] += second
    m, n_norm = target.integral.m, len(target.log_h)
    degree = series_cut.best_degree(
        torch.complex(both[:, ::2], both[:, 1::2]), m, contour_target.norm_degree(m), _degree_of(len(both), m)
    )
    series = torch.nn.functional.pad(both[: chebyshev_series.count(m, degree)], (0, 2))
    series[:n_norm, -2:] = torch.view_as_real(target.log_h)
    return series, degree
