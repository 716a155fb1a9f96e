"""Tensor Chebyshev interpolation in s: tabulate I once, then never integrate again.

    log |I(s)| ≈ Σ_{j1…jm} C_{j1…jm} T_{j1}(u_1) … T_{jm}(u_m),    u the box of s (or of log |s|) scaled to [−1, 1]

I itself is interpolated where it changes sign. The degree in each direction follows from the decay of the
coefficients. Measured on box1l: 12 nodes per direction give 10.5 digits in u ~ log |s|, and 7.1 in u ~ s.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch

from methods.base import Estimate, Method, ParametricIntegral
from methods.core.budget import Clock
from methods.surrogates import targets
from methods.surrogates.labels import LabelSource

FIRST_DEGREE, LEAST_DEGREE = 6, 4
"""Nodes per direction of the first table, from which the decay of the coefficients is read: fewer where six would take
more than FIRST_SHARE of the time, but no decay can be read from fewer than four."""

PREPARATION_SHARE, HELD_OUT_SHARE, FIRST_SHARE = 0.25, 0.25, 0.5
"""Shares of the time left in which the label method may prepare itself, in which labels for the error are computed, and
which the first tables may take."""

RESERVE = 0.1
"""Share of the time left that a further table must leave, as labels may become slower than the last ones."""

CHUNK = 2**19
"""Numbers worked on at once: buffers of 4 MiB. Half and twice as much measured 16 % and 5 % slower, by turns."""

SLOWEST_DECAY = -0.05
"""Logarithm of the ratio of successive coefficients that is believed at least: a guess where they do not decay."""

HELD_OUT = 128
"""Labels at random points that measure the error and are not interpolated."""


@dataclass(kw_only=True)
class Chebyshev(Method):
    """Chebyshev interpolation of log |I| on a tensor grid in s.

    Parameters
    ----------
    epsrel : float
        Relative error wanted, root mean square; coefficients below a third of it are left out.
    max_labels : int
        Largest grid; it wins over `epsrel`, as the budget does.
    labels : str
        The direct method that fills the grid. The default may use larger rules than on its own: labels are made once.
    device : str
        Where to interpolate, as torch names it.

    Notes
    -----
    The error is the root mean square relative error on points outside the grid, times |I| (or 1 % of its typical
    size, where that is more); the errors that the labels
    claim there are added in quadrature, since they are common to both.

    ``details_["cut_short"]`` tells whether the budget ended anything: the preparation of the label method, the first
    table or the last.
    """

    name: ClassVar[str] = "chebyshev"
    source: ClassVar[str] = "Trefethen, Approximation Theory and Approximation Practice (SIAM, 2013)"

    epsrel: float = 1e-9
    max_labels: int = 50_000
    labels: str = "gauss_legendre,max_nodes=300000"
    device: str = "cpu"

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Return why a tensor grid in s is out of reach."""
        if integral.m <= 4:
            return None
        return f"a tensor grid in m = {integral.m} kinematic invariants is too large; m <= 4"

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Compute labels on a small grid, read the decay of the coefficients, and enlarge the grid as it asks."""
        clock = Clock(budget)
        self.integral_ = integral
        preparation = clock.share(PREPARATION_SHARE)
        source = LabelSource(self.labels, integral, epsrel=self.epsrel / 10, budget=preparation.budget)
        points = integral.sample(HELD_OUT, seed=1)
        judging = clock.share(HELD_OUT_SHARE)
        held_out, label_error = targets.compute_in_steps(source, lambda part: source.compute(part)[:2], points, judging)
        points = points[: len(held_out)]
        one_sign = all(low > 0 or high < 0 for low, high in zip(integral.low, integral.high, strict=True))
        choices = (False, True) if one_sign else (False,)
        degrees = (self._first_degree(len(choices), source, clock),) * integral.m
        tables = {logarithmic: self._computed(source, degrees, logarithmic) for logarithmic in choices}

        def error_of(logarithmic: bool) -> float:
            self._take(tables[logarithmic], logarithmic)
            return self._error_on(points, held_out)

        logarithmic = min(choices, key=error_of)
        self._take(tables[logarithmic], logarithmic)
        cut_short = source.cut_short or degrees[0] < FIRST_DEGREE
        while (wanted := self._wanted_degrees()) != degrees and math.prod(wanted) <= self.max_labels:
            if math.prod(wanted) * source.seconds_per_label > (1 - RESERVE) * clock.left:
                cut_short = True
                break
            degrees = wanted
            self._take(self._computed(source, degrees, logarithmic), logarithmic)
        claimed = np.sqrt(np.nanmean((label_error / held_out) ** 2)) if np.isfinite(label_error).any() else 0.0
        self.typical_value_ = float(np.abs(held_out).mean())
        self.relative_error_ = float(np.hypot(self._error_on(points, held_out), claimed))
        self.details_ = {
            "degrees": list(degrees), "logarithmic_s": logarithmic, "of_log": bool(self.sign_), "cut_short": cut_short,
        }  # fmt: skip
        return self

    def integrate(self, s: np.ndarray) -> Estimate:
        """Evaluate the interpolant; no integrand evaluations."""
        points = torch.as_tensor(self.integral_.check(s), device=self.device)
        # Without the books that torch keeps for derivatives: 7 % less time.
        with torch.inference_mode():
            value = self._interpolate(points).cpu().numpy()
        return Estimate(value, self.relative_error_ * np.maximum(np.abs(value), 0.01 * self.typical_value_), 0)

    def _first_degree(self, n_tables: int, source: LabelSource, clock: Clock) -> int:
        """Return the nodes per direction of the first tables."""
        degree, seconds = FIRST_DEGREE, clock.share(FIRST_SHARE).budget
        if seconds is None:
            return degree
        while degree > LEAST_DEGREE and n_tables * degree**self.integral_.m * source.seconds_per_label > seconds:
            degree -= 1
        return degree

    def _computed(self, source: LabelSource, degrees: tuple[int, ...], logarithmic: bool) -> np.ndarray:
        """Return labels on the grid of Chebyshev nodes, an axis per direction."""
        self.logarithmic_s_ = logarithmic
        low, high = self._scale(np.array([self.integral_.low, self.integral_.high]))
        axes = []
        for j, degree in enumerate(degrees):
            u = np.cos(np.pi * (np.arange(degree) + 0.5) / degree)
            axes.append(low[j] + (high[j] - low[j]) * (u + 1) / 2)
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(degrees))
        s = np.clip(self._unscale(grid), self.integral_.low, self.integral_.high)
        return source.compute(s).value.reshape(degrees)

    def _take(self, value: np.ndarray, logarithmic: bool) -> None:
        """Turn labels on the grid into coefficients."""
        self.logarithmic_s_ = logarithmic
        self.sign_ = int(np.sign(value.flat[0])) if (value * value.flat[0] > 0).all() else 0
        coefficients = np.log(np.abs(value)) if self.sign_ else value
        for j, degree in enumerate(value.shape):
            # The discrete orthogonality of Chebyshev polynomials on their own nodes.
            transform = np.cos(np.pi * np.outer(np.arange(degree), np.arange(degree) + 0.5) / degree) * 2 / degree
            transform[0] /= 2
            coefficients = np.moveaxis(np.tensordot(transform, coefficients, axes=(1, j)), 0, j)
        self.coefficients_ = coefficients
        self._prepare()

    def _wanted_degrees(self) -> tuple[int, ...]:
        """Return the degrees that leave out only coefficients which, extrapolated, lie below a third of `epsrel`."""
        size = np.abs(self.coefficients_)
        goal = self.epsrel / 3 * (1.0 if self.sign_ else size.max())
        wanted = []
        for j, degree in enumerate(size.shape):
            decay = size.max(axis=tuple(i for i in range(size.ndim) if i != j))
            # Two at a time, since in a symmetric direction every other coefficient vanishes.
            first, last = decay[1:3].max(), max(decay[-2:].max(), 1e-300)
            rate = min(np.log(last / max(first, last)) / (degree - 3), SLOWEST_DECAY)
            # `last` stands at degree − 2 for certain; the first coefficient left out shall reach the goal.
            needed = degree - 2 + math.ceil(np.log(goal / last) / rate)
            wanted.append(min(max(degree, needed), 2 * degree))
        return tuple(wanted)

    def _prepare(self) -> None:
        """Lay out coefficients, box and buffers; buffers made anew at each call would cost page faults."""
        degrees = self.coefficients_.shape
        self._matrix = torch.as_tensor(self.coefficients_, device=self.device).reshape(degrees[0], -1)
        box = torch.tensor([self.integral_.low, self.integral_.high], dtype=torch.float64, device=self.device)
        self._scaled_box = self._scale(box)[:, :, None]
        self._columns = max(1, CHUNK * degrees[0] // self._matrix.numel())
        outers = [math.prod(degrees[1 : j + 1]) for j in range(2, len(degrees))]
        sizes = {"polynomials": max(degrees) * len(degrees), "first": degrees[0]} | dict(enumerate(outers, start=2))
        self._buffers = {name: self._matrix.new_empty(rows * self._columns) for name, rows in sizes.items()}

    def _interpolate(self, s: torch.Tensor) -> torch.Tensor:
        """Return I(s): an outer product over all directions but the first, and a matrix product for that one.

        Points are the last axis throughout, so that every pass runs along memory.
        """
        degrees = self.coefficients_.shape
        low, high = self._scaled_box
        result = s.new_empty(len(s))
        for start in range(0, len(s), self._columns):
            u = self._scale(s[start : start + self._columns].T.contiguous()).sub(low).mul_(2 / (high - low)).sub_(1)
            n = u.shape[1]
            polynomials = _chebyshev_polynomials(u, self._buffer("polynomials", max(degrees), len(degrees), n))
            outer = polynomials[: degrees[1], 1] if len(degrees) > 1 else u.new_ones(1, n)
            for j, degree in enumerate(degrees[2:], start=2):
                product = self._buffer(j, len(outer), degree, n)
                outer = torch.mul(outer[:, None], polynomials[:degree, j], out=product).view(-1, n)
            first = torch.mm(self._matrix, outer, out=self._buffer("first", degrees[0], n))
            torch.sum(first.mul_(polynomials[: degrees[0], 0]), dim=0, out=result[start : start + n])
        return self.sign_ * result.exp_() if self.sign_ else result

    def _buffer(self, name: str | int, *shape: int) -> torch.Tensor:
        return self._buffers[name][: math.prod(shape)].view(shape)

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        super()._restore(state)
        self._prepare()

    def _error_on(self, s: np.ndarray, value: np.ndarray) -> float:
        """Return the root mean square relative error; where I nearly vanishes, relative to its typical size."""
        scale = np.maximum(np.abs(value), 0.01 * np.abs(value).mean())
        difference = self._interpolate(torch.as_tensor(s, device=self.device)).cpu().numpy() - value
        return float(np.sqrt(np.mean((difference / scale) ** 2)))

    def _scale(self, s):
        """Return the coordinate in which s is interpolated, for NumPy or torch."""
        if not self.logarithmic_s_:
            return s
        return np.log(np.abs(s)) if isinstance(s, np.ndarray) else s.abs().log()

    def _unscale(self, scaled: np.ndarray) -> np.ndarray:
        return np.sign(self.integral_.low) * np.exp(scaled) if self.logarithmic_s_ else scaled


def _chebyshev_polynomials(u: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    """Fill table (degree, m, n) with T_0 … T_{degree−1} at u (m, n), in doublings of the known part.

    T_{2j} = 2 T_j² − 1 and T_{2j+1} = 2 T_j T_{j+1} − u.
    """
    table[0] = 1
    table[1] = u
    minus_one, minus_u = -table[:1], -table[1:2]
    known, last = 1, len(table) - 1
    while known < last:
        top = min(2 * known, last)
        j = slice(known // 2 + 1, top // 2 + 1)
        torch.addcmul(minus_one, table[j], table[j], value=2, out=table[2 * j.start : top + 1 : 2])
        j = slice((known + 1) // 2, (top + 1) // 2)
        above = table[j.start + 1 : j.stop + 1]
        torch.addcmul(minus_u, table[j], above, value=2, out=table[2 * j.start + 1 : top + 1 : 2])
        known = top
    return table
