"""Independent values, which check true values: other methods with other points than references' quadrature.

pySecDec shares no code with it either: its integrand is C++ of its own, generated from the formula. lattice_qmc gets
further, with other points, maps and errors, but evaluates the integrand by the same compiled formula.

A value agrees where |value − independent value| <= 5 σ + error, σ being the standard deviation that the independent
method states and `error` the bound of the value itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import metadata
from typing import NamedTuple

import numpy as np

import methods
from methods.base import Estimate, ParametricIntegral, ReportsSetup
from references.values.truth_files import TruthError


class Checker(NamedTuple):
    """A method that computes independent values of one integral."""

    values: Callable[[np.ndarray], Estimate]
    """s (n, m) -> values and their standard deviations."""
    how: str
    """Its name, with version and settings."""
    setup_s: dict[str, float]
    """Seconds of generation and compilation, where there are any."""


SCORED = ("pysecdec_qmc", "lattice_qmc")
"""Registered methods that check values, by `pysecdec` and `lattice`."""

MAX_PULL = 5.0
"""Largest |value − independent value| in stated standard deviations; among 2,400 points of a normal law, 4 is usual."""
MAX_PULL_RMS = 3.0
"""Root mean square of these beyond which the stated errors, or the values, are not what they are said to be. Not 1,
because lattices use the same shifts at every point, so that all pulls may be large together: 2.8 was seen."""


def pysecdec(integral: ParametricIntegral, epsrel: float) -> Checker:
    """Check by pySecDec: other points, and code of its own, generated from the formula.

    32 shifts: with the default of 8 the error itself is so uncertain that 5.7 of them were seen on box2l. In a sum all
    terms are given the same shifts, so that their errors may add up, where pySecDec adds their squares; each term is
    asked for so much less.
    """
    terms = len(integral.expression.terms) if integral.expression else 1
    points = PYSECDEC_POINTS["few" if integral.k <= 4 else "many" if epsrel < VAGUE else "vague"]
    method = methods.create("pysecdec_qmc", epsrel=epsrel / terms**0.5, shifts=32, points=points).fit(integral)

    def values(s: np.ndarray) -> Estimate:
        value, error, n_eval = method.integrate(s)
        return Estimate(value, error * np.sqrt(terms), n_eval)

    how = f"pySecDec {metadata.version('pysecdec')} (from {points} points, 32 shifts)"
    return Checker(values, how, dict(method.setup_s_) if isinstance(method, ReportsSetup) else {})


def lattice(integral: ParametricIntegral, epsrel: float) -> Checker:
    """Check by our own randomly shifted lattices, which get further than pySecDec in the same time."""
    points, weight = LATTICES[min(integral.k, max(LATTICES))]
    points = 4 * points if epsrel < FINE else points if epsrel < ROUGH else points // 2
    method = methods.create("lattice_qmc", points=points, shifts=16, transform="korobov", weight=weight)
    how = f"lattice_qmc ({points} points, 16 shifts, Korobov weight {weight})"
    return Checker(method.fit(integral).integrate, how, {})


def quadrature(integral: ParametricIntegral, epsrel: float) -> Checker:
    """Check closed forms by references' quadrature."""
    from references.values import sums

    def values(s: np.ndarray) -> Estimate:
        result = sums.converge(integral, s, epsrel=epsrel)
        return Estimate(result.value, result.error, 0)

    return Checker(values, "Gauss–Legendre after Möbius maps", {})


def one_dimensional(integral: ParametricIntegral, epsrel: float) -> Checker:
    """Check a Genz integral by integrals of one dimension, done numerically."""
    from references.values import genz_quadrature

    def values(s: np.ndarray) -> Estimate:
        value = genz_quadrature.by_quadrature(integral, s)
        return Estimate(value, GENZ_ERROR * np.abs(value), 0)

    return Checker(values, "Gauss–Legendre in one dimension", {})


def dispersion(integral: ParametricIntegral, epsrel: float) -> Checker:
    """Check the box of gg → HH by unitarity, without any contour in Feynman parameters."""
    from references.values import dispersion as relation

    def values(s: np.ndarray) -> Estimate:
        value = relation.values(relation.arguments(integral, s))
        return Estimate(value, relation.ERROR * np.abs(value), 0)

    return Checker(values, "Cutkosky's rule and a dispersion relation (mpmath)", {})


def dispersion_off_axis(integral: ParametricIntegral, epsrel: float) -> Checker:
    """Check the dispersion integral by another quadrature, which passes the pole in the complex plane."""
    from references.values import dispersion as relation

    def values(s: np.ndarray) -> Estimate:
        value = relation.values_off_axis(relation.arguments(integral, s))
        return Estimate(value, relation.OFF_AXIS_ERROR * np.abs(value), 0)

    return Checker(values, "the dispersion integral off the real axis (NumPy)", {})


