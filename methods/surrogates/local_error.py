"""An error that depends on the place: larger towards the edges of the box, as the residuals of labels say.

    σ(u) = exp(a + b |u|²/m),    u in [−1, 1]^m

with a and b at the maximum of the likelihood Π_i N(δ_i; 0, σ(u_i)²) of residuals δ_i that training did not see.
"""

from __future__ import annotations

import numpy as np
import scipy.optimize
import torch

SMALLEST_RESIDUAL, LARGEST_RESIDUAL = 1e-16, 1e3
"""Bounds of relative residuals: below they are rounding, and above, as before any training, they need not be exact."""


def fit(u: np.ndarray, residual: np.ndarray) -> np.ndarray:
    """Find a and b, (2,), for residuals (n,) at u (m, n)."""
    residual = np.minimum(np.abs(np.nan_to_num(residual, nan=LARGEST_RESIDUAL)), LARGEST_RESIDUAL)
    rms = max(float(np.sqrt(np.mean(residual**2))), SMALLEST_RESIDUAL)
    distance = np.mean(u**2, axis=0)
    design = np.stack([np.ones_like(distance), distance - distance.mean()], axis=1)
    squares = (residual / rms) ** 2

    def minus_log_likelihood(ab: np.ndarray) -> tuple[float, np.ndarray]:
        log_sigma = design @ ab
        normalised = squares * np.exp(-2 * log_sigma)
        return float(np.mean(log_sigma + normalised / 2)), design.T @ (1 - normalised) / len(normalised)

    found = scipy.optimize.minimize(minus_log_likelihood, np.zeros(2), jac=True, bounds=[(-3, 3), (-10, 10)])
    a, b = found.x
    return np.array([a + np.log(rms) - b * distance.mean(), b])


def evaluate(ab: np.ndarray, u: torch.Tensor) -> torch.Tensor:
    """Evaluate σ (n,) at u (m, n)."""
    return u.square().mean(dim=0).mul_(float(ab[1])).add_(float(ab[0])).exp_()
