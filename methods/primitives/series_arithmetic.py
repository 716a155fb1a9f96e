"""Series of corner sums as steps that other programs can take (`methods/core/arithmetic.py`)."""

from __future__ import annotations

import math

import numpy as np

from methods.core.arithmetic import Arithmetic, Rows
from methods.primitives import chebyshev_series
from methods.primitives.triangular_map import Coordinates


def form(
    coordinates: Coordinates, series: np.ndarray, log_h: np.ndarray, degree: int, error_factor: float
) -> Arithmetic:
    """List the steps of value and error: the mean of the replicas and their standard deviation times a factor.

    Parameters
    ----------
    coordinates : Coordinates
        From s to the variables of the series.
    series : array (count, n_replicas)
        Coefficients of I/h by each replica, in the order of `chebyshev_series.products`.
    log_h : array (n_first,)
        Those of log h, of which there may be fewer.
    degree : int
        Total degree.
    error_factor : float
        Of the standard deviation.
    """
    arithmetic = Arithmetic(len(coordinates.low))
    u = _u(arithmetic, coordinates)
    alpha = np.array(chebyshev_series.terms(len(coordinates.low), degree)).reshape(len(series), -1)
    c = np.concatenate([series, np.pad(log_h, (0, len(series) - len(log_h)))[:, None]], axis=1)
    sums = arithmetic.polynomial(u, alpha, c)
    n = series.shape[1]
    h = arithmetic.apply("exp", arithmetic.take(sums, [n]))
    values = arithmetic.multiply(arithmetic.take(sums, range(n)), h)
    value = arithmetic.affine(values, np.full((1, n), 1 / n))
    if n == 1:
        arithmetic.outputs |= {"value": value, "error": arithmetic.scale(value, math.nan)}
        return arithmetic
    squares = arithmetic.apply("square", arithmetic.affine(values, np.eye(n) - 1 / n))
    variance = arithmetic.affine(squares, np.full((1, n), error_factor**2 / (n - 1)))
    arithmetic.outputs |= {"value": value, "error": arithmetic.apply("sqrt", variance)}
    return arithmetic


def _u(arithmetic: Arithmetic, coordinates: Coordinates) -> Rows:
    """List the steps of `Coordinates.u`."""
    rows = []
    for j, keeps_its_sign in enumerate(coordinates.keep_their_sign):
        s = arithmetic.take(arithmetic.s, [j])
        rows.append(arithmetic.apply("log", arithmetic.apply("abs", s)) if keeps_its_sign else s)
    width = coordinates.high - coordinates.low
    return arithmetic.scale(arithmetic.join(*rows), 2 / width, -2 * coordinates.low / width - 1)
