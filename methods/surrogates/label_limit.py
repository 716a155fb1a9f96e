"""Labels that are refused, because the method that computes them says itself that they are wrong.

A few bad labels ruin a polynomial that is fitted to good ones. A direct method whose rules do not agree at some points,
as where a contour fails, states large errors there. A label is refused where

    error > max(LARGE, FACTOR · median of error/|I|) · |I|,

|I| being at least 1 % of its typical size. A method whose labels all have large errors is believed: it has no better
ones, and the error of what is fitted to them says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from methods.base import Estimate, InputError
from methods.core.relative_error import error_scale
from methods.surrogates.labels import LEAST_LABELS

LARGE = 1e-3
"""Relative error up to which a label is taken in any case."""

FACTOR = 10
"""A label is refused above this many times the median relative error: more is not the usual spread over the box."""


@dataclass(frozen=True)
class LabelLimit:
    """The largest error of a label: `relative` times |I|, or times 1 % of its typical size, where that is more."""

    relative: float
    typical: float

    @classmethod
    def of(cls, value: np.ndarray, error: np.ndarray) -> Self:
        """Find the limit from labels (n,) at random points, with their errors: nan where none is stated."""
        finite = np.isfinite(value)
        typical = float(np.abs(value[finite]).mean()) if finite.any() else 0.0
        stated = finite & np.isfinite(error)
        relative = error[stated] / error_scale(value[stated], typical)
        return cls(max(LARGE, FACTOR * float(np.median(relative))) if stated.any() else LARGE, typical)

    def refuses(self, value: np.ndarray, error: np.ndarray) -> np.ndarray:
        """Tell which labels (n,) are refused: those with larger errors, or that are no finite numbers."""
        largest = self.relative * error_scale(value, self.typical)
        return ~np.isfinite(value) | (error > largest)

    def without_refused(self, value: np.ndarray, error: np.ndarray, *others: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the rows of value (n,), error (n,) and others (n, …) that are not refused.

        Raises
        ------
        InputError
            Where fewer are left than anything can be fitted to.
        """
        stays = ~self.refuses(value, error)
        least = min(LEAST_LABELS, len(value))
        if stays.sum() < least:
            raise InputError(
                f"Of {len(value)} labels {int((~stays).sum())} have relative errors above {self.relative:.1g} or are "
                f"not finite, and at least {least} good ones are needed; take another label method."
            )
        return tuple(array[stays] for array in (value, error, *others))

    def nan_where_refused(self, estimate: Estimate) -> np.ndarray:
        """Return the values (n,), with nan in place of refused ones."""
        return np.where(self.refuses(estimate.value, estimate.error), np.nan, estimate.value)
