"""The distribution of x at one phase-space point, which a primitive also knows: f(s, x)/I(s) read as a density.

Of a primitive N, the derivative in some variables G, differenced between the ends of the others, is the integral of
∂^k N over these. With the corner sum below it, it is a probability:

    p(t_G) = Σ_{ends of t_j, j ∉ G} ± ∂^|G| N/Π_{i∈G} ∂t_i / corner sum,        p(t_i | t_G) = p(t_i, t_G)/p(t_G)

and where an upper end is τ instead of 1 it is the probability of t_j <= τ. None of this evaluates the integrand.

**In t or in x.** Density and distribution function are those of t, the variables that the primitive is fitted in, where
t_i is what x_i is made from; `x` gives x and ∂x_i/∂t_i for any t. Samples are in x, where they follow f(s, x)/I(s).

- `published_primitive` makes x_i from t_i alone. So p(x_i | …) = p(t_i | …)/(dx_i/dt_i), for any variables given.
- `neural_primitive` and `separable_primitive` make x_i from t_i and from the t_j that come before it in
  `details_["order_of_map"]`. So the same holds for p(x_i | those before it), with the ∂x_i/∂t_i at these; thus the
  marginal of the first. Marginals in x of the others are histograms of samples.

**Where the fit is not exact,** a density may be slightly negative, where that of the integrand nearly vanishes; it is
given as it is. A sample is drawn by bisection for a point where the distribution function *rises* through the number
drawn, so that none falls where the density is negative.

Papers: Maître & Santos-Mateos, JHEP 03 (2023) 221, section 4; Geman & Geman, IEEE PAMI 6 (1984) 721, for Gibbs
sampling.

notation: n(s; x_i | …) = `density`; unweighted samples = `sample`, `gibbs`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch

from methods.base import InputError, SamplesX

CHUNK = 2**9
"""Samples drawn at once: with all points along a variable, and all neurons, some 100 MB at most."""

BISECTIONS = 40
"""Halvings of the range of t: 1e-12."""

UNRESOLVED = 1e-4
"""Largest share that the last two terms of the Chebyshev series of a density along one t_i may have."""


class Distribution:
    """The distribution of x at one phase-space point.

    Parameters
    ----------
    primitive : SamplesX
        A fitted `neural_primitive`, `separable_primitive` or `published_primitive`.
    s : array (m,)
        The phase-space point.
    degree : int
        Of the Chebyshev series in t_i that samples are drawn by; frequencies ω up to about degree/3 are exact to
        1e-9, and those of `neural_primitive` are normally below 10.

    Raises
    ------
    InputError
        For s outside the box, or where I(s) is complex or not positive, so that f/I is no density.
    """

    def __init__(self, primitive: SamplesX, s: Any, *, degree: int = 40) -> None:
        integral = primitive.integral_
        if integral.is_complex:
            raise InputError(f"{integral.name} is complex, so that f/I is no density; give a real integral.")
        self.primitive, self.k = primitive, integral.k
        self._s = torch.as_tensor(integral.check(np.asarray(s)[None]), device=primitive.device)
        angles = np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1)
        self._nodes = self._tensor((1 - np.cos(angles)) / 2)
        to_series = np.linalg.inv(np.polynomial.chebyshev.chebvander(-np.cos(angles), degree))
        integrated = np.polynomial.chebyshev.chebint(to_series, lbnd=-1, scl=0.5)
        self._to_series, self._integrated = self._tensor(to_series.T), self._tensor(integrated.T)
        self._total = float(self._partial({}, 0, np.ones(1), held=False)[0])
        if not self._total > 0:
            raise InputError(
                f"The primitive of {integral.name} has no positive integral at {s}, so that f/I is no density there; "
                "give a point where the integrand is positive."
            )

    def density(self, i: int, t: Any, given: Mapping[int, float] | None = None) -> np.ndarray:
        """Return the density of t_i at t (n,), for the t_j `given` by column; other variables are integrated out: (n,).

        Without `given` it is a marginal; with all other variables in it, a full conditional.

        Raises
        ------
        InputError
            For a column or value that is not allowed, or values `given` of no positive density.
        """
        return self._partial(given or {}, i, t, held=True) / self._norm(i, given or {})

    def cdf(self, i: int, t: Any, given: Mapping[int, float] | None = None) -> np.ndarray:
        """Return the probability of t_i <= t for t (n,): (n,). Raises as `density` does."""
        return self._partial(given or {}, i, t, held=False) / self._norm(i, given or {})

    def x(self, t: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return x (n, k) and ∂x_i/∂t_i (n, k) for t (n, k)."""
        x, slopes = self.primitive.place(self._s, self._tensor(t))
        return x.cpu().numpy(), slopes.cpu().numpy()

    def sample(self, n: int, generator: np.random.Generator) -> np.ndarray:
        """Draw n independent x (n, k): each t_i from its distribution for those before it, the rest integrated out.

        Raises
        ------
        InputError
            For n below 1, a density that the Chebyshev series does not resolve, or one whose integral over t_i is not
            positive for the other values drawn.
        """
        _require_positive(n=n)
        t = self._tensor(np.zeros((n, self.k)))
        for i in range(self.k):
            t[:, i] = self._draw(t, range(i + 1), i, generator)
        return self.x(t)[0]

    def gibbs(self, n: int, generator: np.random.Generator, sweeps: int = 10) -> np.ndarray:
        """Draw x (n, k) by Gibbs sampling: each t_i in turn from its distribution for all others.

        The n are ends of chains of their own, so independent; each starts anywhere in the cube and is nearer to the
        distribution with every sweep. `sample` needs none; here no differences of N are taken. Raises as `sample` does.
        """
        _require_positive(n=n, sweeps=sweeps)
        t = self._tensor(generator.random((n, self.k)))
        for _ in range(sweeps):
            for i in range(self.k):
                t[:, i] = self._draw(t, range(self.k), i, generator)
        return self.x(t)[0]

    def _draw(self, t: torch.Tensor, given: Collection[int], i: int, generator: np.random.Generator) -> torch.Tensor:
        """Draw t_i for each row of t (n, k): (n,). `given` includes i."""
        with torch.no_grad():
            parts = [self.primitive.partial(self._s, part, given, i, self._nodes) for part in t.split(CHUNK)]
        density = torch.cat(parts)
        terms = (density @ self._to_series).abs().amax(dim=0)
        if not bool(terms[-2:].max() <= UNRESOLVED * terms.max()):
            raise InputError(
                f"The density along t_{i} oscillates too fast for degree {len(self._nodes) - 1}; give a larger degree."
            )
        cdf = density @ self._integrated
        norm = cdf.sum(dim=1, keepdim=True)  # at t = 1 every polynomial is 1
        refused = t[~(norm > 0)[:, 0]]
        if len(refused):
            raise _no_density({j: float(refused[0, j]) for j in given if j != i})
        return _invert(cdf / norm, self._tensor(generator.random(len(t))))

    def _norm(self, i: int, given: Mapping[int, float]) -> float:
        norm = float(self._partial(given, i, np.ones(1), held=False)[0])
        if not norm > 0:
            raise _no_density(given)
        return norm

    def _partial(self, given: Mapping[int, float], i: int, points: Any, *, held: bool) -> np.ndarray:
        """Return a constant times p(t_given, t_i) at each point where t_i is held, or else of t_i up to it."""
        values = np.array([*given.values(), *np.atleast_1d(points)], dtype=float)
        if not (set(given) | {i} <= set(range(self.k)) and i not in given and np.all((values >= 0) & (values <= 1))):
            raise InputError(
                f"Asked for t_{i} given {dict(given)}: columns go from 0 to {self.k - 1}, the variable itself is not "
                "given, and values lie within [0, 1]."
            )
        t = np.zeros((1, self.k))
        t[0, list(given)] = list(given.values())
        columns = {*given, i} if held else set(given)
        with torch.no_grad():
            found = self.primitive.partial(self._s, self._tensor(t), columns, i, self._tensor(np.atleast_1d(points)))
        return found[0].cpu().numpy()

    def _tensor(self, array: Any) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float64, device=self.primitive.device)


def _no_density(given: Mapping[int, float]) -> InputError:
    return InputError(f"The values given, {dict(given)}, have no positive density; give others.")


def _invert(cdf: torch.Tensor, unit: torch.Tensor) -> torch.Tensor:
    """Return where Chebyshev series (n, count), which are 1 at t = 1, rise through unit (n,): (n,)."""
    orders = torch.arange(cdf.shape[1]).to(cdf)
    low, high = torch.full_like(unit, torch.pi), torch.zeros_like(unit)  # angles, of which 2t − 1 is the cosine
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        below = (cdf * torch.cos(middle[:, None] * orders)).sum(dim=1) < unit
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return (1 + torch.cos((low + high) / 2)) / 2


def _require_positive(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            raise InputError(f"{name} is {number}; give a number above 0.")
