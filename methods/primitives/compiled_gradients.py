"""Derivatives of compiled rules in s, at nodes that stay where they are.

    ∂I/∂s_j ≈ Σ_n w_n ∂f/∂s_j(s, x_n) det ∂x/∂t

The integral of f over a contour, and that of ∂f/∂s_j as well, does not depend on where the contour lies, so that the
motion of the nodes with s has no part in it: this is a rule for ∂I/∂s_j on the contour that s has. One kernel sums f
and its m derivatives, which share the change of variables and the powers of polynomials.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.kernels.derivatives import derivatives
from methods.kernels.moving_sum import CompiledSum, MovingSum, library, n_shared, tensor_nodes
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.compiled_rule import log_c_of
from methods.primitives.contour_map import ContourMap
from methods.quadrature.axis_rules import gauss_legendre


class CompiledGradientRule:
    """The rule for one term and its derivatives.

    Parameters
    ----------
    compiled : CompiledSum
        The kernel of f, ∂f/∂s_1, …, ∂f/∂s_m: what `library` returns.
    contour : ContourMap
        The map.
    coordinates : BoxCoordinates
        From s to u.
    orders : sequence of int
        Nodes of each axis of t.
    """

    def __init__(
        self,
        compiled: CompiledSum,
        contour: ContourMap,
        coordinates: BoxCoordinates,
        orders: Sequence[int] | np.ndarray,
    ) -> None:
        nodes = tensor_nodes([gauss_legendre(int(n)) for n in orders])
        self._total = MovingSum(compiled, log_c_of(contour), nodes)
        self._coordinates = coordinates

    def with_gradient(self, s: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the sums at s (n, m) and ∂I/∂s (n, m)."""
        found = torch.from_numpy(self._total(s.numpy(), self._coordinates.u(s).numpy()))
        return found[:, 0], found[:, 1:]


def rule(
    term: ParametricIntegral, contour: ContourMap, coordinates: BoxCoordinates, orders: Sequence[int] | np.ndarray
) -> CompiledGradientRule | None:
    """Return the rule of these orders; None where it cannot be compiled, or on a GPU. The first takes some seconds."""
    if contour.a.device.type != "cpu" or term.expression is None:
        return None
    integrands = [term.expression, *derivatives(term.expression)]
    compiled = library(integrands, log_c_of(contour), n_shared(contour.k))
    return None if compiled is None else CompiledGradientRule(compiled, contour, coordinates, orders)
