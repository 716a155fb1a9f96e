"""The place of a phase-space point in its box, cornerness and edge, and points drawn from each of these regions.

notation: with w = high − low per coordinate (that in which the integral draws: log|s| for "log-uniform"),
c = cornerness = how many coordinates lie outside
[low + 2w/27, high − w/27], which is [−28, −4] of the papers' box [−30, −3] (JHEP section 3.1 and figure 4);
edge = every coordinate within w/54 of either end, 0.5 in the papers' box (thesis figure 22).
"""

from __future__ import annotations

import numpy as np

from methods.base import ParametricIntegral

MARGIN_LOW, MARGIN_HIGH = 2 / 27, 1 / 27
"""The margin at either end as a share of the width: JHEP section 3.1."""
EDGE = 1 / 54
"""The edge as a share of the width: thesis figure 22."""
STREAM = 20230322
"""Keeps these points apart from ``ParametricIntegral.sample(n, seed)``, from which surrogates draw what they learn."""


def cornerness(integral: ParametricIntegral, s: np.ndarray) -> np.ndarray:
    """Return how many coordinates of s (n, m) lie within a margin of the box's edge: (n,) integers from 0 to m."""
    u = integral.to_unit(s)
    return np.sum((u < MARGIN_LOW) | (u > 1 - MARGIN_HIGH), axis=1)


def is_edge(integral: ParametricIntegral, s: np.ndarray) -> np.ndarray:
    """Tell of s (n, m) whether every coordinate lies within 1/54 of the width from either end: (n,) booleans."""
    u = integral.to_unit(s)
    return np.all((u <= EDGE) | (u >= 1 - EDGE), axis=1)


def draw(integral: ParametricIntegral, n: int, seed: int, edge_points: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw n points as the integral says, and `edge_points` more: by cornerness 1, 2, 3 (up to m) and the edge.

    Returns
    -------
    s : array (n + edge_points, m)
        The uniform ones first. The edge's part begins with corners of the box, where integrals are hardest.
    uniform : array (n + edge_points,) of bool
        Which points were drawn uniformly.
    """
    rng = np.random.default_rng([seed, STREAM])
    classes = min(integral.m, 3)
    *counts, n_edge = (len(part) for part in np.array_split(np.arange(edge_points), classes + 1))
    uniform = rng.random((n, integral.m))
    extra = [_unit_points(rng, count, c, integral.m) for c, count in enumerate(counts, start=1)]
    unit = np.concatenate([uniform, *extra, _edge_points(rng, n_edge, integral.m)])
    return integral.from_unit(unit), np.arange(len(unit)) < n


def _unit_points(rng: np.random.Generator, n: int, c: int, m: int) -> np.ndarray:
    """Draw n points of [0, 1]^m with cornerness c; either margin of a coordinate is as likely as the other."""
    inside = rng.uniform(MARGIN_LOW, 1 - MARGIN_HIGH, (n, m))
    outside = _near_ends(rng, n, m, MARGIN_LOW, MARGIN_HIGH)
    chosen = rng.permuted(np.broadcast_to(np.arange(m) < c, (n, m)), axis=1)
    return np.where(chosen, outside, inside)


def _edge_points(rng: np.random.Generator, n: int, m: int) -> np.ndarray:
    points = _near_ends(rng, n, m, EDGE, EDGE)
    corners = np.arange(min(n, 2**m))[:, None] >> np.arange(m) & 1
    points[: len(corners)] = corners
    return points


def _near_ends(rng: np.random.Generator, n: int, m: int, below: float, above: float) -> np.ndarray:
    u = rng.random((n, m))
    return np.where(rng.random((n, m)) < 0.5, below * u, 1 - above * u)
