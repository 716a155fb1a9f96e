"""One replica of `neural_primitive`, and its training in two stages.

    g(s, t) ≈ 1 + Σ_r c_r neuron_r(u, t) + Σ_j c'_j T_j(u)

The first sum is fitted exactly to values of g at a few points per neuron. What it leaves is small but rough; the second
sum fits its mean over t, which is all that I needs, on any number of new points.

notation: g, u, t, T_j as in `triangular_map`; F = number of neurons.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar, Protocol

import torch

from methods import chebyshev_series
from methods.base import ParametricIntegral
from methods.least_squares import LeastSquares
from methods.sine_network import Network
from methods.triangular_map import Coordinates, TriangularMap

CHUNK = 2**13
"""Points added to a fit at once, and per update of the second stage."""

MAX_SERIES = 3000
"""Coefficients of the Chebyshev series of a corner sum."""

SERIES_ERROR = 1e-8
"""Relative to I, roughly: the largest error wanted of that series."""

SERIES_POINTS = 4
"""Points per coefficient that it is fitted to; others tell its error."""


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
        """Return what the replica has for g at u (n, m), t (n, k): its mixed derivative over w h, (n,)."""
        return 1 + self.network.neurons(u, t) @ self.c + self.second @ chebyshev_series.products(u, self.degree)

    def corner_sum(self, u: torch.Tensor, powers: torch.Tensor) -> torch.Tensor:
        """Return the corner sum over h at u (n, m), for a weight with powers p (k,): (n,)."""
        of_neurons = self.network.corner_sums(u, powers) @ self.c
        return 1 + of_neurons + self.second @ chebyshev_series.products(u, self.degree)


class Trainable(Protocol):
    """What a training reads of its method: see the parameters and attributes of `NeuralPrimitive`."""

    network: ClassVar[type[Network]]
    points_per_neuron: int
    omega: float
    nu: float
    seed: int
    device: str
    width_: int
    degree_: int
    integral_: ParametricIntegral
    coordinates: Coordinates
    map_: TriangularMap
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
        # Drawn on the CPU, so that a seed means the same on every device.
        generator = torch.Generator().manual_seed(seed)
        # What is evaluated must be exactly what the second stage sees in less precision: else digits are lost (5.6 to
        # 5.1 on box1l).
        dtype = method._dtype
        network = method.network.draw(k, m, method.width_, method.omega / k, method.nu / k, generator, device)
        network = network.to(dtype).to(torch.float64)
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
        method, k = self._method, self._method.integral_.k
        unit = self._points.draw(n, dtype=torch.float64).to(method.device)
        u, t = chebyshev_series.draw(unit[:, k:]), method.map_.draw(unit[:, :k])
        return u, t, method.map_.target(method.integral_, method.coordinates.s(u), u, t)


def expand(stages: Stages, powers: torch.Tensor) -> tuple[torch.Tensor, int, float]:
    """Return the Chebyshev series of the neurons' corner sum, its degree, and its largest error on other points.

    The corner sum is an entire function of u, so that the series converges faster than any power; its degree is the
    lowest that reaches SERIES_ERROR, or the largest with at most MAX_SERIES coefficients.
    """
    m, degree, device = stages.network.nu.shape[0], stages.degree, stages.c.device
    while True:
        size = chebyshev_series.count(m, degree)
        sobol = torch.quasirandom.SobolEngine(m, scramble=True, seed=0)
        unit = sobol.draw((SERIES_POINTS + 1) * size, dtype=torch.float64).to(device)
        u, fitted = chebyshev_series.draw(unit), slice(0, SERIES_POINTS * size)
        values = torch.cat([stages.network.corner_sums(part, powers) @ stages.c for part in u.split(CHUNK)])
        basis = chebyshev_series.products(u, degree).T
        fit = LeastSquares(size, device)
        fit.add(basis[fitted], values[fitted])
        series = fit.solve()
        error = float((basis @ series - values)[fitted.stop :].abs().max())
        if error < SERIES_ERROR or chebyshev_series.count(m, degree + 1) > MAX_SERIES:
            return series, degree, error
        degree += 1
