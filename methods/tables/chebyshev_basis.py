"""Chebyshev polynomials at many points, and nested nodes to interpolate by them.

The nodes are Leja points in symmetric pairs: 0, then ±x where the product of the distances to all nodes so far is
largest. Unlike Chebyshev's nodes they stay when more are added, so that no label is lost; with 5, 9 and 17 of them
log(1.5 + u) is interpolated with 0.06 to 0.2 fewer digits than with as many Chebyshev nodes, with 7 and 11 with 0.4.
"""

from __future__ import annotations

import functools

import numpy as np
import torch

SEARCHED = 20_001
"""Points of [0, 1] among which the next node is sought."""


@functools.cache
def nodes(n: int) -> np.ndarray:
    """Give n nodes in [−1, 1], n odd; those for a smaller n come first."""
    x = np.linspace(0, 1, SEARCHED)
    found = [0.0]
    while len(found) < n:
        # Of a pair, both distances count, and that of the two: 2 |x|.
        log_product = 2 * sum(np.log(np.abs(x - node) + 1e-300) for node in found) + np.log(2 * x + 1e-300)
        new = float(x[np.argmax(log_product)])
        found += [new, -new]
    return np.array(found)


def to_coefficients(u: np.ndarray) -> np.ndarray:
    """Make the matrix (n, n) that turns values at nodes u (n,) into Chebyshev coefficients."""
    return np.linalg.inv(np.polynomial.chebyshev.chebvander(u, len(u) - 1))


def coefficients(values: np.ndarray, nodes_of_axes: list[np.ndarray]) -> np.ndarray:
    """Turn values on a tensor grid, with these nodes along each axis, into Chebyshev coefficients of the same shape."""
    for axis, u in enumerate(nodes_of_axes):
        values = coefficients_along(values, axis, u)
    return values


def coefficients_along(values: np.ndarray, axis: int, u: np.ndarray) -> np.ndarray:
    """Turn values at nodes u along one axis into Chebyshev coefficients, of the same shape."""
    return np.moveaxis(np.tensordot(to_coefficients(u), values, axes=(1, axis)), 0, axis)


def polynomials(u: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Fill table (degree, m, n) with T_0 … T_{degree−1} at u (m, n), in doublings of the known part.

    T_{2j} = 2 T_j² − 1 and T_{2j+1} = 2 T_j T_{j+1} − u.
    """
    table[0] = 1
    if len(table) == 1:
        return table
    table[1] = u
    minus_one, minus_u = -table[:1], -table[1:2]
    known, last = 1, len(table) - 1
    while known < last:
        top = min(2 * known, last)
        j = slice(known // 2 + 1, top // 2 + 1)
        torch.addcmul(minus_one, table[j], table[j], value=2, out=table[2 * j.start : top + 1 : 2])
        j = slice((known + 1) // 2, (top + 1) // 2)
        above = table[j.start + 1 : j.stop + 1]
        torch.addcmul(minus_u, table[j], above, value=2, out=table[2 * j.start + 1 : top + 1 : 2])
        known = top
    return table
