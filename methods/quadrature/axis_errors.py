"""How well Gauss rules integrate over one Feynman parameter, for many maps and orders, from few evaluations.

With the other parameters integrated by rules of their own, the integrand becomes a function of one of them,

    g_s(x_j) = ∫ f(s, x) Π_{i≠j} dx_i,        I(s) = ∫_0^1 g_s(x_j) dx_j,

its marginal. It is evaluated once, on a grid of nodes y fine enough to interpolate between. Any rule is then a vector v
of weights on this grid, and with r, the weights of the grid's own rule,

    error = Σ_l (v_l − r_l) g_s(y_l)

is one matrix product for thousands of rules. To first order the error of a tensor rule is the sum of these over the
parameters.
"""

from __future__ import annotations

import functools

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.quadrature.axis_rules import AxisRule, barycentric_matrix, gauss_legendre, tensor_nodes
from methods.quadrature.transforms import exponential

STRENGTHS = tuple(np.arange(-6, 12.1, 0.25).tolist())
"""Candidates for a. Four decades of invariants (box1l_wide) take 8 to 9.5; a peak at x = 1 takes negative ones. Möbius
maps x = t/(t + c (1 − t)) beside them were chosen for no parameter of box1l, box1l_wide, box1l_threshold and box2l;
alone, they need 490 nodes on box1l for the 8.9 digits that these have with 252."""

HIGHEST_ORDER = 40
"""Largest order compared."""

GRID, GRID_STRENGTH = 64, 10.0
"""Nodes of the grid in each half of [0, 1], and the strength of the map that crowds them to the outer end."""

CHUNK = 2**20
"""Values of the integrand in memory at once: 8 MiB."""


def marginal(integral: ParametricIntegral, s: torch.Tensor, j: int, others: list[AxisRule]) -> torch.Tensor:
    """Evaluate the marginal of x_j on the grid, for s (n_s, m) and rules for the k − 1 others: (n_s, 2 GRID)."""
    nodes, weights = tensor_nodes(others, s.device)
    columns = []
    for y in torch.as_tensor(_grid()[0], device=s.device).split(max(1, CHUNK // (len(s) * len(weights)))):
        before, after = nodes[:, :j].repeat(len(y), 1), nodes[:, j:].repeat(len(y), 1)
        x = torch.cat([before, y.repeat_interleave(len(nodes))[:, None], after], dim=1)
        columns.append(integral.at_nodes(x)(s).reshape(len(s), len(y), len(weights)) @ weights)
    return torch.cat(columns, dim=1)


def integrated(marginal: torch.Tensor) -> torch.Tensor:
    """Integrate a marginal (n_s, 2 GRID) over its own parameter: (n_s,)."""
    return marginal @ torch.as_tensor(_grid()[1], device=marginal.device)


def errors(marginal: torch.Tensor, strengths: tuple[float, ...]) -> torch.Tensor:
    """Errors of all rules on a marginal (n_s, 2 GRID): (n_s, n_strengths, HIGHEST_ORDER), those of order n at n − 1."""
    flat = marginal @ torch.as_tensor(_candidates(strengths), device=marginal.device)
    return flat.reshape(len(marginal), len(strengths), HIGHEST_ORDER)


@functools.cache
def _grid() -> tuple[np.ndarray, np.ndarray]:
    """Nodes y and weights r of the grid, those in the lower half of [0, 1] first."""
    t, weights = gauss_legendre(GRID)
    x, dx_dt = exponential(t, GRID_STRENGTH)
    return np.concatenate([x / 2, 1 - x / 2]), np.tile(weights * dx_dt / 2, 2)


@functools.cache
def _candidates(strengths: tuple[float, ...]) -> np.ndarray:
    """Weights v − r on the grid of all rules: (2 GRID, n_strengths · HIGHEST_ORDER)."""
    table = np.empty((2 * GRID, len(strengths), HIGHEST_ORDER))
    for order in range(1, HIGHEST_ORDER + 1):
        x, weights = np.array([AxisRule(a, order).nodes() for a in strengths]).swapaxes(0, 1)
        matrix = _interpolation(x.ravel()).reshape(*x.shape, -1)
        table[:, :, order - 1] = np.einsum("an,anl->la", weights, matrix)
    return (table - _grid()[1][:, None, None]).reshape(2 * GRID, -1)


def _interpolation(x: np.ndarray) -> np.ndarray:
    """Matrix (n, 2 GRID) from values on the grid to those at x (n,), by polynomials in each half's mapped variable."""
    nodes, weights = gauss_legendre(GRID)
    upper = x > 0.5
    t = np.log1p(2 * np.where(upper, 1 - x, x) * np.expm1(GRID_STRENGTH)) / GRID_STRENGTH
    terms = barycentric_matrix(t, nodes, weights)
    matrix = np.zeros((len(x), 2 * GRID))
    matrix[~upper, :GRID], matrix[upper, GRID:] = terms[~upper], terms[upper]
    return matrix
