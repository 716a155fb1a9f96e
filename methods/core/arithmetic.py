"""The value of a fitted method as a list of steps, each of which makes rows of numbers from earlier rows.

    arithmetic = Arithmetic(m=2)
    u = arithmetic.scale(arithmetic.apply("log", arithmetic.s), 2.0)
    arithmetic.outputs["value"] = arithmetic.apply("exp", arithmetic.affine(u, [[0.5, 0.5]], [0]))

Rows are (n_rows, n) for n phase-space points; the first are s itself, transposed. A method lists its steps once
(`Exportable.export_form`), and `methods.export` has a writer for each language, which knows each kind of step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from methods.core.errors import InputError

FUNCTIONS = (
    "abs", "cos", "elu", "exp", "leaky_relu", "log", "reciprocal", "relu", "silu", "sin", "softplus", "sqrt", "square",
    "tanh",
)  # fmt: skip
"""Functions that `Apply` knows: those of real numbers, and activations of networks as torch computes them."""


class Rows(NamedTuple):
    """Rows of numbers that a step computes, one column for each phase-space point."""

    place: int
    """Number of the step in the list, from 0."""
    n: int
    """Number of rows."""
    dtype: str
    """float64 or float32."""


class Input(NamedTuple):
    """s, transposed."""


class Cast(NamedTuple):
    """x in another dtype."""

    x: Rows


class Take(NamedTuple):
    """Some rows of x."""

    x: Rows
    rows: tuple[int, ...]


class Join(NamedTuple):
    """The rows of all parts."""

    parts: tuple[Rows, ...]


class Sort(NamedTuple):
    """x with some of its rows sorted at each point, the smallest first."""

    x: Rows
    rows: tuple[int, ...]


class Scale(NamedTuple):
    """factor_i x_i + offset_i for each row."""

    x: Rows
    factor: np.ndarray
    offset: np.ndarray


class Affine(NamedTuple):
    """W x + b with W (n_out, n_in) and b (n_out,)."""

    x: Rows
    weights: np.ndarray
    bias: np.ndarray


class Apply(NamedTuple):
    """One of FUNCTIONS, of each number."""

    x: Rows
    function: str


class AtLeast(NamedTuple):
    """The larger of x and a bound."""

    x: Rows
    bound: float


class Add(NamedTuple):
    """x + y, row by row; a single row of y goes with all of x."""

    x: Rows
    y: Rows


class Multiply(NamedTuple):
    """x y, row by row; a single row of y goes with all of x."""

    x: Rows
    y: Rows


class Outer(NamedTuple):
    """All products x_i y_j, those of x_1 first."""

    x: Rows
    y: Rows


class Chebyshev(NamedTuple):
    """T_0(x) … T_{n−1}(x) of a single row x."""

    x: Rows
    n: int


class Polynomial(NamedTuple):
    """Σ_α c_αr Π_j T_{αj}(x_j), a row for each r."""

    x: Rows
    alpha: np.ndarray
    """(n_terms, m) degrees."""
    c: np.ndarray
    """(n_terms, n_out)."""


class Factor(NamedTuple):
    """P_n(s)^power for a polynomial that is affine in s, at each node n."""

    matrix: np.ndarray
    """(m + 1, n_nodes): coefficients of each s_j, and last of 1."""
    power: int


class NodeSum(NamedTuple):
    """Σ_n w_n Π_k P_nk(s)^{p_k}; of complex numbers its real part and its imaginary part."""

    s: Rows
    factors: tuple[Factor, ...]
    weights: np.ndarray
    """(n_nodes,)."""


class Select(NamedTuple):
    """x at points where a single row is at least `bound`, and y at others."""

    row: Rows
    bound: float
    x: Rows
    y: Rows


class Arithmetic:
    """A list of steps with names for what is wanted: "value" (two rows where I is complex), "error", "gradient"."""

    def __init__(self, m: int) -> None:
        self.steps: list[Any] = [Input()]
        self.rows: list[Rows] = [Rows(0, m, "float64")]
        self.outputs: dict[str, Rows] = {}

    @property
    def s(self) -> Rows:
        """The phase-space points."""
        return self.rows[0]

    def n_numbers(self) -> int:
        """Count the numbers of all steps: weights, coefficients, and those of nodes."""
        return sum(_n_numbers(field) for step in self.steps for field in step)

    def cast(self, x: Rows, dtype: str) -> Rows:
        """Change the dtype."""
        return x if x.dtype == dtype else self._add(Cast(x), x.n, dtype)

    def take(self, x: Rows, rows: Sequence[int]) -> Rows:
        """Take some rows."""
        return self._add(Take(x, tuple(map(int, rows))), len(rows), x.dtype)

    def join(self, *parts: Rows) -> Rows:
        """Put rows one after the other."""
        return self._add(Join(parts), sum(part.n for part in parts), parts[0].dtype)

    def sort(self, x: Rows, rows: Sequence[int]) -> Rows:
        """Sort some rows at each point."""
        return self._add(Sort(x, tuple(map(int, rows))), x.n, x.dtype) if len(rows) else x

    def scale(self, x: Rows, factor: Any, offset: Any = 0.0) -> Rows:
        """Multiply each row by a number, and add one."""
        factor, offset = (np.broadcast_to(np.asarray(part, x.dtype), (x.n,)) for part in (factor, offset))
        return self._add(Scale(x, factor, offset), x.n, x.dtype)

    def affine(self, x: Rows, weights: Any, bias: Any = 0.0) -> Rows:
        """Multiply by a matrix, and add a vector."""
        weights = np.asarray(weights, x.dtype)
        bias = np.broadcast_to(np.asarray(bias, x.dtype), weights.shape[:1])
        return self._add(Affine(x, weights, bias), len(weights), x.dtype)

    def apply(self, function: str, x: Rows) -> Rows:
        """Apply one of FUNCTIONS."""
        return self._add(Apply(x, function), x.n, x.dtype)

    def at_least(self, x: Rows, bound: float) -> Rows:
        """Raise numbers below a bound to it."""
        return self._add(AtLeast(x, float(bound)), x.n, x.dtype)

    def add(self, x: Rows, y: Rows) -> Rows:
        """Add rows."""
        return self._add(Add(x, y), x.n, x.dtype)

    def multiply(self, x: Rows, y: Rows) -> Rows:
        """Multiply rows."""
        return self._add(Multiply(x, y), x.n, x.dtype)

    def outer(self, x: Rows, y: Rows) -> Rows:
        """Multiply every row of x with every row of y."""
        return self._add(Outer(x, y), x.n * y.n, x.dtype)

    def chebyshev(self, x: Rows, n: int) -> Rows:
        """Evaluate n Chebyshev polynomials."""
        return self._add(Chebyshev(x, n), n, x.dtype)

    def polynomial(self, x: Rows, alpha: np.ndarray, c: np.ndarray) -> Rows:
        """Sum products of Chebyshev polynomials."""
        return self._add(Polynomial(x, alpha, np.asarray(c, x.dtype)), c.shape[1], x.dtype)

    def node_sum(self, s: Rows, factors: Sequence[Factor], weights: np.ndarray) -> Rows:
        """Sum an integrand over nodes."""
        return self._add(NodeSum(s, tuple(factors), weights), 2 if np.iscomplexobj(weights) else 1, s.dtype)

    def select(self, row: Rows, bound: float, x: Rows, y: Rows) -> Rows:
        """Choose between rows at each point."""
        if x.n != y.n:
            raise InputError(f"One of {x.n} and {y.n} rows cannot be chosen; give as many of either.")
        return self._add(Select(row, float(bound), x, y), x.n, x.dtype)

    def as_complex(self, x: Rows) -> Rows:
        """Put an imaginary part of zero beside a single row."""
        return x if x.n == 2 else self.join(x, self.scale(x, 0.0))

    def size(self, x: Rows) -> Rows:
        """Compute |x| of a single row, or of a complex number in two rows."""
        if x.n == 1:
            return self.apply("abs", x)
        return self.apply("sqrt", self.affine(self.apply("square", x), np.ones((1, x.n))))

    def power(self, x: Rows, exponent: int) -> Rows:
        """Multiply x by itself, exponent >= 1."""
        found = x
        for _ in range(exponent - 1):
            found = self.multiply(found, x)
        return found

    def _add(self, step: Any, n: int, dtype: str) -> Rows:
        self.steps.append(step)
        self.rows.append(Rows(len(self.steps) - 1, n, dtype))
        return self.rows[-1]


def _n_numbers(field: Any) -> int:
    if isinstance(field, np.ndarray):
        return field.size
    return sum(map(_n_numbers, field)) if isinstance(field, tuple) and not isinstance(field, Rows) else 0
