"""Formulas as text: parsed once, evaluated with NumPy or torch, and handed to pySecDec as symbols.

The text is read by Python's own parser, and only arithmetic, the given names and a few functions are let through, so
nothing in it can be executed. Polynomials in s are kept as sums over monomials of s whose coefficients depend on x
alone:

    F(s, x) = c_0(x) + Σ_j s_j c_j(x)          (affine in s)

Their coefficients are evaluated once for all s. For fixed nodes x an affine F is then one matrix product.
"""

from __future__ import annotations

import ast
import dataclasses
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy
from sympy.printing.pycode import PythonCodePrinter

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan")

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
    from methods.base import InputError

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
        tree = ast.parse(f"({text}\n)", mode="eval")
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
        from methods.base import InputError

        names = [*variables, *parameters, *definitions]
        clashes = {name for name in names if names.count(name) > 1 or not name.isidentifier() or name in FUNCTIONS}
        if clashes:
            raise InputError(f"The names {sorted(clashes)} are no identifiers, or stand for two things; rename them.")
        symbols = {name: sympy.Symbol(name, real=True) for name in names}
        base = {name: symbols[name] for name in (*variables, *parameters)}
        polynomials: dict[sympy.Symbol, sympy.Expr] = {}
        known: dict[str, sympy.Expr] = dict(base)
        for name, formula in definitions.items():
            known[name] = parse(formula, known).subs(polynomials)
            if known[name].is_polynomial(*base.values()):
                polynomials[symbols[name]], known[name] = known[name], symbols[name]
        outer = parse(text, known)

        def named(node: sympy.Expr) -> sympy.Expr:
            if isinstance(node, sympy.Add) and node.is_polynomial(*node.free_symbols):
                name = sympy.Symbol(f"polynomial{len(polynomials)}", real=True)
                polynomials[name] = node.subs(polynomials)
                return name
            return node.func(*map(named, node.args)) if node.args else node

        return cls(
            tuple(symbols[name] for name in variables),
            tuple(symbols[name] for name in parameters),
            polynomials,
            named(outer),
        )

    @property
    def integrand(self) -> Integrand:
        """The callable f(s, x)."""
        return Integrand(self)

    @property
    def full(self) -> sympy.Expr:
        """The integrand in terms of x and s alone."""
        return self.outer.subs(self.polynomials)


class Integrand:
    """f(s, x) of an `Expression`, for NumPy arrays and torch tensors alike."""

    def __init__(self, expression: Expression) -> None:
        x, s = expression.variables, expression.parameters
        self._m = len(s)
        self._splits = [_by_monomials_of_s(p, x, s) for p in expression.polynomials.values()]
        self._coefficients = _compile(x, [c for split in self._splits for c in split.values()])
        self._outer = _compile([*x, *s, *expression.polynomials], [expression.outer])

    def __call__(self, s: Any, x: Any) -> Any:
        """Return f for s (..., m) and x (..., k), broadcast; dtype and device are kept."""
        xp = _namespace(x)
        xs = [x[..., i] for i in range(x.shape[-1])]
        ss = [s[..., j] for j in range(self._m)]
        coefficients = iter(self._coefficients(xp, *xs))
        polynomials = [sum(_product(ss, powers) * next(coefficients) for powers in split) for split in self._splits]
        f = self._outer(xp, *xs, *ss, *polynomials)[0]
        return _broadcast(xp, f, np.broadcast_shapes(s.shape[:-1], x.shape[:-1]), xs[0])

    def at_nodes(self, x: Any) -> Callable[[Any], Any]:
        """Fix the nodes x (n_x, k); return s (n_s, m) -> f (n_s, n_x). Affine polynomials are one matrix product."""
        xp = _namespace(x)
        xs = [x[:, i] for i in range(x.shape[1])]
        coefficients = iter(self._coefficients(xp, *xs))
        evaluators = [
            _at_nodes(xp, {powers: _broadcast(xp, next(coefficients), (len(x),), xs[0]) for powers in split}, self._m)
            for split in self._splits
        ]

        def f(s: Any) -> Any:
            ss = [s[:, j, None] for j in range(self._m)]
            value = self._outer(xp, *xs, *ss, *(evaluate(s, ss) for evaluate in evaluators))[0]
            return _broadcast(xp, value, (len(s), len(x)), xs[0])

        return f


