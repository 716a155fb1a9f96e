"""Formulas as text, parsed into symbols: the one definition of an integrand.

`methods/core/formula_parser.py` reads the text, and `methods/core/integrand.py` evaluates what is made of it here.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy
from sympy.printing.pycode import PythonCodePrinter

from methods.core.errors import InputError
from methods.core.formula_parser import FUNCTIONS, parse, shortened

RESERVED = (*FUNCTIONS, "pi", "xp")
"""Names that mean something else here: functions, a number, and the array module in compiled code."""

MOST_TERMS = 10**6
"""Most terms of a polynomial that is multiplied out; a larger one stays as it is written."""

LONG_SUM, PART_OF_SUM = 500, 100
"""Terms from which a sum is written in parts, and terms of a part: Python cannot compile a sum of a thousand."""

EXACT_INTEGERS = 2**53
"""Larger integers are written as floating-point numbers, since torch takes no others beyond 64 bits."""


def number_of_terms(expression: sympy.Expr) -> int:
    """Bound the number of terms that a polynomial has when it is multiplied out; MOST_TERMS + 1 for more than that."""
    if isinstance(expression, sympy.Add):
        n = sum(map(number_of_terms, expression.args))
    elif isinstance(expression, sympy.Mul):
        n = math.prod(map(number_of_terms, expression.args))
    elif isinstance(expression, sympy.Pow) and expression.exp.is_Integer and expression.exp > 0:
        of_base, power = number_of_terms(expression.base), int(expression.exp)
        n = math.comb(of_base + power - 1, power) if of_base <= MOST_TERMS else of_base
    else:
        n = 1
    return min(n, MOST_TERMS + 1)


@dataclasses.dataclass(frozen=True, eq=False)
class Expression:
    """An integrand as symbols: an outer expression over named polynomials in x and s.

    Parameters
    ----------
    variables, parameters : tuple of sympy.Symbol
        The Feynman parameters x and the kinematic invariants s.
    polynomials : dict of sympy.Symbol to sympy.Expr
        Named inner expressions, e.g. U and F, in terms of x and s alone.
    outer : sympy.Expr
        The integrand in terms of x, s and the names of `polynomials`.
    """

    variables: tuple[sympy.Symbol, ...]
    parameters: tuple[sympy.Symbol, ...]
    polynomials: dict[sympy.Symbol, sympy.Expr]
    outer: sympy.Expr

    @classmethod
    def parse(
        cls, text: str, definitions: Mapping[str, str], variables: tuple[str, ...], parameters: tuple[str, ...]
    ) -> Expression:
        """Read an integrand; sums that are polynomial in x and s get names of their own where they have none."""
        names = [*variables, *parameters, *definitions]
        clashes = {name for name in names if names.count(name) > 1 or not name.isidentifier() or name in RESERVED}
        if clashes:
            given = shortened(", ".join(map(repr, sorted(clashes))))
            raise InputError(f"The names {given} are no identifiers, or stand for two things; rename them.")
        symbols = {name: sympy.Symbol(name, real=True) for name in names}
        base = {name: symbols[name] for name in (*variables, *parameters)}
        # A root of x² is |x|, which is x in the cube, and on a contour, too, where the modulus would be something else.
        moduli = {sympy.Abs(symbols[name]): symbols[name] for name in variables}
        polynomials: dict[sympy.Symbol, sympy.Expr] = {}
        known: dict[str, sympy.Expr] = dict(base)
        for name, formula in definitions.items():
            known[name] = parse(formula, known).xreplace(moduli).xreplace(polynomials)
            if known[name].is_polynomial(*base.values()) and number_of_terms(known[name]) <= MOST_TERMS:
                polynomials[symbols[name]], known[name] = known[name], symbols[name]
        outer = parse(text, known).xreplace(moduli)

        fresh_names = (name for i in itertools.count() if (name := f"polynomial{i}") not in names)

        def named(node: sympy.Expr) -> sympy.Expr:
            if isinstance(node, sympy.Add) and node.is_polynomial(*node.free_symbols):
                full = node.xreplace(polynomials)
                if number_of_terms(full) <= MOST_TERMS:
                    name = sympy.Symbol(next(fresh_names), real=True)
                    polynomials[name] = full
                    return name
            return node.func(*map(named, node.args)) if node.args else node

        return cls(
            tuple(symbols[name] for name in variables),
            tuple(symbols[name] for name in parameters),
            polynomials,
            named(outer),
        )

    @property
    def terms(self) -> list[Expression]:
        """The summands of the integrand, each with the polynomials it needs: the sectors of a loop integral."""
        summands = sympy.Add.make_args(self.outer)
        if len(summands) == 1:
            return [self]
        return [dataclasses.replace(self, outer=term, polynomials=self._used_in(term)) for term in summands]

    def _used_in(self, term: sympy.Expr) -> dict[sympy.Symbol, sympy.Expr]:
        return {name: p for name, p in self.polynomials.items() if name in term.free_symbols}

    @property
    def modulus(self) -> sympy.Expr | None:
        """A modulus of something that depends on x, such as that of a root of a square; None where there is none."""
        x = set(self.variables)
        formulas = (self.outer, *self.polynomials.values())
        found = {modulus for formula in formulas for modulus in formula.atoms(sympy.Abs)}
        return next((one for one in sorted(found, key=str) if one.xreplace(self.polynomials).free_symbols & x), None)

    @property
    def full(self) -> sympy.Expr:
        """The integrand in terms of x and s alone."""
        return self.outer.xreplace(self.polynomials)


def compile_for_arrays(arguments: Sequence[sympy.Symbol], expressions: list[sympy.Expr]) -> Callable[..., list[Any]]:
    """Return a function (namespace, *arguments) -> values, with common subexpressions computed once."""
    return sympy.lambdify(
        [sympy.Symbol("xp"), *arguments], expressions, modules=[{}], printer=_Printer, cse=True, docstring_limit=0
    )


class _Printer(PythonCodePrinter):
    """Python source for arrays: small integer powers become products, since pow costs about ten times as much.

    Reciprocals are called by name, because torch computes 1.0/F in two passes.
    """

    def _print_Pow(self, expr: sympy.Pow, rational: bool = False) -> str:
        base, exponent = expr.args
        if base.is_Symbol and exponent.is_Integer and 1 <= abs(int(exponent)) <= 8:
            product = "*".join([self._print(base)] * abs(int(exponent)))
            return f"({product})" if exponent > 0 else f"xp.reciprocal({product})"
        return f"(({self._print(base)})**({self._print(exponent)}))"

    def _print_Function(self, expr: sympy.Function) -> str:
        if not expr.free_symbols:
            return repr(float(expr))
        return f"xp.{type(expr).__name__}({', '.join(map(self._print, expr.args))})"

    # The base class would print these as functions of the module math.
    _print_exp = _print_log = _print_sin = _print_cos = _print_tan = _print_Function
    _print_tanh = _print_sinh = _print_cosh = _print_atan = _print_Function

    def _print_Add(self, expr: sympy.Expr, order: str | None = None) -> str:
        if len(expr.args) < LONG_SUM:
            return super()._print_Add(expr, order=order)
        terms = [f"({self._print(term)})" for term in expr.args]
        while len(terms) > 1:
            parts = (terms[i : i + PART_OF_SUM] for i in range(0, len(terms), PART_OF_SUM))
            terms = [f"({' + '.join(part)})" for part in parts]
        return terms[0]

    def _print_Integer(self, expr: sympy.Integer) -> str:
        return str(expr.p) if abs(expr.p) <= EXACT_INTEGERS else repr(float(expr.p))

    def _print_Exp1(self, expr: sympy.Expr) -> str:
        return repr(math.e)

    def _print_Pi(self, expr: sympy.Expr) -> str:
        return repr(math.pi)
