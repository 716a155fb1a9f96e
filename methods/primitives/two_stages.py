"""One replica of `neural_primitive`, and its training in two stages.

    g(s, t) ≈ 1 + Σ_r c_r neuron_r(u, t) + r(u)

The first sum is fitted exactly to values of g at a few points per neuron. What it leaves is small, and only its mean
over t matters to I: that is r. It is computed at points of u by lattices in t, each with a random shift, so that with
more shifts it becomes as exact as one likes:

    I/h = corner sum of the neurons + Σ_n w_n (g − 1 − Σ_r c_r neuron_r)(u, t_n) + 1

All points of u share the nodes t_n, so that the neurons are summed over them once (`Network.average`), whatever the
number of points, and log c_i of the map is a matrix product. The integrand is all that is evaluated for each pair.

notation: g, h, u, t, w as in `triangular_map`; F = number of neurons; w_n = weights of the lattice.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core import chebyshev_series
from methods.core.budget import Clock
from methods.core.least_squares import LeastSquares
from methods.primitives.sine_network import Network
from methods.primitives.triangular_map import Coordinates, TriangularMap
from methods.quadrature import lattices
from methods.quadrature.transforms import korobov

CHUNK = 2**13
"""Points added to the first fit at once."""

PILOT = 2**10
"""Points of the first stage by which the time for all of them is estimated beforehand, and its residual afterwards."""

KOROBOV_WEIGHTS = (1, 2)
"""Weights of Korobov's transform that are compared. Digits of weight 1 and 2 are 6.8 and 8.5 on box1l, 5.0 and 3.6 on
box2l, with 1,000 neurons and 1,024 nodes; 4.7 and 6.2 on box2l with 4,096 and 16,384 nodes of weight 2."""

TRIED_SIZE, TRIED_SHIFTS, TRIED_POINTS = 512, 3, 16
"""Lattices by which a weight is chosen."""

TRIALS, TRIAL_SHARE = ((64, 16), (64, 128), (256, 512)), 0.05
"""Nodes and points of u by which the time of the second stage is estimated, as the last of them does that takes no more
than this share of the time left: what neurons take counts for less and less."""

SHORTEST_S = 1e-6
"""Seconds that a trial takes at least."""

NODES, ROWS = 256, 128
"""Nodes and points of u whose integrand is evaluated at once: they fit second-level cache."""


class Stages(NamedTuple):
    """The neurons of a trained replica; tensors are float64.

    What its second stage adds is told by `total`, the corner sum of both stages over h.
    """

    network: Network
    """Neurons with random frequencies."""
    c: torch.Tensor
    """(F,) their weights."""

    def corner_sum(self, u: torch.Tensor, powers: torch.Tensor) -> torch.Tensor:
        """Return the corner sum over h of the neurons alone at u (n, m), for a weight with powers p (k,): (n,)."""
        return torch.cat([self.network.corner_sums(part, powers) @ self.c for part in u.split(CHUNK)])

    def partial(
        self, u: torch.Tensor, powers: torch.Tensor, total: torch.Tensor,
        t: torch.Tensor, given: Collection[int], i: int, points: torch.Tensor,
    ) -> torch.Tensor:  # fmt: skip
        """Return the derivative over h in some variables, the others integrated, as `Network.partial` does: (n, q)."""
        flat = total - self.corner_sum(u, powers)
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
        Its neurons.
    spread, residual : float
        Standard deviations of g about 1, and about the neurons at points that they were not fitted to.
    """

    def __init__(self, method: Trainable, index: int) -> None:
        self._method, self._k, self._m = method, method.integral_.k, method.integral_.m
        self._seed = 1000 * method.seed + 2 * index
        points = torch.quasirandom.SobolEngine(self._k + self._m, scramble=True, seed=self._seed + 1)
        # Rounded, so that a file of that precision holds all there is.
        network = _network(method, method.width_, self._seed).to(method._dtype).to(torch.float64)
        n_points, squares = method.points_per_neuron * method.width_, 0.0
        fit = LeastSquares(method.width_, method.device)
        while fit.n_points < n_points:
            u, t, g = _drawn(method, points, min(CHUNK, n_points - fit.n_points))
            fit.add(network.neurons(u, t), g - 1)
            squares += float((g - 1).square().sum())
        self.stages = Stages(network, fit.solve().to(method._dtype).to(torch.float64))
        self.spread = math.sqrt(squares / n_points)
        u, t, g = _drawn(method, points, PILOT)
        self.residual = float((g - 1 - network.neurons(u, t) @ self.stages.c).square().mean().sqrt())

    def place(self, n_points: int) -> None:
        """Draw the points of the second stage."""
        sobol = torch.quasirandom.SobolEngine(self._m, scramble=True, seed=self._seed + 1)
        self.u = chebyshev_series.draw(sobol.draw(n_points, dtype=torch.float64)).to(self._method.device)
        self._shifts = np.random.default_rng(self._seed + 1)
        self._sum, self._differences, self._last = (torch.zeros_like(self.u[:, 0]) for _ in range(3))
        self._n_shifts = 0

    def update(self, lattice_size: int, korobov_weight: int) -> None:
        """Add a lattice with a new shift."""
        value = self._by_lattice(self.u, lattice_size, korobov_weight, self._shifts)
        self._sum += value
        self._n_shifts += 1
        if self._n_shifts % 2 == 0:
            self._differences += self._last - value
        self._last = value

    def best_weight(self) -> tuple[int, float]:
        """Return the weight of Korobov's transform by which lattices depend least on their shift, and how much they do.

        The latter is the root mean square of the differences that shifts make to I/h, for lattices of TRIED_SIZE.
        """
        sobol = torch.quasirandom.SobolEngine(self._m, scramble=True, seed=self._seed)
        u = chebyshev_series.draw(sobol.draw(TRIED_POINTS, dtype=torch.float64)).to(self._method.device)

        def spread(korobov_weight: int) -> float:
            shifts = np.random.default_rng(self._seed)
            totals = [self._by_lattice(u, TRIED_SIZE, korobov_weight, shifts) for _ in range(TRIED_SHIFTS)]
            return float(torch.stack(totals).std(dim=0).square().mean().sqrt())

        spreads = {weight: spread(weight) for weight in KOROBOV_WEIGHTS}
        best = min(KOROBOV_WEIGHTS, key=spreads.__getitem__)
        return best, spreads[best]

    def _by_lattice(
        self, u: torch.Tensor, lattice_size: int, korobov_weight: int, shifts: np.random.Generator
    ) -> torch.Tensor:
        vector = lattices.generating_vector(lattice_size, self._k)
        points = lattices.points(vector, lattice_size) + shifts.random(self._k)
        unit, slopes = korobov(torch.as_tensor(points % 1, device=u.device), korobov_weight)
        return total_by_rule(self._method, self.stages, u, unit, slopes.prod(dim=1) / lattice_size)

    @property
    def total(self) -> torch.Tensor:
        """Mean over the shifts of the corner sum over h, at the points of the second stage: (n_points,)."""
        return self._sum / self._n_shifts

    @property
    def noise(self) -> torch.Tensor:
        """Numbers with the variance that the errors of `total` have (n_points,); zeros for a single shift.

        They are the values of half of the shifts less those of the other half, divided by √(n_paired n_shifts).
        """
        n_paired = self._n_shifts // 2 * 2
        return self._differences / math.sqrt(max(1, n_paired * self._n_shifts))


