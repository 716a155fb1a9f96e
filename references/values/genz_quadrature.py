"""The values of the Genz families from one-dimensional integrals, done numerically: a second way besides `exact`.

Gauss-Legendre on pieces between 0, u and 1; where the axes do not separate,

    oscillatory     Re e^(2πi u) Π_i ∫ e^(i a_i x) dx
    corner peak     1/k! ∫_0^∞ t^k e^-t Π_i ∫ e^(-t a_i x) dx dt
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from methods.base import InputError, ParametricIntegral
from references.integrals.genz import weights
from references.values.quadrature import unit_rule

ORDER = 100
"""Gauss-Legendre nodes per piece in `by_quadrature`; with 64 the corner peak is right to 4e-13 only at k = 12."""
CUT = 100.0
"""Upper end at which `by_quadrature` cuts ∫_0^∞ t^k e^-t (…) dt: what is left out is below 1e-27 even at k = 12."""


def by_quadrature(integral: ParametricIntegral, s: np.ndarray) -> np.ndarray:
    """Return I(s) of a Genz integral.

    Parameters
    ----------
    integral : ParametricIntegral
        One that a function in `FAMILIES` returned.
    s : ndarray
        (n, m) points in its box.

    Returns
    -------
    ndarray
        (n,) float64, right to 1e-13 relative.

    Raises
    ------
    InputError
        Where `integral` is of no Genz family, or s not in its box.
    """
    known = {f"genz_{family}_{integral.k}d": rule for family, rule in _QUADRATURE.items()}
    if integral.name not in known:
        raise InputError(
            f"{integral.name!r} is of no Genz family; give what one of references.integrals.genz.FAMILIES returns."
        )
    s = integral.check(s)
    a = s[:, 0, None] * np.array(weights(integral.k))
    return known[integral.name](a, *s.T[1:])


def _axis_integral(f: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return ∫ f dx from low (n, k) to high (n, k) by Gauss-Legendre; f takes x (n, k, nodes)."""
    t, weight = unit_rule(ORDER)
    low, width = low[..., None], (high - low)[..., None]
    return (f(low + width * t) * weight * width).sum(axis=-1)


def _product(f: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any], np.ndarray]:
    """Return a function of a (n, k) and u (n,) -> (n,): the product over the axes of ∫ f(a_i, u, x) dx."""

    def value(a: np.ndarray, u: np.ndarray) -> np.ndarray:
        u = np.broadcast_to(u[:, None], a.shape)
        pieces = [(np.zeros_like(u), u), (u, np.ones_like(u))]
        per_axis = sum(_axis_integral(lambda x: f(a[..., None], u[..., None], x), *piece) for piece in pieces)
        return np.prod(per_axis, axis=-1)

    return value


def _oscillatory_quadrature(a: np.ndarray, u: np.ndarray) -> np.ndarray:
    waves = _axis_integral(lambda x: np.exp(1j * a[..., None] * x), np.zeros_like(a), np.ones_like(a))
    return (np.exp(2j * np.pi * u) * np.prod(waves, axis=-1)).real


def _corner_peak_quadrature(a: np.ndarray) -> np.ndarray:
    k = a.shape[1]
    t = CUT * unit_rule(ORDER)[0]
    weight = CUT * unit_rule(ORDER)[1] * t**k * np.exp(-t) / math.factorial(k)

    def at(a: np.ndarray) -> float:
        rates = np.outer(t, a)
        decays = _axis_integral(lambda x: np.exp(-rates[..., None] * x), np.zeros_like(rates), np.ones_like(rates))
        return float(weight @ np.prod(decays, axis=-1))

    return np.array([at(row) for row in a], dtype=np.float64)


def _discontinuous_quadrature(a: np.ndarray, u: np.ndarray) -> np.ndarray:
    end = np.ones_like(a)
    end[:, :2] = u[:, None]
    return np.prod(_axis_integral(lambda x: np.exp(a[..., None] * x), np.zeros_like(a), end), axis=-1)


_QUADRATURE: dict[str, Callable[..., np.ndarray]] = {
    "oscillatory": _oscillatory_quadrature,
    "product_peak": _product(lambda a, u, x: 1 / (a**-2.0 + (x - u) ** 2)),
    "corner_peak": _corner_peak_quadrature,
    "gaussian": _product(lambda a, u, x: np.exp(-((a * (x - u)) ** 2))),
    "continuous": _product(lambda a, u, x: np.exp(-a * abs(x - u))),
    "discontinuous": _discontinuous_quadrature,
}
