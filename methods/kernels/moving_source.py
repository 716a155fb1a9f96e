"""C++ of an integrand's sum over the nodes of a rule that a change of variables moves with s.

    Σ_j w_j f(s, x(t_j)) Π_i ∂x_i/∂t_i,    x_i = t_i/(t_i + c_i (1 − t_i)),    log c_i a polynomial in t_1 … t_i,

a product rule in all variables or in some: the first few share nodes of any kind, which lie side by side in vectors
(lanes), and each of the others has a loop of its own. With lanes for all variables the nodes are general ones.

Each statement stands in the outermost loop that knows its operands, and sums are multiplied by the factors of outer
loops once they are complete. In the innermost loop there is left, where F is quadratic in the last variable: a complex
exponential, two reciprocals, and two steps of Horner's scheme for F.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from methods.core.expression import Expression
from methods.kernels.statements import Powers, Statements, Value


def point_source(
    expression: Expression, order: Sequence[int], monomials: Sequence[Sequence[Powers]], n_lane_axes: int
) -> str:
    """Return the statements of one phase-space point.

    Parameters
    ----------
    expression : Expression
        The integrand; no sum.
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
    given = {f"s{j}": 0 for j in range(len(expression.parameters))} | {"w": 1}
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

    factors += _factors(statements, expression, order, x)
    return "\n".join(_loops(statements, factors, len(expression.parameters), n_lane_axes, k))


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


def _loops(statements: Statements, factors: Sequence[Value], m: int, n_lane_axes: int, k: int) -> list[str]:
    """Put the statements into loops, and add up."""
    by_level: list[list[Value]] = [[] for _ in statements.lines]
    for factor in factors:
        by_level[max(0, statements.level(factor))].append(factor)
    code = [f"const double s{j} = s[{j}];" for j in range(m)] + statements.lines[0] + ["T sum1{};"]
    code += ["for (ptrdiff_t l = 0; l < rule.n_lanes; l += LANES) {", "const V w = load(rule.lane_weights + l);"]
    code += [f"const V t{i} = load(rule.lane_t[{i}] + l);" for i in range(n_lane_axes)]
    code += statements.lines[1]
    for level, i in enumerate(range(n_lane_axes, k), 2):
        code += [f"T sum{level}{{}};", f"for (ptrdiff_t j{i} = 0; j{i} < rule.n[{i}]; j{i}++) {{"]
        code += [f"const double t{i} = rule.t[{i}][j{i}], w{i} = rule.weights[{i}][j{i}];", *statements.lines[level]]
    deepest = len(by_level) - 1
    for level in range(deepest, -1, -1):
        inner: list[Value] = [] if level == deepest else [f"sum{level + 1}"]
        product = " * ".join(map(str, [*by_level[level], *inner]))
        code.append(f"sum{level} += {product};\n}}" if level else f"total = {product};")
    return code