def total_by_rule(
    method: Trainable, stages: Stages, u: torch.Tensor, unit: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """Return I/h at u (n, m) by a rule for what the neurons leave, nodes unit (n_t, k) and weights (n_t,): (n,)."""
    map_, integral = method.map_, method.integral_
    basis, s = chebyshev_series.products(u, map_.degree).T, method.coordinates.s(u)
    sums = torch.zeros_like(u[:, 0])
    amplitudes = stages.network.amplitude(map_.powers)
    for some, some_weights in zip(unit.split(NODES), weights.split(NODES), strict=True):
        t = map_.draw(some).T.contiguous().T  # so that the nodes of one variable lie together in memory
        log_c, log_weight = map_.log_c_at(t, integral.m), map_.log_weight(t)
        for start in range(0, len(u), ROWS):
            rows = slice(start, start + ROWS)
            x, log_jacobian = map_.move((basis[rows] @ log_c).movedim(0, -1), t)
            f = integral.integrand(s[rows][:, None, :], x)
            sums[rows] += (f * torch.exp(log_jacobian - log_weight)) @ some_weights
        amplitudes = amplitudes - stages.network.average(t, some_weights)
    of_neurons = [stages.network.sums(part, (amplitudes * stages.c)[:, None])[:, 0] for part in u.split(CHUNK)]
    return sums / map_.norm(u) + torch.cat(of_neurons) + 1 - weights.sum()


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


def seconds_per_node(method: Trainable, stages: Stages, clock: Clock) -> float:
    """Return about how many seconds the second stage takes for a node and a point of u, by a small part of it."""
    generator = torch.Generator().manual_seed(0)
    seconds = 0.0
    for n_nodes, n_points in TRIALS:
        if seconds and n_nodes * n_points * seconds > TRIAL_SHARE * clock.left:
            break
        unit = torch.rand(n_nodes, method.integral_.k, generator=generator, dtype=torch.float64).to(method.device)
        u = method.coordinates.u(torch.as_tensor(method.integral_.sample(n_points, seed=0), device=method.device))
        start = time.perf_counter()
        total = total_by_rule(method, stages, u, unit, u.new_full((n_nodes,), 1 / n_nodes))
        float(total[0])  # waits for the device
        seconds = max(time.perf_counter() - start, SHORTEST_S) / (n_nodes * n_points)
    return seconds


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
