"""Coordinates of s and a target y in which I(s) is nearly a polynomial.

    u_j = log |c_j − s_j|, scaled to [−1, 1]        y = log |I|,  |I|^(−1/p),  or I itself

Integrals change fast where an invariant comes close to a threshold or to a zero of the denominators. With c_j there,
outside the box, the logarithm makes all scales of the distance alike. As I goes like a negative power of a polynomial
in s, |I|^(−1/p) can be nearly linear. I itself is taken where it changes sign.

A complex I is interpolated itself or as 1/I. An invariant with a threshold is replaced by a coordinate z_j in which I
is analytic there (`threshold_coordinates.py`): u_j = log |c_j − z_j|; z is s for all others.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, NamedTuple, Self

import numpy as np
import torch

from methods.core.threshold_coordinates import ThresholdCoordinate


@dataclasses.dataclass(frozen=True)
class Coordinates:
    """The coordinates of a box: low, high and c, each (m,), and thresholds (m,), 0 for invariants without one."""

    low: np.ndarray
    high: np.ndarray
    c: np.ndarray
    thresholds: np.ndarray | None = None

    def u(self, s: torch.Tensor) -> torch.Tensor:
        """Map s (n, m) of the box to u (m, n) in [−1, 1]: points last, as polynomials want them."""
        c, middle, half = (
            torch.as_tensor(array, device=s.device)[:, None] for array in (self.c, *self.middle_and_half())
        )
        return (c - self.z(s).T.contiguous()).abs_().log_().sub_(middle).div_(half)  # contiguous: three times as fast

    def z(self, s: Any) -> Any:
        """Map s (n, m), an array or a tensor, to z (n, m): to s itself where no invariant has a threshold."""
        if not self.with_threshold:
            return s
        z = s.clone() if isinstance(s, torch.Tensor) else s.copy()
        for j, coordinate in self.with_threshold.items():
            z[:, j] = coordinate.z(s[:, j])
        return z

    def are_on_their_side(self, s: np.ndarray) -> np.ndarray:
        """Tell which points (n, m) are on the side of each threshold on which the box is; at one counts as above."""
        found = np.ones(len(s), dtype=bool)
        for j, coordinate in self.with_threshold.items():
            found &= (s[:, j] / coordinate.threshold >= 1) == coordinate.above
        return found

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Compute ∂u_j/∂s_j (n, m) at s (n, m)."""
        found = 1 / ((self.z(s) - self.c) * self.middle_and_half()[1])
        for j, coordinate in self.with_threshold.items():
            found[:, j] *= coordinate.slope(s[:, j])
        return found

    def s(self, u: np.ndarray) -> np.ndarray:
        """Map u (n, m) to the points s (n, m) of the box that have these coordinates."""
        middle, half = self.middle_and_half()
        side = np.sign(self.c - self._ends[0])
        s = self.c - side * np.exp(middle + half * u)
        for j, coordinate in self.with_threshold.items():
            s[:, j] = coordinate.s(s[:, j])
        return np.clip(s, self.low, self.high)

    def u_of(self, j: int, s_j: np.ndarray) -> np.ndarray:
        """Map values (n,) of the j-th invariant to u_j (n,)."""
        middle, half = self.middle_and_half()
        z_j = self.with_threshold[j].z(s_j) if j in self.with_threshold else s_j
        return (np.log(np.abs(self.c[j] - z_j)) - middle[j]) / half[j]

    def middle_and_half(self) -> tuple[np.ndarray, np.ndarray]:
        """Give (m,) and (m,): u_j = (log |c_j − z_j| − middle_j)/half_j."""
        low, high = self._ends
        at_low, at_high = np.log(np.abs(self.c - low)), np.log(np.abs(self.c - high))
        return (at_low + at_high) / 2, (at_high - at_low) / 2

    def candidates(self, j: int) -> np.ndarray:
        """Candidates for c_j: beyond either end of the range of z_j, by 1e-4 to 30 of its width.

        A range on one side of a threshold begins there, so that u is analytic up to it.
        """
        low, high = sorted((self._ends[0][j], self._ends[1][j]))
        if j in self.with_threshold:
            low = 0.0
        distances = (high - low) * np.array(DISTANCES)
        return np.concatenate([high + distances, low - distances])

    @functools.cached_property
    def with_threshold(self) -> dict[int, ThresholdCoordinate]:
        """Coordinates that replace invariants with a threshold, by their place."""
        thresholds = np.zeros(len(self.low)) if self.thresholds is None else self.thresholds
        return {
            int(j): ThresholdCoordinate.of_range(float(thresholds[j]), float(self.low[j]), float(self.high[j]))
            for j in np.flatnonzero(thresholds)
        }

    @functools.cached_property
    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        """Values of z (m,) at the lower and the upper end of the box."""
        return self.z(self.low[None])[0], self.z(self.high[None])[0]


