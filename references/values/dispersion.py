"""The one-loop box of gg → HH above threshold by unitarity: its imaginary part in closed form, its real part from that.

Above the threshold s = s12 = 4 of the pair of top quarks, Cutkosky's rule gives, with t = s14 and m = mH2,

    Im I = π β/(2√D) log((Q + √D)/(Q − √D)),        β = √(1 − 4/s),   D = Q² − s R,
    Q = s (1 − t/2) + 2 (t − m),   R = s + m² − 4 m,

and a dispersion relation at fixed t and m,

    Re I(s) = 1/π P∫_4^∞ ds' Im I(s')/(s' − s).

For 0 < t < 4, D < 0 all along the cut, and for t > 2 Q changes sign there: on its sheet the logarithm over 2√D is
arg(Q + i√−D)/√−D, with an argument between 0 and π. There are no further cuts as long as t < 4 and m < 2: beyond m = 2
lies an anomalous threshold. No contour in Feynman parameters is involved, so that what moves one to the wrong side
cannot be repeated here.

`values` does the integral on the real axis by mpmath. `values_off_axis` passes the pole on an arc in the complex plane
of b = √(1 − 4/s'), in double precision, and so finds the real and the imaginary part at once.

Cutkosky, J. Math. Phys. 1 (1960) 429.
"""

from __future__ import annotations

import mpmath
import numpy as np

from methods.base import InputError, ParametricIntegral
from references.integrals.physical import HIGGS
from references.values import quadrature

DIGITS = 30
"""Decimal digits of the arithmetic; the quadrature reaches 1e-20 or so."""

OFF_AXIS_ORDER, ARC = 200, 0.8
"""Nodes on the arc, and the argument of its constant c."""

ERROR, OFF_AXIS_ERROR = 1e-14, 5e-14
"""Relative errors of `values` and of `values_off_axis`: they differ by up to 3.2e-14 at corners of the boxes."""

LARGEST_MASS = 2.0
"""mH2 from which the relation is incomplete."""

LARGEST_T, LARGEST_OFF_AXIS_T = 4.0, 3.5
"""s14 from which the relation is incomplete, and from which `values_off_axis` has larger errors, 2e-7 at 3.9: for
s14 -> 4 the logarithm's branch point comes near the arc."""


def arguments(integral: ParametricIntegral, s: np.ndarray) -> np.ndarray:
    """Complete s (n, m) to (n, 3), columns s12, s14 and mH2, where mH2 is the Higgs boson's and no invariant."""
    return s if integral.m == 3 else np.column_stack([s, np.full(len(s), HIGGS)])


def values(s: np.ndarray) -> np.ndarray:
    """Compute I (n,) at s (n, 3), columns s12, s14 and mH2: complex128, real below the threshold.

    Raises
    ------
    InputError
        For mH2 or s14 beyond what the relation holds for.
    """
    s = _checked(s, LARGEST_T)
    with mpmath.workdps(DIGITS):
        return np.array([complex(_value(*map(mpmath.mpf, row))) for row in s.tolist()], dtype=np.complex128)


def _checked(s: np.ndarray, largest_t: float) -> np.ndarray:
    """Return s (n, 3) as float64; InputError for points where the relation does not hold."""
    s = np.asarray(s, dtype=np.float64)
    if (s[:, 2] >= LARGEST_MASS).any() or (s[:, 1] >= largest_t).any():
        raise InputError(
            f"The dispersion relation holds for mH2 < {LARGEST_MASS:g} and s14 < {largest_t:g}; give points there."
        )
    return s


def imaginary(s: mpmath.mpf, t: mpmath.mpf, m: mpmath.mpf) -> mpmath.mpf:
    """Compute Im I for s >= 4."""
    beta = mpmath.sqrt(1 - 4 / s)
    q, r = s * (1 - t / 2) + 2 * (t - m), s + m**2 - 4 * m
    discriminant = q**2 - s * r
    root = mpmath.sqrt(abs(discriminant))
    if root < mpmath.mpf(10) ** (-DIGITS // 2) * abs(q):
        return mpmath.pi * beta / q
    if discriminant < 0:
        return mpmath.pi * beta / root * mpmath.atan2(root, q)
    return mpmath.pi * beta / (2 * root) * mpmath.log((q + root) / (q - root))


def _value(s: mpmath.mpf, t: mpmath.mpf, m: mpmath.mpf) -> mpmath.mpc:
    """Compute I at a point, with s' = 4/(1 − b²) as the variable of the dispersion integral."""
    if s <= 4:
        return mpmath.quad(lambda b: _weighted(b, s, lambda cut: imaginary(cut, t, m)), [0, 0.5, 1]) / mpmath.pi
    here, beta = imaginary(s, t, m), mpmath.sqrt(1 - 4 / s)
    # Im I(s) s/s' is taken away, and its integral, P∫_4^∞ ds' s/(s'(s' − s)) = −log(s/4 − 1), added again.
    integral = mpmath.quad(
        lambda b: _weighted(b, s, lambda cut: imaginary(cut, t, m) - here * s / cut, pole=beta),
        [0, beta / 2, beta, (1 + beta) / 2, 1],
    )
    return mpmath.mpc((integral - here * mpmath.log(s / 4 - 1)) / mpmath.pi, here)


def _weighted(b: mpmath.mpf, s: mpmath.mpf, function, pole: mpmath.mpf | None = None) -> mpmath.mpf:  # type: ignore[no-untyped-def]
    """Compute function(s')/(s' − s) ds'/db; zero at the ends and at the removable pole, which have no weight."""
    if not 0 < b < 1 or b == pole:
        return mpmath.mpf(0)
    cut = 4 / (1 - b**2)
    return function(cut) / (cut - s) * 8 * b / (1 - b**2) ** 2


def values_off_axis(s: np.ndarray) -> np.ndarray:
    """Compute I (n,) at s (n, 3) by 1/π ∫ ds' Im I(s')/(s' − s − i0), on an arc of b that passes below the pole.

    s' − s − i0 = 4 (b² − β²)/((1 − b²)(1 − β²)) − i0, so that the pole lies above b = β. Below the threshold, where
    β = i|β|, there is none between 0 and 1. The Möbius map puts β, or |β|, in the middle of the nodes.

    Raises
    ------
    InputError
        For mH2 or s14 beyond what the relation holds for, or s14 >= 3.5.
    """
    s = _checked(s, LARGEST_OFF_AXIS_T)
    t, weight = quadrature.unit_rule(OFF_AXIS_ORDER)
    above, t14, m = s[:, :1] > 4, s[:, 1:2], s[:, 2:3]
    beta2 = 1 - 4 / s[:, :1]
    middle = np.clip(np.sqrt(np.abs(beta2)), 1e-2, 1.0)
    c = np.maximum((1 - middle) / middle, 0.05) * np.exp(1j * np.where(above, ARC, 0.0))
    b = t / (t + c * (1 - t))
    slope = c / (t + c * (1 - t)) ** 2
    cut = 4 / (1 - b**2)
    q, r = cut * (1 - t14 / 2) + 2 * (t14 - m), cut + m**2 - 4 * m
    root = np.sqrt(q**2 - cut * r + 0j)
    # As (q + root)(q − root) = cut r, this is half of log((q + root)/(q − root)), on its sheet where Re q < 0, too.
    imaginary = np.pi * b / root * np.log((q + root) / np.sqrt(cut * r))
    return (imaginary * 2 * b / (b**2 - beta2) * (1 - beta2) / (1 - b**2) * slope) @ weight / np.pi
