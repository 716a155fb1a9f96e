"""The box of a complex integral, cut at its thresholds: I(s) is analytic in each piece, and real below.

A table has a part for each piece. Labels come from a box that ends before the threshold, where the contour is pinched
and labels are poor. The part is used up to the threshold all the same: in its coordinate I(s) is analytic there.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import NamedTuple

import numpy as np

from methods.core.integral import ParametricIntegral
from methods.core.thresholds import is_positive

GAP = 0.002
"""Relative distance |s/t − 1| from a threshold t at which labels begin on either side. With 3,000 labels chebyshev has
8.3 digits (worst of 1,000 points 5.1) on box1l_crossing; from 0.01 on it has 9.5 (4.1), as labels are better there."""

LARGEST_PART = 0.1
"""Part of the range on a side of a threshold that the gap may take. Without any, labels would lie on the threshold,
where derivatives are infinite in the coordinate of a table."""


class Piece(NamedTuple):
    """An integral over the part of a box on one side of each threshold."""

    integral: ParametricIntegral
    """Its box ends at a distance from thresholds; it is real below them."""
    thresholds: np.ndarray
    """(m,) of each invariant, 0 for those without one."""


def pieces(integral: ParametricIntegral, thresholds: np.ndarray) -> list[Piece]:
    """Cut the box at thresholds (m,): a piece for each combination of sides that the box has points on."""
    ranges = [_ranges(*of_axis) for of_axis in zip(thresholds, integral.low, integral.high, strict=True)]
    found = []
    for combination in itertools.product(*ranges):
        low, high = zip(*combination, strict=True)
        middle = (np.array(low) + np.array(high)) / 2
        is_below = [middle[j] / thresholds[j] < 1 for j in np.flatnonzero(thresholds)]
        piece = dataclasses.replace(integral, low=low, high=high)
        # The threshold on the other side of zero may be inside the box, too.
        if is_below and all(is_below) and is_positive(piece):
            piece = _real(piece)
        found.append(Piece(piece, thresholds))
    return found


def _ranges(threshold: float, low: float, high: float) -> list[tuple[float, float]]:
    """Cut the range of one invariant, and leave a gap on either side: a part of it, where there is little."""
    if threshold == 0:
        return [(low, high)]
    found = []
    if low < threshold:
        found.append((low, min(high, threshold - min(GAP * abs(threshold), LARGEST_PART * (threshold - low)))))
    if high > threshold:
        found.append((max(low, threshold + min(GAP * abs(threshold), LARGEST_PART * (high - threshold))), high))
    return found


def _real(integral: ParametricIntegral) -> ParametricIntegral:
    """Make the real integral that this one is where its polynomial is positive."""
    exact = integral.exact
    return dataclasses.replace(integral, prescription=None, exact=exact and (lambda s: exact(s).real))
