"""A hash by which an integral is recognised, whatever its name: of what it computes, not of how that is written."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

N_FIXED = 8


def fixed_points(n_columns: int) -> np.ndarray:
    """Return eight points (8, n_columns) in [0, 1]: multiples of √prime, mod 1."""
    every_prime = (p for p in itertools.count(2) if all(p % q for q in range(2, math.isqrt(p) + 1)))
    primes = list(itertools.islice(every_prime, n_columns))
    return np.outer(np.arange(1, N_FIXED + 1), np.sqrt(primes)) % 1.0


def integral_hash(f: np.ndarray, definition: Sequence[Any]) -> str:
    """Hash the integrand at its fixed points, (8,), and JSON values that define the rest of an integral."""
    # Ten digits: the last ones differ between processors.
    values = [f"{v:.9e}" for v in f]
    return hashlib.sha256(json.dumps([values, *definition]).encode()).hexdigest()[:16]
