"""Changes of variables t -> x on [0, 1], which flatten an integrand: ∫ f(x) dx = ∫ f(x(t)) x'(t) dt.

Each function returns x and the weight x'(t), for NumPy arrays and torch tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def identity(t: Any) -> tuple[Any, Any]:
    """Keep x = t."""
    return t, 1 + 0 * t


def korobov3(t: Any) -> tuple[Any, Any]:
    """Map by x = t²(3 − 2t): the Korobov transform that makes the weight vanish at both ends (JHEP eq. 2.24)."""
    return t * t * (3 - 2 * t), 6 * t * (1 - t)


def exponential(t: Any, a: float) -> tuple[Any, Any]:
    """Map by x = (e^{a t} − 1)/(e^a − 1): nodes crowd towards x = 0, where sector-decomposed integrands peak.

    Its limit a = 0 is the identity.
    """
    if a == 0:
        return identity(t)
    scale = float(np.expm1(a))
    growth = np.e ** (a * t)
    return (growth - 1) / scale, a * growth / scale


TRANSFORMS: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "identity": identity,
    "korobov3": korobov3,
    "exponential3": lambda t: exponential(t, 3.0),
}
"""Transforms without a parameter, by the name that methods' fields use."""
