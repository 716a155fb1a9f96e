"""Tensor Gauss–Legendre rules on a `ContourMap`: nodes that move with s, evaluated axis by axis.

    I(s) ≈ Σ_j w_j f(s, x(s, t_j)) Π_i ∂x_i/∂t_i,    t_j the tensor product of Gauss–Legendre nodes

x_i depends on t_1, …, t_i only, and is kept as a tensor (n_s, n_1, …, n_i): all but the work on the last axis is done
on few values, exponentials and polynomials of the integrand included (`methods/core/moving_nodes.py`).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core.moving_nodes import MovingIntegrand
from methods.primitives import chebyshev_series
from methods.primitives.contour_map import ContourMap, chebyshev
from methods.primitives.triangular_map import Coordinates
from methods.quadrature.axis_choice import SMALL, AxisErrors
from methods.quadrature.axis_errors import HIGHEST_ORDER
from methods.quadrature.axis_rules import gauss_legendre

CHUNK = 2**15
"""Nodes times phase-space points worked on at once."""

GRID = 56
"""Nodes of an axis between which integrals over the others are interpolated, to compare rules of up to 40 nodes."""


class MovingRule:
    """The rule for one term of an integral.

    Parameters
    ----------
    term : ParametricIntegral
        The term.
    contour : ContourMap
        Its map.
    coordinates : Coordinates
        From s to u.
    orders : sequence of int
        Nodes of each axis of t.
    """

    def __init__(
        self, term: ParametricIntegral, contour: ContourMap, coordinates: Coordinates, orders: Sequence[int]
    ) -> None:
        self._map, self._coordinates = contour, coordinates
        self._integrand = MovingIntegrand(term, contour.order)
        rules = [gauss_legendre(int(n)) for n in orders]
        device = contour.a.device
        nodes, weights = ([torch.as_tensor(column, device=device) for column in pair] for pair in zip(*rules, strict=True))
        rows = max(1, CHUNK // int(np.prod(orders[1:])))
        self._blocks = [
            _Block(contour, [first, *nodes[1:]], [first_weights, *weights[1:]])
            for first, first_weights in zip(nodes[0].split(rows), weights[0].split(rows), strict=True)
        ]

    def __call__(self, s: torch.Tensor) -> torch.Tensor:
        """Return the sums at s (n, m): (n,)."""
        total = torch.zeros(len(s), dtype=self._map.a.dtype, device=s.device)
        for block in self._blocks:
            for start in range(0, len(s), block.rows):
                part = slice(start, start + block.rows)
                values, weights = block.values(self._map, self._integrand, s[part], self._coordinates.u(s[part]))
                total[part] += block.sums(values, weights)
        return total

    def marginal(self, s: torch.Tensor, axis: int) -> torch.Tensor:
        """Return the integrals over all axes of t but one, at its nodes: (n, n_axis)."""
        found = []
        for block in self._blocks:
            parts = []
            for start in range(0, len(s), block.rows):
                part = s[start : start + block.rows]
                values, weights = block.values(self._map, self._integrand, part, self._coordinates.u(part))
                parts.append(block.sums(values, weights, axis))
            found.append(torch.cat(parts))
        return torch.cat(found, dim=1) if axis == 0 else sum(found)


class _Block:
    """Some nodes of the first axis, with all of the others."""

    def __init__(self, contour: ContourMap, nodes: list[torch.Tensor], weights: list[torch.Tensor]) -> None:
        k = len(nodes)
        self._weights = weights
        self.rows = max(1, CHUNK // int(np.prod([len(axis) for axis in nodes])))
        self._t = [axis.view(1, *[-1 if i == j else 1 for j in range(k)]) for i, axis in enumerate(nodes)]
        self._shapes = [[len(axis) for axis in nodes[: i + 1]] + [1] * (k - i - 1) for i in range(k)]
        self._tables, self._powers = [], []
        for i, of_power in enumerate(contour.parts):
            before = torch.cartesian_prod(*nodes[:i]).reshape(-1, i) if i else nodes[0].new_zeros(1, 0)
            tables = [
                _fixed(a, 2 * before - 1, contour.m, contour.degree - j) for j, a in enumerate(of_power)
            ]
            self._tables.append(tables)
            self._powers.append(tuple(torch.stack(p) for p in chebyshev(2 * nodes[i] - 1, contour.degree)))

    def log_c(self, u: torch.Tensor, degree: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Return log c_i and ∂log c_i/∂t_i, each as a tensor (n_s, n_1, …, n_i, 1, …)."""
        basis = chebyshev_series.products(u, degree).T
        logs, slopes = [], []
        for tables, (value, slope), shape in zip(self._tables, self._powers, self._shapes, strict=True):
            by_power = torch.stack([basis[:, : len(table)].to(table) @ table for table in tables], dim=-1)
            logs.append((by_power @ value.to(by_power)).view(len(u), *shape))
            slopes.append((by_power @ (2 * slope).to(by_power)).view(len(u), *shape))
        return logs, slopes

    def values(
        self, contour: ContourMap, integrand: MovingIntegrand, s: torch.Tensor, u: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return f (n_s, n_1, …, n_k), and for each axis w_i ∂x_i/∂t_i."""
        k = len(self._t)
        columns = [column.view(-1, *[1] * k) for column in s.T]
        x: list[torch.Tensor] = [columns[0]] * k
        factors = []
        for i, (t, log_c, slope) in enumerate(zip(self._t, *self.log_c(u, contour.degree), strict=True)):
            c = torch.exp(log_c)
            inverse = torch.reciprocal(t + c * (1 - t))
            x[contour.order[i]] = t * inverse
            factors.append((c - (t * (1 - t)) * (c * slope)) * (inverse * inverse) * self._weights[i].view_as(t))
        f = integrand(columns, x)
        return f.expand(len(s), *[len(weights) for weights in self._weights]), factors

    def sums(self, values: torch.Tensor, factors: list[torch.Tensor], kept: int | None = None) -> torch.Tensor:
        """Sum over the axes, the last one first, but for the one to be kept, whose weights are left out."""
        k = len(factors)
        for i in reversed(range(k)):
            axis = i + 1
            if i == kept:
                slope = factors[i] / self._weights[i].view_as(self._t[i])
                values = values * slope.reshape(slope.shape[: axis + 1] + (1,) * (values.ndim - axis - 1))
            else:
                factor = factors[i].reshape(factors[i].shape[: axis + 1] + (1,) * (values.ndim - axis - 1))
                values = (values * factor).sum(dim=axis)
        return values


def _fixed(a: torch.Tensor, last: torch.Tensor, m: int, degree: int) -> torch.Tensor:
    """Return coefficients (count, n) of polynomials in u, for given values (n, n_last) of the other variables."""
    if not a.is_complex():
        return chebyshev_series.fix_last(a, last, m, degree)
    return torch.complex(*(chebyshev_series.fix_last(part, last, m, degree) for part in (a.real, a.imag)))


def axis_errors(
    maps: Sequence[tuple[ParametricIntegral, ContourMap]], coordinates: Coordinates, s: torch.Tensor, others: int
) -> tuple[list[list[AxisErrors]], int]:
    """Errors that rules leave on each axis of each term, by their orders.

    The integrals over all other axes are interpolated between GRID nodes, so that one evaluation tells of all orders.

    Parameters
    ----------
    maps : list of (ParametricIntegral, ContourMap)
        For each term.
    coordinates : Coordinates
        From s to u.
    s : tensor (n, m)
        Phase-space points.
    others : int
        Nodes on each of the other axes.

    Returns
    -------
    list of lists of AxisErrors
        By term and axis, relative to the integral; they name no strength of a map.
    int
        How many products of nodes and points were evaluated.
    """
    k = len(maps[0][1].order)
    marginals = []
    for term, contour in maps:
        orders = [[GRID if i == axis else others for i in range(k)] for axis in range(k)]
        marginals.append([
            MovingRule(term, contour, coordinates, of_axes).marginal(s, axis) for axis, of_axes in enumerate(orders)
        ])  # fmt: skip
    differences = torch.as_tensor(_differences(), device=s.device).to(marginals[0][0])
    weights = torch.as_tensor(gauss_legendre(GRID)[1], device=s.device).to(differences)
    total = sum(of_term[0] @ weights for of_term in marginals).abs()
    scale = total.clamp_min(max(SMALL * float(total.mean()), 1e-300))[:, None]
    found = [
        [
            AxisErrors(((marginal @ differences).abs() / scale).square().mean(dim=0).sqrt().tolist(), [])
            for marginal in of_term
        ]
        for of_term in marginals
    ]
    return found, len(maps) * k * len(s) * GRID * others ** (k - 1)


@functools.cache
def _differences() -> np.ndarray:
    """Weights on GRID nodes of the rules of order 1, 2, …, less those of the grid's own rule: (GRID, HIGHEST_ORDER)."""
    nodes, weights = gauss_legendre(GRID)
    basis = np.polynomial.legendre.legvander(2 * nodes - 1, GRID - 1)
    of_polynomial = basis * weights[:, None] * (2 * np.arange(GRID) + 1)
    columns = []
    for order in range(1, HIGHEST_ORDER + 1):
        t, w = gauss_legendre(order)
        columns.append(of_polynomial @ (np.polynomial.legendre.legvander(2 * t - 1, GRID - 1).T @ w) - weights)
    return np.stack(columns, axis=1)
