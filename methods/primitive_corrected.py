"""A primitive corrected by a small lattice: its bias is gone, and its error bar is honest.

    I(s) = h(s) · [corner sum of N + mean over a shifted lattice of (g(s, t) − ∂^kN/∂t1…∂tk / w)]

with t of density w. The network serves as a control variate: what a lattice has to integrate is only what the network
leaves, and each random shift Δ_r gives an unbiased value Q_r(s), so that their spread tells the error (Cranley &
Patterson, SIAM J. Numer. Anal. 13, 1976, 904).

Summed over the lattice, a neuron's t leaves one number, as in its corner sum. So the network is never evaluated at
the nodes: per row it costs its sines of u once, for all shifts; and log c_i of the map at a node is a polynomial in u
alone, so that for all nodes it is a matrix product. What remains is the integrand itself.

A second stage, whose mixed derivative over w does not depend on t, drops out; so it gets one lattice, and the budget
goes to more neurons.

notation: Q_r, Δ_r as in `lattice_qmc`; g, h, w, u, c_i as in `triangular_map`; N, c as in `sine_network`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch

from methods.base import Estimate, InputError, ParametricIntegral
from methods.core import chebyshev_series
from methods.core.batches import in_batches
from methods.neural_primitive import NeuralPrimitive
from methods.primitives.two_stages import Stages, Training
from methods.quadrature import lattices
from methods.quadrature.transforms import PERIODISATIONS

PERIODISATION = ("korobov", 1)
"""Transform and weight. Digits for none / tent / Korobov 1 / Korobov 2, by points × shifts (means of five seeds):

