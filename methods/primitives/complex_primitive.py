"""Primitives of a complex integral on a learned contour, and the Chebyshev series of their corner sums.

The contour, found by least squares of log g, is the first part of a training (`contour_target.py`), each replica's
sines and lattices are the others (`complex_replica.py`). I/h at the points of its second stage is fitted by a Chebyshev
series, which is all that is kept (`complex_series.py`). Replicas differ by their frequencies, shifts and points; they
have the contour and h in common. Their series are cut at the degree up to which they agree (`series_cut.py`).

Digits, mean and worst, after 30 s of processor time, the contour's included: box1l_physical 6.0 and 5.0,
box1l_hh 7.6 and 7.0; after 56 s box2l_physical 4.75 and 4.02, of which a tenth of a digit is the sines': the same
contour, lattices and series have 4.66 and 3.96 without them (`docs/what-was-tried.md`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from methods.base import ParametricIntegral
from methods.core import chebyshev_series, thresholds
from methods.core.budget import Clock
from methods.core.least_squares import LeastSquares
from methods.primitives import contour_target, normalisation, series_cut
from methods.primitives.complex_replica import PILOT, SMALLEST_LATTICE, Replica, Trainable, drawn
from methods.primitives.complex_series import ComplexSeries
from methods.primitives.contour_coordinates import ContourCoordinates
from methods.primitives.contour_sum import ContourSum
from methods.primitives.contour_target import ContourTarget
from methods.primitives.sine_network import Sines

STAGE_ONE_SHARE, UPDATE_SHARE = 0.35, 0.15
"""Shares of the time left after the contour that the sines may take, and of that left then that an update may. Where
they would take more, there are fewer sines, and smaller lattices."""

LEAST_WIDTH = 50
"""Smallest width, however short the time."""

MAX_TERMS, MAX_DEGREE = 500, 30
"""Terms of the series, and their degree, at most."""

LARGEST_LATTICE = 2**16
"""Bound of the default lattice size."""

UPDATES_WITHOUT_BUDGET, LATTICE_OF_NO_BUDGET = 4, 1024


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
    sums = ContourSum(target)
    replicas = [Replica(method, target, sums, width, degree, index) for index in range(method.n_replicas)]
    lattice_size = method.lattice_size or _affordable_lattice(replicas, clock.share(UPDATE_SHARE))
    korobov_weight = replicas[0].best_weight(lattice_size)
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


def _affordable_width(method: Trainable, target: ContourTarget, width: int, clock: Clock) -> int:
    """Return the width, or what the clock allows: the first stage costs about width³."""
    if clock.budget is None:
        return width
    start = time.perf_counter()
    k, m = target.integral.k, target.integral.m
    u, t, g = drawn(target, torch.quasirandom.SobolEngine(k + m, scramble=True, seed=0), PILOT)
    network = Sines.draw(k, m, width, method.omega / k, method.nu / k, torch.Generator().manual_seed(0), method.device)
    neurons = network.neurons(u, t)
    LeastSquares(width, method.device).add(neurons, g)
    float(neurons[0, 0])  # waits for the device
    seconds = (time.perf_counter() - start) * method.n_replicas * method.points_per_neuron * width / PILOT
    return max(LEAST_WIDTH, round(width * min(1.0, clock.budget / seconds) ** (1 / 3)))


def _affordable_lattice(replicas: Sequence[Replica], clock: Clock) -> int:
    """Return the size, a power of two, of lattices of which the clock allows one for each replica."""
    if clock.budget is None:
        return LATTICE_OF_NO_BUDGET
    n_nodes = max(1, int(clock.budget / (len(replicas) * replicas[0].seconds_per_node())))
    return min(LARGEST_LATTICE, max(SMALLEST_LATTICE, 1 << (n_nodes.bit_length() - 1)))


def _largest_degree(m: int, n_terms: int) -> int:
    """Return the largest degree of a series in m variables with no more than `n_terms` terms, but at least 1."""
    return max(d for d in range(MAX_DEGREE + 1) if d < 2 or chebyshev_series.count(m, d) <= n_terms)


def _joined(replicas: Sequence[Replica], target: ContourTarget, degree: int) -> tuple[torch.Tensor, int]:
    """Return the series of `ComplexSeries`, cut where replicas do not agree, with log h; and their degree."""
    each = [replica.series() for replica in replicas]
    estimates = torch.stack([torch.view_as_complex(series.contiguous()) for series in each], dim=1)
    m, lowest = target.integral.m, normalisation.degree(target.integral.m)
    kept = series_cut.best_degree(estimates, m, min(lowest, degree), degree)
    n_kept = chebyshev_series.count(m, max(kept, lowest))
    series = torch.zeros(n_kept, 2 * len(each) + 2, dtype=torch.float64, device=target.log_h.device)
    of_replicas = torch.cat(each, dim=1)[: chebyshev_series.count(m, kept)]
    series[: len(of_replicas), :-2] = of_replicas
    series[: len(target.log_h), -2:] = torch.view_as_real(target.log_h)
    return series, kept
