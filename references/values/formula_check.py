"""The compiled integrand against the same formula in thirty digits.

True values and the independent values of lattice_qmc come from one compiled formula, `ParametricIntegral.integrand` and
its fast path `at_nodes`. What both would share is a mistake in compiling it, or digits that it loses; mpmath evaluates
the symbols by other code, with numbers of any length.
"""

from __future__ import annotations

import numpy as np

from methods.base import ParametricIntegral
from references.values.truth_files import TruthError

N_POINTS = 1000
"""Pairs (s, x): half of them uniform, half with x crowded towards 0, where sector-decomposed integrands peak. Where
there is a prescription, x is complex, as on the contours of those integrals."""

LARGEST = 1e-13
"""Largest difference allowed, relative to |f| or its mean, whichever is larger; loop integrals have 2e-15."""

DIGITS = 30


def check(integral: ParametricIntegral, n: int = N_POINTS) -> str | None:
    """Compare the compiled integrand with mpmath; say how well they agree, None for an integrand in plain Python.

    Raises
    ------
    TruthError
        Where they differ by more than `LARGEST`; it names the point.
    """
    if integral.expression is None:
        return None
    s, x = integral.sample(n, seed=2), np.random.default_rng(2).random((n, integral.k))
    x[n // 2 :] **= 4
    if integral.is_complex:
        x = x - 0.5j * x * (1 - x)
    exact = in_many_digits(integral, s, x)
    scale = np.maximum(np.abs(exact), np.abs(exact).mean())
    pointwise = integral.integrand(s, x)
    at_nodes = np.concatenate([integral.at_nodes(x[i : i + 1])(s[i : i + 1])[0] for i in range(n)])
    difference = np.maximum(np.abs(pointwise - exact), np.abs(at_nodes - exact)) / scale
    worst = int(np.argmax(difference))
    if not difference[worst] <= LARGEST:
        raise TruthError(
            f"The compiled integrand of {integral.name} differs from mpmath by {difference[worst]:.1e} at "
            f"s = {s[worst].tolist()}, x = {x[worst].tolist()}: nothing is written."
        )
    return f"integrand compared with mpmath at {n} points (s, x), differences up to {difference[worst]:.1e}"


def in_many_digits(integral: ParametricIntegral, s: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Evaluate f(s, x) (n,) by mpmath for s (n, m) and x (n, k), real or complex, rounded to doubles at the end."""
    import mpmath
    import sympy

    symbols = integral.expression
    if symbols is None:
        raise TruthError(f"{integral.name} is a Python function, which mpmath cannot evaluate.")
    f = sympy.lambdify([*symbols.parameters, *symbols.variables], symbols.full, modules="mpmath", cse=True)
    with mpmath.workdps(DIGITS):
        rows = np.concatenate([s, x], axis=1).tolist()
        if np.iscomplexobj(x):
            return np.array([complex(f(*map(mpmath.mpmathify, row))) for row in rows])
        return np.array([float(f(*map(mpmath.mpf, row))) for row in rows])
