"""Integrands evaluated from their symbols, with NumPy or torch.

A polynomial P of the integrand is kept as a sum over monomials of s whose coefficients depend on x alone,

    P(s, x) = Σ_p s^p c_p(x),     p the powers of s,

so that the coefficients, the long part of it, are evaluated once for all s.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy

from methods.expression import Expression, compile_for_arrays

Powers = tuple[int, ...]


class Integrand:
    """f(s, x) of an `Expression`, for NumPy arrays and torch tensors alike."""

    def __init__(self, expression: Expression) -> None:
        x, s = expression.variables, expression.parameters
        self._expression = expression
        self._splits = {name: _by_powers_of_s(p, x, s) for name, p in expression.polynomials.items()}
        self._coefficients = compile_for_arrays(x, [c for split in self._splits.values() for c in split.values()])
        self._outer = compile_for_arrays([*x, *s, *expression.polynomials], [expression.outer])

    def __call__(self, s: Any, x: Any) -> Any:
        """Return f for s (..., m) and x (..., k), broadcast; dtype and device are kept."""
        xp, xs, ss = _namespace(x), _columns(x), _columns(s)
        coefficients = self._coefficients_at(x)
        polynomials = [_polynomial(split, ss) for split in coefficients.values()]
        f = self._outer(xp, *xs, *ss, *polynomials)[0]
        return _broadcast(xp, f, np.broadcast_shapes(s.shape[:-1], x.shape[:-1]), xs[0])

    def at_nodes(self, x: Any) -> Callable[[Any], Any]:
        """Fix the nodes x (n_x, k); return s (n_s, m) -> f (n_s, n_x). Affine polynomials are one matrix product."""
        xp, xs = _namespace(x), _columns(x)
        coefficients = self._coefficients_at(x)
        matrices = {name: _matrix(xp, split) for name, split in coefficients.items() if _is_affine(split)}

        def f(s: Any) -> Any:
            ss = _columns(s[:, None, :])
            polynomials = [
                s @ matrices[name][:-1] + matrices[name][-1] if name in matrices else _polynomial(split, ss)
                for name, split in coefficients.items()
            ]
            return _broadcast(xp, self._outer(xp, *xs, *ss, *polynomials)[0], (len(s), len(x)), xs[0])

        return f

    def weighted_sum(self, x: Any, weights: Any) -> Callable[[Any], Any]:
        """Fix torch nodes x (n_x, k) and weights (n_x,); return s (n_s, m) -> Σ_n w_n f(s, x_n) (n_s,)."""
        from methods import nodes

        split = _monomial(self._expression)
        if split is None:
            return nodes.weighted_sum(self.at_nodes(x), len(x), weights)
        factor, powers = split
        coefficients = self._coefficients_at(x)
        without_s = [name for name in coefficients if name not in powers]
        constant = compile_for_arrays([*self._expression.variables, *without_s], [factor])
        values = [_polynomial(coefficients[name], []) for name in without_s]
        c = constant(_namespace(x), *_columns(x), *values)[0]
        matrices = [(_matrix(_namespace(x), coefficients[name]), power) for name, power in powers.items()]
        return nodes.monomial_weighted_sum(matrices, weights * c)

    def _coefficients_at(self, x: Any) -> dict[sympy.Symbol, dict[Powers, Any]]:
        """Return {polynomial: {powers of s: coefficient (...,)}} at x (..., k)."""
        xp, xs = _namespace(x), _columns(x)
        values = iter(self._coefficients(xp, *xs))
        return {
            name: {powers: _broadcast(xp, next(values), x.shape[:-1], xs[0]) for powers in split}
            for name, split in self._splits.items()
        }


def _by_powers_of_s(polynomial: sympy.Expr, x: tuple, s: tuple) -> dict[Powers, sympy.Expr]:
    """Split a polynomial into {powers of s: coefficient in x}, the coefficients in Horner form."""

    def horner(coefficient: sympy.Expr) -> sympy.Expr:
        used = [v for v in x if v in coefficient.free_symbols]
        return sympy.horner(coefficient, *used) if used else coefficient

    return {powers: horner(coefficient) for powers, coefficient in sympy.Poly(polynomial, *s).terms()}


def _monomial(expression: Expression) -> tuple[sympy.Expr, dict[sympy.Symbol, int]] | None:
    """Split f into c(x) and integer powers of polynomials affine in s: f = c(x) Π P^n. None where it is not so."""
    s = set(expression.parameters)
    with_s = {name for name, polynomial in expression.polynomials.items() if polynomial.free_symbols & s}
    powers: dict[sympy.Symbol, int] = {}
    constant = sympy.Integer(1)
    for factor in sympy.Mul.make_args(expression.outer):
        base, exponent = factor.as_base_exp()
        if base in with_s and exponent.is_Integer:
            powers[base] = int(exponent)
        elif factor.free_symbols & (s | with_s):
            return None
        else:
            constant *= factor
    affine = all(
        sympy.Poly(expression.polynomials[name], *expression.parameters).total_degree() <= 1 for name in powers
    )
    return (constant, powers) if powers and affine else None


def _is_affine(split: dict[Powers, Any]) -> bool:
    return all(sum(powers) <= 1 for powers in split) and any(map(sum, split))


def _matrix(xp: Any, split: dict[Powers, Any]) -> Any:
    """Return the coefficients of an affine polynomial as (m + 1, n_x): of each s, and last of 1."""
    m = len(next(iter(split)))
    zero = 0 * next(iter(split.values()))
    units = [tuple(int(i == j) for i in range(m)) for j in range(m + 1)]
    return xp.stack([split.get(powers, zero) for powers in units])


def _polynomial(split: dict[Powers, Any], ss: list[Any]) -> Any:
    """Return Σ_p s^p c_p."""
    total: Any = 0
    for powers, coefficient in split.items():
        factors = [s for s, power in zip(ss, powers, strict=bool(ss)) for _ in range(power)]
        total = total + (math.prod(factors[1:], start=factors[0]) * coefficient if factors else coefficient)
    return total


def _columns(array: Any) -> list[Any]:
    return [array[..., i] for i in range(array.shape[-1])]


def _namespace(array: Any) -> Any:
    """Return the module whose functions suit `array`: torch for tensors, NumPy otherwise."""
    if isinstance(array, np.ndarray):
        return np
    import torch

    return torch


def _broadcast(xp: Any, value: Any, shape: tuple[int, ...], like: Any) -> Any:
    """Give a value that may be a number, or lack some axes, its full shape and the dtype and device of `like`."""
    shape = tuple(shape)
    if getattr(value, "shape", None) == shape:
        return value
    return xp.broadcast_to(value if hasattr(value, "dtype") else value + 0 * like, shape)
