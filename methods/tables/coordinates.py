"""Coordinates of s and a target y in which I(s) is nearly a polynomial.

    u_j = log |c_j − s_j|, scaled to [−1, 1]        y = log |I|,  |I|^(−1/p),  or I itself

Integrals change fast where an invariant comes close to a threshold or to a zero of the denominators. With c_j there,
outside the box, the logarithm makes all scales of the distance alike. As I goes like a negative power of a polynomial
in s, |I|^(−1/p) can be nearly linear. I itself is taken where it changes sign.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple, Self

import numpy as np
import torch


@dataclasses.dataclass(frozen=True)
class Coordinates:
    """The coordinates of a box: low, high and c, each (m,)."""

    low: np.ndarray
    high: np.ndarray
    c: np.ndarray

    def u(self, s: torch.Tensor) -> torch.Tensor:
        """Map s (n, m) of the box to u (m, n) in [−1, 1]: points last, as polynomials want them."""
        c, middle, half = (
            torch.as_tensor(array, device=s.device)[:, None] for array in (self.c, *self.middle_and_half())
        )
        return (c - s.T.contiguous()).abs_().log_().sub_(middle).div_(half)  # contiguous: three times as fast

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Compute ∂u_j/∂s_j (n, m) at s (n, m)."""
        return 1 / ((s - self.c) * self.middle_and_half()[1])

    def s(self, u: np.ndarray) -> np.ndarray:
        """Map u (n, m) to the points s (n, m) of the box that have these coordinates."""
        middle, half = self.middle_and_half()
        side = np.sign(self.c - self.low)
        return np.clip(self.c - side * np.exp(middle + half * u), self.low, self.high)

    def u_of(self, j: int, s_j: np.ndarray) -> np.ndarray:
        """Map values (n,) of the j-th invariant to u_j (n,)."""
        middle, half = self.middle_and_half()
        return (np.log(np.abs(self.c[j] - s_j)) - middle[j]) / half[j]

    def middle_and_half(self) -> tuple[np.ndarray, np.ndarray]:
        """Give (m,) and (m,): u_j = (log |c_j − s_j| − middle_j)/half_j."""
        at_low, at_high = np.log(np.abs(self.c - self.low)), np.log(np.abs(self.c - self.high))
        return (at_low + at_high) / 2, (at_high - at_low) / 2


class Target(NamedTuple):
    """What is interpolated in place of I(s)."""

    sign: int
    """Of I over the whole box; 0: I itself is interpolated."""
    power: int
    """p of |I|^(−1/p); 0: log |I|. Without meaning for sign = 0."""
    scale: float
    """The typical |I|, by which I is divided."""

    @classmethod
    def of_values(cls, value: np.ndarray, power: int) -> Self:
        """Make the target for labels (n,) with this power."""
        sign = 1 if (value > 0).all() else -1 if (value < 0).all() else 0
        size = np.abs(value)
        scale = float(np.exp(np.log(size).mean())) if sign else float(size.mean()) or 1.0
        return cls(sign, power if sign else 0, scale)

    def encode(self, value: np.ndarray) -> np.ndarray:
        """Compute y (n,) for I (n,), which has the sign `sign` where that is not 0."""
        if not self.sign:
            return value / self.scale
        relative = self.sign * value / self.scale
        return relative ** (-1 / self.power) if self.power else np.log(relative)

    def decode(self, y: np.ndarray) -> np.ndarray:
        """Compute I (n,) from y (n,)."""
        return self.decode_(torch.tensor(y)).numpy()

    def decode_(self, y: torch.Tensor) -> torch.Tensor:
        """Compute I (n,) from y (n,), in place."""
        if not self.sign:
            return y.mul_(self.scale)
        return (y.reciprocal_().pow_(self.power) if self.power else y.exp_()).mul_(self.sign * self.scale)

    def slope(self, value: np.ndarray) -> np.ndarray:
        """Compute dy/dI (n,) for I (n,)."""
        if not self.sign:
            return np.full_like(value, 1 / self.scale)
        return -self.encode(value) / (self.power * value) if self.power else 1 / value

    def relative_slope(self, y: np.ndarray) -> np.ndarray:
        """Compute |dI/dy|/|I| (n,), or relative to the typical |I| where I is interpolated itself."""
        return self.power / np.abs(y) if self.sign and self.power else np.ones_like(y)


def candidates(low: float, high: float) -> np.ndarray:
    """Candidates for c of one invariant: beyond either end of its range, by 1e-4 to 30 of its width."""
    distances = (high - low) * np.array(DISTANCES)
    return np.concatenate([high + distances, low - distances])


DISTANCES: tuple[Any, ...] = (*(10.0 ** np.arange(-4, 1.55, 0.1)),)
"""Of c from the box, in units of its width; at the largest, u is nearly linear in s. Steps of 0.1 in the exponent
instead of 0.25 give total_degree 0.1 to 0.2 digits more on pentagon1l_8d and hexagon1l."""
