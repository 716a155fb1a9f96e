"""Coordinates and target of a grid, chosen once more when its labels are known.

A polynomial through the labels of a tensor grid exists in any coordinates,

    y(s) = Σ_{i1…im} y_{i1…im} Π_j ℓ_{j,ij}(u_j(s_j)),    ℓ_{j,i} = 1 at node i of invariant j and 0 at its other nodes,

so that c and the power can be those with which it misses labels at other points least. The polynomials of low degree
that chose the first ones (`coordinate_choice.py`) want others: with 5³ labels the second choice is worth 0.3 digits on
box2l, 0.5 on box2l_sum and 1.4 on box1l.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from methods.core.relative_error import relative_errors
from methods.tables import chebyshev_basis
from methods.tables.coordinate_choice import Choice
from methods.tables.coordinates import Coordinates, Target, powers

ROUNDS = 2
"""Times that the power and each c_j are sought, the others being kept."""


def refine(choice: Choice, nodes: list[np.ndarray], values: np.ndarray, s: np.ndarray, expected: np.ndarray) -> Choice:
    """Choose c and the power by the error at s (n, m), where I is `expected` (n,).

    Parameters
    ----------
    choice : Choice
        What is taken unless something is better.
    nodes : list of array (n_j,)
        Nodes of each invariant, as values of s_j.
    values : array (n_1, …, n_m)
        Labels at the nodes.
    s, expected : arrays (n, m) and (n,)
        Labels at other points.
    """
    best = choice._replace(target=_target(values, expected, choice.target.power), error=np.inf)
    bases = [_lagrange(best.coordinates, j, nodes[j], s[:, j]) for j in range(len(nodes))]
    for _ in range(ROUNDS):
        for power in powers(np.append(values, expected)):
            tried = best._replace(target=_target(values, expected, power))
            best = min(best, _judged(tried, bases, values, expected), key=lambda found: found.error)
        for j in range(len(nodes)):
            for c_j in best.coordinates.candidates(j):
                c = best.coordinates.c.copy()
                c[j] = c_j
                tried = best._replace(coordinates=dataclasses.replace(best.coordinates, c=c))
                with_it = [*bases[:j], _lagrange(tried.coordinates, j, nodes[j], s[:, j]), *bases[j + 1 :]]
                tried = _judged(tried, with_it, values, expected)
                if tried.error < best.error:
                    best, bases = tried, with_it
    return best


def _target(values: np.ndarray, expected: np.ndarray, power: int) -> Target:
    """Make the target of labels on the grid: I itself where labels at other points do not have their sign."""
    return Target.of_values(values.ravel(), power).suited_to(expected)


def _lagrange(coordinates: Coordinates, j: int, nodes: np.ndarray, s_j: np.ndarray) -> np.ndarray:
    """Compute ℓ_{j,i} (n, n_j) at s_j (n,)."""
    u_nodes, u = (coordinates.u_of(j, values) for values in (nodes, s_j))
    return np.polynomial.chebyshev.chebvander(u, len(nodes) - 1) @ chebyshev_basis.to_coefficients(u_nodes)


def _judged(choice: Choice, bases: list[np.ndarray], values: np.ndarray, expected: np.ndarray) -> Choice:
    """Note the root mean square relative error of the interpolant."""
    y = choice.target.encode(values).reshape(len(bases[0].T), -1)
    found = bases[0] @ y
    for basis in bases[1:]:
        found = np.einsum("ni,nij->nj", basis, found.reshape(len(basis), basis.shape[1], -1))
    with np.errstate(all="ignore"):  # where y has the wrong sign, I is not finite
        error = float(np.sqrt(np.mean(relative_errors(choice.target.decode(found[:, 0]) - expected, expected) ** 2)))
    return choice._replace(error=error if np.isfinite(error) else np.inf)
