"""C++ of an integrand's sum over the nodes of a rule that a change of variables moves with s.

    Σ_j w_j f(s, x(t_j)) Π_i ∂x_i/∂t_i,    x_i = t_i/(t_i + c_i (1 − t_i)),    log c_i a polynomial in t_1 … t_i,

a product rule in all variables or in some: the first few share nodes of any kind, which lie side by side in vectors
(lanes), and each of the others has a loop of its own. With lanes for all variables the nodes are general ones.

Each statement stands in the outermost loop that knows its operands, and sums are multiplied by the factors of outer
loops once they are complete. In the innermost loop there is left, where F is quadratic in the last variable: a complex
exponential, unless log c_k does not depend on t_k, two reciprocals, and two steps of Horner's scheme for F.
"""

from __future__ import annotations

import functools
import operator
from collections import Counter
from collections.abc import Sequence

import sympy

from methods.core.expression import Expression
from methods.kernels.statements import Powers, Statements, Value


def point_source(
    integrands: Sequence[Expression], order: Sequence[int], monomials: Sequence[Sequence[Powers]], n_lane_axes: int
) -> str:
    """Return the statements of one phase-space point.

    Parameters
    ----------
    integrands : sequence of Expression
        Formulas in the same x and s, each of which has a sum of its own over the same nodes; one that is a product
        leaves less for the innermost loop.
    order : sequence of int
        The column of x that each column of t makes.
    monomials : sequence of sequences of tuples
        For each i the powers of 2t_1 − 1, …, 2t_i − 1 of the terms of log c_i, whose coefficients the kernel is given.
    n_lane_axes : int
        How many of the first variables of t share their nodes.

    Raises
    ------
    InputError
        Where the formula has functions other than sums, products and integer powers.
    """
    k = len(order)
    levels = [1 + max(0, i - n_lane_axes + 1) for i in range(k)]
    m = len(integrands[0].parameters)
    given = {f"s{j}": 0 for j in range(m)} | {"w": 1}
    given |= {f"t{i}": level for i, level in enumerate(levels)}
    given |= {f"w{i}": level for i, level in enumerate(levels) if level > 1}
    given |= {f"A({n})": 0 for n in range(sum(map(len, monomials)))}
    statements = Statements(given)

    z = [statements.add([-1.0, statements.multiply([2.0, f"t{i}"])]) for i in range(k)]
    x: list[Value] = [0.0] * k
    factors: list[Value] = ["w", *(f"w{i}" for i in range(n_lane_axes, k))]
    first = 0
    for i in range(k):
        terms: dict[Powers, Value] = {powers: f"A({first + n})" for n, powers in enumerate(monomials[i])}
        first += len(terms)
        x[order[i]], slopes = _moved(statements, f"t{i}", terms, z[: i + 1])
        factors += slopes

    products = [factors + _factors(statements, integrand, order, x) for integrand in integrands]
    return "\n".join(_loops(statements, products, m, n_lane_axes, k))


def _moved(statements: Statements, t: str, terms: dict[Powers, Value], z: Sequence[Value]) -> tuple[Value, list[Value]]:
    """Return x_i, and factors of ∂x_i/∂t_i."""
    add, multiply = statements.add, statements.multiply
    backwards: dict[Powers, Value] = {powers[::-1]: value for powers, value in terms.items()}
    slope_terms: dict[Powers, Value] = {
        (powers[0] - 1, *powers[1:]): multiply([2.0 * powers[0], value])
        for powers, value in backwards.items() if powers[0]
    }  # fmt: skip
    log_c, slope = (statements.polynomial(some, z[::-1]) for some in (backwards, slope_terms))
    c = statements.write(f"exponential({log_c})", [log_c])
    rest = add([1.0, multiply([-1.0, t])])
    r = statements.power(add([t, multiply([c, rest])]), -1)
    bent = add([1.0, multiply([multiply([-1.0, t, rest]), slope])])
    return multiply([t, r]), [c, statements.power(r, 2), bent]


def _factors(statements: Statements, expression: Expression, order: Sequence[int], x: Sequence[Value]) -> list[Value]:
    """Return the factors of f(s, x)."""
    values: dict[sympy.Symbol, Value] = dict(zip(expression.variables, x, strict=True))
    values |= {parameter: f"s{j}" for j, parameter in enumerate(expression.parameters)}
    nested = [expression.variables[column] for column in reversed(order)] + list(expression.parameters)
    for name, polynomial in expression.polynomials.items():
        terms: dict[Powers, Value] = {
            powers: float(number) for powers, number in sympy.Poly(polynomial, *nested).terms()
        }
        values[name] = statements.polynomial(terms, [values[symbol] for symbol in nested])
    return [statements.formula(factor, values) for factor in sympy.Mul.make_args(expression.outer)]


def _loops(statements: Statements, products: Sequence[list[Value]], m: int, n_lane_axes: int, k: int) -> list[str]:
    """Put the statements into loops, and add up the products, each given by its factors."""
    levels = range(len(statements.lines))
    code = [f"const double s{j} = s[{j}];" for j in range(m)] + statements.lines[0] + _zeros(1, len(products))
    code += ["for (ptrdiff_t l = 0; l < rule.n_lanes; l += LANES) {", "const V w = load(rule.lane_weights + l);"]
    code += [f"const V t{i} = load(rule.lane_t[{i}] + l);" for i in range(n_lane_axes)]
    code += statements.lines[1]
    for level, i in enumerate(range(n_lane_axes, k), 2):
        code += [*_zeros(level, len(products)), f"for (ptrdiff_t j{i} = 0; j{i} < rule.n[{i}]; j{i}++) {{"]
        code += [f"const double t{i} = rule.t[{i}][j{i}], w{i} = rule.weights[{i}][j{i}];", *statements.lines[level]]
    for level in reversed(levels):
        of_level = [[f for f in factors if max(0, statements.level(f)) == level] for factors in products]
        deeper = [[f"sum{level + 1}[{i}]"] for i in range(len(products))]
        inner = deeper if level < levels[-1] else [[] for _ in products]
        code += _additions(level, of_level, inner)
    return code


def _zeros(level: int, n: int) -> list[str]:
    return [f"T sum{level}[{n}]{{}};"]


def _additions(level: int, factors: Sequence[list[Value]], inner: Sequence[list[str]]) -> list[str]:
    """Return what adds the products of a level to its sums, and ends its loop; what all share is multiplied once."""
    counted = list(map(Counter, factors))
    shared = functools.reduce(operator.and_, counted)
    code, first = [], list(map(str, shared.elements()))
    if len(factors) > 1 and len(first) > 1:
        code, first = [f"const auto shared{level} = {' * '.join(first)};"], [f"shared{level}"]
    for i, (all_factors, sums) in enumerate(zip(counted, inner, strict=True)):
        product = " * ".join([*first, *map(str, (all_factors - shared).elements()), *sums])
        code.append(f"sum{level}[{i}] += {product};" if level else f"total[{i}] = {product};")
    return [*code, "}"] if level else code