def _by_monomials_of_s(polynomial: sympy.Expr, x: tuple, s: tuple) -> dict[tuple[int, ...], sympy.Expr]:
    """Split a polynomial into {powers of s: coefficient in x}, the coefficients in Horner form."""

    def horner(coefficient: sympy.Expr) -> sympy.Expr:
        used = [v for v in x if v in coefficient.free_symbols]
        return sympy.horner(coefficient, *used) if used else coefficient

    return {powers: horner(coefficient) for powers, coefficient in sympy.Poly(polynomial, *s).terms()}


def _at_nodes(xp: Any, split: dict[tuple[int, ...], Any], m: int) -> Callable[[Any, list[Any]], Any]:
    """Return the evaluator of one polynomial over fixed nodes, given its coefficients (n_x,) there."""
    if any(sum(powers) > 1 for powers in split):
        return lambda s, ss: sum(_product(ss, powers) * c for powers, c in split.items())
    zero = 0 * next(iter(split.values()))
    constant = split.get((0,) * m, zero)
    if len(split) == 1 and (0,) * m in split:
        return lambda s, ss: constant
    matrix = xp.stack([split.get(tuple(np.eye(m, dtype=int)[j]), zero) for j in range(m)])
    if xp is np:
        return lambda s, ss: s @ matrix + constant
    return lambda s, ss: xp.addmm(constant, s, matrix)


def _product(ss: list[Any], powers: tuple[int, ...]) -> Any:
    """Return Π_j s_j^powers_j."""
    return math.prod((s for s, power in zip(ss, powers, strict=True) for _ in range(power)), start=1.0)


def _namespace(array: Any) -> Any:
    """Return the module whose functions suit `array`: torch for tensors, NumPy otherwise."""
    if isinstance(array, np.ndarray):
        return np
    import torch

    return torch


def _broadcast(xp: Any, value: Any, shape: tuple[int, ...], like: Any) -> Any:
    """Give a value that may be a number, or lack some axes, its full shape and the dtype and device of `like`."""
    if getattr(value, "shape", None) == shape:
        return value
    return xp.broadcast_to(value + 0 * like if np.ndim(value) == 0 else value, shape)


def _compile(arguments: Any, expressions: list[sympy.Expr]) -> Callable[..., list[Any]]:
    """Return a function (namespace, *arguments) -> values, with common subexpressions computed once."""
    return sympy.lambdify(
        [sympy.Symbol("xp"), *arguments], expressions, modules=[{}], printer=_Printer, cse=True, docstring_limit=0
    )


class _Printer(PythonCodePrinter):
    """Python source in which small integer powers are products: NumPy's and torch's pow cost ten times as much."""

    def _print_Pow(self, expr: sympy.Pow, rational: bool = False) -> str:
        base, exponent = expr.args
        if base.is_Symbol and exponent.is_Integer and 1 <= abs(int(exponent)) <= 8:
            product = "*".join([self._print(base)] * abs(int(exponent)))
            return f"({product})" if exponent > 0 else f"(1.0/({product}))"
        return f"(({self._print(base)})**({self._print(exponent)}))"

    def _print_Function(self, expr: sympy.Function) -> str:
        return f"xp.{type(expr).__name__}({', '.join(map(self._print, expr.args))})"

    # The base class would print these as functions of the module math.
    _print_exp = _print_log = _print_sin = _print_cos = _print_tan = _print_Function
    _print_tanh = _print_sinh = _print_cosh = _print_atan = _print_Function

    def _print_Pi(self, expr: sympy.Expr) -> str:
        return repr(math.pi)
