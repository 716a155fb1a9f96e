"""How well Gauss rules integrate over one Feynman parameter along a contour, for many maps and orders.

What `axis_errors.py` is for real integrals, this is above threshold. On a given contour all rules, whatever |c|, κ and
order, integrate the same analytic function of y, the marginal: the other parameters are integrated by rules on their
contours. It is evaluated once, at the nodes of a Gauss rule of GRID nodes, and as interpolation between them is linear,
the error of any rule is a product with a vector.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.quadrature.arc_rules import ArcMap, ArcRule, Contour
from methods.quadrature.axis_rules import barycentric_matrix, gauss_legendre, tensor_nodes


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


@functools.cache
def _weights(candidates: Candidates) -> np.ndarray:
    """Weights of all rules on the grid, less those of the grid's own: (grid, n_maps · highest_order)."""
    nodes, own_weights = gauss_legendre(candidates.grid)
    to_y = candidates.maps(Contour(0.0))
    table = np.empty((candidates.grid, len(to_y), candidates.highest_order))
    for order in range(1, candidates.highest_order + 1):
        y, weights = np.array([ArcRule(candidate, order).nodes() for candidate in to_y]).real.swapaxes(0, 1)
        matrix = barycentric_matrix(y.ravel(), nodes, own_weights).reshape(*y.shape, -1)
        table[:, :, order - 1] = np.einsum("an,anl->la", weights, matrix)
    return (table - own_weights[:, None, None]).reshape(candidates.grid, -1)
