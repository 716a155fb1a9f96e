"""Tensor Chebyshev interpolation in s: tabulate I once, then never integrate again.

    y(s) ≈ Σ_{j1…jm} C_{j1…jm} T_{j1}(u_1) … T_{jm}(u_m),    u_j = log |c_j − s_j|, scaled to [−1, 1]

with y = log |I| or |I|^(−1/p), and I itself where it changes sign. c and y are chosen by labels at random points
(`methods/tables/coordinate_choice.py`), and once more as the grid grows (`coordinate_refinement.py`). The number of
nodes per invariant follows the decay of the coefficients in these coordinates: the nodes are nested, so that the grid
grows where the decay asks for it, and no label is lost.

By the decay in the first coordinates, box1l_wide has 10.7 digits, 7.2 at the worst point, with 34,481 labels, and box2l
10.5 and 8.8 with 1,287; by that in the later ones 10.9 and 8.1 with 33,759, and 10.6 and 8.8 with 1,287.

Where I is complex, y is 1/I or I. The box is cut at thresholds, with a table on either side, and the invariant that has
one gives way to a coordinate in which I is analytic there (`methods/core/threshold_coordinates.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from methods.base import ParametricIntegral
from methods.core.budget import Clock
from methods.surrogates import targets
from methods.surrogates.label_limit import LabelLimit
from methods.surrogates.labels import LabelSource
from methods.tables import chebyshev_basis, coordinate_choice, coordinate_refinement, grid_gaps
from methods.tables.coordinate_choice import Choice
from methods.tables.coordinates import Coordinates
from methods.tables.polynomial_table import PolynomialTable

FIRST_DEGREE, STEP = 3, 2
"""Nodes per invariant of the first grid, and how many are added to one invariant at a time."""

PREPARATION_SHARE, PILOT_SHARE = 0.4, 0.25
"""Shares of the time left in which the label method may prepare itself, and in which labels at random points are
computed."""

FASTEST_DECAY = 0.1
"""Ratio of successive pairs of coefficients that is believed at least: without it the worst point of box1l has 7.1
digits instead of 9.2."""

RESERVE = 0.1
"""Share of the time left that further nodes must leave, as labels may become slower than the last ones."""

PILOT, LABELS_PER_PILOT = 128, 6
"""Labels at random points, of which there are at most one in six: they choose coordinates and measure the error."""

FILLINGS = 3
"""Times that coordinates are chosen and what stands for refused labels is computed in them: either needs the other."""


@dataclass(kw_only=True)
class Chebyshev(PolynomialTable):
    """Chebyshev interpolation of log |I| or |I|^(−1/p) on a tensor grid in s.

    Parameters
    ----------
    epsrel : float
        Relative error wanted, root mean square; the grid grows until the coefficients left out seem to be below it.
    max_labels : int
        Largest number of labels; it wins over `epsrel`, as the budget does. The pieces of a box share them. The first
        grid, 3^m labels, is computed whatever they and the budget allow.
    n_pilot : int, optional
        How many of them are at random points: they choose coordinates and measure the error. None takes one in six, at
        most 128.
    labels : str
        The direct method that fills the grid. The default may use larger rules than on its own: labels are made once.
    device : str
        Where to interpolate, as torch names it.

    Notes
    -----
    Labels whose stated error is too large are refused (`methods/surrogates/label_limit.py`); what stands for them on
    the grid follows from the others (`methods/tables/grid_gaps.py`).

    The error is the root mean square relative error on points outside the grid, times |I| (or 1 % of its typical
    size, where that is more); the errors that the labels claim there are added in quadrature, since they are common to
    both. Closer to a threshold than all labels it grows as polynomials do outside their nodes
    (`methods/tables/extrapolating_table.py`).

    ``details_["cut_short"]`` tells whether the budget ended anything: the preparation of the label method, the labels
    at random points, or the growth of the grid. `max_labels` and `n_pilot` from ``details_`` repeat the result, unless
    it was the label method that was cut short.
    """

    name: ClassVar[str] = "chebyshev"
    source: ClassVar[str] = "Trefethen, Approximation Theory and Approximation Practice (SIAM, 2013)"
    version: ClassVar[int] = 4

    epsrel: float = 1e-9
    max_labels: int | list[int] = 50_000
    n_pilot: int | list[int] | None = None
    labels: str = "gauss_legendre,max_nodes=300000"
    device: str = "cpu"

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say why a tensor grid in s is out of reach."""
        if integral.m <= 4:
            return super().unsupported(integral)
        return f"a tensor grid in m = {integral.m} kinematic invariants is too large; m <= 4"

    def _tabulate(self, clock: Clock) -> None:
        """Choose coordinates by labels at random points, and let the grid grow as the coefficients ask."""
        integral = self.integral_
        preparation = clock.share(PREPARATION_SHARE)
        source = LabelSource(self.labels, integral, epsrel=self.epsrel / 10, budget=preparation.budget)
        max_labels = self._number("max_labels")
        n_pilot = self._number("n_pilot")
        if n_pilot is None:
            n_pilot = max(targets.LEAST_LABELS, min(PILOT, max_labels // LABELS_PER_PILOT))
        points, pilot, label_error = self._pilot(source, n_pilot, clock.share(PILOT_SHARE))
        n_known, limit = len(pilot), LabelLimit.of(pilot, label_error)
        cut_short = source.cut_short or n_known < n_pilot
        pilot, label_error, points = limit.without_refused(pilot, label_error, points)
        first = coordinate_choice.choose(integral.low, integral.high, points, pilot, self.thresholds_)

        def refined(values: np.ndarray) -> Choice:
            nodes = _nodes(first.coordinates, values.shape)
            return coordinate_refinement.refine(first, nodes, values, points, pilot)

        grid, ended_early = self._grow(source, limit, first, refined, max_labels - n_known, clock)
        choice, nodes = first, _nodes(first.coordinates, grid.shape)
        for _ in range(FILLINGS if np.isnan(grid).any() else 1):
            values = grid_gaps.filled(grid, nodes, choice)
            choice = refined(values)
        self.c_, self.target_, target = choice.coordinates.c, choice.target, choice.target
        u = [choice.coordinates.u_of(j, s_j) for j, s_j in enumerate(nodes)]
        alpha = np.array(list(np.ndindex(values.shape)))
        self._keep(alpha, chebyshev_basis.coefficients(target.encode(values), u).ravel(), points, pilot, label_error)
        self.typical_value_ = float(np.abs(pilot).mean())
        self.details_ = {
            "degrees": list(values.shape), "c": self.c_.tolist(), "sign": target.sign, "power": target.power,
            "max_labels": n_known + values.size, "n_pilot": n_known, "cut_short": cut_short or ended_early,
            "n_refused": n_known - len(pilot) + int(np.isnan(grid).sum()),
        }  # fmt: skip

    def _grow(
        self,
        source: LabelSource,
        limit: LabelLimit,
        choice: Choice,
        refined: Callable[[np.ndarray], Choice],
        max_labels: int,
        clock: Clock,
    ) -> tuple[np.ndarray, bool]:
        """Give labels on the final grid, an axis per invariant, and whether the clock ended its growth.

        Refused labels are nan.
        """
        coordinates, best = choice.coordinates, choice
        degrees = [FIRST_DEGREE] * self.integral_.m
        grid = _labels(source, limit, coordinates, [slice(0, degree) for degree in degrees])
        least = FIRST_DEGREE
        while True:
            nodes = _nodes(coordinates, grid.shape)
            values = grid_gaps.filled(grid, nodes, best)
            # Better coordinates need fewer nodes. They take a while to find, and are sought each time that all
            # invariants have more nodes.
            if min(degrees) > least:
                least, best = min(degrees), refined(values)
                if best.error <= self.epsrel:
                    return grid, False
            left_out = _left_out(values, nodes, best)
            axis = int(np.argmax(left_out))
            if left_out[axis] <= self.epsrel:
                return grid, False
            others = math.prod(degrees) // degrees[axis]
            if math.prod(degrees) + STEP * others > max_labels:
                return grid, False
            if STEP * others * source.seconds_per_label > (1 - RESERVE) * clock.left:
                return grid, True
            ranges = [slice(0, degree) for degree in degrees]
            ranges[axis] = slice(degrees[axis], degrees[axis] + STEP)
            degrees[axis] += STEP
            grid = np.concatenate([grid, _labels(source, limit, coordinates, ranges)], axis=axis)


def _labels(source: LabelSource, limit: LabelLimit, coordinates: Coordinates, ranges: list[slice]) -> np.ndarray:
    """Compute labels on the grid of some nodes of each invariant, an axis per invariant; refused ones are nan."""
    axes = [chebyshev_basis.nodes(nodes.stop)[nodes] for nodes in ranges]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    estimate = source.compute(coordinates.s(grid.reshape(-1, len(axes))))
    return limit.nan_where_refused(estimate).reshape(grid.shape[:-1])


def _left_out(values: np.ndarray, nodes: list[np.ndarray], choice: Choice) -> list[float]:
    """Extrapolate for each invariant the first pair of coefficients left out, as a relative error of I.

    Two at a time, since in a symmetric invariant every other coefficient vanishes.
    """
    target = choice.target.suited_to(values)
    y = target.encode(values)
    u = [choice.coordinates.u_of(j, s_j) for j, s_j in enumerate(nodes)]
    size = np.abs(chebyshev_basis.coefficients(y, u))
    scale = float(target.relative_slope(y).max()) if target.sign else 1 / max(float(np.abs(y).max()), 1e-300)
    found = []
    for axis in range(values.ndim):
        decay = size.max(axis=tuple(i for i in range(size.ndim) if i != axis))
        last, before = decay[-2:].max(), max(decay[-4:-2].max(), 1e-300)
        found.append(float(scale * last * min(1.0, max(FASTEST_DECAY, last / before))))
    return found


def _nodes(coordinates: Coordinates, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Find the nodes of each invariant, as values of s."""
    u = [chebyshev_basis.nodes(n) for n in shape]
    return [coordinates.s(np.tile(nodes[:, None], len(shape)))[:, j] for j, nodes in enumerate(u)]
