"""One replica of `neural_primitive`, and its training in two stages.

    g(s, t) ≈ 1 + Σ_r c_r neuron_r(u, t) + Σ_j c'_j T_j(u)

The first sum is fitted exactly to values of g at a few points per neuron. What it leaves is small but rough; the second
sum fits its mean over t, which is all that I needs, on any number of new points.

notation: g, u, t, T_j as in `triangular_map`; F = number of neurons.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Collection, Sequence
from typing import ClassVar, NamedTuple, Protocol

import torch

from methods.base import ParametricIntegral
from methods.core.budget import Clock
from methods.primitives import chebyshev_series
from methods.primitives.least_squares import LeastSquares
from methods.primitives.sine_network import Network
from methods.primitives.triangular_map import Coordinates, TriangularMap

CHUNK = 2**13
"""Points added to a fit at once, and per update of the second stage."""

PILOT = 2**10
"""Points of the first stage by which the time for all of them is estimated beforehand."""

MAX_SERIES = 3000
"""Coefficients of the Chebyshev series of a corner sum."""

SERIES_ERROR = 1e-8
"""Relative to I, roughly: the largest error wanted of that series."""

SERIES_POINTS = 4
"""Points per coefficient that it is fitted to; others tell its error."""

SERIES_SHARE = 0.5
"""Share of the time left that the series of the next degree may take."""


@dataclasses.dataclass
class Stages:
    """A trained replica; tensors are float64.

    Attributes
    ----------
    network : Network
        Neurons with random frequencies.
    c : tensor (F,)
        Their weights.
    second : tensor (n_coefficients,)
        c', of `chebyshev_series.products(u, degree)`.
    degree : int
        Total degree of the second stage.
    """

    network: Network
    c: torch.Tensor
    second: torch.Tensor
    degree: int

    def g(self, u: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Estimate g at u (n, m), t (n, k) by the replica's mixed derivative over w h: (n,)."""
        return 1 + self.network.neurons(u, t) @ self.c + self.second @ chebyshev_series.products(u, self.degree)

    def corner_sum(self, u: torch.Tensor, powers: torch.Tensor) -> torch.Tensor:
        """Return the corner sum over h at u (n, m), for a weight with powers p (k,): (n,)."""
        of_neurons = self.network.corner_sums(u, powers) @ self.c
        return 1 + of_neurons + self.second @ chebyshev_series.products(u, self.degree)

    def partial(
        self, u: torch.Tensor, powers: torch.Tensor,
        t: torch.Tensor, given: Collection[int], i: int, points: torch.Tensor,
    ) -> torch.Tensor:  # fmt: skip
        """Return the derivative over h in some variables, the others integrated, as `Network.partial` does: (n, q)."""
        flat = 1 + self.second @ chebyshev_series.products(u, self.degree)
        for j in set(given) - {i}:
            flat = flat * (powers[j] + 1) * t[:, j] ** powers[j]
        along = (powers[i] + 1) * points ** powers[i] if i in given else points ** (powers[i] + 1)
        return self.network.partial(self.c, u, powers, t, given, i, points) + flat[:, None] * along


class Trainable(Protocol):
    """Fields and attributes of a method that training reads; `neural_primitive` explains each."""

    network: ClassVar[type[Network]]
    points_per_neuron: int
    omega: float
    nu: float
    seed: int
    device: str
    integral_: ParametricIntegral
    map_: TriangularMap
    coordinates: Coordinates
    width_: int
    degree_: int
    _dtype: torch.dtype


