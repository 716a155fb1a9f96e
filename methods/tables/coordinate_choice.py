"""Coordinates and target of a table, chosen by labels at random points, without any other knowledge of I(s).

Every candidate is judged by a polynomial of low total degree, fitted to the labels by least squares: by how much it
misses each label that it is not fitted to. With residuals e_i and the diagonal h_ii of the fit's projection these are
e_i/(1 − h_ii) (Allen, Technometrics 16 (1974) 125), for all labels from one fit.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from methods.core import chebyshev_series
from methods.core.relative_error import relative_errors
from methods.tables.coordinates import DISTANCES, Coordinates, Target, powers

LABELS_PER_TERM = 2.0
"""Labels per coefficient of the polynomials of degree 2 and more that judge, at least. One of degree 1 takes one label
more than coefficients."""

HIGHEST_DEGREE = 5


class Choice(NamedTuple):
    """Coordinates, target, and the relative error (root mean square) of the polynomial that judged them."""

    coordinates: Coordinates
    target: Target
    error: float


def choose(
    low: tuple[float, ...], high: tuple[float, ...], s: np.ndarray, value: np.ndarray,
    thresholds: np.ndarray | None = None,
) -> Choice:  # fmt: skip
    """Choose c and the target by labels at s (n, m): first one distance for all invariants, then one for each.

    Where there are thresholds (m,), 0 for invariants without one, the box lies on one side of each.
    """
    m = len(low)
    degree = _degree(len(s), m)
    without_c = Coordinates(np.array(low), np.array(high), np.zeros(m), thresholds)
    points = torch.as_tensor(s)

    def judged(c: np.ndarray, power: int) -> Choice:
        coordinates, target = dataclasses.replace(without_c, c=c), Target.of_values(value, power)
        return Choice(coordinates, target, _left_out_error(coordinates.u(points).T, target, value, degree))

    per_axis = np.array([without_c.candidates(j) for j in range(m)])
    if not degree:  # a constant is the same in all coordinates: those that are nearly linear in s are taken
        per_axis = per_axis[:, [len(DISTANCES) - 1]]
    common = [judged(c, power) for power in powers(value) for c in per_axis.T]
    best = min(common, key=lambda choice: choice.error)
    for j in range(m):
        for c_j in per_axis[j]:
            c = best.coordinates.c.copy()
            c[j] = c_j
            best = min(best, judged(c, best.target.power), key=lambda choice: choice.error)
    return best


def error_by_degree(choice: Choice, s: np.ndarray, value: np.ndarray) -> Callable[[int], float]:
    """Extrapolate the error of polynomials to other total degrees, from the one that judged and the one below it.

    s (n, m) and value (n,) are those that the choice was made by. Where a constant judged, all degrees have its error.
    """
    degree = _degree(*s.shape)
    if not degree:
        return lambda _: choice.error
    below = _left_out_error(choice.coordinates.u(torch.as_tensor(s)).T, choice.target, value, degree - 1)
    factor = max(1.0, below / choice.error) if choice.error > 0 else math.inf
    return lambda other: choice.error * factor ** (degree - other)


def _degree(n_labels: int, m: int) -> int:
    """Choose the degree of the polynomials that judge: 0 where as many terms as labels would miss none of them."""
    if n_labels <= chebyshev_series.count(m, 1):
        return 0
    degree = 1
    while degree < HIGHEST_DEGREE and LABELS_PER_TERM * chebyshev_series.count(m, degree + 1) <= n_labels:
        degree += 1
    return degree


def _left_out_error(u: torch.Tensor, target: Target, value: np.ndarray, degree: int) -> float:
    """Root mean square relative error of labels (n,), each left out of the fit."""
    y = target.encode(value)
    q = np.linalg.qr(chebyshev_series.products(u, degree).T.numpy())[0]
    left_out = (y - q @ (q.T @ y)) / np.maximum(1 - np.square(q).sum(axis=1), 1e-12)
    if target.sign:
        return float(np.sqrt(np.mean((np.abs(left_out) * target.relative_slope(y)) ** 2)))
    return float(np.sqrt(np.mean(relative_errors(left_out, y) ** 2)))