box1l, 2,000 neurons: 64 × 4 4.9 / 5.0 / 5.1 / 5.3, 256 × 8 5.6 / 5.3 / 6.5 / 6.5, 1,024 × 8 6.1 / 6.5 / 7.9 / 8.4
box2l, 3,900 neurons: 64 × 4 3.7 / 3.9 / 3.7 / 3.5, 256 × 8 4.4 / 4.3 / 4.3 / 4.2, 1,024 × 8 4.7 / 4.6 / 5.0 / 4.6
"""

NEURONS_PER_CBRT_SECOND = 1000
"""Default width = 1000 · (budget/s)^(1/3), for a single replica: its fit takes a third of any budget on one core."""

NODES = 2**17
"""Rows times nodes evaluated at once: more or fewer by a factor of eight take longer."""


@dataclasses.dataclass(kw_only=True)
class PrimitiveCorrected(NeuralPrimitive):
    """A `NeuralPrimitive` with a lattice integral of what it leaves.

    Parameters
    ----------
    lattice_size : int
        Points of the lattice, a power of two; of that of the second stage, too.
    n_shifts : int
        Random shifts, at least two, common to all rows.
    width, points_per_neuron, omega, nu, n_terms, n_updates, n_replicas, seed, precision, device
        As of `NeuralPrimitive`.
    uncertainty : str
        Of no use here: the error comes from the shifts.

    Notes
    -----
    Digits (mean over 200 points and six sets of shifts) and µs per integral (one busy core, ± 30 %), for lattices of
    64 × 4, 256 × 8 and 1,024 × 8 points, after the seconds of fitting in brackets:

        box1l   50 neurons (1 s)       4.7 / 5.6 / 6.6      40 / 240 / 860 µs
                1,000 (1 s)            4.9 / 6.2 / 7.4      50 / 240 / 990
                3,900 (19 s)           5.4 / 6.8 / 8.0      70 / 300 / 1,040
        box2l   500 (4 s)              3.3 / 4.0 / 4.5      80 / 680 / 2,500
                3,900 (23 s)           3.7 / 4.4 / 5.2     110 / 670 / 2,650

    The same lattices on the same map without a network lose 0.8, 1.0 and 1.4 digits on box1l (2,000 neurons), and 0.9,
    0.5 and 0.9 on box2l (3,900). `neural_primitive` computes such lattices at the points of a table, while it prepares
    itself, and has 8.7 and 6.1 digits after 20 s, at 0.6 µs per integral: so a correction at each row pays where values
    are few, or where the error bar matters.

    The mean over four replicas instead of one gains 0.1 digits for four times the training.

    Over all of these, 62 % of errors lie within one error bar and 93 % within three with four shifts, 64 and 97 % with
    eight; Student's distribution has 61 and 94 %, 65 and 98 %. All rows share the shifts, so that their errors are
    correlated, and the shares for one seed scatter widely.
    """

    name: ClassVar[str] = "primitive_corrected"
    version: ClassVar[int] = 3
    neurons: ClassVar[int] = NEURONS_PER_CBRT_SECOND
    treats_complex: ClassVar[bool] = False

    export_form = None  # type: ignore[assignment]  # it evaluates the integrand, which is no arithmetic of s alone
    replica_values = None  # type: ignore[assignment]  # its error is not their spread, and they share the correction

    lattice_size: int = 256
    n_shifts: int = 8
    n_updates: int | None = 1
    n_replicas: int = 1

    @in_batches
    def integrate(self, s: np.ndarray) -> Estimate:
        """Return mean over the shifts and its standard deviation; `n_eval` is nodes times rows."""
        points = torch.as_tensor(self.integral_.check(s), device=self.device)
        n_nodes = self.n_shifts * self.lattice_size
        with torch.no_grad():
            parts = [self._of_shifts(part) for part in points.split(max(1, NODES // n_nodes))]
        values = torch.cat(parts)
        value = values.mean(dim=1)
        error = ((values - value[:, None]).square().sum(dim=1) / (self.n_shifts * (self.n_shifts - 1))).sqrt()
        return Estimate(value.cpu().numpy(), error.cpu().numpy(), n_nodes * len(values))

    def _of_shifts(self, s: torch.Tensor) -> torch.Tensor:
        """Return Q_r(s) for s (n, m): (n, n_shifts)."""
        u = self.coordinates.u(s)
        log_c = chebyshev_series.products(u, self.map_.degree).T @ self._log_c
        x, log_jacobian = self.map_.move(log_c.movedim(0, -1), self._t)
        f = self.integral_.integrand(s[:, None, :], x)
        lattice = (
            (f * torch.exp(log_jacobian + self._log_weights)).view(len(s), self.n_shifts, self.lattice_size).sum(dim=2)
        )
        left = self._constant.expand(len(s), -1)
        for replica, amplitudes in zip(self.replicas_, self._amplitudes, strict=True):
            left = left + replica.network.sums(u, amplitudes)
        return lattice + self.map_.norm(u)[:, None] * left

    def _prepare(self, integral: ParametricIntegral) -> None:
        super()._prepare(integral)
        if self.n_shifts < 2:
            raise InputError(f"{self.name}.n_shifts is {self.n_shifts}; give at least two, whose spread is the error.")

    def _tabulate(self, trainings: Sequence[Training]) -> None:
        super()._tabulate(trainings)
        self._place_nodes()

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        super()._restore(state)
        self._place_nodes()

    def _place_nodes(self) -> None:
        """Make nodes, weights, and all that is the same for every row."""
        n, k = self.lattice_size, self.integral_.k
        shifts = np.random.default_rng(self.seed).random((self.n_shifts, 1, k))
        points = torch.as_tensor(lattices.points(lattices.generating_vector(n, k), n) + shifts)
        transform, weight = PERIODISATION
        unit, slopes = PERIODISATIONS[transform]((points - points.floor()).to(self.device), weight)
        t, weights = self.map_.draw(unit), slopes.prod(dim=2) / n
        self._amplitudes = [self._differences(replica, t, weights) for replica in self.replicas_]
        self._constant = 1 - weights.sum(dim=1)
        # Memory runs over the nodes of one variable, then of the next: long loops for whatever follows.
        self._t = t.flatten(end_dim=1).T.contiguous().T
        self._log_weights = torch.log(weights).flatten() - self.map_.log_weight(self._t)
        self._log_c = self.map_.log_c_at(self._t, self.integral_.m)

    def _differences(self, replica: Stages, t: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return integral minus lattice sum of each neuron's function of t, times c/n_replicas: (F, n_shifts)."""
        network = replica.network
        rules = [network.average(*rule) for rule in zip(t, weights, strict=True)]
        differences = network.amplitude(self.map_.powers)[:, None] - torch.stack(rules, dim=1)
        return differences * replica.c[:, None] / self.n_replicas
