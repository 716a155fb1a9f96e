"""The degree of log h, a polynomial in u: h(s) normalises what is left of an integrand after a change of variables."""

from __future__ import annotations

from methods.core import chebyshev_series

MAX_DEGREE, MAX_COEFFICIENTS = 4, 250
"""Largest degree of log h, less where s has so many columns that it would have more than MAX_COEFFICIENTS."""


def degree(m: int) -> int:
    """Return the degree for m invariants."""
    return max(d for d in range(MAX_DEGREE + 1) if chebyshev_series.count(m, d) <= MAX_COEFFICIENTS)
