"""Errors relative to |I| or, where |I| is small, to a share of its mean: a zero of I(s) is no failure of a method."""

from __future__ import annotations

import numpy as np

SMALL = 0.01
"""Share of the typical |I| below which an error counts relative to that, as where I changes sign."""

LEAST = 1e-300
"""Least size that an error is divided by, since the mean of |I| may be zero."""


def relative_errors(difference: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return the size of differences (n,) relative to |value| (n,), and where that is small to 1 % of its mean."""
    size = np.abs(value)
    return np.abs(difference) / np.maximum(size, max(SMALL * float(size.mean()), LEAST))
