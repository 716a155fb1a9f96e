"""How well Gauss rules integrate over one Feynman parameter along a contour, for many maps and orders.

What `axis_errors.py` is for real integrals, this is above threshold. On a given contour all rules, whatever |c|, κ and
order, integrate the same analytic function of y, the marginal: the other parameters are integrated by rules on their
contours. It is evaluated once, at the nodes of a Gauss rule of GRID nodes, and as interpolation between them is linear,
the error of any rule is a product with a vector.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.quadrature.arc_rules import ArcMap, ArcRule, Contour
from methods.quadrature.axis_rules import gauss_legendre, tensor_nodes


class Candidates(NamedTuple):
    """Rules that are compared, and how finely."""

    moduli: tuple[float, ...]
    spreads: tuple[float, ...]
    """Values of |c| and κ."""
    highest_order: int
    grid: int
    """Nodes at which a marginal is evaluated. A rule of half as many, without a map, integrates the polynomial through
    them exactly: there must be more than twice `highest_order`."""

    def maps(self, contour: Contour) -> list[ArcMap]:
        """List the maps to a contour, as the first index of `mean_squared_errors` numbers them."""
        return [ArcMap(*contour, modulus, spread) for modulus in self.moduli for spread in self.spreads]


COARSE = Candidates(tuple((2.0 ** np.arange(-4, 5)).tolist()), (0.0, 0.8, 1.4, 2.0), 40, 96)
FINE = Candidates(tuple((2.0 ** np.arange(-4, 4.1, 0.5)).tolist()), (0.0, 0.5, 0.8, 1.1, 1.4, 1.8, 2.3), 80, 176)
"""What suffices to compare contours, and to choose maps and orders on one. Without κ, 12,000 nodes have 9.2 digits on
box1l_physical instead of 11.0."""

CHUNK = 2**18
"""Values of the integrand in memory at once: 4 MiB."""

_KNOWN_WEIGHTS: dict[Candidates, np.ndarray] = {}
"""Weights of the rules of all maps, by the candidates that they were computed for."""


def marginal(
    integral: ParametricIntegral, s: torch.Tensor, j: int, contour: Contour, others: list[ArcRule], grid: int
) -> torch.Tensor:
    """Evaluate the marginal of x_j along its contour, for s (n_s, m) and rules for the k − 1 others: (n_s, grid)."""
    nodes, weights = (array.to(torch.complex128) for array in tensor_nodes(others, s.device))
    x_j, dx_dy = (torch.as_tensor(array + 0j, device=s.device) for array in contour.at(gauss_legendre(grid)[0]))
    columns = []
    for part in x_j.split(max(1, CHUNK // (len(s) * len(weights)))):
        before, after = nodes[:, :j].repeat(len(part), 1), nodes[:, j:].repeat(len(part), 1)
        x = torch.cat([before, part.repeat_interleave(len(nodes))[:, None], after], dim=1)
        f = integral.at_nodes(x)(s.to(torch.complex128)).reshape(len(s), len(part), len(weights))
        columns.append(f @ weights)
    return torch.cat(columns, dim=1) * dx_dy


def integrated(marginal: torch.Tensor) -> torch.Tensor:
    """Integrate a marginal (n_s, grid) over its own parameter: (n_s,)."""
    weights = gauss_legendre(marginal.shape[1])[1]
    return marginal @ torch.as_tensor(weights, device=marginal.device).to(marginal.dtype)


def mean_squared_errors(marginal: torch.Tensor, candidates: Candidates) -> torch.Tensor:
    """Mean of |error|² over s, on a marginal (n_s, grid): (n_maps, highest_order), that of order n at n − 1."""
    parts = torch.cat([marginal.real, marginal.imag])
    errors = parts @ torch.as_tensor(_weights(candidates), device=marginal.device)
    return errors.square_().sum(dim=0).reshape(-1, candidates.highest_order) / len(marginal)


def seconds_to_prepare(candidates: Candidates) -> float:
    """Seconds that the rules of all maps take to be prepared, by those of the last map: none where they are known."""
    if candidates in _KNOWN_WEIGHTS:
        return 0.0
    maps = candidates.maps(Contour(0.0))
    for order in (*range(1, candidates.highest_order + 1), candidates.grid):
        gauss_legendre(order)
    start = time.perf_counter()
    _weights_of_map(maps[-1], candidates.highest_order, candidates.grid)
    return (time.perf_counter() - start) * len(maps)


def _weights(candidates: Candidates) -> np.ndarray:
    """Weights of all rules on the grid, less those of the grid's own: (grid, n_maps · highest_order)."""
    if candidates not in _KNOWN_WEIGHTS:
        order, grid, maps = candidates.highest_order, candidates.grid, candidates.maps(Contour(0.0))
        _KNOWN_WEIGHTS[candidates] = np.concatenate([_weights_of_map(to_y, order, grid) for to_y in maps], axis=1)
    return _KNOWN_WEIGHTS[candidates]


def _weights_of_map(to_y: ArcMap, highest_order: int, grid: int) -> np.ndarray:
    """Weights of the rules of orders 1 to highest_order after one map, less the grid's own: (grid, highest_order).

    A rule integrates Σ_d (2d + 1) P_d(2y − 1) Σ_l w_l P_d(2y_l − 1) g(y_l), the polynomial through the grid's values g.
    """
    t, weights = np.concatenate([gauss_legendre(order) for order in range(1, highest_order + 1)], axis=1)
    first_node = np.cumsum([0, *range(1, highest_order)])
    y, dy_dt = (part.real for part in to_y.at(t))
    weights = weights * dy_dt
    own_nodes, own_weights = gauss_legendre(grid)
    of_rules = np.array([np.add.reduceat(weights * p, first_node) for p in _legendre(y, grid)])
    of_grid = np.array(list(_legendre(own_nodes, grid)))
    of_rules *= (2 * np.arange(grid) + 1)[:, None]
    return own_weights[:, None] * (of_grid.T @ of_rules - 1)


def _legendre(y: np.ndarray, n: int) -> Iterator[np.ndarray]:
    """Yield P_0, …, P_{n − 1} of 2y − 1, for y (n_y,), by their recurrence: it stays in cache."""
    z = 2 * y - 1
    before, now = np.zeros_like(z), np.ones_like(z)
    for d in range(n):
        yield now
        before, now = now, ((2 * d + 1) * z * now - d * before) / (d + 1)
