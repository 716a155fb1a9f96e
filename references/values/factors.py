"""An integrand with one term as a product of powers: of Feynman parameters, and of polynomials such as U and F.

    f(s, x) = coefficient · Π x_i^{p_i} · Π P_n(s, x)^{e_n}

Its logarithm, which `complex_maps.py` flattens, and its derivatives follow from those of the polynomials.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import sympy

from methods.base import InputError, ParametricIntegral
from methods.core.denominators import is_prescribed
from methods.core.expression import compile_for_arrays


class Factors(NamedTuple):
    """The factors of an integrand."""

    coefficient: float
    powers: tuple[int, ...]
    """p_i, not negative."""
    polynomials: tuple[sympy.Expr, ...]
    exponents: tuple[int, ...]
    """e_n."""
    prescribed: int | None
    """Number of the polynomial that stands for F − i0; None where the integral is real."""
    values_and_slopes: Callable[..., list[Any]]
    """(NumPy, x_1, …, x_k, s_1, …, s_m) -> all polynomials, then ∂P_1/∂x_1, …, ∂P_1/∂x_k, ∂P_2/∂x_1, …"""

    def logarithm(self, s: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Compute log f (n,), x_i ∂log f/∂x_i (n, k) and the prescribed polynomial (n,) at x (n, k), one s (m,).

        Each factor has its principal logarithm.
        """
        found = [np.broadcast_to(value, len(x)) for value in self.values_and_slopes(np, *x.T, *s)]
        n, k = len(self.polynomials), x.shape[1]
        powers = np.array(self.powers, dtype=float)
        total = np.log(self.coefficient) + np.log(x) @ powers
        slopes = np.broadcast_to(powers, x.shape).astype(complex)
        for i, exponent in enumerate(self.exponents):
            total = total + exponent * np.log(found[i])
            slopes += exponent * x * np.stack(found[n + i * k : n + (i + 1) * k], axis=1) / found[i][:, None]
        return total, slopes, found[self.prescribed] if self.prescribed is not None else np.ones(len(x))


@functools.cache
def factors_of(integral: ParametricIntegral) -> Factors:
    """Return the factors of an integral with one term.

    Raises
    ------
    InputError
        For an integrand that is no such product, or a Python function.
    """
    expression = integral.expression
    if expression is None or len(integral.terms) > 1:
        raise InputError(f"{integral.name} is no product of powers of polynomials; give one term of it, as text.")
    coefficient, parts = expression.outer.as_coeff_Mul()
    powers = dict.fromkeys(expression.variables, 0)
    polynomials: dict[sympy.Symbol, int] = {}
    for part in sympy.Mul.make_args(parts):
        base, exponent = part.as_base_exp()
        if base in powers and exponent.is_Integer and exponent > 0:
            powers[base] = int(exponent)
        elif base in expression.polynomials and exponent.is_Integer:
            polynomials[base] = int(exponent)
        elif part != 1:
            raise InputError(f"{part} of {integral.name} is no power of a Feynman parameter or of a polynomial.")
    formulas = [expression.polynomials[name] for name in polynomials]
    slopes = [formula.diff(x) for formula in formulas for x in expression.variables]
    prescribed = [is_prescribed(name, integral.prescription) for name in polynomials] if integral.prescription else []
    return Factors(
        float(coefficient), tuple(powers.values()), tuple(formulas), tuple(polynomials.values()),
        prescribed.index(True) if integral.prescription else None,
        compile_for_arrays([*expression.variables, *expression.parameters], [*formulas, *slopes]),
    )  # fmt: skip
