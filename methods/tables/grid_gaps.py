"""Values on a tensor grid at the few nodes whose labels are refused.

A polynomial needs a value at each node. Those that are missing are the ones with which its highest coefficients are
smallest:

    y_missing = argmin Σ |C_α|²,    C = the Chebyshev coefficients of y, α_j >= d_j − 2 for some j

C is linear in y, so that they follow from a linear system with a column for each missing value. As far as the grid
resolves I, they are as precise as the polynomial.
"""

from __future__ import annotations

import functools

import numpy as np

from methods.base import InputError
from methods.tables import chebyshev_basis
from methods.tables.coordinate_choice import Choice
from methods.tables.coordinates import Target

LARGEST_SHARE = 0.1
"""Largest share of the grid that may be missing; two values may be in any case."""

HIGHEST = 2
"""Coefficients at the end of each axis that count: in a symmetric invariant every other one vanishes."""


def filled(values: np.ndarray, nodes: list[np.ndarray], choice: Choice) -> np.ndarray:
    """Give values on a grid, an axis per invariant, in which nan stands for those that are missing.

    Nodes (n_j,) of each invariant are values of s_j.

    Raises
    ------
    InputError
        Where more than one in ten is missing.
    """
    missing = np.isnan(values)
    if not missing.any():
        return values
    n = int(missing.sum())
    if n > max(2, LARGEST_SHARE * values.size):
        raise InputError(
            f"{n} of {values.size} labels on the grid have errors too large to be used; take total_degree, which "
            "leaves them out, or another label method."
        )
    known = values[~missing]
    target = Target.of_values(known, choice.target.power) if choice.target.sign else choice.target
    u = [choice.coordinates.u_of(j, s_j) for j, s_j in enumerate(nodes)]
    y = np.zeros(values.shape, dtype=values.dtype)
    y[~missing] = target.encode(known)
    high = np.zeros(values.shape, dtype=bool)
    for axis, n_axis in enumerate(values.shape):
        np.moveaxis(high, axis, 0)[n_axis - HIGHEST :] = True
    matrices = [chebyshev_basis.to_coefficients(u_j) for u_j in u]
    columns = [
        functools.reduce(np.multiply.outer, [matrix[:, i] for matrix, i in zip(matrices, index, strict=True)])[high]
        for index in np.argwhere(missing)
    ]
    without = chebyshev_basis.coefficients(y, u)[high]
    found = np.linalg.lstsq(np.stack(columns, axis=1), -without, rcond=None)[0]
    result = values.copy()
    result[missing] = target.decode(found)
    return result
