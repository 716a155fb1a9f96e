"""Errors relative to |I| or, where |I| is small, to a share of its mean: a zero of I(s) is no failure of a method."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    import torch

Numbers = TypeVar("Numbers", np.ndarray, "torch.Tensor")

SMALL = 0.01
"""Share of the typical |I| below which an error counts relative to that, as where I changes sign."""

LEAST = 1e-300
"""Least size that an error is divided by, since the mean of |I| may be zero."""


def error_scale(value: Numbers, typical: float) -> Numbers:
    """Return the scale (n,) of relative errors of values (n,): |value|, or 1 % of the typical |I| where larger."""
    return abs(value).clip(min=max(SMALL * typical, LEAST))


def relative_errors(difference: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Return the size of differences (n,) relative to |value| (n,), and where that is small to 1 % of its mean."""
    return np.abs(difference) / error_scale(value, float(np.abs(value).mean()))
