"""Primitives of a complex integral on a learned contour, and the Chebyshev series of their corner sums.

    g(s, t) ≈ 1 + Σ_r c_r sin(Σ_i ω_ri (2t_i − 1) + ν_r·u + b_r) + r(u),    c_r and r complex

with g of `contour_target.py`: sines and a second stage as in `neural_primitive`, where real and imaginary part have the
same frequencies, so that one normal matrix serves both. I(s) is h(u) times the corner sum, the integral of the
right-hand side over t with weight w(t), in closed form for each sine. The second stage takes over the mean over t of
what the sines leave; lattices compute it, with random shifts, at points of u (`contour_sum.py`):

    I/h = corner sum of the sines + Σ_n w_n (g − 1 − Σ_r c_r sine_r)(u, t_n) + 1

I/h at these points is fitted by a Chebyshev series, which is what is kept. Replicas differ by their frequencies, shifts
and points; they have the contour and h in common. Their series are cut at the degree up to which they agree
(`series_cut.py`).

@FIGURES@
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core import thresholds
from methods.core.budget import Clock
from methods.primitives import chebyshev_series, contour_target, series_cut
from methods.primitives.complex_series import ComplexSeries
from methods.primitives.contour_coordinates import ContourCoordinates
from methods.primitives.contour_fit import SMALLEST_T
from methods.primitives.contour_sum import ContourSum
from methods.primitives.contour_target import ContourTarget
from methods.primitives.least_squares import LeastSquares
from methods.primitives.sine_network import Sines
from methods.quadrature import lattices
from methods.quadrature.transforms import korobov

CHUNK, PILOT = 2**13, 2**10
"""Points added to a fit at once, and by which the time of the first stage is estimated beforehand."""

STAGE_ONE_SHARE, UPDATE_SHARE = 0.35, 0.15
"""Shares of the time left after the contour that the sines may take, and of that left then that an update may. Where
they would take more, there are fewer sines, and smaller lattices."""

LEAST_WIDTH = 50
"""Smallest width, however short the time."""

MAX_TERMS, MAX_DEGREE, POINTS_PER_TERM = 500, 30, 2
"""Terms of the series, and their degree, at most; points of u for each term."""

SMALLEST_LATTICE, LARGEST_LATTICE = 64, 2**16
"""Bounds of the lattice size; the smallest one tells the time of an update beforehand."""

UPDATES_WITHOUT_BUDGET, LATTICE_OF_NO_BUDGET = 4, 1024

KOROBOV_WEIGHTS, TRIED_SIZE, TRIED_POINTS, TRIED_SHIFTS = (1, 2), 4096, 16, 3
"""Weights of Korobov's transform of which the one is taken whose lattices depend least on their shift, and the lattices,
no larger than those to be used, by which that is found."""


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
    degree = _largest_degree(integral.m, method.n_terms or MAX_TERMS)
    total = ContourSum(target)
    replicas = [_Replica(method, target, total, width, degree, index) for index in range(method.n_replicas)]
    lattice_size = method.lattice_size or _affordable_lattice(replicas, clock.share(UPDATE_SHARE))
    korobov_weight = replicas[0].best_weight(min(lattice_size, TRIED_SIZE))
    limit = method.n_updates or (sys.maxsize if clock.is_limited else UPDATES_WITHOUT_BUDGET)

    def trained(n_updates: int) -> Trained:
        series, kept_degree = _joined(replicas, target, degree)
        details = {
            "n_terms": chebyshev_series.count(integral.m, degree), "series_degree": kept_degree,
            "lattice_size": lattice_size, "korobov_weight": korobov_weight,
            "order_of_map": list(target.contour.order),
            "spread_after_map": replicas[0].spread,
            "spread_after_neurons": max(replica.residual for replica in replicas),
            "thresholds": found,
            "cut_short": cut_short,
        }  # fmt: skip
        return Trained(ComplexSeries(integral, found, series, method.device), n_updates, width, details)

    done, longest = 0, 0.0
    while done < limit and (done == 0 or clock.left > 2 * longest):
        left = clock.left
        for replica in replicas:
            replica.update(lattice_size, korobov_weight)
        done += 1
        longest = max(longest, left - clock.left)
        if done & (done - 1) == 0:
            look(trained(done))
    return trained(done)


class _Replica:
    """A primitive in training."""

    def __init__(
        self, method: Trainable, target: ContourTarget, total: ContourSum, width: int, degree: int, index: int
    ) -> None:
        k, m = target.integral.k, target.integral.m
        seed = 1000 * method.seed + 2 * index
        generator = torch.Generator().manual_seed(seed)
        self._target, self._total, self._degree = target, total, degree
        points = torch.quasirandom.SobolEngine(k + m, scramble=True, seed=seed + 1)
        self._network = Sines.draw(k, m, width, method.omega / k, method.nu / k, generator, method.device)
        squares, n_points = 0.0, method.points_per_neuron * width
        fit = LeastSquares(width, method.device)
        while fit.n_points < n_points:
            u, t, g = _drawn(target, points, min(CHUNK, n_points - fit.n_points))
            fit.add(self._network.neurons(u, t), g)
            squares += float(g.square().sum())
        self._c = fit.solve()
        self.spread = math.sqrt(squares / n_points)
        u, t, g = _drawn(target, points, PILOT)
        self.residual = math.sqrt(float((g - self._network.neurons(u, t) @ self._c).square().sum()) / PILOT)
        """Standard deviation of what the sines leave of g, at points that they were not fitted to."""
        self._waves = target.waves(self._network.omega)
        n_points = POINTS_PER_TERM * chebyshev_series.count(m, degree)
        sobol = torch.quasirandom.SobolEngine(m, scramble=True, seed=seed + 1)
        self._u = chebyshev_series.draw(sobol.draw(n_points, dtype=torch.float64)).to(method.device)
        self._shifts = np.random.default_rng(seed + 1)
        self._sum, self._n_shifts = torch.zeros(n_points, dtype=torch.complex128, device=method.device), 0

    def update(self, lattice_size: int, korobov_weight: int) -> None:
        """Add a lattice with a new shift."""
        self._sum += self._by_lattice(self._u, lattice_size, korobov_weight, self._shifts)
        self._n_shifts += 1

    def best_weight(self, lattice_size: int) -> int:
        """Return the weight of Korobov's transform by which lattices depend least on their shift."""

        def spread(korobov_weight: int) -> float:
            shifts, u = np.random.default_rng(0), self._u[:TRIED_POINTS]
            totals = [self._by_lattice(u, lattice_size, korobov_weight, shifts) for _ in range(TRIED_SHIFTS)]
            return float(torch.stack(totals).std(dim=0).square().sum())

        return min(KOROBOV_WEIGHTS, key=spread)

    def seconds_per_node(self) -> float:
        """Seconds of an update for each node of its lattice, by a small one."""
        start = time.perf_counter()
        float(self._by_lattice(self._u, SMALLEST_LATTICE, 1, np.random.default_rng(0)).real[0])  # waits for the device
        return (time.perf_counter() - start) / SMALLEST_LATTICE

    def series(self) -> torch.Tensor:
        """Real and imaginary part (count, 2) of the Chebyshev series of the corner sum of both stages over h, less 1."""
        fit, basis = LeastSquares(chebyshev_series.count(self._u.shape[1], self._degree), self._u.device), self._u
        total = torch.view_as_real(self._sum / self._n_shifts)
        fit.add(chebyshev_series.products(basis, self._degree).T, total - total.new_tensor([1.0, 0.0]))
        return fit.solve()

    def _by_lattice(self, u: torch.Tensor, size: int, korobov_weight: int, shifts: np.random.Generator) -> torch.Tensor:
        """Return I/h (n,) at u (n, m)."""
        k = self._target.integral.k
        points = lattices.points(lattices.generating_vector(size, k), size) + shifts.random(k)
        t, slopes = korobov(torch.as_tensor(points % 1, device=u.device), korobov_weight)
        t, weights = t.clamp(SMALLEST_T, 1 - SMALLEST_T), slopes.prod(dim=1) / size
        left, of_w = self._waves, weights * torch.exp(self._target.log_w(t))
        for some, some_weights in zip(t.split(CHUNK), of_w.split(CHUNK), strict=True):
            left = left - self._network.average(some, some_weights)
        of_sines = self._network.sums(u, left[:, None] * self._c)
        return self._total(u, t, weights) / self._target.h(u) + torch.view_as_complex(of_sines) + 1 - of_w.sum()


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


