"""Tables of I(s) by each replica of an ensemble: polynomials with the same terms, coordinates and target.

y_r(s) = Σ_α c_rα T_{α1}(u_1) … T_{αm}(u_m),    u and y as in `coordinates.py`
"""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from methods.tables import cpu_polynomial, total_degree
from methods.tables.coordinates import Coordinates, Target
from methods.tables.cpu_polynomial import CpuPolynomial
from methods.tables.polynomial_table import significant
from methods.tables.split_polynomial import SplitPolynomial

MOST_FIRST_TERMS = 300
"""Terms of the fit whose coefficients tell how fast they decay in each variable."""

TOLERANCE = 0.1
"""Terms are left out as long as they change y nowhere by more than this share of the residuals' root mean square."""


@dataclasses.dataclass
class ReplicaTables:
    """The tables: degrees alpha (n_terms, m), and coefficients (n_replicas, n_terms)."""

    coordinates: Coordinates
    target: Target
    alpha: np.ndarray
    coefficients: np.ndarray
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
    coordinates: Coordinates, power: int, u: list[torch.Tensor], value: list[np.ndarray], n_terms: int, device: str
) -> ReplicaTables:
    """Fit the table of each replica to its values I (n,) at its points u (m, n); `power` is that of the target."""
    target = Target.of_values(np.concatenate(value), power)
    y = [target.encode(of_replica) for of_replica in value]
    first = total_degree.terms(np.ones(len(u[0])), min(MOST_FIRST_TERMS, n_terms))
    alpha = total_degree.terms(total_degree.weights_of(first, total_degree.fit(first, u[0], y[0])), n_terms)
    coefficients = np.stack([total_degree.fit(alpha, *points) for points in zip(u, y, strict=True)])
    residual = y[0] - SplitPolynomial(alpha, coefficients[0], device)(u[0]).cpu().numpy()
    stays = significant(alpha, np.abs(coefficients).max(axis=0), TOLERANCE * float(np.sqrt(np.mean(residual**2))))
    return ReplicaTables(coordinates, target, alpha[stays], coefficients[:, stays], device)
