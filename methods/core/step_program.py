"""The steps of a fitted method (`arithmetic.py`) as a list of operations for `step_kernel.cpp`.

All rows lie in one piece of memory, one after the other, s first. Most steps are one operation; a polynomial is one for
the Chebyshev polynomials of each variable, two for their products (`bilinear_split.py`) and one for each sum of them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from methods.core import arithmetic as steps
from methods.core import bilinear_split
from methods.core.arithmetic import FUNCTIONS, Arithmetic, Rows
from methods.core.errors import InputError
from methods.core.needed_steps import places_needed

ALIGNMENT = 64
"""Bytes at a multiple of which all rows begin, as vector instructions like it."""

OPERATIONS = (
    *("copy", "cast", "take", "sort", "scale", "affine", "apply", "at_least", "add", "multiply", "outer"),
    *("chebyshev", "products", "bilinear", "select"),
)
"""What the kernel can do, in its order."""


class COperation(ctypes.Structure):
    """`Operation` of the kernel."""

    _fields_ = (
        *[(name, ctypes.c_int64) for name in ("kind", "function", "is_float", "n", "n_x", "n_y", "out", "x", "y")],
        ("bound", ctypes.c_double),
        *[(name, ctypes.c_void_p) for name in ("a", "b", "c")],
    )  # fmt: skip


class CProgram(ctypes.Structure):
    """`Program` of the kernel."""

    _fields_ = (
        ("operations", ctypes.c_void_p),
        *[(name, ctypes.c_int64) for name in ("n_operations", "m", "n_bytes", "n_outputs")],
        ("outputs", ctypes.c_void_p),
    )  # fmt: skip


class Program:
    """The operations of value and error, with their constants.

    Parameters
    ----------
    arithmetic : Arithmetic
        The steps.
    evaluate : callable
        The compiled kernel.

    Raises
    ------
    InputError
        For a step that the kernel does not know: a sum over nodes with complex weights.
    """

    def __init__(self, arithmetic: Arithmetic, evaluate: Callable[..., None]) -> None:
        value, error = arithmetic.outputs["value"], arithmetic.outputs.get("error")
        wanted = [value] if error is None else [value, error]
        self._memory = _Memory()
        needed, operations = places_needed(arithmetic, wanted), []
        for rows, step in zip(arithmetic.rows, arithmetic.steps, strict=True):
            if rows.place in needed:
                self._memory.place_of[rows.place] = self._memory.room(rows.n)
                operations += LAYOUTS[type(step)](self._memory, step, rows)
        places = [self._memory.place_of[rows.place] + 8 * i for rows in wanted for i in range(rows.n)]
        self._operations = (COperation * len(operations))(*operations)
        self._program = CProgram(
            ctypes.addressof(self._operations), len(operations), arithmetic.s.n, self._memory.end, len(places),
            self._memory.constant(np.array(places)),
        )  # fmt: skip
        self._address, self._n_outputs = ctypes.addressof(self._program), len(places)
        self._is_complex, self._has_error, self._evaluate = value.n == 2, error is not None, evaluate

    def __call__(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Evaluate value (n,), real or complex, and error (n,), nan where there is none, at s (n, m), as C has it."""
        out = np.empty((self._n_outputs, len(s)))
        self._evaluate(self._address, s.ctypes.data, out.ctypes.data, len(s))
        value = out[0] + 1j * out[1] if self._is_complex else out[0]
        return value, out[-1] if self._has_error else np.full(len(s), np.nan)