def _affordable_lattice(replicas: Sequence[_Replica], clock: Clock) -> int:
    """Return the size, a power of two, of lattices of which the clock allows one for each replica."""
    if clock.budget is None:
        return LATTICE_OF_NO_BUDGET
    n_nodes = max(1, int(clock.budget / (len(replicas) * replicas[0].seconds_per_node())))
    return min(LARGEST_LATTICE, max(SMALLEST_LATTICE, 1 << (n_nodes.bit_length() - 1)))


def _largest_degree(m: int, n_terms: int) -> int:
    """Return the largest degree of a series in m variables with no more than `n_terms` terms, but at least 1."""
    return max(d for d in range(MAX_DEGREE + 1) if d < 2 or chebyshev_series.count(m, d) <= n_terms)


def _joined(replicas: Sequence[_Replica], target: ContourTarget, degree: int) -> tuple[torch.Tensor, int]:
    """Return the series of `ComplexSeries`, cut where replicas do not agree, with log h; and their degree."""
    each = [replica.series() for replica in replicas]
    estimates = torch.stack([torch.view_as_complex(series.contiguous()) for series in each], dim=1)
    m, lowest = target.integral.m, contour_target.norm_degree(target.integral.m)
    kept = series_cut.best_degree(estimates, m, min(lowest, degree), degree)
    n_kept = chebyshev_series.count(m, max(kept, lowest))
    series = torch.zeros(n_kept, 2 * len(each) + 2, dtype=torch.float64, device=target.log_h.device)
    of_replicas = torch.cat(each, dim=1)[: chebyshev_series.count(m, kept)]
    series[: len(of_replicas), :-2] = of_replicas
    series[: len(target.log_h), -2:] = torch.view_as_real(target.log_h)
    return series, kept
