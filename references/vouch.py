"""A second opinion on true values: pySecDec, which shares neither nodes nor code with references' quadrature.

A value is vouched for where |value − opinion| <= 5 σ + error, σ being the standard deviation that pySecDec states and
`error` the quadrature's own bound.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np

import methods
from methods.base import Estimate, ParametricIntegral
from references.tables import TruthError

Opinion = Callable[[np.ndarray], Estimate]
"""s (n, m) -> values and their standard deviations."""

SHIFTS = 32
"""Random shifts behind each stated error. With pysecdec_qmc's default of 8 the error itself is so uncertain that 5.7 of
them were seen on box2l."""
MAX_PULL = 5.0
"""Largest |value − opinion| in stated standard deviations; among 2,400 points of a normal law, 4 is usual."""
MAX_PULL_RMS = 3.0
"""Root mean square of these beyond which pySecDec's errors, or the values, are not what they are said to be. Not 1,
because pySecDec uses the same shifts at every point, so that all pulls may be large together: 2.8 was seen."""


def pysecdec(integral: ParametricIntegral, epsrel: float) -> tuple[Opinion, str]:
    """Return pySecDec's opinion at the relative error `epsrel`, and how it is come by."""
    method = methods.create("pysecdec_qmc", epsrel=epsrel, workers=2, shifts=SHIFTS).fit(integral)
    return method.integrate, f"pySecDec {metadata.version('pysecdec')} (epsrel {epsrel:g}, {SHIFTS} shifts)"


def ask(opinion: Opinion, s: np.ndarray, which: np.ndarray, progress: Callable[[int], Any] | None = None) -> np.ndarray:
    """Return (n, 2) values and stated errors of `opinion` at the points `which` of s (n, m), nan elsewhere."""
    vouched = np.full((len(s), 2), np.nan)
    for part in np.array_split(which, max(1, len(which) // 10)):
        estimate = opinion(s[part])
        vouched[part] = np.stack([estimate.value, estimate.error], axis=1)
        if progress:
            progress(len(part))
    return vouched


def compare(
    s: np.ndarray, value: np.ndarray, error: np.ndarray, vouched: np.ndarray, epsrel: float
) -> dict[str, float]:
    """Compare values and their errors (n,) with a second opinion (n, 2), where there is one.

    Returns
    -------
    dict
        How many points were vouched for, the largest and root-mean-square pull, the largest relative difference and
        the largest relative error that the opinion stated.

    Raises
    ------
    TruthError
        Where they disagree, or the opinion is vaguer than `epsrel`; it names the worst point.
    """
    asked = np.flatnonzero(~np.isnan(vouched[:, 0]))
    if not len(asked):
        raise TruthError("No true value was vouched for by a second method; ask it for at least one point.")
    value, error, (other, sigma) = value[asked], error[asked], vouched[asked].T
    stated = sigma / np.abs(value)
    vague = int(np.argmax(stated))
    if not stated[vague] <= epsrel:
        raise TruthError(
            f"pySecDec states a relative error of {stated[vague]:.1e} at s = {s[asked[vague]].tolist()}, but "
            f"{epsrel:g} was asked for: allow it more evaluations."
        )
    difference = np.abs(value - other)
    excess = difference / (MAX_PULL * sigma + error)
    worst = int(np.argmax(excess))
    if not excess[worst] <= 1:
        raise TruthError(
            f"Quadrature gives {float(value[worst])!r} ± {error[worst]:.1e} at s = {s[asked[worst]].tolist()}, but "
            f"pySecDec {float(other[worst])!r} ± {sigma[worst]:.1e}: one of them is wrong, and nothing is written."
        )
    pull = difference / np.hypot(sigma, error)
    rms = float(np.sqrt(np.mean(pull**2)))
    if rms > MAX_PULL_RMS:
        raise TruthError(
            f"The pulls against pySecDec have a root mean square of {rms:.1f}, more than {MAX_PULL_RMS:g}: the stated "
            f"errors are too small (worst at s = {s[asked[worst]].tolist()}), and nothing is written."
        )
    return {
        "points": len(asked),
        "largest_pull": float(f"{pull.max():.2e}"),
        "rms_pull": float(f"{rms:.2e}"),
        "largest_relative_difference": float(f"{(difference / np.abs(value)).max():.2e}"),
        "largest_stated_relative_error": float(f"{stated.max():.2e}"),
    }
