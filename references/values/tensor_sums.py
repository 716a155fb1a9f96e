"""Sums of an integrand over tensor rules on a complex triangular map, by code that is generated from its formula.

A rule of 10⁷ nodes takes NumPy a minute, and the loops written here, one for each variable, some 0.1 s: what depends on
the outer variables alone is computed in their loops, and in the innermost one polynomials are of one variable.
`without_kernel` is the same sum by the integrand itself.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sympy

from methods.base import InputError, ParametricIntegral
from references.values.complex_maps import ComplexMap, moved
from references.values.factors import Factors, factors_of
from references.values.quadrature import unit_rule

BLOCK = 2**14
"""Nodes that are evaluated at once without a kernel."""

SOURCE = Path(__file__).with_name("tensor_sum.cpp")
"""What the loops of all integrands share."""

Axes = Sequence[tuple[np.ndarray, np.ndarray]]
"""Nodes and weights of each axis."""

Value = tuple[str, int]
"""A value's name, or its number as text, and the loop in which it is known: 0 outside of all of them."""


def integrate(term: ParametricIntegral, contour: ComplexMap, s: np.ndarray, orders: tuple[int, ...]) -> complex:
    """Sum an integral with one term over the rule with these numbers of nodes, in the map's order, at one s (m,).

    Raises
    ------
    InputError
        Where there is no C++ compiler, or the term is no product of powers.
    """
    return over(term, contour, s, [unit_rule(n) for n in orders])


def over(term: ParametricIntegral, contour: ComplexMap, s: np.ndarray, axes: Axes) -> complex:
    """Sum over the tensor product of any nodes t and weights, given for each axis, as `integrate` does with Gauss's."""
    tables = [(ctypes.c_void_p * len(axes))(*[axis[i].ctypes.data for axis in axes]) for i in (0, 1)]
    a, s = np.ascontiguousarray(contour.a), np.ascontiguousarray(s, dtype=np.float64)
    n = np.array([len(t) for t, _ in axes], dtype=np.int64)
    parts = np.zeros((2, n[-1]))
    arrays = [array.ctypes.data for array in (a, s, n)]
    _compiled(term, contour.order)(*arrays, *tables, *[part.ctypes.data for part in parts])
    return complex(*parts.sum(axis=1))


