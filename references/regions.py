"""Where a phase-space point lies in its box: cornerness and edge, and points drawn from each of these regions.

notation: with w = high − low per coordinate, c = cornerness = how many coordinates lie outside
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


def cornerness(s: np.ndarray, low: tuple[float, ...], high: tuple[float, ...]) -> np.ndarray:
    """Return how many coordinates of s (n, m) lie within a margin of the box's edge: (n,) integers from 0 to m."""
    bottom, top = np.array(low), np.array(high)
    width = top - bottom
    return np.sum((s < bottom + 2 * width / 27) | (s > top - width / 27), axis=1)


def is_edge(s: np.ndarray, low: tuple[float, ...], high: tuple[float, ...]) -> np.ndarray:
    """Tell of s (n, m) whether every coordinate lies within 1/54 of the width from either end: (n,) booleans."""
    bottom, top = np.array(low), np.array(high)
    width = top - bottom
    return np.all((s <= bottom + width / 54) | (s >= top - width / 54), axis=1)


def draw(integral: ParametricIntegral, n: int, seed: int, edge_points: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw n points uniformly, and `edge_points` more in equal parts from cornerness 1, 2, 3 (up to m) and the edge.

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
    low, high = np.array(integral.low), np.array(integral.high)
    unit = np.concatenate([uniform, *extra, _edge_points(rng, n_edge, integral.m)])
    return np.clip(low + (high - low) * unit, low, high), np.arange(len(unit)) < n


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
