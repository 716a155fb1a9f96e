"""A hash by which an integral is recognised, whatever its name: of what it computes, not of how that is written."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from methods.core.integral import ParametricIntegral


def integral_hash(integral: ParametricIntegral) -> str:
    """Hash f at eight fixed points (multiples of √prime, mod 1), the box, its way of drawing, and the parameters."""
    every_prime = (p for p in itertools.count(2) if all(p % q for q in range(2, math.isqrt(p) + 1)))
    primes = list(itertools.islice(every_prime, integral.k + integral.m))
    t = np.outer(np.arange(1, 9), np.sqrt(primes)) % 1.0
    f = _integrand_values(integral, integral.from_unit(t[:, integral.k :]), t[:, : integral.k])
    # Ten digits: the last ones differ between processors.
    values = [f"{v:.9e}" for v in f]
    parts = [values, integral.k, integral.parameters, integral.low, integral.high, integral.draw]
    if integral.prescription is not None:  # the formula is that of a real integral, whose hash stays what it was
        parts.append(f"{integral.prescription} - i0")
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _integrand_values(integral: ParametricIntegral, s: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return f(s, x) (n,): of a formula from its symbols, since these few points are not worth compiling it."""
    if integral.expression is None:
        return np.asarray(integral.integrand(s, x))
    from methods.core import formula_values

    return formula_values.integrand_values(integral.expression, s, x)
