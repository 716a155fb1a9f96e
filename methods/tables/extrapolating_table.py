"""Polynomials that go on beyond their labels, on the way to a threshold, and whose errors grow there.

An interpolant of n_j nodes misses by a polynomial of degree n_j with zeros at its nodes, which grows outside [−1, 1] as
the Chebyshev polynomial T_{n_j} does; and so does the error.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch

from methods.base import Estimate
from methods.core.arithmetic import Arithmetic, Rows
from methods.tables import table_arithmetic
from methods.tables.piecewise_table import PiecewiseTable


class ExtrapolatingTable(PiecewiseTable):
    """A table of a polynomial, which says how the error grows beyond the labels."""

    @abstractmethod
    def _n_degrees(self) -> np.ndarray:
        """Count the degrees of each invariant: (m,)."""

    @abstractmethod
    def _steps_of_y(self, arithmetic: Arithmetic, u: Rows) -> Rows:
        """List the steps of y at u (m rows): two rows where it is complex."""

    def _steps(self, arithmetic: Arithmetic) -> tuple[Rows, Rows]:
        u = table_arithmetic.u(arithmetic, arithmetic.s, self._coordinates)
        value = table_arithmetic.value(arithmetic, self._steps_of_y(arithmetic, u), self.target_)
        error = table_arithmetic.error(arithmetic, value, self.relative_error_, self.typical_value_)
        if self.thresholds_ is not None:
            error = arithmetic.multiply(error, table_arithmetic.growth(arithmetic, u, self._n_degrees()))
        return value, error

    def _estimate(self, s: np.ndarray) -> Estimate:
        value, error, n_eval = super()._estimate(s)
        if self.thresholds_ is not None:
            beyond = ((s < self.integral_.low) | (s > self.integral_.high)).any(axis=1)
            error[beyond] *= self._growth(s[beyond])
        return Estimate(value, error, n_eval)

    def _growth(self, s: np.ndarray) -> np.ndarray:
        """Factors (n,) by which errors grow at s (n, m) beyond the labels."""
        u = np.maximum(1.0, np.abs(self._coordinates.u(torch.as_tensor(s)).T.numpy()))
        return np.cosh(self._n_degrees() * np.arccosh(u)).prod(axis=1)
