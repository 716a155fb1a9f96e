"""Gaussian-process regression of I(s) from labels, by scikit-learn.

    y(s) = Σ_i α_i κ(u(s), u_i),    κ(u, v) = σ² exp(−Σ_j (u_j − v_j)²/(2 l_j²)),    (κ(u_i, u_j) + ν δ_ij) α = y

The lengths l_j and σ maximise the likelihood of a few labels; ν is the smallest number with which the matrix is
positive in float64, since labels have next to no noise: on box1l with 1,000 labels 1e-8, 1e-9 and 1e-10 give 5.9, 6.3
and 6.7 digits. `tables/label_interpolant.py` has the coordinates u and the targets y.

The error is that of labels left aside. The predictive standard deviation, for which the process is known, takes
n² operations per point instead of n, and covers 13 to 41 % of the points of pentagon1l_8d instead of 68 %: labels of a
smooth function do not look like draws from the prior.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from methods.base import InputError, ParametricIntegral
from methods.core.packages import reason_if_missing
from methods.tables.label_interpolant import Function, LabelInterpolant

NOISES = 10.0 ** np.arange(-12, -3)
"""Candidates for ν, in units of the variance of y."""


@dataclass(kw_only=True)
class GaussianProcess(LabelInterpolant):
    """A Gaussian process with a squared-exponential kernel and a length for each invariant.

    The fields are those of `LabelInterpolant`.
    """

    name: ClassVar[str] = "gaussian_process"
    source: ClassVar[str] = "Rasmussen & Williams, Gaussian Processes for Machine Learning (MIT, 2006), eq. 2.25"
    version: ClassVar[int] = 2

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say that scikit-learn is missing, where it is."""
        return super().unsupported(integral) or reason_if_missing("sklearn", "scikit-learn")

    def _settings(self, u: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Maximise the likelihood: logarithms of σ² and of l (m,)."""
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel

        kernel = ConstantKernel(10.0, (1e-2, 1e6)) * RBF(np.full(u.shape[1], 2.0), (0.1, 100.0))
        return _solved(kernel, u, y, least_noise=1e-9, optimizer="fmin_l_bfgs_b").kernel_.theta

    def _interpolant(self, u: np.ndarray, y: np.ndarray, settings: np.ndarray) -> Function:
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel

        kernel = (ConstantKernel() * RBF(np.ones(u.shape[1]))).clone_with_theta(settings)
        return _solved(kernel, u, y, least_noise=0.0, optimizer=None).predict


def _solved(kernel: Any, u: np.ndarray, y: np.ndarray, *, least_noise: float, optimizer: str | None) -> Any:
    """Fit a process with the smallest noise that makes its matrix positive."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor

    for noise in NOISES[NOISES >= least_noise]:
        process = GaussianProcessRegressor(kernel, alpha=noise, optimizer=optimizer)
        try:
            with warnings.catch_warnings():
                # A length at its bound is a direction in which y hardly changes.
                warnings.simplefilter("ignore", ConvergenceWarning)
                return process.fit(u, y)
        except np.linalg.LinAlgError:
            continue
    raise InputError(f"The kernel of gaussian_process is singular for {len(u)} labels; give fewer.")
