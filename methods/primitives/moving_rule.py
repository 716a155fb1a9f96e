"""Tensor Gauss–Legendre rules on a `ContourMap`: nodes that move with s, evaluated axis by axis.

    I(s) ≈ Σ_j w_j f(s, x(s, t_j)) Π_i ∂x_i/∂t_i,    t_j the tensor product of Gauss–Legendre nodes

x_i depends on t_1, …, t_i only, and is kept as a tensor (n_s, n_1, …, n_i): all but the work on the last axis is done
on few values, exponentials and polynomials of the integrand included (`methods/core/moving_nodes.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from methods.core import chebyshev_series
from methods.core.moving_nodes import MovingIntegrand
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.contour_map import ContourMap, chebyshev
from methods.quadrature.axis_rules import gauss_legendre

CHUNK = 2**15
"""Nodes times phase-space points worked on at once."""


class MovingRule:
    """The rule for one term of an integral.

    Parameters
    ----------
    integrand : MovingIntegrand
        Of the term, in the order of the map.
    contour : ContourMap
        Its map.
    coordinates : BoxCoordinates
        From s to u.
    orders : sequence of int
        Nodes of each axis of t.
    """

    def __init__(
        self, integrand: MovingIntegrand, contour: ContourMap, coordinates: BoxCoordinates, orders: Sequence[int]
    ) -> None:
        self._integrand, self._map, self._coordinates = integrand, contour, coordinates
        rules = [gauss_legendre(int(n)) for n in orders]
        device = contour.a.device
        nodes, weights = (
            [torch.as_tensor(of_axis, device=device) for of_axis in of_kind] for of_kind in zip(*rules, strict=True)
        )
        rows = max(1, CHUNK // math.prod(map(int, orders[1:])))
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
                values, weights = block.values(self._integrand, s[part], self._coordinates.u(s[part]))
                total[part] += block.sums(values, weights)
        return total

    @torch.inference_mode(mode=False)
    @torch.enable_grad()
    def with_gradient(self, s: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the sums at s (n, m) and ∂I/∂s (n, m), those of f at nodes that stay where they are.

        The integral does not depend on where a contour lies, so that the nodes' own motion with s adds nothing to it.
        """
        s = s.detach().clone()  # what was made in inference mode cannot be differentiated by, its copies can
        total = torch.zeros(len(s), dtype=self._map.a.dtype, device=s.device)
        gradient = torch.zeros(s.shape, dtype=total.dtype, device=s.device)
        for block in self._blocks:
            for start in range(0, len(s), block.rows):
                part = slice(start, start + block.rows)
                leaf = s[part].to(total.dtype).requires_grad_()
                value = block.sums(*block.values(self._integrand, leaf, self._coordinates.u(s[part])))
                total[part] += value.detach()
                if value.requires_grad:  # a term without s has no derivatives to ask for
                    # Of a holomorphic function torch gives the conjugate derivative, from its real part alone.
                    gradient[part] += torch.autograd.grad(value.real.sum(), leaf)[0].conj()
        return total, gradient

    def marginal(self, s: torch.Tensor, axis: int) -> torch.Tensor:
        """Return the integrals over all axes of t but one, at its nodes: (n, n_axis)."""
        found = []
        for block in self._blocks:
            parts = []
            for start in range(0, len(s), block.rows):
                part = s[start : start + block.rows]
                values, weights = block.values(self._integrand, part, self._coordinates.u(part))
                parts.append(block.sums(values, weights, axis))
            found.append(torch.cat(parts))
        return torch.cat(found, dim=1) if axis == 0 else torch.stack(found).sum(dim=0)


