"""The six Genz families of test integrands, for any k, as parametric integrals with closed forms.

    oscillatory     cos(2π u + Σ_i a_i x_i)                           smooth, changes sign
    product peak    Π_i 1/(a_i^-2 + (x_i - u)²)                       a peak inside
    corner peak     (1 + Σ_i a_i x_i)^-(k+1)                          a peak in one corner
    gaussian        exp(-Σ_i a_i² (x_i - u)²)                         a narrower peak inside
    continuous      exp(-Σ_i a_i |x_i - u|)                           kinks along x_i = u
    discontinuous   exp(Σ_i a_i x_i), but 0 where x_1 > u or x_2 > u  jumps

Source: A. Genz, A package for testing multiple integration subroutines, in: P. Keast, G. Fairweather (eds.), Numerical
Integration (1987), p. 337. He draws a shift u_i and an a_i per axis; here the parameters are s = (scale, shift), with

    a_i = scale · 2 i/(k (k + 1)),    so that Σ_i a_i = scale,

and the shift is the same on all axes: k distinct widths, m = 2 for every k. Σ_i a_i is what the literature calls the
difficulty; the boxes lie around the values of E. Novak, K. Ritter, Numer. Math. 75 (1996) 79, meant for k = 10
(`BOXES`). At the same difficulty fewer axes are each harder: a_k = scale/2 at k = 3, scale/4.5 at k = 8.

Each integral has its closed form as `exact`, from the antiderivatives in mpmath; `references/values/genz_quadrature.py`
has another way to the same values.

notation: a = a_i, u = shift, Σ_i a_i = scale.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from methods.base import ParametricIntegral

BOXES = {
    "oscillatory": ((7.0, 0.25), (9.0, 0.5)),
    "product_peak": ((3.625, 0.2), (14.5, 0.8)),
    "corner_peak": ((0.925,), (3.7,)),
    "gaussian": ((3.515, 0.2), (14.06, 0.8)),
    "continuous": ((10.2, 0.2), (40.8, 0.8)),
    "discontinuous": ((2.15, 0.2), (8.6, 0.8)),
}
"""Low and high of (scale, shift): from half to twice the difficulties 7.25, 1.85, 7.03, 20.4 and 4.3 of Novak & Ritter.

