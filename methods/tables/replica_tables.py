"""Tables of I(s) by each replica of an ensemble: polynomials with the same terms, coordinates and target.

y_r(s) = Σ_α c_rα T_{α1}(u_1) … T_{αm}(u_m),    u and y as in `coordinates.py`
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

from methods.tables import cpu_polynomial, total_degree
from methods.tables.coordinates import Coordinates, Target
from methods.tables.cpu_polynomial import CpuPolynomial
from methods.tables.polynomial_table import TOLERANCE, significant
from methods.tables.split_polynomial import SplitPolynomial

MOST_FIRST_TERMS = 300
"""Terms of the fit whose coefficients tell how fast they decay in each variable."""


@dataclasses.dataclass
class ReplicaTables:
    """The tables: degrees alpha (n_terms, m), and coefficients (n_replicas, n_terms).

    `misfit` is the root mean square error of y that they have in common, since all of them lack the same terms.
    """

    coordinates: Coordinates
    target: Target
    alpha: np.ndarray
    coefficients: np.ndarray
    misfit: float
    device: str

    def __post_init__(self) -> None:
        self._kernels, self._polynomials = [], []
        for c in self.coefficients:
            if torch.device(self.device).type == "cpu" and cpu_polynomial.library() is not None:
                self._kernels.append(CpuPolynomial(self.coordinates, self.target, self.alpha, c))
            else:
                self._polynomials.append(SplitPolynomial(self.alpha, c, self.device))

    def __call__(self, s: torch.Tensor) -> torch.Tensor:
        """Evaluate I (n_replicas, n) at s (n, m)."""
        if self._kernels:
            points = np.ascontiguousarray(s.numpy())
            return torch.from_numpy(np.stack([kernel(points) for kernel in self._kernels]))
        u = self.coordinates.u(s)
        return torch.stack([self.target.decode_(polynomial(u)) for polynomial in self._polynomials])


def fitted(
    coordinates: Coordinates, power: int, u: list[torch.Tensor], value: list[np.ndarray], noise: list[np.ndarray],
    n_terms: int, device: str,
) -> ReplicaTables:  # fmt: skip
    """Fit the table of each replica to its values I (n,) at its points u (m, n).

    Parameters
    ----------
    coordinates : Coordinates
        Those of u.
    power : int
        That of the target.
    u, value : list
        Points (m, n) in the box, and I (n,) there, of each replica; n is larger than `n_terms`.
    noise : list of np.ndarray
        Numbers (n,) with the variance of the values' random errors; zeros where that is unknown, which then counts as
        misfit.
    n_terms : int
        Largest number of terms.
    device : str
        Where to evaluate, as torch names it.
    """
    target = Target.of_values(np.concatenate(value), power)
    y = [target.encode(of_replica) for of_replica in value]
    first = total_degree.terms(np.ones(len(u[0])), min(MOST_FIRST_TERMS, n_terms))
    alpha = total_degree.terms(total_degree.weights_of(first, total_degree.fit(first, u[0], y[0])), n_terms)
    noise_of_y = [target.slope(of_replica) * error for of_replica, error in zip(value, noise, strict=True)]
    # Of a complex number whose imaginary part is the noise: one matrix serves both.
    fits = [
        total_degree.fit(alpha, of_u, of_y + 1j * error) for of_u, of_y, error in zip(u, y, noise_of_y, strict=True)
    ]
    coefficients = np.stack([c.real for c in fits])
    left = [_residuals(alpha, c.real, of_u, of_y, device) for c, of_u, of_y in zip(fits, u, y, strict=True)]
    of_noise = [
        _residuals(alpha, c.imag, of_u, noisy, device) for c, of_u, noisy in zip(fits, u, noise_of_y, strict=True)
    ]
    # Per degree of freedom, fits leave the error of y without further terms, which all replicas have in common, and
    # noise. The noise differs from replica to replica, so that their spread tells it; it must not count twice.
    square = (np.square(left).sum() - np.square(of_noise).sum()) / (np.size(left) - coefficients.size)
    misfit = math.sqrt(max(0.0, float(square)))
    stays = significant(alpha, np.abs(coefficients).max(axis=0), TOLERANCE * float(np.sqrt(np.mean(left[0] ** 2))))
    return ReplicaTables(coordinates, target, alpha[stays], coefficients[:, stays], misfit, device)


def _residuals(alpha: np.ndarray, c: np.ndarray, u: torch.Tensor, y: np.ndarray, device: str) -> np.ndarray:
    """Return the residuals (n,) of y (n,) beside the polynomial with coefficients c (n_terms,) at u (m, n)."""
    return y - SplitPolynomial(alpha, c, device)(u).cpu().numpy()
