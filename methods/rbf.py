"""Radial basis functions through labels of I(s), by SciPy.

    y(s) = Σ_i α_i φ(|u(s) − u_i|) + a polynomial of second degree,    φ(r) = −r⁵

A quintic has no length to tune; with 1,000 labels of box1l it has 1.1 to 1.5 digits more than thin-plate splines.
`tables/label_interpolant.py` has the coordinates u and the targets y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from methods.base import InputError
from methods.tables.label_interpolant import Function, LabelInterpolant

DEGREE = 2
"""Degree of the polynomial, the least that goes with a quintic."""


@dataclass(kw_only=True)
class RBF(LabelInterpolant):
    """An interpolant of quintic radial basis functions; the fields are those of `LabelInterpolant`."""

    name: ClassVar[str] = "rbf"
    source: ClassVar[str] = "Fasshauer, Meshfree Approximation Methods with Matlab (World Scientific, 2007), chapter 7"
    version: ClassVar[int] = 2

    def _settings(self, u: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Choose nothing."""
        return np.empty(0)

    def _interpolant(self, u: np.ndarray, y: np.ndarray, settings: np.ndarray) -> Function:
        from scipy.interpolate import RBFInterpolator

        n_coefficients = math.comb(u.shape[1] + DEGREE, DEGREE)
        if len(y) < n_coefficients:
            raise InputError(
                f"rbf has {len(y)} labels to fit, fewer than the {n_coefficients} coefficients of its polynomial of "
                f"second degree in {u.shape[1]} invariants; give it more labels, and a budget to compute them."
            )
        return RBFInterpolator(u, y, kernel="quintic", degree=DEGREE)
