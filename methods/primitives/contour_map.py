"""A complex change of variables t -> x: contour of integration and importance map in one.

    x_i = t_i/(t_i + c_i (1 − t_i)),    log c_i = Σ_j a_ij T_j(u, 2t_1 − 1, …, 2t_i − 1)

Each x_i runs from 0 to 1 as t_i does, along a path in the complex plane: |c_i| crowds the nodes, and the phase of c_i
moves them off the real axis, away from where the integrand is singular. With real coefficients it is a map of the cube
onto itself. The Jacobian is triangular,

    ∂x_i/∂t_i = c_i (1 − t_i (1 − t_i) ∂log c_i/∂t_i)/(t_i + c_i (1 − t_i))²,

and its determinant the product of these. In `triangular_map` log c_i does not depend on t_i. Then x_i would run on an
arc of a circle, which cannot pass above one pole and below the next, as the contour of bubble_physical must; and no map
could flatten the integrand in the last variable further than such an arc does.

notation: T_j = `chebyshev_series.products` up to a total degree; u = coordinates of s in [−1, 1]^m; variables are
permuted, x_1 being the one that comes first in `order`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import torch

from methods.core import chebyshev_series


class Basis(NamedTuple):
    """Polynomials of one log c_i at points, and their derivatives in t_i: both (count, n)."""

    value: torch.Tensor
    slope: torch.Tensor


@dataclasses.dataclass(frozen=True)
class ContourMap:
    """The map x(s, t).

    Attributes
    ----------
    order : tuple of int
        The column of x that each column of t makes.
    m : int
        Number of coordinates u.
    degree : int
        Total degree of log c_i.
    a : tensor
        Coefficients of log c_1, …, log c_k, one after the other, each by the power j of t_i and then in the order of
        `chebyshev_series.products` of u and the t before it, up to the degree − j; complex128, or float64.
    is_arc : bool
        Whether log c_i does not depend on t_i, so that each x_i runs on an arc of a circle: j = 0 only.
    """

    order: tuple[int, ...]
    m: int
    degree: int
    a: torch.Tensor
    is_arc: bool = False

    @property
    def k(self) -> int:
        """Number of variables."""
        return len(self.order)

    @property
    def parts(self) -> list[list[torch.Tensor]]:
        """Coefficients by variable i and power j of t_i."""
        sizes = block_sizes(self.k, self.m, self.degree, self.is_arc)
        blocks = iter(self.a.split([size for row in sizes for size in row]))
        return [[next(blocks) for _ in row] for row in sizes]

    def towards_real(self, tau: float) -> ContourMap:
        """Return the map with arg c_i → τ arg c_i: for τ from 1 to 0 the contour moves back to the real cube."""
        return dataclasses.replace(self, a=torch.complex(self.a.real, tau * self.a.imag))

    def bases(self, u: torch.Tensor, t: torch.Tensor) -> list[Basis]:
        """Return the polynomials of each log c_i at u (n, m) and t (n, k)."""
        z, found = torch.cat([u, 2 * t - 1], dim=1), []
        for i, sizes in enumerate(block_sizes(self.k, self.m, self.degree, self.is_arc)):
            before = chebyshev_series.products(z[:, : self.m + i], self.degree)
            value, slope = chebyshev(z[:, self.m + i], self.degree)
            found.append(
                Basis(
                    torch.cat([of_power * before[:size] for of_power, size in zip(value, sizes, strict=False)]),
                    torch.cat([2 * of_power * before[:size] for of_power, size in zip(slope, sizes, strict=False)]),
                )
            )
        return found

    def log_c(self, bases: Sequence[Basis]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Return log c_i (n,) and ∂log c_i/∂t_i (n,) for each i."""
        parts = self.a.split([len(basis.value) for basis in bases])
        pairs = list(zip(parts, bases, strict=True))
        return [a @ basis.value.to(a) for a, basis in pairs], [a @ basis.slope.to(a) for a, basis in pairs]

    def move(
        self, t: Sequence[torch.Tensor], log_c: Sequence[torch.Tensor], slope: Sequence[torch.Tensor]
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Return the columns of x, in their own order, and log ∂x_i/∂t_i in that of t; all shapes broadcast."""
        x: list[torch.Tensor] = [t[0]] * self.k
        log_slope = []
        for i, (t_i, log_c_i, slope_i) in enumerate(zip(t, log_c, slope, strict=True)):
            below = t_i + torch.exp(log_c_i) * (1 - t_i)
            x[self.order[i]] = t_i / below
            log_slope.append(log_c_i + torch.log(1 - t_i * (1 - t_i) * slope_i) - 2 * torch.log(below))
        return x, log_slope


def block_sizes(k: int, m: int, degree: int, is_arc: bool = False) -> list[list[int]]:
    """Return the numbers of coefficients by variable i and power j of t_i."""
    powers = range(1 if is_arc else degree + 1)
    return [[chebyshev_series.count(m + i, degree - j) for j in powers] for i in range(k)]


def chebyshev(z: torch.Tensor, degree: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return T_j(z) and T_j'(z) for j = 0 … degree, by their recurrences."""
    value, slope = [torch.ones_like(z), z], [torch.zeros_like(z), torch.ones_like(z)]
    for _ in range(degree - 1):
        slope.append(2 * value[-1] + 2 * z * slope[-1] - slope[-2])
        value.append(2 * z * value[-1] - value[-2])
    return value[: degree + 1], slope[: degree + 1]
