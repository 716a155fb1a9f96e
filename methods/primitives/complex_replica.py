"""One replica of a complex primitive, and its training in two stages.

    g(s, t) ≈ 1 + Σ_r c_r sin(Σ_i ω_ri (2t_i − 1) + ν_r·u + b_r) + r(u),    c_r and r complex

Real and imaginary part have the same frequencies, so that one normal matrix serves both. The first sum is fitted to
values of g. The second stage takes over the mean over t of what it leaves: lattices compute it, with random shifts, at
points of u (`contour_sum.py`),

    I/h = corner sum of the sines + Σ_n w_n (g − 1 − Σ_r c_r sine_r)(u, t_n) + 1

Points of u have their nodes in common, so that sums of sines over them are made once.

notation: g, h, u, t, w as in `contour_target.py`; w_n = weights of the lattice; F = number of sines.
"""

from __future__ import annotations

import math
import time
from typing import Protocol

import numpy as np
import torch

from methods.core import chebyshev_series
from methods.core.least_squares import LeastSquares
from methods.primitives.contour_fit import SMALLEST_T
from methods.primitives.contour_sum import ContourSum
from methods.primitives.contour_target import ContourTarget
from methods.primitives.sine_network import Sines
from methods.quadrature import lattices
from methods.quadrature.transforms import korobov

CHUNK, PILOT = 2**13, 2**10
"""Points added to the first fit at once, and by which its residual is found afterwards."""

POINTS_PER_TERM = 2
"""Points of u for each term of a replica's series."""

SMALLEST_LATTICE = 64
"""Size of the lattice by which the time of an update is found."""

KOROBOV_WEIGHTS, TRIED_SIZE, TRIED_POINTS, TRIED_SHIFTS = (1, 2), 4096, 16, 3
"""Weights of Korobov's transform of which the best is taken, and the lattices by which it is found, or smaller ones
where those to be used are smaller. On box2l_physical lattices of 4,096 and 16,384 nodes have 3.0 and 4.0 digits with
weight 1, 3.1 and 4.1 with weight 2, without sines."""


class Trainable(Protocol):
    """Fields of a method that training reads; `neural_primitive` explains each."""

    width: int | None
    points_per_neuron: int
    omega: float
    nu: float
    n_terms: int | None
    lattice_size: int | None
    n_updates: int | None
    n_replicas: int
    seed: int
    device: str