def without_kernel(term: ParametricIntegral, contour: ComplexMap, s: np.ndarray, orders: tuple[int, ...]) -> complex:
    """Do what `integrate` does by the integrand itself, in NumPy."""
    axes, total = [unit_rule(n) for n in orders], 0j
    for nodes in np.array_split(np.arange(math.prod(orders)), -(-math.prod(orders) // BLOCK)):
        indices = np.unravel_index(nodes, orders)
        t = np.stack([axis[0][index] for axis, index in zip(axes, indices, strict=True)], axis=1)
        weight = np.prod([axis[1][index] for axis, index in zip(axes, indices, strict=True)], axis=0)
        x, log_slope = moved(contour.order, contour.a, t)
        total += np.sum(weight * np.exp(log_slope.sum(axis=1)) * term.integrand(s[None], x))
    return complex(total)


@functools.cache
def _compiled(term: ParametricIntegral, order: tuple[int, ...]) -> Any:
    from methods.core import kernel_library  # here, since it imports torch

    library = kernel_library.load(SOURCE, [], {"loops.inc": loops(factors_of(term), term, order)})
    if library is None:
        raise InputError(f"Sums of {term.name} need a C++ compiler; install g++ or name one in CXX.")
    library.sum.argtypes = [ctypes.c_void_p] * 7
    library.sum.restype = None
    return library.sum


def loops(factors: Factors, term: ParametricIntegral, order: tuple[int, ...]) -> str:
    """Write the loops over the variables in this order."""
    variables = [term.expression.variables[i] for i in order]  # type: ignore[union-attr]
    parameters = term.expression.parameters  # type: ignore[union-attr]
    k = len(variables)
    body = _Statements(k)
    inner = [(f"x{i}", i + 1) for i in reversed(range(k))]
    symbols = {p: (f"s[{j}]", 0) for j, p in enumerate(parameters)}
    value: Value = (f"J{k - 1}", k)
    for polynomial, exponent in zip(factors.polynomials, factors.exponents, strict=True):
        by_powers = sympy.Poly(polynomial, *reversed(variables)).as_dict()
        coefficients = {powers: body.formula(c, symbols) for powers, c in by_powers.items()}
        value = body.multiply(value, body.power(body.polynomial(coefficients, inner), exponent))
    for i, axis in enumerate(order):
        value = body.multiply(value, body.power((f"x{i}", i + 1), factors.powers[axis]))
    value = body.multiply(value, (repr(factors.coefficient), 0))
    lines = [*body.lines[0], "const C J_ = {1, 0};"]
    for i in range(k):
        slopes = "".join(f" + C{{a[{2 * (i * k + j)}], a[{2 * (i * k + j) + 1}]}} * z{j}" for j in range(i))
        lines += [
            f"const C c{i} = exponential(C{{a[{2 * i * (k + 1)}], a[{2 * i * (k + 1) + 1}]}}{slopes});",
            *(["#pragma GCC ivdep"] if i == k - 1 else []),
            f"for (long i{i} = 0; i{i} < n[{i}]; i{i}++) {{",
            f"const double t{i} = nodes[{i}][i{i}], z{i} = 2 * t{i} - 1;",
            f"const C r{i} = inverse(c{i} * (1 - t{i}) + t{i}), x{i} = r{i} * t{i};",
            f"const C J{i} = J{i - 1 if i else '_'} * (c{i} * (r{i} * r{i}) * weights[{i}][i{i}]);",
            *body.lines[i + 1],
        ]
    lines += [f"const C f = {value[0]};", f"re[i{k - 1}] += f.re; im[i{k - 1}] += f.im;", "}" * k]
    return "\n".join(lines)


class _Statements:
    """Statements by loop, each written once."""

    def __init__(self, k: int) -> None:
        self.lines: list[list[str]] = [[] for _ in range(k + 1)]
        self._names: dict[str, Value] = {}

    def write(self, text: str, level: int) -> Value:
        if text not in self._names:
            self._names[text] = (f"v{len(self._names)}", level)
            self.lines[level].append(f"const auto {self._names[text][0]} = {text};")
        return self._names[text]

    def add(self, a: Value, b: Value) -> Value:
        if "0.0" in (a[0], b[0]):
            return b if a[0] == "0.0" else a
        return self.write(f"{a[0]} + {b[0]}", max(a[1], b[1]))

    def multiply(self, a: Value, b: Value) -> Value:
        if "1.0" in (a[0], b[0]):
            return b if a[0] == "1.0" else a
        return self.write(f"{a[0]} * {b[0]}", max(a[1], b[1]))

    def power(self, base: Value, exponent: int) -> Value:
        if exponent < 0:
            return self.power(self.write(f"inverse({base[0]})", base[1]), -exponent)
        return functools.reduce(self.multiply, [base] * exponent, ("1.0", 0))

    def formula(self, coefficient: sympy.Expr, symbols: Mapping[sympy.Symbol, Value]) -> Value:
        """Write a polynomial in s."""
        total: Value = ("0.0", 0)
        for part in sympy.Add.make_args(sympy.expand(coefficient)):
            number, rest = part.as_coeff_Mul()
            product: Value = (repr(float(number)), 0)
            for base, exponent in rest.as_powers_dict().items():
                if base.is_number:  # π, or a root
                    product = self.multiply(product, (repr(float(base**exponent)), 0))
                else:
                    product = self.multiply(product, self.power(symbols[base], int(exponent)))
            total = self.add(total, product)
        return total

    def polynomial(self, terms: Mapping[tuple[int, ...], Value], variables: list[Value]) -> Value:
        """Write Σ c Π x_i^{p_i}, given as {p: c}, by Horner's scheme, the first variable outermost."""
        if not variables:
            (value,) = terms.values()
            return value
        by_power: dict[int, dict[tuple[int, ...], Value]] = {}
        for powers, coefficient in terms.items():
            by_power.setdefault(powers[0], {})[powers[1:]] = coefficient
        total: Value = ("0.0", 0)
        for degree, lower in itertools.pairwise([*sorted(by_power, reverse=True), 0]):
            total = self.add(total, self.polynomial(by_power[degree], variables[1:]))
            total = self.multiply(total, self.power(variables[0], degree - lower))
        return total
