"""A table of I(s) as steps that other programs can take (`methods/core/arithmetic.py`)."""

from __future__ import annotations

import numpy as np

from methods.core.arithmetic import Arithmetic, Rows
from methods.core.relative_error import SMALL
from methods.tables.coordinates import Coordinates, Target


def u(arithmetic: Arithmetic, s: Rows, coordinates: Coordinates) -> Rows:
    """List the steps of `Coordinates.u`: u (m rows) at s (m rows)."""
    middle, half = coordinates.middle_and_half()
    distance = arithmetic.apply("abs", arithmetic.scale(_z(arithmetic, s, coordinates), -1.0, coordinates.c))
    # The middle is taken off first, as it nearly cancels the logarithm where c is far away: digits are lost once only.
    return arithmetic.scale(arithmetic.scale(arithmetic.apply("log", distance), 1.0, -middle), 1 / half)


def _z(arithmetic: Arithmetic, s: Rows, coordinates: Coordinates) -> Rows:
    """List the steps of `Coordinates.z`."""
    if not coordinates.with_threshold:
        return s
    return arithmetic.join(*(
        coordinates.with_threshold[j].steps(arithmetic, arithmetic.take(s, [j]))
        if j in coordinates.with_threshold else arithmetic.take(s, [j])
        for j in range(s.n)
    ))  # fmt: skip


def value(arithmetic: Arithmetic, y: Rows, target: Target) -> Rows:
    """List the steps of `Target.decode`: I from y; two rows of y are a complex number."""
    factor = (target.sign or 1) * target.scale
    if not target.sign:
        return arithmetic.scale(y, factor)
    if y.n == 2:
        square = arithmetic.affine(arithmetic.apply("square", y), np.ones((1, 2)))
        return arithmetic.multiply(arithmetic.scale(y, [factor, -factor]), arithmetic.apply("reciprocal", square))
    if target.power:
        return arithmetic.scale(arithmetic.power(arithmetic.apply("reciprocal", y), target.power), factor)
    return arithmetic.scale(arithmetic.apply("exp", y), factor)


def error_of_y(arithmetic: Arithmetic, value: Rows, target: Target, error: float) -> Rows:
    """List the steps of `Target.error`: of the error of I to which an error of y leads, for I in a single row."""
    size = arithmetic.size(value)
    if not target.sign:
        return arithmetic.scale(size, 0.0, error * target.scale)
    if target.power:
        logarithm = arithmetic.apply("log", arithmetic.scale(size, 1 / target.scale))
        root = arithmetic.apply("exp", arithmetic.scale(logarithm, 1 / target.power))
        size = arithmetic.multiply(size, root)
    return arithmetic.scale(size, error * (target.power or 1))


def error(arithmetic: Arithmetic, value: Rows, relative_error: float, typical_value: float) -> Rows:
    """List the steps of a table's error."""
    size = arithmetic.at_least(arithmetic.size(value), SMALL * typical_value)
    return arithmetic.scale(size, relative_error)


def growth(arithmetic: Arithmetic, u: Rows, n_degrees: np.ndarray) -> Rows:
    """List the steps of the factor by which errors grow outside [−1, 1]: Π_j cosh(n_j arccosh u_j) = Π_j T_{n_j}."""
    beyond = arithmetic.at_least(arithmetic.apply("abs", u), 1.0)
    alpha = np.asarray(n_degrees, dtype=np.int64)[None]
    return arithmetic.polynomial(beyond, alpha, np.ones((1, 1)))


def on_side(arithmetic: Arithmetic, coordinates: Coordinates, own: Rows, other: Rows) -> Rows:
    """Choose `own` at points on the side of each threshold on which the box of the coordinates is, or `other`."""
    found = own
    for j, coordinate in coordinates.with_threshold.items():
        row = arithmetic.scale(arithmetic.take(arithmetic.s, [j]), 1 / coordinate.threshold)
        x, y = (found, other) if coordinate.above else (other, found)
        found = arithmetic.select(row, 1.0, x, y)
    return found


def gradient(arithmetic: Arithmetic, slope: Rows, y: Rows, target: Target, coordinates: Coordinates) -> Rows:
    """List the steps of ∂I/∂s (m rows) from ∂y/∂u (m rows), for coordinates without thresholds."""
    _, half = coordinates.middle_and_half()
    du_ds = arithmetic.apply("reciprocal", arithmetic.scale(arithmetic.s, half, -half * coordinates.c))
    found = arithmetic.multiply(slope, du_ds)
    if not target.sign:
        return arithmetic.scale(found, target.scale)
    of_y = value(arithmetic, y, target)
    if target.power:
        of_y = arithmetic.scale(arithmetic.multiply(of_y, arithmetic.apply("reciprocal", y)), -target.power)
    return arithmetic.multiply(found, of_y)
