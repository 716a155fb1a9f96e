"""Polynomials of weighted total degree in many variables: their terms, and their fit to values.

    y(u) = Σ_α c_α T_{α1}(u_1) … T_{αm}(u_m),    α with Σ_j w_j α_j <= D

A small weight w_j allows high degrees in u_j. It is read from the decay of the coefficients of a first, smaller fit, as
|c_α| ≈ exp(−Σ_j w_j α_j).
"""

from __future__ import annotations

import numpy as np
import torch

from methods.core.least_squares import LeastSquares
from methods.tables.chebyshev_basis import polynomials

SLOWEST_DECAY = 0.2
"""Weight at least: per degree the coefficients fall by 18 % then."""

BISECTIONS = 12
"""Bisections of D, which lies between two powers of two."""


def terms(weights: np.ndarray, most: int) -> np.ndarray:
    """Find the largest set {α: Σ_j w_j α_j <= D} of at most `most` terms: (n_terms, m) integers."""
    weights = weights / weights.min()
    low, high = 0.0, 1.0
    while _within(weights, high, most) is not None:
        low, high = high, 2 * high
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if _within(weights, middle, most) is None else (middle, high)
    found = _within(weights, low, most)
    return np.zeros((1, len(weights)), dtype=np.int64) if found is None else found


def weights_of(alpha: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Read the decay per degree of each variable, (m,), from coefficients c (n_terms,) of the terms alpha."""
    weights = np.full(alpha.shape[1], 1.0)
    for j, degrees in enumerate(alpha.T):
        by_degree = np.array([np.abs(c[degrees == degree]).max() for degree in range(1, degrees.max() + 1)])
        if len(by_degree) > 1:
            slope = np.polyfit(np.arange(len(by_degree)), np.log(np.maximum(by_degree, 1e-300)), 1)[0]
            weights[j] = max(SLOWEST_DECAY, -slope)
    return weights


def fit(alpha: np.ndarray, u: torch.Tensor, y: np.ndarray) -> np.ndarray:
    """Fit c (n_terms,) to values y (n,), real or complex, at u (m, n) by least squares."""
    if np.iscomplexobj(y):
        both = _fitted(alpha, u, np.stack([y.real, y.imag], axis=1))
        return both[:, 0] + 1j * both[:, 1]
    return _fitted(alpha, u, y)


def _fitted(alpha: np.ndarray, u: torch.Tensor, y: np.ndarray) -> np.ndarray:
    """Fit c (n_terms,) to y (n,), or (n_terms, q) to y (n, q)."""
    table = polynomials(u, u.new_empty(alpha.max() + 1, *u.shape))
    basis = u.new_ones(len(alpha), u.shape[1])
    for j, degrees in enumerate(torch.as_tensor(alpha.T, device=u.device)):
        basis *= table[degrees, j]
    problem = LeastSquares(len(alpha), u.device)
    problem.add(basis.T, torch.as_tensor(y, device=u.device))
    return problem.solve().cpu().numpy()


def _within(weights: np.ndarray, degree: float, most: int) -> np.ndarray | None:
    """List the terms up to a degree; None where there are more than `most`."""
    found: list[tuple[int, ...]] = [()]
    left = [degree]
    for weight in weights:
        grown = [
            ((*term, a), rest - a * weight)
            for term, rest in zip(found, left, strict=True)
            for a in range(int(rest / weight + 1e-9) + 1)
        ]
        if len(grown) > most:
            return None
        found, left = [list(column) for column in zip(*grown, strict=True)]  # type: ignore[assignment]
    return np.array(found)
