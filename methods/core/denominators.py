"""The polynomial in the denominator of each term of a formula: where it vanishes, the integrand is singular.

It is the one with the most negative power: F in 2*U*x4/F**3. Of equal powers, as in x1/(U*F), it is a polynomial in
both x and s, whose zeros move with s.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import sympy

from methods.core.errors import InputError
from methods.core.expression import Expression
from methods.core.integrand import Integrand


def functions(expression: Expression) -> list[Callable[[Any, Any], Any]]:
    """Make a function (s, x) -> P(s, x) for each term of `expression`, with the most negative power of P in it.

    Raises
    ------
    InputError
        Where a denominator is no polynomial in x and s.
    """
    return [Integrand(_denominator(term)) for term in expression.terms]


def prescribed(expression: Expression, name: str) -> list[Callable[[Any, Any], Any]]:
    """Make a function (s, x) -> P(s, x) for each term, P being `name`, or `name` and a number in a sum of sectors.

    Raises
    ------
    InputError
        Where a term has no such polynomial, or several.
    """
    return [Integrand(term) for term in _prescribed(expression, name)]


def others(expression: Expression, name: str) -> list[Callable[[Any, Any], Any]]:
    """Make a function (s, x) -> G(s, x) for each polynomial in x with singular zeros besides the prescribed ones.

    These are the polynomials that a term has to a negative or fractional power, or in a logarithm: at their zeros it is
    singular. Denominators that are no polynomials are left out.
    """
    return [
        Integrand(dataclasses.replace(term, polynomials={symbol: term.polynomials[symbol]}, outer=symbol))
        for term, prescribed_one in zip(expression.terms, _prescribed(expression, name), strict=True)
        for symbol in _singular(term)
        if not _is_multiple(term.polynomials[symbol], prescribed_one.full)
    ]


def polynomials(expression: Expression, prescription: str | None) -> list[sympy.Expr]:
    """Give P of each term as a formula in x and s: the prescribed one, or else that with the most negative power.

    Raises
    ------
    InputError
        As the functions above.
    """
    if prescription is not None:
        return [term.full for term in _prescribed(expression, prescription)]
    return [_denominator(term).full for term in expression.terms]


def _prescribed(expression: Expression, name: str) -> list[Expression]:
    """Find P of each term as an expression of its own."""
    found = []
    for term in expression.terms:
        named = {p: formula for p, formula in term.polynomials.items() if is_prescribed(p, name)}
        if len(named) != 1:
            known = ", ".join(sorted(f"{p} = {formula}" for p, formula in term.polynomials.items())) or "none"
            raise InputError(
                f"The prescription {name!r} is to name one polynomial of each term of the formula; a term has {known}. "
                f"Define {name}, in each term, as a polynomial in variables and parameters, without division."
            )
        ((symbol, formula),) = named.items()
        in_use = [p for p in term.polynomials if p in term.outer.free_symbols]
        if symbol not in in_use and not any(sympy.expand(term.polynomials[p] - formula) == 0 for p in in_use):
            raise InputError(f"The prescription {name!r} names {symbol}, which the formula {term.outer} does not have.")
        found.append(dataclasses.replace(term, polynomials=named, outer=symbol))
    return found


def is_prescribed(polynomial: sympy.Expr, name: str) -> bool:
    """Tell whether a prescription of `name` means this polynomial of a formula: `name`, or `name` and a number."""
    return re.fullmatch(rf"{re.escape(name)}\d*", str(polynomial)) is not None


def _is_multiple(polynomial: sympy.Expr, other: sympy.Expr) -> bool:
    """Tell whether a polynomial is a number times another one."""
    symbols = sorted(polynomial.free_symbols | other.free_symbols, key=str)
    one, two = sympy.Poly(polynomial, *symbols), sympy.Poly(other, *symbols)
    return (one * two.LC() - two * one.LC()).is_zero


def _singular(term: Expression) -> list[sympy.Symbol]:
    """List the polynomials in x at whose zeros a term is singular."""
    powers = [power.base for power in term.outer.atoms(sympy.Pow) if not (power.exp.is_Integer and power.exp > 0)]
    products = [*powers, *(logarithm.args[0] for logarithm in term.outer.atoms(sympy.log))]
    bases = {factor.as_base_exp()[0] for product in products for factor in sympy.Mul.make_args(product)}
    x = set(term.variables)
    return [symbol for symbol, formula in term.polynomials.items() if symbol in bases and formula.free_symbols & x]


def _denominator(term: Expression) -> Expression:
    """Find P as an expression of its own; 1 where the term has no denominator."""
    powers = [
        (power.exp, base)
        for power in term.outer.atoms(sympy.Pow)
        if power.exp.is_number and power.exp.is_negative
        for base in sympy.Mul.make_args(power.base)
        if base.free_symbols
    ]
    for _, base in powers:
        if not base.is_Symbol:  # all sums that are polynomials have names
            raise InputError(
                f"The denominator {base.xreplace(term.polynomials)} is no polynomial in {term.variables} and "
                f"{term.parameters}, so its zeros are not known; write the formula with a polynomial there."
            )
    if not powers:
        return dataclasses.replace(term, polynomials={}, outer=sympy.Integer(1))
    _, base = min(powers, key=lambda found: (found[0], not _depends_on_both(term, found[1]), str(found[1])))
    polynomials = {name: p for name, p in term.polynomials.items() if name == base}
    return dataclasses.replace(term, polynomials=polynomials, outer=base)


def _depends_on_both(term: Expression, base: sympy.Symbol) -> bool:
    symbols = base.xreplace(term.polynomials).free_symbols
    return not symbols.isdisjoint(term.variables) and not symbols.isdisjoint(term.parameters)