def deformation(integral: ParametricIntegral, epsrel: float) -> Checker:
    """Check closed forms above threshold by references' quadrature on a contour that follows F."""
    from references.values import deformation as contour

    def values(s: np.ndarray) -> Estimate:
        found = contour.converge(integral, s, epsrel=epsrel / 10)
        return Estimate(found.value, found.error, 0)

    return Checker(values, "Gauss–Legendre on a contour deformed along the gradient of F, two strengths", {})


def without_kernel(integral: ParametricIntegral, epsrel: float) -> Checker:
    """Check compiled sums by rules of NumPy and the integrand itself, coarser ones."""
    from references.values import map_rules, tensor_sums

    def values(s: np.ndarray) -> Estimate:
        found = map_rules.converge(integral, s, epsrel=epsrel / 2, sums=tensor_sums.without_kernel)
        return Estimate(found.value, found.error, 0)

    return Checker(values, "the same maps and coarser rules without compiled sums (NumPy)", {})


CHECKERS: Mapping[str, Callable[[ParametricIntegral, float], Checker]] = {
    "pysecdec": pysecdec,
    "lattice": lattice,
    "quadrature": quadrature,
    "one_dimensional": one_dimensional,
    "dispersion": dispersion,
    "dispersion_off_axis": dispersion_off_axis,
    "deformation": deformation,
    "without_kernel": without_kernel,
}
"""Checkers by the names that table plans and the files of true values use."""

LATTICES = {1: (2**14, 3), 2: (2**14, 3), 3: (2**16, 3), 4: (2**18, 3), 5: (2**20, 2), 6: (2**20, 2), 7: (2**22, 2)}
"""Points of the lattice and Korobov weight for each k. With eight shifts the largest relative errors that these
stated were 6e-11 (box1l_wide), 3e-9 (box2l; 2e-8 with weight 3) and 5e-9 (pentabox_s01)."""
ROUGH = 1e-6
"""Relative error from which half the points do; with an eighth one of the sectors of box2l states 1.5e-6."""

FINE = 1e-9
"""Relative error below which four times the points do."""

VAGUE = 1e-4
"""Relative error from which pySecDec begins with a smaller lattice, which matters in many dimensions."""

PYSECDEC_POINTS = {"few": 18_000, "many": 130_000, "vague": 10_000}
"""The first lattice, for few (up to four) and for many Feynman parameters. From 18,000 points box1l states at most
2.5e-10, so that pySecDec enlarges nothing: 13 ms per point, where the smallest first lattice takes 24 ms."""

GENZ_ERROR = 1e-13
"""Relative error of `genz_quadrature`; at most 4e-14 was seen for k from 2 to 12."""


def compare(
    s: np.ndarray, value: np.ndarray, error: np.ndarray, independent: np.ndarray, epsrel: float, checker: str
) -> dict[str, float]:
    """Compare values and their errors (n,) with independent values and errors (n, 2), where there are any.

    Returns
    -------
    dict
        How many points were checked, the largest and root-mean-square pull, the largest relative difference and the
        largest relative error that the independent method stated.

    Raises
    ------
    TruthError
        Where they disagree, or the independent values are vaguer than `epsrel`; it names the worst point.
    """
    checked = np.flatnonzero(~np.isnan(independent[:, 0]))
    if not len(checked):
        raise TruthError("No true value was checked by a second method; let it check at least one point.")
    value, error, (other, sigma) = value[checked], error[checked], independent[checked].T
    sigma = np.real(sigma)
    stated = sigma / np.abs(value)
    vague = int(np.argmax(stated))
    if not stated[vague] <= epsrel:
        raise TruthError(
            f"{checker} states a relative error of {stated[vague]:.1e} at s = {s[checked[vague]].tolist()}, but "
            f"{epsrel:g} was checked for: allow it more evaluations."
        )
    difference = np.abs(value - other)
    excess = difference / (MAX_PULL * sigma + error)
    worst = int(np.argmax(excess))
    if not excess[worst] <= 1:
        raise TruthError(
            f"The value at s = {s[checked[worst]].tolist()} is {value[worst].item()!r} ± {error[worst]:.1e}, but "
            f"{checker} says {other[worst].item()!r} ± {sigma[worst]:.1e}: one of them is wrong, so that nothing is "
            "written."
        )
    pull = difference / np.hypot(sigma, error)
    rms = float(np.sqrt(np.mean(pull**2)))
    if rms > MAX_PULL_RMS:
        raise TruthError(
            f"The pulls against {checker} have a root mean square of {rms:.1f}, more than {MAX_PULL_RMS:g}: the stated "
            f"errors are too small (worst at s = {s[checked[worst]].tolist()}), and nothing is written."
        )
    return {
        "points": len(checked),
        "largest_pull": float(f"{pull.max():.2e}"),
        "rms_pull": float(f"{rms:.2e}"),
        "largest_relative_difference": float(f"{(difference / np.abs(value)).max():.2e}"),
        "largest_stated_relative_error": float(f"{stated.max():.2e}"),
    }
