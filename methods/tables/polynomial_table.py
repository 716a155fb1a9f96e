"""A table of I(s) that is a sum of Chebyshev polynomials: its terms, those left out again, and their evaluation.

    y(s) = Σ_α c_α T_{α1}(u_1) … T_{αm}(u_m)

A fit or an interpolation leaves many coefficients far below its error; they would take time at every point.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from methods.core.arithmetic import Arithmetic, Rows
from methods.core.storage import StorageError
from methods.tables import cpu_polynomial
from methods.tables.complex_polynomial import ComplexCpuPolynomial, ComplexSplitPolynomial
from methods.tables.cpu_polynomial import CpuPolynomial
from methods.tables.extrapolating_table import ExtrapolatingTable
from methods.tables.split_polynomial import SplitPolynomial

MOST_DEGREES = 10_000
"""More polynomials of a variable are no table, and there may be no memory for them."""

TOLERANCE = 0.1
"""Terms are left out as long as they change y nowhere by more than this share of its root mean square error, or of the
residuals' where replicas are fitted."""


class PolynomialTable(ExtrapolatingTable):
    """A table whose `fit` calls `_keep`; a compiled kernel evaluates it on a CPU, and torch elsewhere."""

    alpha_: np.ndarray
    """(n_terms, m) degrees."""
    coefficients_: np.ndarray
    """(n_terms,), complex for a complex integral."""
    _kernel: Callable[[np.ndarray], np.ndarray] | None = None

    def _keep(
        self, alpha: np.ndarray, coefficients: np.ndarray, s: np.ndarray, value: np.ndarray, label_error: np.ndarray
    ) -> None:
        """Keep the terms that matter beside the error at points s (n, m) where I is `value` (n,), and claim it."""
        self.alpha_, self.coefficients_ = alpha, coefficients
        self._prepare()
        slope = float(self.target_.relative_slope(self.target_.encode(value)).max())
        largest = significant(alpha, coefficients, TOLERANCE * self._error(s, value) / slope)
        self.alpha_, self.coefficients_ = alpha[largest], coefficients[largest]
        self._prepare()
        self.relative_error_ = self._claimed_error(s, value, label_error)

    def _restore_polynomial(self, state: dict[str, np.ndarray]) -> None:
        alpha, m = state["alpha_"], self.integral_.m
        shapes = (state["coefficients_"].shape, state["c_"].shape, alpha.shape[1:])
        sound = alpha.dtype.kind == "i" and shapes == (alpha.shape[:1], (m,), (m,))
        sound &= np.iscomplexobj(state["coefficients_"]) == self.integral_.is_complex
        if not sound or not alpha.size or not 0 <= alpha.min() <= alpha.max() < MOST_DEGREES:
            raise StorageError(f"The file has no coefficients and degrees of this {self.name}; save it again.")
        super()._restore_polynomial(state)

    def _prepare(self) -> None:
        self._kernel = None
        if torch.device(self.device).type == "cpu" and cpu_polynomial.library() is not None:
            make = ComplexCpuPolynomial if self.integral_.is_complex else CpuPolynomial
            self._kernel = make(self._coordinates, self.target_, self.alpha_, self.coefficients_)
        else:
            split = ComplexSplitPolynomial if self.integral_.is_complex else SplitPolynomial
            self._target_values = split(self.alpha_, self.coefficients_, self.device)

    def _steps_of_y(self, arithmetic: Arithmetic, u: Rows) -> Rows:
        c = self.coefficients_
        return arithmetic.polynomial(u, self.alpha_, np.stack([c.real, c.imag] if np.iscomplexobj(c) else [c], axis=1))

    def _n_degrees(self) -> np.ndarray:
        return self.alpha_.max(axis=0) + 1

    def _evaluate(self, s: np.ndarray) -> np.ndarray:
        return super()._evaluate(s) if self._kernel is None else self._kernel(s)


def significant(alpha: np.ndarray, coefficients: np.ndarray, tolerance: float) -> np.ndarray:
    """Tell which terms (n_terms,) stay, where the smallest are left out as long as y changes nowhere by `tolerance`."""
    size = np.abs(coefficients)
    order = np.argsort(size)
    stays = np.ones(len(coefficients), dtype=bool)
    stays[order[np.cumsum(size[order]) <= tolerance]] = False
    stays[(alpha == 0).all(axis=1)] = True
    return stays