class Replica:
    """A primitive in training.

    Parameters
    ----------
    method : Trainable
        Gives the hyperparameters.
    target : ContourTarget
        Its mixed derivative.
    sums : ContourSum
        Those over nodes on the contour.
    width, degree : int
        Number of sines, and degree of the series.
    index : int
        Of the replica.

    Attributes
    ----------
    spread, residual : float
        Standard deviations of g about 1, and about the sines at points that they were not fitted to.
    """

    def __init__(
        self, method: Trainable, target: ContourTarget, sums: ContourSum, width: int, degree: int, index: int
    ) -> None:
        k, m = target.integral.k, target.integral.m
        seed = 1000 * method.seed + 2 * index
        generator = torch.Generator().manual_seed(seed)
        self._target, self._sums, self._degree = target, sums, degree
        points = torch.quasirandom.SobolEngine(k + m, scramble=True, seed=seed + 1)
        self._network = Sines.draw(k, m, width, method.omega / k, method.nu / k, generator, method.device)
        squares, n_points = 0.0, method.points_per_neuron * width
        fit = LeastSquares(width, method.device)
        while fit.n_points < n_points:
            u, t, g = drawn(target, points, min(CHUNK, n_points - fit.n_points))
            fit.add(self._network.neurons(u, t), g)
            squares += float(g.square().sum())
        self._c = fit.solve()
        self.spread = math.sqrt(squares / n_points)
        u, t, g = drawn(target, points, PILOT)
        self.residual = math.sqrt(float((g - self._network.neurons(u, t) @ self._c).square().sum()) / PILOT)
        self._waves = target.waves(self._network.omega)
        n_points = POINTS_PER_TERM * chebyshev_series.count(m, degree)
        sobol = torch.quasirandom.SobolEngine(m, scramble=True, seed=seed + 1)
        self._u = chebyshev_series.draw(sobol.draw(n_points, dtype=torch.float64)).to(method.device)
        self._shifts = np.random.default_rng(seed + 1)
        self._total = torch.zeros(n_points, dtype=torch.complex128, device=method.device)
        self._left, self._n_shifts = torch.zeros_like(self._waves), 0

    def update(self, lattice_size: int, korobov_weight: int) -> None:
        """Add a lattice with a new shift."""
        total, waves = self._by_lattice(self._u, lattice_size, korobov_weight, self._shifts)
        self._total, self._left, self._n_shifts = self._total + total, self._left + waves, self._n_shifts + 1

    def best_weight(self, lattice_size: int) -> int:
        """Return the weight of Korobov's transform by which lattices depend least on their shift."""
        u, size = self._u[:TRIED_POINTS], min(lattice_size, TRIED_SIZE)

        def spread(korobov_weight: int) -> float:
            shifts = np.random.default_rng(0)
            pairs = [self._by_lattice(u, size, korobov_weight, shifts) for _ in range(TRIED_SHIFTS)]
            totals = torch.stack([total + self._of_sines(u, waves) for total, waves in pairs])
            return float(totals.std(dim=0).square().sum())

        return min(KOROBOV_WEIGHTS, key=spread)

    def seconds_per_node(self) -> float:
        """Seconds of an update for each node of its lattice, by a small one."""
        start = time.perf_counter()
        total, _ = self._by_lattice(self._u, SMALLEST_LATTICE, 1, np.random.default_rng(0))
        float(total.real[0])  # waits for the device
        return (time.perf_counter() - start) / SMALLEST_LATTICE

    def series(self) -> torch.Tensor:
        """Return the Chebyshev series of I/h − 1 by both stages: real and imaginary part, (count, 2)."""
        total = (self._total + self._of_sines(self._u, self._left)) / self._n_shifts
        fit = LeastSquares(chebyshev_series.count(self._u.shape[1], self._degree), self._u.device)
        fit.add(chebyshev_series.products(self._u, self._degree).T, torch.view_as_real(total - 1))
        return fit.solve()

    def _by_lattice(
        self, u: torch.Tensor, size: int, korobov_weight: int, shifts: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Compute I/h by a lattice but for the sines, and the waves that it leaves of them.

        Returns
        -------
        tensor (n,)
            Σ_n w_n (g − 1)(u, t_n) + 1 at u (n, m).
        tensor (F,)
            Integral of each sine's wave over t less its sum over the lattice.
        """
        k = self._target.integral.k
        points = lattices.points(lattices.generating_vector(size, k), size) + shifts.random(k)
        t, slopes = korobov(torch.as_tensor(points % 1, device=u.device), korobov_weight)
        t, weights = t.clamp(SMALLEST_T, 1 - SMALLEST_T), slopes.prod(dim=1) / size
        waves, of_w = self._waves, weights * torch.exp(self._target.log_w(t))
        for some, some_weights in zip(t.split(CHUNK), of_w.split(CHUNK), strict=True):
            waves = waves - self._network.average(some, some_weights)
        return self._sums(u, t, weights) / self._target.h(u) + 1 - of_w.sum(), waves

    def _of_sines(self, u: torch.Tensor, waves: torch.Tensor) -> torch.Tensor:
        """Return Σ_r c_r sin(ν_r·u + b_r), multiplied by waves (F,) instead of the sines' in t, at u (n, m): (n,)."""
        return torch.view_as_complex(self._network.sums(u, waves[:, None] * self._c).contiguous())


def drawn(
    target: ContourTarget, points: torch.quasirandom.SobolEngine, n: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return u (n, m), t (n, k), and real and imaginary part of g − 1 (n, 2) at the next n points."""
    k = target.integral.k
    unit = points.draw(n, dtype=torch.float64).to(target.log_h.device)
    u, t = chebyshev_series.draw(unit[:, k:]), target.draw(unit[:, :k])
    g = target.g(u, t)
    return u, t, torch.stack([g.real - 1, g.imag], dim=1)