class Target(NamedTuple):
    """What is interpolated in place of I(s)."""

    sign: int
    """Sign of I all over the box, or 1 for 1/I where I is complex; 0: I itself is interpolated."""
    power: int
    """p of |I|^(−1/p); 0: log |I|. Without meaning for sign = 0."""
    scale: float
    """The typical |I|, by which I is divided."""

    @classmethod
    def of_values(cls, value: np.ndarray, power: int) -> Self:
        """Make the target for labels (n,) with this power, one of `powers`."""
        if np.iscomplexobj(value):
            return cls(power, power, float(np.exp(np.log(np.abs(value)).mean())))
        sign = 1 if (value > 0).all() else -1 if (value < 0).all() else 0
        size = np.abs(value)
        scale = float(np.exp(np.log(size).mean())) if sign else float(size.mean()) or 1.0
        return cls(sign, power if sign else 0, scale)

    def suited_to(self, value: np.ndarray) -> Target:
        """Return this target, or I itself where some of the labels (n,) have the other sign."""
        if not self.sign or np.iscomplexobj(value) or (self.sign * value > 0).all():
            return self
        return Target(0, 0, self.scale)

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
        if self.power == 1:
            return y.reciprocal_().mul_(self.sign * self.scale)
        return (y.reciprocal_().pow_(self.power) if self.power else y.exp_()).mul_(self.sign * self.scale)

    def slope(self, value: np.ndarray) -> np.ndarray:
        """Compute dy/dI (n,) for I (n,)."""
        if not self.sign:
            return np.full_like(value, 1 / self.scale)
        return -self.encode(value) / (self.power * value) if self.power else 1 / value

    def error(self, value: np.ndarray, error_of_y: float) -> np.ndarray:
        """Compute the error (n,) of real I (n,) to which an error of y leads, |dI/dy| times it."""
        if not self.sign:
            return np.full(len(value), error_of_y * self.scale)
        size = np.abs(value)
        return error_of_y * size * (self.power * (size / self.scale) ** (1 / self.power) if self.power else 1.0)

    def relative_slope(self, y: np.ndarray) -> np.ndarray:
        """Compute |dI/dy|/|I| (n,), or relative to the typical |I| where I is interpolated itself."""
        return self.power / np.abs(y) if self.sign and self.power else np.ones_like(y, dtype=np.float64)


POWERS = (0, 1, 2, 3, 4, 6)
"""Candidates for p where I keeps its sign, 0 for log |I|."""

COMPLEX_POWERS = (0, 1)
"""Candidates where I is complex, 0 for I itself and 1 for 1/I: no other power has a single branch everywhere."""


def powers(value: np.ndarray) -> tuple[int, ...]:
    """Candidates for the power of a target of labels (n,)."""
    if np.iscomplexobj(value):
        return COMPLEX_POWERS
    return POWERS if Target.of_values(value, 0).sign else POWERS[:1]


DISTANCES: tuple[Any, ...] = (*(10.0 ** np.arange(-4, 1.55, 0.1)),)
"""Distances of c_j from the box, in units of its width; at the largest, u is nearly linear in s. Steps of 0.1 in the
exponent instead of 0.25 give total_degree 0.1 to 0.2 digits more on pentagon1l_8d and hexagon1l."""
