"""A change of variables t -> x that flattens an integrand: each x_i in terms of t_i, given s and the x before it.

    x_i = t_i / (t_i + c_i (1 − t_i)),    log c_i = Σ_j a_ij T_j(u, 2t_1 − 1, …, 2t_{i−1} − 1)

u in [−1, 1]^m being the box of log |c − s|. The Jacobian is triangular, so its determinant
is Π_i ∂x_i/∂t_i; and t fills the unit cube, so a primitive in t has the same corners. What is left to fit is

    g(s, t) = f(s, x(t)) Π_i ∂x_i/∂t_i / (w(t) h(s)),    w(t) = Π_i (p_i + 1) t_i^{p_i},    log h(s) = Σ_j b_j T_j(u)

where p_i is the power with which f vanishes at x_i = 0. Coefficients a and b make log g small, in least squares, by
Levenberg's method; values of I have no part in it. Such maps are known as Knothe–Rosenblatt rearrangements.

On box1l the standard deviation of g over t is 2 %, where c_i(s) alone leaves 23 % (box2l: 5 % and 50 %).

notation: T_j = `chebyshev_series.products`; variables are permuted, x_1 being the one that comes first in `order`.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core import chebyshev_series
from methods.core.budget import Clock
from methods.primitives import normalisation

MAX_COEFFICIENTS = 600
"""Largest number of coefficients of a map, from which its degree follows: 3 for box1l and box2l."""

MAX_DEGREE = 3
"""Largest degree of a map; on box1l degree 4 gains nothing."""

POINTS = 2**13
"""Points to which a map is fitted; a quarter of them serve to find the order of variables."""

STEPS, SEARCH_STEPS = 20, 5
"""Largest numbers of steps of Levenberg's method, which stops where a step gains less than a thousandth."""

RIDGE = 1e-6
"""Weight of Σ a², which is added to the mean square of log g."""

SMALLEST_T = 1e-12
"""Lower bound of t wherever its logarithm is taken."""


class Coordinates:
    """u_j = log |c_j − s_j|, scaled to [−1, 1]: low, high and c are (m,), c_j outside of the range of s_j."""

    def __init__(self, low: Sequence[float], high: Sequence[float], c: np.ndarray, device: str) -> None:
        at_low, at_high, self._c = (torch.as_tensor(v, dtype=torch.float64, device=device) for v in (low, high, c))
        self._side = torch.sign(self._c - at_low)
        self._low, self._high = self._raw(at_low), self._raw(at_high)

    def _raw(self, s: torch.Tensor) -> torch.Tensor:
        return torch.log((self._c - s).abs())

    def u(self, s: torch.Tensor) -> torch.Tensor:
        """Return u for s (n, m)."""
        return 2 * (self._raw(s) - self._low) / (self._high - self._low) - 1

    def s(self, u: torch.Tensor) -> torch.Tensor:
        """Return s for u (n, m)."""
        return self._c - self._side * torch.exp(self._low + (self._high - self._low) * (u + 1) / 2)


