"""Integrands evaluated from their symbols, with NumPy or torch.

A polynomial P of the integrand is kept as a sum over monomials of s whose coefficients depend on x alone,

    P(s, x) = Σ_p s^p c_p(x),     p the powers of s,

so that the coefficients, the long part of it, are evaluated once for all s. A sum of such integrands, as of the sectors
of a loop integral, is evaluated term by term.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import sympy

from methods.core.arithmetic import Factor
from methods.core.expression import Expression, compile_for_arrays

Powers = tuple[int, ...]


def integrand_of(expression: Expression) -> Integrand | Sum:
    """Return f(s, x) of an `Expression`, for NumPy arrays and torch tensors alike."""
    terms = expression.terms
    return Integrand(expression) if len(terms) == 1 else Sum([Integrand(term) for term in terms])


class Sum:
    """f(s, x) = Σ_t f_t(s, x), with the interface of `Integrand`."""

    def __init__(self, terms: list[Integrand]) -> None:
        self.terms = terms

    def __call__(self, s: Any, x: Any) -> Any:
        """Return f for s (..., m) and x (..., k), broadcast; dtype and device are kept."""
        return _total(term(s, x) for term in self.terms)

    def at_nodes(self, x: Any) -> Callable[[Any], Any]:
        """Fix the nodes x (n_x, k); return s (n_s, m) -> f (n_s, n_x)."""
        parts = [term.at_nodes(x) for term in self.terms]
        return lambda s: _total(part(s) for part in parts)

    def weighted_sum(self, x: Any, weights: Any) -> Callable[[Any], Any]:
        """Fix torch nodes x (n_x, k) and weights (n_x,); return s (n_s, m) -> Σ_n w_n f(s, x_n) (n_s,)."""
        parts = [term.weighted_sum(x, weights) for term in self.terms]
        return lambda s: _total(part(s) for part in parts)

    def weighted_sum_with_gradient(self, x: Any, weights: Any) -> Callable[[Any], tuple[Any, Any]] | None:
        """Return s (n_s, m) -> the same sums and their derivatives in s (n_s, m); None where a term has no kernel."""
        made = (term.weighted_sum_with_gradient(x, weights) for term in self.terms)
        parts = [part for part in made if part is not None]
        if len(parts) < len(self.terms):
            return None
        return lambda s: tuple(map(_total, zip(*[part(s) for part in parts], strict=True)))


class Integrand:
    """f(s, x) of an `Expression` that is one product or quotient; compiled when it is first evaluated."""

    def __init__(self, expression: Expression) -> None:
        self._expression = expression

    @functools.cached_property
    def _splits(self) -> dict[sympy.Symbol, dict[Powers, sympy.Expr]]:
        e = self._expression
        return {name: _by_powers_of_s(p, e.variables, e.parameters) for name, p in e.polynomials.items()}

    @functools.cached_property
    def _coefficients(self) -> Callable[..., list[Any]]:
        coefficients = [c for split in self._splits.values() for c in split.values()]
        return compile_for_arrays(self._expression.variables, coefficients)

    @functools.cached_property
    def _outer(self) -> Callable[..., list[Any]]:
        e = self._expression
        return compile_for_arrays([*e.variables, *e.parameters, *e.polynomials], [e.outer])

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
        from methods.core import compiled_sums, node_sums

        found = self._monomial_at(x, weights)
        if found is None:
            return node_sums.weighted_sum(self.at_nodes(x), len(x), weights)
        made = compiled_sums.monomial_weighted_sum(*found)
        return node_sums.monomial_weighted_sum(*found) if made is None else made

    def weighted_sum_with_gradient(self, x: Any, weights: Any) -> Callable[[Any], tuple[Any, Any]] | None:
        """Return s (n_s, m) -> the same sums and their derivatives in s (n_s, m); None where there is no kernel."""
        from methods.core import compiled_sums

        found = self._monomial_at(x, weights)
        return None if found is None else compiled_sums.monomial_weighted_sum_with_gradient(*found)

    def factors(self, x: np.ndarray, weights: np.ndarray) -> tuple[list[Factor], np.ndarray] | None:
        """Give Σ_n w_n f(s, x_n) as powers of polynomials affine in s, and weights; None where it is no such product.

        x (n_x, k) and weights (n_x,) are arrays, real or complex.
        """
        found = self._monomial_at(x, weights)
        return None if found is None else ([Factor(*pair) for pair in found[0]], found[1])

    def _monomial_at(self, x: Any, weights: Any) -> tuple[list[tuple[Any, int]], Any] | None:
        """Return coefficients (m + 1, n_x) and powers of polynomials with s, and weights with all that has no s."""
        if self._factor is None:
            return None
        factor, powers, without_s = self._factor
        coefficients, xp = self._coefficients_at(x), _namespace(x)
        values = [_polynomial(coefficients[name], []) for name in without_s]
        c = factor(xp, *_columns(x), *values)[0]
        return [(_matrix(xp, coefficients[name]), power) for name, power in powers.items()], weights * c

    @functools.cached_property
    def _factor(self) -> tuple[Callable[..., list[Any]], dict[sympy.Symbol, int], list[sympy.Symbol]] | None:
        """Separate what is without s, compiled; the powers of the polynomials that have s; and the others it needs."""
        split = _monomial(self._expression)
        if split is None:
            return None
        factor, powers = split
        without_s = [name for name in self._splits if name not in powers]
        return compile_for_arrays([*self._expression.variables, *without_s], [factor]), powers, without_s

    def _coefficients_at(self, x: Any) -> dict[sympy.Symbol, dict[Powers, Any]]:
        """Return {polynomial: {powers of s: coefficient (...,)}} at x (..., k)."""
        xp, xs = _namespace(x), _columns(x)
        values = iter(self._coefficients(xp, *xs))
        return {
            name: {powers: _broadcast(xp, next(values), x.shape[:-1], xs[0]) for powers in split}
            for name, split in self._splits.items()
        }


def _total(parts: Iterable[Any]) -> Any:
    """Add up without a zero to begin with, which would cost a pass over the first part."""
    return functools.reduce(operator.add, parts)


def _by_powers_of_s(polynomial: sympy.Expr, x: tuple, s: tuple) -> dict[Powers, sympy.Expr]:
    """Split a polynomial into {powers of s: coefficient in x}, the coefficients in Horner form."""
    split: dict[Powers, dict[Powers, sympy.Expr]] = {}
    for powers, number in sympy.Poly(polynomial, *s, *x).terms():
        split.setdefault(powers[: len(s)], {})[powers[len(s) :]] = number
    return {powers: _horner(terms, x) for powers, terms in split.items()}


def _horner(terms: dict[Powers, sympy.Expr], x: tuple) -> sympy.Expr:
    """Write Σ c Π x_i^p_i, given as {p: c}, as nested products.

    As sympy.horner does, which takes four times as long: 16 s instead of 4 for the 18 sectors of the two-loop box.
    """
    if not x:
        return sum(terms.values())
    by_power: dict[int, dict[Powers, sympy.Expr]] = {}
    for powers, number in terms.items():
        by_power.setdefault(powers[0], {})[powers[1:]] = number
    degrees = sorted(by_power, reverse=True)
    result = sympy.Integer(0)
    for degree, lower in zip(degrees, [*degrees[1:], 0], strict=True):
        result = (result + _horner(by_power[degree], x[1:])) * x[0] ** (degree - lower)
    return result


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


def horner(polynomial: sympy.Expr, names: Sequence[sympy.Symbol]) -> sympy.Expr:
    """Write a polynomial as nested products, the first of `names` outermost."""
    return _horner(dict(sympy.Poly(polynomial, *names).terms()), tuple(names))
