"""References' own contours in many dimensions: for each s one complex triangular map, which makes f nearly constant.

    x_i = t_i/(t_i + c_i (1 − t_i)),    log c_i = a_i + Σ_{j before i} a_ij (2 t_j − 1),    a complex

The modulus of c_i crowds nodes where f is large, its phase leads the contour around the zeros of F − i0; both depend on
the variables before. The k (k + 1)/2 numbers a are fitted by Levenberg and Marquardt's method to

    log f(s, x(t)) + Σ_i log ∂x_i/∂t_i = constant + Σ_i p_i log t_i,

p_i being the power of x_i in f. The first contour is the real cube at turned invariants, s_j e^{iφ} for s_j > 0, where
Im F < 0 everywhere; φ then falls to zero in steps, and the fit follows. So no zero of F is crossed on the way as long
as the steps are small and the logarithms principal. What is found is looked at by a sample, and believed where maps
with different orders of variables have the same integral (`map_rules.py`).

Levenberg, Q. Appl. Math. 2 (1944) 164; Marquardt, J. SIAM 11 (1963) 431.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from references.values.factors import Factors

N_POINTS = 1024
"""Points t to which a map is fitted, of a Sobol sequence."""

TURNS = 1.2, 0.6, 0.3, 0.1, 0.0
"""Values of φ on the way."""

STEPS, LAST_STEPS = 3, 30
"""Steps of the fit at each φ, and at most at the last one."""

RIDGE, ENOUGH = 1e-6, 1e-4
"""Weight of |a|², which holds what the points do not determine; and relative progress at which the fit ends."""

LARGEST_DAMPING = 1e6


class ComplexMap(NamedTuple):
    """A map at one s."""

    order: tuple[int, ...]
    """Variables in their order: that of t_0 first."""
    a: np.ndarray
    """(k, k) complex, lower triangle: a_i on the diagonal, a_ij below."""
    spread: float
    """Root mean square of the residuals; infinite where the contour is seen to be not causal."""


def draw(factors: Factors, order: tuple[int, ...]) -> np.ndarray:
    """Draw the points t (n, k) of a fit, with densities proportional to t_i^{p_i}."""
    from scipy.stats import qmc  # here, since it takes half a second to import

    unit = qmc.Sobol(len(order), seed=0).random(N_POINTS)
    powers = np.array([factors.powers[i] for i in order])
    return np.clip(unit, 1e-9, 1 - 1e-9) ** (1 / (powers + 1))


def moved(order: tuple[int, ...], a: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute x (n, k), columns as in the integrand, and log ∂x_i/∂t_i (n, k), in the map's order, at t (n, k)."""
    z = 2 * t - 1
    log_c = z @ np.tril(a, -1).T + np.diag(a)
    c = np.exp(log_c)
    denominator = t + c * (1 - t)
    x = np.empty(t.shape, dtype=complex)
    x[:, list(order)] = t / denominator
    return x, log_c - 2 * np.log(denominator)


class _Fit:
    """Residuals and derivatives at one s."""

    def __init__(self, factors: Factors, order: tuple[int, ...], t: np.ndarray) -> None:
        self._factors, self._order, self._t = factors, order, t
        self._rows, self._columns = np.tril_indices(len(order))
        z = np.concatenate([2 * t - 1, np.ones((len(t), 1))], axis=1)
        self._basis = z[:, np.where(self._rows == self._columns, len(order), self._columns)]
        self._wanted = np.log(t) @ np.array([factors.powers[i] for i in order], dtype=float)

    def matrix(self, a: np.ndarray) -> np.ndarray:
        """Make the triangular matrix of the numbers a (n,)."""
        full = np.zeros((len(self._order),) * 2, dtype=complex)
        full[self._rows, self._columns] = a
        return full

    def residuals(self, s: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Compute residuals (n,), their derivatives by a (n, n_a), both without their means, and F (n,)."""
        x, log_slope = moved(self._order, self.matrix(a), self._t)
        log_f, slopes, f = self._factors.logarithm(s, x)
        residual = log_f + log_slope.sum(axis=1) - self._wanted
        # ∂x/∂log c = −x (1 − x), and the logarithm of ∂x/∂t grows by 2x − 1.
        by_log_c = (2 * x - 1 - (1 - x) * slopes)[:, list(self._order)]
        jacobian = self._basis * by_log_c[:, self._rows]
        return residual - residual.mean(), jacobian - jacobian.mean(axis=0), f

    def run(self, s: np.ndarray, a: np.ndarray, steps: int) -> tuple[np.ndarray, float, np.ndarray]:
        """Improve a in so many steps: a, mean square of the residuals, F at the points."""
        damping, ridge = 1e-2, RIDGE
        residual, jacobian, f = self.residuals(s, a)
        square = _mean_square(residual)
        for _ in range(steps):
            before = square
            normal = jacobian.conj().T @ jacobian / len(residual) + ridge * np.eye(len(a))
            slope = jacobian.conj().T @ residual / len(residual) + ridge * a
            while damping < LARGEST_DAMPING:
                trial = a - np.linalg.solve(normal + damping * np.eye(len(a)), slope)
                with np.errstate(all="ignore"):
                    found = self.residuals(s, trial)
                if _mean_square(found[0]) < square:
                    a, (residual, jacobian, f), square = trial, found, _mean_square(found[0])
                    damping = max(damping / 5, 1e-9)
                    break
                damping *= 4
            if square > (1 - ENOUGH) * before:
                break
        return a, square, f


def _mean_square(residual: np.ndarray) -> float:
    square = float(np.mean(np.abs(residual) ** 2))
    return square if np.isfinite(square) else np.inf


def fit(factors: Factors, s: np.ndarray, order: tuple[int, ...]) -> ComplexMap:
    """Fit the map at one s (m,) with the variables in this order."""
    problem = _Fit(factors, order, draw(factors, order))
    a = np.zeros(len(order) * (len(order) + 1) // 2, dtype=complex)
    for turn in TURNS:
        turned = np.where(s > 0, s * np.exp(1j * turn), s)
        a, square, f = problem.run(turned, a, STEPS if turn else LAST_STEPS)
    is_causal = not ((f.imag > 0) & (f.real <= 0)).any()
    return ComplexMap(order, problem.matrix(a), square**0.5 if is_causal else np.inf)
