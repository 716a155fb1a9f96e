"""Coordinates of the box of s that need nothing but the box: log |s_j| where both ends have one sign, and s_j."""

from __future__ import annotations

import torch

from methods.base import ParametricIntegral


class BoxCoordinates:
    """u in [−1, 1]^m of points s in the box: log |s_j| where both ends have one sign, s_j where they do not, scaled."""

    def __init__(self, integral: ParametricIntegral, device: str) -> None:
        self.box = torch.tensor([integral.low, integral.high], dtype=torch.float64, device=device)
        low, high = self.box
        self._signs = torch.where(low * high > 0, torch.sign(low), 0.0)
        self._low, self._high = self._raw(low), self._raw(high)

    def _raw(self, s: torch.Tensor) -> torch.Tensor:
        return torch.where(self._signs == 0, s, torch.log(torch.where(self._signs == 0, 1.0, s.abs())))

    def u(self, s: torch.Tensor) -> torch.Tensor:
        """Return u for s (n, m)."""
        return 2 * (self._raw(s) - self._low) / (self._high - self._low) - 1

    def s(self, u: torch.Tensor) -> torch.Tensor:
        """Return s for u (n, m)."""
        raw = self._low + (self._high - self._low) * (u + 1) / 2
        return torch.where(self._signs == 0, raw, self._signs * torch.exp(torch.where(self._signs == 0, 0.0, raw)))
