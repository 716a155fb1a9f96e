"""Fitted methods as a file of Python that needs NumPy alone.

from box1l_chebyshev import box1l_chebyshev
found = box1l_chebyshev(s)      # s (n, m): a dict with "value" (n,), and "error", "gradient" where the method has it
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import numpy as np

from methods.core import arithmetic as steps
from methods.core.arithmetic import Arithmetic, Rows
from methods.export.description import Description

FUNCTIONS = {
    "abs": "np.abs({x})",
    "cos": "np.cos({x})",
    "elu": "np.where({x} > 0, {x}, np.expm1(np.minimum({x}, 0)))",
    "exp": "np.exp({x})",
    "leaky_relu": "np.where({x} > 0, {x}, np.float32(0.01) * {x})",
    "log": "np.log({x})",
    "reciprocal": "1 / {x}",
    "relu": "np.maximum({x}, 0)",
    "silu": "{x} / (1 + np.exp(-{x}))",
    "sin": "np.sin({x})",
    "softplus": "np.maximum({x}, 0) + np.log1p(np.exp(-np.abs({x})))",
    "sqrt": "np.sqrt({x})",
    "square": "{x} * {x}",
    "tanh": "np.tanh({x})",
}

HEADER = '''"""{text}

    found = {name}(s)

takes s (n, {m}) and returns a dict of arrays for n points: {outputs}. {at_once:,} points are computed at once, so that
memory stays bounded.
"""

import base64

import numpy as np

LOW, HIGH = np.array({low}), np.array({high})


def _array(text, dtype, shape):
    return np.frombuffer(base64.b64decode(text), dtype).reshape(shape)


def _chebyshev(x, n):
    found = [np.ones_like(x), x]
    while len(found) < n:
        found.append(2 * x * found[-1] - found[-2])
    return np.concatenate(found[:n])


def _polynomial(x, alpha, c):
    table = [_chebyshev(row[None], int(degrees.max()) + 1) for row, degrees in zip(x, alpha.T)]
    found = np.zeros((c.shape[1], x.shape[1]))
    for start in range(0, x.shape[1], 512):
        part = slice(start, start + 512)
        products = table[0][alpha[:, 0], part]
        for degrees, of_row in zip(alpha.T[1:], table[1:]):
            products = products * of_row[degrees, part]
        found[:, part] = c.T @ products
    return found


def _node_sum(s, weights, *factors):
    found = np.zeros(s.shape[1], weights.dtype)
    for start in range(0, s.shape[1], 64):
        part, product = slice(start, start + 64), weights[:, None]
        for matrix, power in factors:
            product = product * (matrix[:-1].T @ s[:, part] + matrix[-1][:, None]) ** power
        found[part] = product.sum(axis=0)
    return np.stack([found.real, found.imag]) if np.iscomplexobj(found) else found[None]


def _sort(x, rows):
    found = x.copy()
    found[rows] = np.sort(x[rows], axis=0)
    return found
'''

FUNCTION = '''

def {name}(s, allow_outside=False):
    """Evaluate at s (n, {m}); ValueError for points outside the box, unless they are allowed{what_then}."""
    s = np.asarray(s, dtype=np.float64)
    if s.ndim != 2 or s.shape[1] != {m}:
        raise ValueError(f"s has the shape {{s.shape}}; give (n, {m}).")
    inside = ((s >= LOW) & (s <= HIGH)).all(axis=1)
    if not (allow_outside or inside.all()):
        raise ValueError("A point lies outside the box from LOW to HIGH; give allow_outside=True to extrapolate.")
    parts = [_steps(s[first : first + {at_once}]) for first in range(0, len(s) or 1, {at_once})]
    found = {{key: np.concatenate([part[key] for part in parts]) for key in parts[0]}}
'''

AT_ONCE = 4096
"""Points that go through the steps together: with a network of 8 layers of 72 they take 20 MB."""


def write(name: str, arithmetic: Arithmetic, about: Description) -> str:
    """Write the text of the file."""
    constants: list[str] = []

    def constant(array: np.ndarray) -> str:
        array = np.ascontiguousarray(array)
        text = base64.b64encode(array.tobytes()).decode()
        constants.append(f'_C{len(constants)} = _array("{text}", "{array.dtype.str}", {array.shape})')
        return f"_C{len(constants) - 1}"

    body = []
    for rows, step in zip(arithmetic.rows, arithmetic.steps, strict=True):
        body.append(f"    r{rows.place} = {WRITERS[type(step)](step, rows, constant)}")
    outputs = {key: f"r{rows.place}[0]" for key, rows in arithmetic.outputs.items()}
    value = arithmetic.outputs["value"]
    if about.is_complex:
        outputs["value"] = f"r{value.place}[0] + 1j * r{value.place}[1]"
    if "gradient" in outputs:
        outputs["gradient"] = f"r{arithmetic.outputs['gradient'].place}.T"
    facts = {"name": name, "m": arithmetic.s.n, "at_once": AT_ONCE}
    head = HEADER.format(
        text="\n".join(about.lines()), outputs=", ".join(outputs), low=list(about.low), high=list(about.high), **facts
    )
    steps_of = "    return {" + ", ".join(f'"{key}": {text}' for key, text in outputs.items()) + "}"
    has_error = "error" in outputs
    function = FUNCTION.format(what_then=", where the error is nan" if has_error else "", **facts)
    last = ['    found["error"] = np.where(inside, found["error"], np.nan)'] if has_error else []
    return "\n".join([
        head, *constants, "", "", "def _steps(s):", *body, steps_of, function.rstrip("\n"), *last, "    return found",
        "",
    ])  # fmt: skip


Constant = Callable[[np.ndarray], str]


def _at(x: Rows) -> str:
    return f"r{x.place}"


def _row_sum(step: Any, operator: str) -> str:
    return f"{_at(step.x)} {operator} {_at(step.y)}"


def _column(array: np.ndarray, constant: Constant) -> str:
    return f"{constant(array)}[:, None]"


def _node_sum(step: steps.NodeSum, rows: Rows, constant: Constant) -> str:
    factors = [f"({constant(factor.matrix)}, {factor.power})" for factor in step.factors]
    return f"_node_sum({', '.join([_at(step.s), constant(step.weights), *factors])})"


WRITERS: dict[type, Callable[[Any, Rows, Constant], str]] = {
    steps.Input: lambda step, rows, constant: "s.T",
    steps.Cast: lambda step, rows, constant: f"{_at(step.x)}.astype(np.{rows.dtype})",
    steps.Take: lambda step, rows, constant: f"{_at(step.x)}[{list(step.rows)}]",
    steps.Join: lambda step, rows, constant: f"np.concatenate([{', '.join(map(_at, step.parts))}])",
    steps.Sort: lambda step, rows, constant: f"_sort({_at(step.x)}, {list(step.rows)})",
    steps.Scale: lambda step, rows, constant: (
        f"{_column(step.factor, constant)} * {_at(step.x)} + {_column(step.offset, constant)}"
    ),
    steps.Affine: lambda step, rows, constant: (
        f"{constant(step.weights)} @ {_at(step.x)} + {_column(step.bias, constant)}"
    ),
    steps.Apply: lambda step, rows, constant: FUNCTIONS[step.function].format(x=_at(step.x)),
    steps.AtLeast: lambda step, rows, constant: f"np.maximum({_at(step.x)}, {step.bound!r})",
    steps.Add: lambda step, rows, constant: _row_sum(step, "+"),
    steps.Multiply: lambda step, rows, constant: _row_sum(step, "*"),
    steps.Outer: lambda step, rows, constant: f"({_at(step.x)}[:, None] * {_at(step.y)}).reshape({rows.n}, s.shape[0])",
    steps.Chebyshev: lambda step, rows, constant: f"_chebyshev({_at(step.x)}, {step.n})",
    steps.Polynomial: lambda step, rows, constant: (
        f"_polynomial({_at(step.x)}, {constant(step.alpha)}, {constant(step.c)})"
    ),
    steps.NodeSum: _node_sum,
    steps.Select: lambda step, rows, constant: (
        f"np.where({_at(step.row)} >= {step.bound!r}, {_at(step.x)}, {_at(step.y)})"
    ),
}
"""The expression for each kind of step."""