class _Memory:
    """Where rows lie in memory, and the constants, kept since operations have their addresses only."""

    def __init__(self) -> None:
        self.end, self.place_of = 0, dict[int, int]()
        self._constants: list[np.ndarray] = []

    def room(self, n: int) -> int:
        """Make room for n more numbers, and tell where it begins."""
        start, self.end = self.end, self.end + -(-8 * n // ALIGNMENT) * ALIGNMENT
        return start

    def constant(self, array: Any, dtype: str | None = None) -> int:
        """Keep an array, and give its address."""
        self._constants.append(np.ascontiguousarray(array, dtype=dtype))
        return self._constants[-1].ctypes.data

    def operation(self, name: str, rows: Rows, x: Rows | int = 0, y: Rows | int = 0, **fields: Any) -> COperation:
        """Make the operation of some rows from earlier ones, or from places in memory; `fields` tell all else."""
        given = {"n": rows.n, "out": self.place_of[rows.place], "is_float": rows.dtype == "float32"}
        for key, operand in (("x", x), ("y", y)):
            if isinstance(operand, Rows):
                given |= {key: self.place_of[operand.place], f"n_{key}": operand.n}
            else:
                given[key] = operand
        return COperation(kind=OPERATIONS.index(name), **(given | fields))


# ----- operations of each kind of step --------------------------------------------------------------------------------


def _one(name: str, **constants: str) -> Callable[[_Memory, Any, Rows], list[COperation]]:
    """Lay out a step that is one operation on its x, or its x and y, and some of its arrays."""

    def layout(memory: _Memory, step: Any, rows: Rows) -> list[COperation]:
        operands = [step.x, step.y] if hasattr(step, "y") else [step.x]
        arrays = {key: memory.constant(getattr(step, field), rows.dtype) for key, field in constants.items()}
        return [memory.operation(name, rows, *operands, **arrays)]

    return layout


def _take(memory: _Memory, step: steps.Take, rows: Rows) -> list[COperation]:
    return [memory.operation("take", rows, step.x, a=memory.constant(step.rows, "int64"))]


def _join(memory: _Memory, step: steps.Join, rows: Rows) -> list[COperation]:
    found, out, size = [], memory.place_of[rows.place], 4 if rows.dtype == "float32" else 8
    for part in step.parts:
        found.append(memory.operation("copy", rows, part, n=part.n, out=out))
        out += size * part.n
    return found


def _sort(memory: _Memory, step: steps.Sort, rows: Rows) -> list[COperation]:
    places = memory.constant(step.rows, "int64")
    return [memory.operation("copy", rows, step.x), memory.operation("sort", rows, a=places, n_y=len(step.rows))]


def _affine(memory: _Memory, step: steps.Affine, rows: Rows) -> list[COperation]:
    weights, bias = (memory.constant(array, rows.dtype) for array in (step.weights.T, step.bias))
    return [memory.operation("affine", rows, step.x, a=weights, b=bias)]


def _apply(memory: _Memory, step: steps.Apply, rows: Rows) -> list[COperation]:
    return [memory.operation("apply", rows, step.x, function=FUNCTIONS.index(step.function))]


def _select(memory: _Memory, step: steps.Select, rows: Rows) -> list[COperation]:
    row = memory.place_of[step.row.place]
    return [memory.operation("select", rows, step.x, step.y, function=row, bound=step.bound)]


def _polynomial(memory: _Memory, step: steps.Polynomial, rows: Rows) -> Iterator[COperation]:
    found, size = bilinear_split.split(step.alpha, step.c), 8
    x, out = (memory.place_of[place] for place in (step.x.place, rows.place))
    table = memory.room(found.counts.sum())
    first = 0
    for j, count in enumerate(found.counts.tolist()):
        yield memory.operation("chebyshev", rows, x + size * j, n=count, out=table + size * first)
        first += count
    sides = []
    for products, n in ((found.left, 0), (found.right, int(found.length.max()))):
        n = max(n, len(products.of))
        sides.append(memory.room(n))
        of = memory.constant(products.of, "int64")
        yield memory.operation("products", rows, table, n=len(products.of), n_y=n, out=sides[-1], a=of)
    length, n_left = memory.constant(found.length, "int64"), len(found.left.of)
    for i, coefficients in enumerate(found.coefficients):
        yield memory.operation(
            "bilinear", rows, *sides, n=1, n_x=n_left, out=out + size * i, a=memory.constant(coefficients), c=length
        )


def _node_sum(memory: _Memory, step: steps.NodeSum, rows: Rows) -> Iterator[COperation]:
    """Multiply the polynomials of all nodes, each by itself as often as its power says, or by their reciprocals."""
    if np.iscomplexobj(step.weights):
        raise InputError("Sums over nodes with complex weights are evaluated in batches only.")
    n = len(step.weights)
    value, product = memory.room(n), memory.room(n)
    yield memory.operation("affine", rows, n=n, n_x=0, out=product, b=memory.constant(np.ones(n)))  # ones
    for factor in step.factors:
        weights, bias = memory.constant(factor.matrix[:-1]), memory.constant(factor.matrix[-1])
        yield memory.operation("affine", rows, step.s, n=n, out=value, a=weights, b=bias)
        if factor.power < 0:
            yield memory.operation("apply", rows, value, n=n, out=value, function=FUNCTIONS.index("reciprocal"))
        for _ in range(abs(factor.power)):
            yield memory.operation("multiply", rows, product, value, n=n, n_y=max(2, n), out=product)
    yield memory.operation(
        "affine", rows, product, n_x=n, a=memory.constant(step.weights), b=memory.constant(np.zeros(1))
    )


LAYOUTS: dict[type, Callable[[_Memory, Any, Rows], Any]] = {
    steps.Input: lambda memory, step, rows: [],
    steps.Cast: _one("cast"),
    steps.Take: _take,
    steps.Join: _join,
    steps.Sort: _sort,
    steps.Scale: _one("scale", a="factor", b="offset"),
    steps.Affine: _affine,
    steps.Apply: _apply,
    steps.AtLeast: lambda memory, step, rows: [memory.operation("at_least", rows, step.x, bound=step.bound)],
    steps.Add: _one("add"),
    steps.Multiply: _one("multiply"),
    steps.Outer: _one("outer"),
    steps.Chebyshev: _one("chebyshev"),
    steps.Polynomial: _polynomial,
    steps.NodeSum: _node_sum,
    steps.Select: _select,
}
"""The operations of each kind of step."""
