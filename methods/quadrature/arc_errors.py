"""How well Gauss rules integrate over one Feynman parameter along an arc, for many maps and orders: `axis_errors.py`
above threshold.

The arc is given by arg c. All rules on it, whatever |c|, spread and order, integrate the same analytic function of the
arc's own parameter, the marginal: the other parameters are integrated by rules on their arcs. It is evaluated once, at
the nodes of a Gauss rule of GRID nodes, and a rule's error is then a product with a vector, as interpolation between
these nodes is linear.
"""

from __future__ import annotations

import functools

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.quadrature.arc_rules import ArcMap, ArcRule
from methods.quadrature.axis_errors import HIGHEST_ORDER
from methods.quadrature.axis_rules import barycentric_matrix, gauss_legendre, tensor_nodes

MODULI = tuple((2.0 ** np.arange(-4, 4.1, 0.5)).tolist())
SPREADS = (0.0, 0.5, 0.8, 1.1, 1.4, 1.7, 2.0, 2.5)
"""Candidates for |c| and κ."""

GRID = 64
"""Nodes at which a marginal is evaluated."""

CHUNK = 2**18
"""Values of the integrand in memory at once."""


def marginal(
    integral: ParametricIntegral, s: torch.Tensor, j: int, phase: float, others: list[ArcRule]
) -> torch.Tensor:
    """Evaluate the marginal of x_j along its arc, for s (n_s, m) and rules for the k − 1 others: (n_s, GRID)."""
    nodes, weights = (array.to(torch.complex128) for array in tensor_nodes(others, s.device))
    y, dy_dt = (torch.as_tensor(array, device=s.device) for array in ArcMap(1.0, phase, 0.0).at(_grid()[0]))
    columns = []
    for part in y.split(max(1, CHUNK // (len(s) * len(weights)))):
        before, after = nodes[:, :j].repeat(len(part), 1), nodes[:, j:].repeat(len(part), 1)
        x = torch.cat([before, part.repeat_interleave(len(nodes))[:, None], after], dim=1)
        f = integral.at_nodes(x)(s.to(torch.complex128)).reshape(len(s), len(part), len(weights))
        columns.append(f @ weights)
    return torch.cat(columns, dim=1) * dy_dt


def integrated(marginal: torch.Tensor) -> torch.Tensor:
    """Integrate a marginal (n_s, GRID) over its own parameter: (n_s,)."""
    return marginal @ torch.as_tensor(_grid()[1], device=marginal.device).to(marginal.dtype)


def squared_errors(marginal: torch.Tensor) -> torch.Tensor:
    """|error|² of all rules on a marginal (n_s, GRID): (n_s, n_maps, HIGHEST_ORDER), those of order n at n − 1."""
    table = torch.as_tensor(_candidates(), device=marginal.device)
    squares = (marginal.real @ table).square() + (marginal.imag @ table).square()
    return squares.reshape(len(marginal), -1, HIGHEST_ORDER)


def maps(phase: float) -> list[ArcMap]:
    """List the maps of an arc, as the second index of `squared_errors` numbers them."""
    return [ArcMap(modulus, phase, spread) for modulus in MODULI for spread in SPREADS]


@functools.cache
def _grid() -> tuple[np.ndarray, np.ndarray]:
    return gauss_legendre(GRID)


@functools.cache
def _candidates() -> np.ndarray:
    """Weights of all rules on the grid, less those of the grid's own: (GRID, n_maps · HIGHEST_ORDER)."""
    nodes, own_weights = _grid()
    real = maps(0.0)
    table = np.empty((GRID, len(real), HIGHEST_ORDER))
    for order in range(1, HIGHEST_ORDER + 1):
        x, weights = np.array([ArcRule(candidate, order).nodes() for candidate in real]).real.swapaxes(0, 1)
        matrix = barycentric_matrix(x.ravel(), nodes, own_weights).reshape(*x.shape, -1)
        table[:, :, order - 1] = np.einsum("an,anl->la", weights, matrix)
    return (table - own_weights[:, None, None]).reshape(GRID, -1)
