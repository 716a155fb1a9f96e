"""Formulas as text, parsed into symbols: the one definition of an integrand.

The text is read by Python's own parser, and only arithmetic, the given names and a few functions are let through, so
nothing in it can be executed. `methods/core/integrand.py` evaluates what is parsed here.
"""

from __future__ import annotations

import ast
import dataclasses
import itertools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy
from sympy.printing.pycode import PythonCodePrinter

from methods.core.errors import InputError

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan")

RESERVED = (*FUNCTIONS, "pi", "xp")
"""Names that mean something else here: functions, a number, and the array module in compiled code."""

_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def parse(text: str, symbols: Mapping[str, sympy.Expr]) -> sympy.Expr:
    """Turn text into a sympy expression without executing it.

    Raises
    ------
    InputError
        For anything but numbers, `symbols`, + - * / ** and the functions in `FUNCTIONS`.
    """

    def build(node: ast.AST) -> Any:
        match node:
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](build(left), build(right))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -build(operand)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return build(operand)
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return sympy.Rational(str(value))
            case ast.Name(id=name) if name in symbols:
                return symbols[name]
            case ast.Name(id="pi"):
                return sympy.pi
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
                return getattr(sympy, name)(build(argument))
        given = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
        allowed = ", ".join([*symbols, *FUNCTIONS])
        raise InputError(f"{given!r} is not allowed in a formula; use numbers, + - * / ** and {allowed}.")

    try:
        tree = ast.parse(" ".join(text.split()), mode="eval")
    except (SyntaxError, ValueError) as problem:
        raise InputError(f"The formula {text!r} cannot be read: {problem}.") from problem
    return build(tree.body)


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
            raise InputError(f"The names {sorted(clashes)} are no identifiers, or stand for two things; rename them.")
        symbols = {name: sympy.Symbol(name, real=True) for name in names}
        base = {name: symbols[name] for name in (*variables, *parameters)}
        polynomials: dict[sympy.Symbol, sympy.Expr] = {}
        known: dict[str, sympy.Expr] = dict(base)
        for name, formula in definitions.items():
            known[name] = parse(formula, known).xreplace(polynomials)
            if known[name].is_polynomial(*base.values()):
                polynomials[symbols[name]], known[name] = known[name], symbols[name]
        outer = parse(text, known)

        fresh_names = (name for i in itertools.count() if (name := f"polynomial{i}") not in names)

        def named(node: sympy.Expr) -> sympy.Expr:
            if isinstance(node, sympy.Add) and node.is_polynomial(*node.free_symbols):
                name = sympy.Symbol(next(fresh_names), real=True)
                polynomials[name] = node.xreplace(polynomials)
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

    def _print_Exp1(self, expr: sympy.Expr) -> str:
        return repr(math.e)

    def _print_Pi(self, expr: sympy.Expr) -> str:
        return repr(math.pi)