Oscillatory, whose difficulty is 9, is different: I(s) is proportional to cos(2π u + scale/2), and this box keeps that
angle between 5.07 and 7.64, within (3π/2, 5π/2). Elsewhere I(s) passes zero, and a relative error says nothing.
"""

DIGITS = 40
"""Decimal digits of the closed forms at k = 0; each axis takes one more. The alternating sum of the corner peak loses 6
of them at k = 8, 9 at k = 12, 38 at k = 50 and 79 at k = 99."""

SOURCE = "Genz, in: Keast & Fairweather (eds.), Numerical Integration (1987) 337"


def oscillatory(k: int) -> ParametricIntegral:
    """cos(2π u + Σ a_i x_i), whose integral is cos(2π u + Σ a_i/2) Π 2 sin(a_i/2)/a_i. Difficulty: cancellation."""

    def value(a: list[Any], u: Any) -> Any:
        angle = 2 * mpmath.pi * u + mpmath.fsum(a) / 2
        return mpmath.cos(angle) * mpmath.fprod(2 * mpmath.sin(a_i / 2) / a_i for a_i in a)

    return _from_expression("oscillatory", k, value, "cos(2*pi*shift + scale*Y)", {"Y": _mean(k)})


def product_peak(k: int) -> ParametricIntegral:
    """Π 1/(a_i^-2 + (x_i - u)²), integral Π a_i (atan(a_i (1 - u)) + atan(a_i u)). Difficulty: a peak inside."""

    def value(a: list[Any], u: Any) -> Any:
        return mpmath.fprod(a_i * (mpmath.atan(a_i * (1 - u)) + mpmath.atan(a_i * u)) for a_i in a)

    # Multiplied by a_i² above and below, so that what is in the denominator is a polynomial in s.
    factors = {f"P{i}": f"1 + (scale*{2 * i}/{k * (k + 1)}*(x{i} - shift))**2" for i in range(1, k + 1)}
    squares = "*".join(f"(scale*{2 * i}/{k * (k + 1)})**2" for i in range(1, k + 1))
    return _from_expression("product_peak", k, value, f"{squares}/({'*'.join(factors)})", factors)


def corner_peak(k: int) -> ParametricIntegral:
    """(1 + Σ a_i x_i)^-(k+1), which has no shift: m = 1. Difficulty: a peak in the corner x = 0.

    The integral is Σ_S (-1)^|S| / (1 + Σ_{i in S} a_i) / (k! Π a_i), S running over the subsets of the axes. As
    a_i = i a_1, subsets of equal Σ_S i go together: their signs add up to the coefficients of Π_i (1 - q^i).
    """
    signs = np.array([1])
    for i in range(1, k + 1):
        signs = np.pad(signs, (0, i)) - np.pad(signs, (i, 0))

    def value(a: list[Any]) -> Any:
        total = mpmath.fsum(int(sign) / (1 + n * a[0]) for n, sign in enumerate(signs) if sign)
        return total / (mpmath.factorial(k) * mpmath.fprod(a))

    return _from_expression("corner_peak", k, value, f"1/F**{k + 1}", {"F": f"1 + scale*({_mean(k)})"})


def gaussian(k: int) -> ParametricIntegral:
    """exp(-Σ a_i² (x_i - u)²), integral Π √π/(2 a_i) (erf(a_i (1 - u)) + erf(a_i u)). Difficulty: a peak inside."""

    def value(a: list[Any], u: Any) -> Any:
        root = mpmath.sqrt(mpmath.pi) / 2
        return mpmath.fprod(root / a_i * (mpmath.erf(a_i * (1 - u)) + mpmath.erf(a_i * u)) for a_i in a)

    squares = " + ".join(f"({2 * i}/{k * (k + 1)}*(x{i} - shift))**2" for i in range(1, k + 1))
    return _from_expression("gaussian", k, value, "exp(-scale**2*Q)", {"Q": squares})


def continuous(k: int) -> ParametricIntegral:
    """exp(-Σ a_i |x_i - u|), integral Π (2 - e^(-a_i u) - e^(-a_i (1 - u)))/a_i. Difficulty: kinks at x_i = u."""

    def value(a: list[Any], u: Any) -> Any:
        return mpmath.fprod(-(mpmath.expm1(-a_i * u) + mpmath.expm1(-a_i * (1 - u))) / a_i for a_i in a)

    def integrand(s: Any, x: Any) -> Any:
        return _exp(-s[..., 0] * sum(w * abs(x[..., i] - s[..., 1]) for i, w in enumerate(weights(k))))

    return _from_function("continuous", k, value, integrand)


def discontinuous(k: int) -> ParametricIntegral:
    """exp(Σ a_i x_i) where x_1 <= u and x_2 <= u, else 0. Difficulty: jumps, along planes that move with s.

    The integral is Π (e^(a_i b_i) - 1)/a_i with b_1 = b_2 = u and the other b_i = 1.
    """

    def value(a: list[Any], u: Any) -> Any:
        return mpmath.fprod(mpmath.expm1(a_i * (u if i < 2 else 1)) / a_i for i, a_i in enumerate(a))

    def integrand(s: Any, x: Any) -> Any:
        f = _exp(s[..., 0] * sum(w * x[..., i] for i, w in enumerate(weights(k))))
        for i in range(min(k, 2)):
            f = f * (x[..., i] <= s[..., 1])
        return f

    return _from_function("discontinuous", k, value, integrand)


FAMILIES: dict[str, Callable[[int], ParametricIntegral]] = {
    family.__name__: family for family in (oscillatory, product_peak, corner_peak, gaussian, continuous, discontinuous)
}
"""Family -> function of k; FAMILIES["gaussian"](3) is named genz_gaussian_3d."""


def weights(k: int) -> list[float]:
    """Return a_i/scale, k numbers that add up to 1."""
    return [2 * i / (k * (k + 1)) for i in range(1, k + 1)]


def _mean(k: int) -> str:
    """Return Σ a_i x_i/scale as text."""
    return " + ".join(f"{2 * i}*x{i}/{k * (k + 1)}" for i in range(1, k + 1))


def _exp(array: Any) -> Any:
    return array.exp() if hasattr(array, "exp") else np.exp(array)


def _closed_form(k: int, value: Callable[..., Any]) -> Callable[[np.ndarray], np.ndarray]:
    """Return s (n, m) -> (n,), from value(a, *shift), which takes and gives numbers of mpmath."""

    def at(scale: float, *shift: float) -> float:
        unit = 2 * mpmath.mpf(scale) / (k * (k + 1))
        return float(value([i * unit for i in range(1, k + 1)], *map(mpmath.mpf, shift)))

    def exact(s: np.ndarray) -> np.ndarray:
        with mpmath.workdps(DIGITS + k):
            return np.array([at(*row) for row in np.asarray(s, dtype=np.float64).tolist()], dtype=np.float64)

    return exact


def _common(family: str, k: int, value: Callable[..., Any]) -> dict[str, Any]:
    """Return the fields of an integral that do not depend on how its integrand is given."""
    low, high = BOXES[family]
    return {
        "name": f"genz_{family}_{k}d", "parameters": ("scale", "shift")[: len(low)], "low": low, "high": high,
        "exact": _closed_form(k, value), "source": SOURCE,
    }  # fmt: skip


def _from_expression(
    family: str, k: int, value: Callable[..., Any], expression: str, definitions: dict[str, str]
) -> ParametricIntegral:
    x = [f"x{i + 1}" for i in range(k)]
    fields = _common(family, k, value)
    return ParametricIntegral.from_expression(expression=expression, definitions=definitions, variables=x, **fields)


def _from_function(
    family: str, k: int, value: Callable[..., Any], integrand: Callable[[Any, Any], Any]
) -> ParametricIntegral:
    return ParametricIntegral(k=k, integrand=integrand, **_common(family, k, value))
