"""Digits by the value of each invariant: near a threshold contours are pinched, which averages over the box hide."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.running import metrics
from methods.base import ParametricIntegral

BINS = 16
"""Intervals of equal width in the coordinate in which the integral draws its points."""


def by_invariant(integral: ParametricIntegral, s: np.ndarray, value: np.ndarray, true: np.ndarray) -> dict[str, Any]:
    """Compute mean and worst digits in `BINS` intervals of each invariant, for s (n, m), value and true (n,).

    Returns
    -------
    dict
        Invariant -> {edges, digits_mean, digits_worst}: the ends of the intervals, one more than there are, and the
        digits in each, null where no point lies.
    """
    digits = -np.log10(metrics.relative_errors(value, true))
    place = np.minimum((BINS * integral.to_unit(s)).astype(int), BINS - 1)
    ends = integral.from_unit(np.repeat(np.linspace(0, 1, BINS + 1)[:, None], integral.m, axis=1))
    found = {}
    for j, name in enumerate(integral.parameters):
        inside = [digits[place[:, j] == i] for i in range(BINS)]
        found[name] = {
            "edges": [float(f"{end:.6g}") for end in ends[:, j]],
            "digits_mean": [float(here.mean()) if len(here) else None for here in inside],
            "digits_worst": [float(here.min()) if len(here) else None for here in inside],
        }
    return found
