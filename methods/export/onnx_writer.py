"""The steps of a fitted method as an ONNX graph.

All numbers have the graph's dtype: a network that computes in float32 does so in float64 here, and agrees to 1e-6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from methods.core import arithmetic as steps
from methods.core.arithmetic import Arithmetic, Rows
from methods.export.onnx_graph import Graph, Value


def write(graph: Graph, arithmetic: Arithmetic, low: Sequence[float], high: Sequence[float]) -> None:
    """Record all steps, and declare the outputs by their names: (n,), or (n, width) where they are several rows."""
    values: list[Value] = []
    s = graph.input("s", arithmetic.s.n)
    for step in arithmetic.steps:
        if isinstance(step, steps.Input):
            values.append(graph.apply("Transpose", s, perm=[1, 0]))
        else:
            values.append(RECORDERS[type(step)](graph, step, lambda rows: values[rows.place]))
    for name, rows in arithmetic.outputs.items():
        value = values[rows.place]
        if name == "error":
            graph.output(name, in_box_only(value.take(0, axis=0), s, low, high))
        elif rows.n == 1 and name != "gradient":
            graph.output(name, value.take(0, axis=0))
        else:
            graph.output(name, graph.apply("Transpose", value, perm=[1, 0]), rows.n)


def in_box_only(error: Value, s: Value, low: Sequence[float], high: Sequence[float]) -> Value:
    """Record the error (n,) at points s (n, m) of the box, and nan at all others."""
    beyond = s.graph.apply("Max", np.array(low, float) - s, s - np.array(high, float))
    farthest = s.graph.apply("ReduceMax", beyond, axes=[1], keepdims=0)
    return _where(s.graph, s.graph.apply("LessOrEqual", farthest, 0.0), error, float("nan"))


At = Callable[[Rows], Value]


def _matmul(graph: Graph, matrix: np.ndarray, value: Value) -> Value:
    return graph.apply("MatMul", np.asarray(matrix, dtype=np.float64), value)


def _column(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, dtype=np.float64)[:, None]


def _plus(value: Value, offset: np.ndarray) -> Value:
    """Add to each row; zeros are left out, which onnxruntime 1.31 would remove wrongly from some graphs."""
    return value + _column(offset) if offset.any() else value


def _apply(graph: Graph, step: steps.Apply, at: At) -> Value:
    return FUNCTIONS[step.function](graph, at(step.x))


def _where(graph: Graph, condition: Value, x: Any, y: Any) -> Value:
    return graph.apply("Where", condition, x, y)


def _elu(graph: Graph, x: Value) -> Value:
    return _where(graph, graph.apply("Greater", x, 0.0), x, graph.apply("Exp", graph.apply("Min", x, 0.0)) - 1.0)


def _softplus(graph: Graph, x: Value) -> Value:
    return graph.apply("Relu", x) + graph.apply("Log", 1.0 + graph.apply("Exp", -graph.apply("Abs", x)))


FUNCTIONS: dict[str, Callable[[Graph, Value], Value]] = {
    "abs": lambda graph, x: graph.apply("Abs", x),
    "cos": lambda graph, x: graph.apply("Cos", x),
    "elu": _elu,
    "exp": lambda graph, x: graph.apply("Exp", x),
    "leaky_relu": lambda graph, x: _where(graph, graph.apply("Greater", x, 0.0), x, x * 0.01),
    "log": lambda graph, x: graph.apply("Log", x),
    "reciprocal": lambda graph, x: graph.apply("Div", 1.0, x),
    "relu": lambda graph, x: graph.apply("Relu", x),
    "silu": lambda graph, x: x / (1.0 + graph.apply("Exp", -x)),
    "sin": lambda graph, x: graph.apply("Sin", x),
    "softplus": _softplus,
    "sqrt": lambda graph, x: graph.apply("Sqrt", x),
    "square": lambda graph, x: x * x,
    "tanh": lambda graph, x: graph.apply("Tanh", x),
}


def _sort(graph: Graph, step: steps.Sort, at: At) -> Value:
    """Sort by exchanges of neighbours."""
    rows = [at(step.x).take([i], axis=0) for i in range(step.x.n)]
    for end in range(len(step.rows) - 1, 0, -1):
        for i in range(end):
            first, second = step.rows[i], step.rows[i + 1]
            pair = rows[first], rows[second]
            rows[first], rows[second] = graph.apply("Min", *pair), graph.apply("Max", *pair)
    return graph.apply("Concat", *rows, axis=0)


def _outer(graph: Graph, step: steps.Outer, at: At) -> Value:
    product = graph.apply("Unsqueeze", at(step.x), np.array([1])) * graph.apply("Unsqueeze", at(step.y), np.array([0]))
    return graph.apply("Reshape", product, np.array([step.x.n * step.y.n, -1]))


def _chebyshev(graph: Graph, x: Value, n: int) -> Value:
    """Stack T_0 … T_{n−1} of x (1, n_points)."""
    found = [x * 0.0 + 1.0, x]
    while len(found) < n:
        found.append(2.0 * x * found[-1] - found[-2])
    return graph.apply("Concat", *found[:n], axis=0)


def _polynomial(graph: Graph, step: steps.Polynomial, at: At) -> Value:
    """Split the variables in two halves: products of either, and a matrix of coefficients between them."""
    alpha, c = step.alpha, np.asarray(step.c, dtype=np.float64)
    x = at(step.x)
    tables = [_chebyshev(graph, x.take([j], axis=0), int(degrees.max()) + 1) for j, degrees in enumerate(alpha.T)]
    half = (alpha.shape[1] + 1) // 2
    left, of_left = _different_products(alpha[:, :half], tables[:half])
    right, of_right = _different_products(alpha[:, half:], tables[half:])
    if right is None:
        return _matmul(graph, c.T, left.take(of_left, axis=0))
    sums = []
    for of_row in c.T:
        matrix = np.zeros((of_left.max() + 1, of_right.max() + 1))
        matrix[of_left, of_right] = of_row
        total = left * _matmul(graph, matrix, right)
        sums.append(graph.apply("ReduceSum", total, np.array([0]), keepdims=1))
    return sums[0] if len(sums) == 1 else graph.apply("Concat", *sums, axis=0)


def _different_products(alpha: np.ndarray, tables: list[Value]) -> tuple[Any, np.ndarray]:
    """Record the different products of polynomials of some variables; give them, and the row of each term."""
    if not tables:
        return None, np.zeros(len(alpha), dtype=np.int64)
    different, row = np.unique(alpha, axis=0, return_inverse=True)
    found = tables[0].take(different[:, 0], axis=0)
    for degrees, table in zip(different.T[1:], tables[1:], strict=True):
        found = found * table.take(degrees, axis=0)
    return found, row.ravel()


def _node_sum(graph: Graph, step: steps.NodeSum, at: At) -> Value:
    if np.iscomplexobj(step.weights):
        return _complex_node_sum(graph, step, at)
    product: Any = None
    for factor in step.factors:
        p = _power(_affine(graph, factor.matrix, at(step.s)), abs(factor.power))
        product = p if product is None and factor.power > 0 else _times(graph, product, p, factor.power)
    return _matmul(graph, step.weights[None], product)


def _affine(graph: Graph, matrix: np.ndarray, s: Value) -> Value:
    return _matmul(graph, matrix[:-1].T, s) + _column(matrix[-1])


def _times(graph: Graph, product: Any, p: Value, power: int) -> Value:
    if power > 0:
        return product * p
    return graph.apply("Div", 1.0 if product is None else product, p)


def _power(p: Value, exponent: int) -> Value:
    return math.prod([p] * (exponent - 1), start=p)


Pair = tuple[Value, Value]


def _complex_node_sum(graph: Graph, step: steps.NodeSum, at: At) -> Value:
    total: Pair | None = None
    for factor in step.factors:
        base = (_affine(graph, factor.matrix.real, at(step.s)), _affine(graph, factor.matrix.imag, at(step.s)))
        if factor.power < 0:
            size = base[0] * base[0] + base[1] * base[1]
            base = base[0] / size, -base[1] / size
        for _ in range(abs(factor.power)):
            total = base if total is None else _complex_product(total, base)
    real, imaginary = step.weights.real[None], step.weights.imag[None]
    re, im = total  # type: ignore[misc]  # there is a factor at least
    rows = (
        _matmul(graph, real, re) - _matmul(graph, imaginary, im),
        _matmul(graph, real, im) + _matmul(graph, imaginary, re),
    )
    return graph.apply("Concat", *rows, axis=0)


def _complex_product(a: Pair, b: Pair) -> Pair:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


RECORDERS: dict[type, Callable[[Graph, Any, At], Value]] = {
    steps.Cast: lambda graph, step, at: at(step.x),
    steps.Take: lambda graph, step, at: at(step.x).take(list(step.rows), axis=0),
    steps.Join: lambda graph, step, at: graph.apply("Concat", *map(at, step.parts), axis=0),
    steps.Sort: _sort,
    steps.Scale: lambda graph, step, at: _plus(at(step.x) * _column(step.factor), step.offset),
    steps.Affine: lambda graph, step, at: _plus(_matmul(graph, step.weights, at(step.x)), step.bias),
    steps.Apply: _apply,
    steps.AtLeast: lambda graph, step, at: graph.apply("Max", at(step.x), step.bound),
    steps.Add: lambda graph, step, at: at(step.x) + at(step.y),
    steps.Multiply: lambda graph, step, at: at(step.x) * at(step.y),
    steps.Outer: _outer,
    steps.Chebyshev: lambda graph, step, at: _chebyshev(graph, at(step.x), step.n),
    steps.Polynomial: _polynomial,
    steps.NodeSum: _node_sum,
    steps.Select: lambda graph, step, at: _where(
        graph, graph.apply("GreaterOrEqual", at(step.row), step.bound), at(step.x), at(step.y)
    ),
}
"""How each kind of step is recorded."""