class _Block:
    """Some nodes of the first axis, with all of the others: tables of what does not depend on s."""

    def __init__(self, contour: ContourMap, nodes: list[torch.Tensor], weights: list[torch.Tensor]) -> None:
        k, degree = len(nodes), contour.degree
        self.rows = max(1, CHUNK // math.prod(map(len, nodes)))
        self._order, self._degree = contour.order, degree
        self._weights = [axis.view(-1, *[1] * (k - i - 1)) for i, axis in enumerate(weights)]
        self._shapes = [[len(axis) for axis in nodes[: i + 1]] + [1] * (k - i - 1) for i in range(k)]
        self._of_u, self._of_t = [], []
        for i, (of_power, t, w) in enumerate(zip(contour.parts, nodes, weights, strict=True)):
            before = torch.cartesian_prod(*nodes[:i]).reshape(-1, i) if i else t.new_zeros(1, 0)
            value, slope = map(torch.stack, chebyshev(2 * t - 1, degree))
            # The last power stands for logit t, which is no polynomial: its coefficient is one.
            of_u = contour.a.new_zeros(chebyshev_series.count(contour.m, degree), len(before), degree + 2)
            for j, coefficients in enumerate(of_power):
                fixed = _fixed(coefficients, 2 * before - 1, contour.m, degree - j)
                of_u[: len(fixed), :, j] = -fixed
            of_u[0, :, -1] = 1
            self._of_u.append([part.flatten(start_dim=1).contiguous() for part in _parts(of_u)])
            self._of_t.append((torch.cat([value, torch.logit(t)[None]]),
                               torch.cat([2 * slope * w, (w / (t * (1 - t)))[None]])))  # fmt: skip

    def values(
        self, integrand: MovingIntegrand, s: torch.Tensor, u: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Return f (n_s, n_1, …, n_k), and w_i ∂x_i/∂t_i (n_s, n_1, …, n_i, 1, …) for each axis."""
        k, basis = len(self._weights), chebyshev_series.products(u, self._degree).T
        columns = [column.view(-1, *[1] * k) for column in s.T]
        x: list[torch.Tensor] = [basis] * k
        factors = []
        for column, of_u, (of_t, slope), shape in zip(self._order, self._of_u, self._of_t, self._shapes, strict=True):
            powers = [(basis @ part).view(-1, len(of_t)) for part in of_u]
            x_i = _logistic([part @ of_t for part in powers])
            factor = _joined([part @ slope for part in powers]).mul_(torch.addcmul(x_i, x_i, x_i, value=-1))
            factors.append(factor.view(len(s), *shape))
            x[column] = x_i.view(len(s), *shape)
        return integrand(columns, x).expand(len(s), *self._shapes[-1]), factors

    def sums(self, values: torch.Tensor, factors: list[torch.Tensor], kept: int | None = None) -> torch.Tensor:
        """Sum over the axes, the last one first, but for the one to be kept, whose weights are left out."""
        for i in reversed(range(len(factors))):
            factor = factors[i] if i != kept else factors[i] / self._weights[i]
            values = values * factor.view(factor.shape[: i + 2] + (1,) * (values.ndim - i - 2))
            if i != kept:
                values = values.sum(dim=i + 1)
        return values


def _logistic(parts: list[torch.Tensor]) -> torch.Tensor:
    """Return 1/(1 + exp(−ℓ)) for a real ℓ, or for the real and the imaginary part of a complex one.

    torch's own exponential and logistic function of complex numbers take 33 and 39 ns, the exponential, cosine and sine
    of real numbers 12 together (one AVX2 core).
    """
    if len(parts) == 1:
        return torch.sigmoid(parts[0])
    real, imaginary = parts
    size = torch.exp(-real)
    inner, outer = torch.cos(imaginary).mul_(size), torch.sin(imaginary).mul_(size)
    square = size.square_().add_(inner, alpha=2).add_(1).reciprocal_()  # of |1 + exp(−ℓ)|²
    return torch.complex(inner.add_(1).mul_(square), outer.mul_(square))


def _parts(tensor: torch.Tensor) -> list[torch.Tensor]:
    """Return the real and the imaginary part of a complex tensor, or a real one alone."""
    return [tensor.real, tensor.imag] if tensor.is_complex() else [tensor]


def _joined(parts: list[torch.Tensor]) -> torch.Tensor:
    """Return the tensor of which these are the `_parts`."""
    return torch.complex(*parts) if len(parts) == 2 else parts[0]


def _fixed(a: torch.Tensor, last: torch.Tensor, m: int, degree: int) -> torch.Tensor:
    """Return coefficients (count, n) of polynomials in u, for given values (n, n_last) of the other variables."""
    return _joined([chebyshev_series.fix_last(part, last, m, degree) for part in _parts(a)])
