"""Changes of variables t -> x on [0, 1], for NumPy arrays and torch tensors: ∫ f(x) dx = ∫ f(x(t)) x'(t) dt.

exponential flattens an integrand:

    x = (e^{a t} − 1)/(e^a − 1): nodes crowd towards x = 0, where sector-decomposed integrands peak

moebius does so, too, at x → 1 with c < 1 and at x → 0 with c > 1; complex c leads along an arc, around poles; two_sided
crowds them to both ends:

    x = t/(t + c (1 − t)),    x = (1 + tanh(κ(2t − 1))/tanh κ)/2

identity, tent and korobov, of which each takes a weight α, make it periodic, as lattice rules want it:

    identity    leaves it as it is: a lattice then converges as n^-1 only
    tent        x = 1 − |2t − 1|: continuous, n^-2 (Hickernell, in: MCQMC 2000, Springer 2002, 274)
    korobov     x'(t) = t^α (1 − t)^α / B(α + 1, α + 1): it vanishes at both ends with α − 1 derivatives, and the
                lattice converges as n^-(α+1), where n is large enough: the variance grows by
                (B(2α + 1, 2α + 1)/B(α + 1, α + 1)²)^k (Korobov 1963; Sloan & Joe 1994, section 2.12)

The weight of a Korobov transform is the exponent α, as in pySecDec, where "korobov3" is α = 3. The papers on primitives
call α = 1, the polynomial x = t²(3 − 2t) of degree three, so: see `methods/published_primitive.py`.

notation: α = weight, B = Euler's beta function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from methods.core.errors import InputError

LEAST_STRENGTH = 1e-6
"""The exponential map is the identity below this |a|, where e^{a t} − 1 has lost ten digits."""

LARGEST_STRENGTH = 700.0
"""Largest |a| of the exponential map that a method may be given: e^710 is infinite in double precision."""

LARGEST_WEIGHT = 100
"""Largest weight of the Korobov transform that a method may be given. Nearly all of x'(t) is at a fifth of the nodes
then, and from 510 on its coefficients are infinite in double precision."""

Periodisation = Callable[[Any, int], tuple[Any, Any]]
"""t and the weight α -> x and x'(t)."""


def identity(t: Any, weight: int = 0) -> tuple[Any, Any]:
    """Keep x = t; the weight is not used."""
    return t, 1 + 0 * t


def tent(t: Any, weight: int) -> tuple[Any, Any]:
    """Map by x = 1 − |2t − 1|, whose two halves each cover [0, 1] at density 1/2; the weight is not used."""
    return 1 - abs(2 * t - 1), 1 + 0 * t


def korobov(t: Any, weight: int) -> tuple[Any, Any]:
    """Map by the Korobov transform of weight α: x is written as a sum of positive terms, which keeps all digits.

    The weight is LARGEST_WEIGHT at most.
    """
    degree = 2 * weight + 1
    # As floating-point numbers, since torch takes no integers beyond 64 bits: from α = 31 on.
    x = sum(float(math.comb(degree, i)) * t**i * (1 - t) ** (degree - i) for i in range(weight + 1, degree + 1))
    return x, float(degree * math.comb(2 * weight, weight)) * (t * (1 - t)) ** weight


PERIODISATIONS: dict[str, Periodisation] = {"identity": identity, "tent": tent, "korobov": korobov}
"""Periodisations by the names that `lattice_qmc`'s field `transform` takes."""


def check_strength(name: str, a: float | None) -> None:
    """Raise InputError for a field `a`, the strength of the exponential map, that the method `name` cannot use."""
    if a is not None and not abs(a) <= LARGEST_STRENGTH:
        raise InputError(
            f"{name}.a is {a!r}; give a strength of the map from {-LARGEST_STRENGTH:g} to {LARGEST_STRENGTH:g}, beyond "
            "which e^a is no number, or None."
        )


def exponential(t: Any, a: float) -> tuple[Any, Any]:
    """Map by x = (e^{a t} − 1)/(e^a − 1); its limit a = 0 is the identity."""
    if abs(a) < LEAST_STRENGTH:
        return identity(t)
    scale = float(np.expm1(a))
    growth = np.e ** (a * t)
    return (growth - 1) / scale, a * growth / scale


def moebius(t: Any, c: complex) -> tuple[Any, Any]:
    """Map by x = t/(t + c (1 − t)), c in the complex plane without the negative axis; c = 1 is the identity."""
    denominator = t + c * (1 - t)
    return t / denominator, c / denominator**2


def two_sided(t: Any, spread: float) -> tuple[Any, Any]:
    """Map by x = (1 + tanh(κ(2t − 1))/tanh κ)/2, with κ = spread; its limit κ = 0 is the identity."""
    if spread == 0:
        return identity(t)
    tanh = np.tanh(spread * (2 * t - 1))
    scale = float(np.tanh(spread))
    return (1 + tanh / scale) / 2, spread * (1 - tanh**2) / scale