class Training:
    """A replica in training.

    Parameters
    ----------
    method : Trainable
        Gives the map and all settings.
    index : int
        Of the replica.

    Attributes
    ----------
    stages : Stages
        The replica; its second stage is empty until there is an update.
    spread : float
        Standard deviation of g about 1.
    """

    def __init__(self, method: Trainable, index: int) -> None:
        self._method, integral = method, method.integral_
        k, m, device = integral.k, integral.m, method.device
        seed = 1000 * method.seed + 2 * index
        # What is evaluated must be exactly what the second stage sees in less precision: else digits are lost (5.6 to
        # 5.1 on box1l).
        dtype = method._dtype
        network = _network(method, method.width_, seed).to(dtype).to(torch.float64)
        self._points = torch.quasirandom.SobolEngine(k + m, scramble=True, seed=seed + 1)
        self._stage_two = LeastSquares(chebyshev_series.count(m, method.degree_), device)
        self._squares = 0.0
        c, self.spread = self._stage_one(network)
        c = c.to(dtype).to(torch.float64)
        self.stages = Stages(network, c, torch.zeros(self._stage_two.n_unknowns).to(c), method.degree_)
        self._quick, self._quick_c = network.to(dtype), c.to(dtype)

    def _stage_one(self, network: Network) -> tuple[torch.Tensor, float]:
        n_points, squares = self._method.points_per_neuron * self._method.width_, 0.0
        fit = LeastSquares(self._method.width_, self._method.device)
        while fit.n_points < n_points:
            u, t, g = self._draw(min(CHUNK, n_points - fit.n_points))
            fit.add(network.neurons(u, t), g - 1)
            squares += float((g - 1).square().sum())
        return fit.solve(), math.sqrt(squares / n_points)

    def update(self) -> None:
        """Give the second stage more points."""
        u, t, g = self._draw(CHUNK)
        dtype = self._method._dtype
        left = g - 1 - (self._quick.neurons(u.to(dtype), t.to(dtype)) @ self._quick_c).double()
        self._stage_two.add(chebyshev_series.products(u, self._method.degree_).T, left)
        self._squares += float(left.square().sum())

    def solve(self) -> Stages:
        """Return the replica with the second stage so far."""
        self.stages.second = self._stage_two.solve()
        return self.stages

    @property
    def residual(self) -> float:
        """Standard deviation of what the first stage leaves of g, at the points of the second."""
        return math.sqrt(self._squares / self._stage_two.n_points)

    def _draw(self, n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return u, t and g at new points."""
        return _drawn(self._method, self._points, n)


def seconds_of_stage_one(method: Trainable, width: int) -> float:
    """Return about how many seconds the first fit of a replica takes at a width, by making a part of it."""
    start = time.perf_counter()
    points = torch.quasirandom.SobolEngine(method.integral_.k + method.integral_.m, scramble=True, seed=0)
    u, t, g = _drawn(method, points, PILOT)
    neurons = _network(method, width, 0).neurons(u, t)
    fit = LeastSquares(width, method.device)
    fit.add(neurons, g - 1)
    float(neurons[0, 0])  # waits for the device
    return (time.perf_counter() - start) * method.points_per_neuron * width / PILOT


def _network(method: Trainable, width: int, seed: int) -> Network:
    k, m = method.integral_.k, method.integral_.m
    # Drawn on the CPU, so that a seed means the same on every device.
    generator = torch.Generator().manual_seed(seed)
    return method.network.draw(k, m, width, method.omega / k, method.nu / k, generator, method.device)


def _drawn(
    method: Trainable, points: torch.quasirandom.SobolEngine, n: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return u (n, m), t (n, k) and g (n,) at the next n points."""
    k = method.integral_.k
    unit = points.draw(n, dtype=torch.float64).to(method.device)
    u, t = chebyshev_series.draw(unit[:, k:]), method.map_.draw(unit[:, :k])
    return u, t, method.map_.target(method.integral_, method.coordinates.s(u), u, t)


class Expansion(NamedTuple):
    """The Chebyshev series of a replica's corner sum over h, but for the second stage."""

    series: torch.Tensor
    """(n_coefficients,)"""
    degree: int
    error: float
    """The largest one on points that it was not fitted to."""
    cut_short: bool
    """Whether the clock ended the search for a degree that reaches SERIES_ERROR."""


def expand(replicas: Sequence[Stages], powers: torch.Tensor, clock: Clock) -> list[Expansion]:
    """Return the Chebyshev series of the neurons' corner sum for each replica.

    The corner sum is an entire function of u, so that the series converges faster than any power; its degree is the
    lowest that reaches SERIES_ERROR, or the largest with at most MAX_SERIES coefficients, or for which there is time.
    """
    first = replicas[0]
    m, degree, device = first.network.nu.shape[0], first.degree, first.c.device
    found: dict[int, Expansion] = {}
    while True:
        before = clock.left
        size = chebyshev_series.count(m, degree)
        sobol = torch.quasirandom.SobolEngine(m, scramble=True, seed=0)
        unit = sobol.draw((SERIES_POINTS + 1) * size, dtype=torch.float64).to(device)
        u, fitted = chebyshev_series.draw(unit), slice(0, SERIES_POINTS * size)
        # At the same points for all replicas that need this degree, so that the normal matrix is made once.
        open_ = [i for i in range(len(replicas)) if i not in found]
        values = torch.stack([_corner_sums(replicas[i], u, powers) for i in open_], dim=1)
        basis = chebyshev_series.products(u, degree).T
        fit = LeastSquares(size, device)
        fit.add(basis[fitted], values[fitted])
        series = fit.solve()
        errors = (basis @ series - values)[fitted.stop :].abs().amax(dim=0).tolist()
        next_size = chebyshev_series.count(m, degree + 1)
        next_s = (before - clock.left) * (next_size / size) ** 3
        cut_short = next_size <= MAX_SERIES and next_s > SERIES_SHARE * clock.left
        for i, of_replica, error in zip(open_, series.T, errors, strict=True):
            if error < SERIES_ERROR:
                found[i] = Expansion(of_replica, degree, error, False)
            elif next_size > MAX_SERIES or cut_short:
                found[i] = Expansion(of_replica, degree, error, cut_short)
        if len(found) == len(replicas):
            return [found[i] for i in range(len(replicas))]
        degree += 1


def _corner_sums(replica: Stages, u: torch.Tensor, powers: torch.Tensor) -> torch.Tensor:
    """Return the corner sum over h of the neurons alone, less 1, at u (n, m): (n,)."""
    return torch.cat([replica.network.corner_sums(part, powers) @ replica.c for part in u.split(CHUNK)])
