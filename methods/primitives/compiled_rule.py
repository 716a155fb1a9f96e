"""Tensor Gauss–Legendre rules on a `ContourMap` by compiled sums (`methods/kernels`): `MovingRule`, only faster.

The kernel takes log c_i as polynomials in 2t − 1 whose coefficients are Chebyshev series in u. For the low degrees of
maps the change from Chebyshev polynomials to powers loses less than a digit.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core import chebyshev_series
from methods.kernels.moving_sum import CompiledSum, LogC, MovingSum, library, n_shared, tensor_nodes
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.contour_map import ContourMap
from methods.quadrature.axis_rules import gauss_legendre

COMPILING_SECONDS = 3.0
"""Seconds of the budget that must be left for each term where its sums are to be compiled, which takes 0.7 to 1.3."""


class CompiledRule:
    """The rule for one term of an integral.

    Parameters
    ----------
    compiled : CompiledSum
        The kernel: what `library` returns.
    log_c : LogC
        The map.
    coordinates : BoxCoordinates
        From s to u.
    orders : sequence of int
        Nodes of each axis of t.
    """

    def __init__(self, compiled: CompiledSum, log_c: LogC, coordinates: BoxCoordinates, orders: Sequence[int]) -> None:
        self._compiled, self._log_c, self._coordinates = compiled, log_c, coordinates
        self._rules = [gauss_legendre(int(n)) for n in orders]
        self._total = self._sum(self._rules)

    def _sum(self, rules: Sequence[tuple[np.ndarray, np.ndarray]]) -> MovingSum:
        return MovingSum(self._compiled, self._log_c, tensor_nodes(rules))

    def __call__(self, s: torch.Tensor) -> torch.Tensor:
        """Return the sums at s (n, m): (n,)."""
        return torch.from_numpy(self._total(s.numpy(), self._coordinates.u(s).numpy())[:, 0])

    def marginal(self, s: torch.Tensor, axis: int) -> torch.Tensor:
        """Return the integrals over all axes of t but one, at its nodes: (n, n_axis)."""
        u, before, after = self._coordinates.u(s).numpy(), self._rules[:axis], self._rules[axis + 1 :]
        single = [(node[None], np.ones(1)) for node in self._rules[axis][0]]
        columns = [self._sum([*before, rule, *after])(s.numpy(), u) for rule in single]
        return torch.from_numpy(np.concatenate(columns, axis=1))


class Kernel(NamedTuple):
    """The compiled sums of one term on its map."""

    compiled: CompiledSum
    log_c: LogC

    def rule(self, coordinates: BoxCoordinates, orders: Sequence[int]) -> CompiledRule:
        """Return the rule with so many nodes on each axis of t."""
        return CompiledRule(self.compiled, self.log_c, coordinates, orders)


def kernel(term: ParametricIntegral, contour: ContourMap) -> Kernel | None:
    """Return the kernel; None where it cannot be compiled, or on a GPU."""
    if contour.a.device.type != "cpu" or term.expression is None:
        return None
    log_c = log_c_of(contour)
    compiled = library([term.expression], log_c, n_shared(contour.k))
    return None if compiled is None else Kernel(compiled, log_c)


def log_c_of(contour: ContourMap) -> LogC:
    """Return log c_1, …, log c_k of a map, in powers of 2t − 1.

    On arcs no power of 2t_i − 1 is among those of log c_i, so that the kernel leaves c_i to the loops of the t before.
    """
    m, degree = contour.m, contour.degree
    basis = chebyshev_series.terms(m, degree)
    row = {term: i for i, term in enumerate(basis)}
    monomials, tables = [], []
    for i, of_power in enumerate(contour.parts):
        powers = [term for term in chebyshev_series.terms(i + 1, degree) if not (contour.is_arc and term[-1])]
        column = {term: n for n, term in enumerate(powers)}
        table = np.zeros((len(basis), len(powers)), dtype=contour.a.numpy().dtype)
        for j, coefficients in enumerate(of_power):
            for term, coefficient in zip(chebyshev_series.terms(m + i, degree - j), coefficients.numpy(), strict=True):
                for monomial, factor in _in_powers((*term[m:], j)).items():
                    table[row[term[:m]], column[monomial]] += factor * coefficient
        monomials.append(tuple(powers))
        tables.append(table)
    return LogC(contour.order, tuple(monomials), np.array(basis), np.concatenate(tables, axis=1))


@functools.cache
def _in_powers(degrees: tuple[int, ...]) -> dict[tuple[int, ...], float]:
    """Write Π_l T_{d_l}(z_l) as a sum of monomials: {powers: coefficient}."""
    found: dict[tuple[int, ...], float] = {(): 1.0}
    for degree in degrees:
        series = np.polynomial.chebyshev.cheb2poly([0.0] * degree + [1.0])
        found = {(*powers, p): c * float(a) for powers, c in found.items() for p, a in enumerate(series) if a}
    return found