@dataclasses.dataclass(frozen=True)
class TriangularMap:
    """The map and the normalisation h; all tensors are float64.

    Attributes
    ----------
    order : tuple of int
        The column of x that each column of t makes.
    powers : tensor (k,)
        p, for each column of t.
    degree, norm_degree : int
        Of log c_i and log h.
    a : tensor
        Coefficients of log c_1, …, log c_k, one after the other.
    b : tensor
        Coefficients of log h.
    """

    order: tuple[int, ...]
    powers: torch.Tensor
    degree: int
    norm_degree: int
    a: torch.Tensor
    b: torch.Tensor

    def x(self, u: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return x (n, k) and the logarithm of Π_i ∂x_i/∂t_i (n,) for u (n, m) and t (n, k)."""
        return self.move(self.log_c(self.bases(u, t)), t)

    def slopes(self, u: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return x (n, k) and ∂x_i/∂t_i (n, k), in the columns of x, for u (n, m) and t (n, k)."""
        c = torch.exp(self.log_c(self.bases(u, t)))
        below = t + c * (1 - t)
        back = torch.argsort(torch.tensor(self.order, device=t.device))
        return (t / below)[:, back], (c / below.square())[:, back]

    def bases(self, u: torch.Tensor, t: torch.Tensor) -> list[torch.Tensor]:
        """Return the polynomials of each log c_i: (count, n)."""
        z = torch.cat([u, 2 * t - 1], dim=1)
        return [chebyshev_series.products(z[:, : u.shape[1] + i], self.degree) for i in range(t.shape[1])]

    def log_c(self, bases: list[torch.Tensor]) -> torch.Tensor:
        """Return log c (n, k)."""
        parts = self.a.split([len(basis) for basis in bases])
        return torch.stack([part @ basis for part, basis in zip(parts, bases, strict=True)], dim=1)

    def log_c_at(self, t: torch.Tensor, m: int) -> torch.Tensor:
        """Return log c at fixed t (n, k), as coefficients of `chebyshev_series.products(u, degree)`: (k, count, n)."""
        parts = self.a.split([chebyshev_series.count(m + i, self.degree) for i in range(t.shape[1])])
        fixed = [chebyshev_series.fix_last(a, 2 * t[:, :i] - 1, m, self.degree) for i, a in enumerate(parts)]
        return torch.stack(fixed)

    def move(self, log_c: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return x (…, k) and the logarithm of the Jacobian (…) for log c (…, k) and t (…, k)."""
        c = torch.exp(log_c)
        below = t + c * (1 - t)
        back = torch.argsort(torch.tensor(self.order, device=t.device))
        x = (t / below).movedim(-1, 0)[back].movedim(0, -1)
        return x, log_c.sum(dim=-1) - 2 * torch.log(below.prod(dim=-1))

    def draw(self, unit: torch.Tensor) -> torch.Tensor:
        """Return points t of density w, for `unit` uniform in [0, 1]^k."""
        return unit.clamp(SMALLEST_T, 1.0) ** (1 / (self.powers + 1))

    def log_weight(self, t: torch.Tensor) -> torch.Tensor:
        """Return log w(t): (n,)."""
        return (torch.log(self.powers + 1) + self.powers * torch.log(t.clamp(min=SMALLEST_T))).sum(dim=1)

    def norm(self, u: torch.Tensor) -> torch.Tensor:
        """Return h for u (n, m): (n,)."""
        return torch.exp(self.b @ chebyshev_series.products(u, self.norm_degree))

    def target(self, integral: ParametricIntegral, s: torch.Tensor, u: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return g at s (n, m), where u are its coordinates, and t (n, k): (n,)."""
        x, log_jacobian = self.x(u, t)
        return integral.integrand(s, x) * torch.exp(log_jacobian - self.log_weight(t)) / self.norm(u)


def fit(
    integral: ParametricIntegral, coordinates: Coordinates, seed: int, device: str, clock: Clock
) -> tuple[TriangularMap, bool]:
    """Return the map for an integral; x = t and h constant where f is not above zero, or where that is better.

    Also tell whether the clock, which is that of the search for the order of the variables, ended this search.
    """
    k, m = integral.k, integral.m
    sobol = torch.quasirandom.SobolEngine(k + m, scramble=True, seed=seed)
    unit = sobol.draw(POINTS, dtype=torch.float64).to(device)
    u = chebyshev_series.draw(unit[:, k:])
    s = coordinates.s(u)
    f = integral.integrand(s, unit[:, :k].clamp(SMALLEST_T, 1.0))
    norm_degree = normalisation.degree(m)
    degree = max(d for d in range(MAX_DEGREE + 1) if d <= 1 or _size(k, m, d) <= MAX_COEFFICIENTS)
    a = f.new_zeros(_size(k, m, degree))
    b = f.new_zeros(chebyshev_series.count(m, norm_degree))
    start = TriangularMap(tuple(range(k)), f.new_zeros(k), degree, norm_degree, a, b)
    constant = b.clone()
    largest = f.abs().max()  # its square may be too large for a number
    constant[0] = torch.log(largest * (f / largest).square().mean().sqrt()) if largest > 0 else 0.0
    plain = dataclasses.replace(start, b=constant)
    if not bool((f > 0).all()):
        return plain, False
    start = dataclasses.replace(start, powers=_powers(integral, coordinates, device))
    few = slice(0, POINTS // 4)
    best, cut_short = _best_order(integral, start, s[few], u[few], unit[few, :k], clock)
    fitted = _Fit(integral, best, s, u, unit[:, :k]).run(STEPS)[0]

    def spread(map_: TriangularMap) -> float:
        g = map_.target(integral, s, u, map_.draw(unit[:, :k]))
        return float(g.std() / g.mean())

    # Where f falls by many decades, log g is small in the mean square where f does not matter, and huge where it does:
    # on genz_gaussian_3d the spread of g is then 65 times its mean.
    return fitted if spread(fitted) < spread(plain) else plain, cut_short


def _size(k: int, m: int, degree: int) -> int:
    return sum(chebyshev_series.count(m + i, degree) for i in range(k))


def _powers(integral: ParametricIntegral, coordinates: Coordinates, device: str) -> torch.Tensor:
    """Return p with f ~ x_i^{p_i} at x_i -> 0, in the middle of the others: whole numbers only."""
    k = integral.k
    s = coordinates.s(torch.zeros(1, integral.m, dtype=torch.float64, device=device))
    x = torch.full((2 * k, k), 0.5, dtype=torch.float64, device=device)
    x[torch.arange(2 * k), torch.arange(2 * k) // 2] = torch.tensor([1e-5, 1e-4] * k, dtype=torch.float64).to(device)
    log_f = torch.log10(integral.integrand(s, x)).view(k, 2)
    slope = log_f[:, 1] - log_f[:, 0]
    whole = slope.round()
    return torch.where((slope - whole).abs() < 0.05, whole.clamp(min=0), 0.0)


def _best_order(
    integral: ParametricIntegral, start: TriangularMap, s: torch.Tensor, u: torch.Tensor, unit: torch.Tensor,
    clock: Clock,
) -> tuple[TriangularMap, bool]:  # fmt: skip
    """Exchange two variables as long as a short fit becomes better by that: degree 2 is enough to tell.

    Also tell whether the clock ended that.
    """
    degree = min(2, start.degree)
    short = dataclasses.replace(start, degree=degree, a=s.new_zeros(_size(integral.k, integral.m, degree)))
    found: dict[tuple[int, ...], float] = {}

    def square(order: tuple[int, ...]) -> float:
        if order not in found:
            trial = dataclasses.replace(short, order=order, powers=start.powers[list(order)])
            found[order] = _Fit(integral, trial, s, u, unit).run(SEARCH_STEPS)[1]
        return found[order]

    order, improved, cut_short = start.order, True, False
    while improved and not cut_short:
        improved = False
        for i, j in itertools.combinations(range(integral.k), 2):
            if cut_short := clock.left <= 0:
                break
            other = list(order)
            other[i], other[j] = other[j], other[i]
            if square(tuple(other)) < 0.98 * square(order):
                order, improved = tuple(other), True
    return dataclasses.replace(start, order=order, powers=start.powers[list(order)]), cut_short


class _Fit:
    """Levenberg's method for the mean of (log g)²."""

    def __init__(
        self, integral: ParametricIntegral, start: TriangularMap, s: torch.Tensor, u: torch.Tensor, unit: torch.Tensor
    ) -> None:
        self._integral, self._map, self._s, self._t = integral, start, s, start.draw(unit)
        self._bases = start.bases(u, self._t)
        self._norm_basis = chebyshev_series.products(u, start.norm_degree)
        self._log_weight = start.log_weight(self._t)

    def run(self, steps: int) -> tuple[TriangularMap, float]:
        """Return the map, and the mean of (log g)²."""
        n_a, ridge = len(self._map.a), torch.full_like(torch.cat([self._map.a, self._map.b]), RIDGE)
        ridge[n_a:] = 0
        log_g, damping = self._log_g(self._map), 1e-3
        square = float(log_g.square().mean())
        for _ in range(steps):
            jacobian = self._jacobian()
            hessian = jacobian @ jacobian.T / len(log_g) + torch.diag(ridge)
            gradient = jacobian @ log_g / len(log_g) + ridge * torch.cat([self._map.a, self._map.b])
            before = square
            while damping < 1e6:
                step = torch.linalg.solve(hessian + damping * torch.eye(len(ridge)).to(hessian), gradient)
                trial = dataclasses.replace(self._map, a=self._map.a - step[:n_a], b=self._map.b - step[n_a:])
                log_g_there = self._log_g(trial)
                if float(log_g_there.square().mean()) < square:
                    self._map, log_g, square = trial, log_g_there, float(log_g_there.square().mean())
                    damping = max(damping / 5, 1e-9)
                    break
                damping *= 4
            if square > 0.999 * before:
                break
        return self._map, square

    def _log_g(self, trial: TriangularMap, log_c: torch.Tensor | None = None) -> torch.Tensor:
        x, log_jacobian = trial.move(trial.log_c(self._bases) if log_c is None else log_c, self._t)
        log_f = torch.log(self._integral.integrand(self._s, x))
        return log_f + log_jacobian - self._log_weight - trial.b @ self._norm_basis

    def _jacobian(self) -> torch.Tensor:
        """Return ∂ log g/∂(a, b) at each point: (n_coefficients, n)."""
        with torch.enable_grad():
            log_c = self._map.log_c(self._bases).requires_grad_()
            slopes = torch.autograd.grad(self._log_g(self._map, log_c).sum(), log_c)[0]
        of_a = [basis * slope for basis, slope in zip(self._bases, slopes.T, strict=True)]
        return torch.cat([*of_a, -self._norm_basis])
