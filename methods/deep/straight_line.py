"""Straight-line code: run a function on symbols, get back the + − * that it did, and print them for a compiler.

A rule such as `Activation.tower` is written once, in Python; what CPU and GPU kernels compute from it is a recording:

    code = record(lambda z, y: [y, 1 - y * y], ("z", "y"))
    code.python()  ->  v0 = y * y
                       v1 = 1.0 - v0
                       d0 = y
                       d1 = v1

Equal operations are recorded once, products with 0 and ±1 and sums with 0 not at all, nor what no output needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Operand = str | float
"""A variable by its name, or a number."""


class Line(NamedTuple):
    """One statement, name = left operator right; a change of sign has left = ""."""

    name: str
    left: Operand
    operator: str
    right: Operand


class Symbol:
    """A value that is not known yet: + − * and powers write to the tape (operation -> name) that it comes from."""

    def __init__(self, tape: dict[tuple[Operand, str, Operand], str], name: str) -> None:
        self.tape, self.name = tape, name

    def _write(self, left: Operand, operator: str, right: Operand) -> Symbol:
        return Symbol(self.tape, self.tape.setdefault((left, operator, right), f"v{len(self.tape)}"))

    def __neg__(self) -> Symbol:
        return self._write("", "-", self.name)

    def __add__(self, other: Any) -> Any:
        if _is(other, 0):
            return self
        left, right = sorted((self.name, _operand(other)), key=str)  # a + b and b + a are one operation
        return self._write(left, "+", right)

    def __sub__(self, other: Any) -> Any:
        return self if _is(other, 0) else self._write(self.name, "-", _operand(other))

    def __rsub__(self, other: Any) -> Any:
        return -self if _is(other, 0) else self._write(_operand(other), "-", self.name)

    def __mul__(self, other: Any) -> Any:
        if _is(other, 0):
            return 0.0
        if _is(other, 1):
            return self
        if _is(other, -1):
            return -self
        left, right = sorted((self.name, _operand(other)), key=str)
        return self._write(left, "*", right)

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, power: int) -> Any:
        if power == 1:
            return self
        half = self ** (power // 2)
        return half * half * self if power % 2 else half * half


def _is(value: Any, number: int) -> bool:
    return not isinstance(value, Symbol) and value == number


def _operand(value: Any) -> Operand:
    return value.name if isinstance(value, Symbol) else float(value)


class StraightLine(NamedTuple):
    """What was recorded: statements in order, and for each output a variable or a number."""

    lines: list[Line]
    outputs: list[Operand]

    def python(self, output: str = "d") -> str:
        """Return statements for Python, NumPy, torch or Triton that end in d0 = …, d1 = …; numbers stay numbers."""
        return self._text("{name} = {value}", "{!r}", output, "{}")

    def cpp(self, vector: str, scalar: str, output: str = "d") -> str:
        """Return C++ statements on a type `vector` of `scalar` numbers: both alike, or a vector of the compiler's."""
        statement = f"const {vector} {{name}} = {{value}};"
        return self._text(statement, f"{scalar}({{!r}})", output, f"{vector}{{{{}}}} + {{}}")

    def _text(self, statement: str, number: str, output: str, constant: str) -> str:
        def show(operand: Operand) -> str:
            return operand if isinstance(operand, str) else number.format(operand)

        text = [
            statement.format(name=name, value=f"{show(left)} {operator} {show(right)}".strip())
            for name, left, operator, right in self.lines
        ]
        for i, value in enumerate(self.outputs):
            shown = show(value) if isinstance(value, str) else constant.format(show(value))
            text.append(statement.format(name=f"{output}{i}", value=shown))
        return "\n".join(text)


def record(function: Callable[..., Sequence[Any]], names: Sequence[str]) -> StraightLine:
    """Run function on symbols of these names (not v0, v1, …), and return the statements that its results need."""
    tape: dict[tuple[Operand, str, Operand], str] = {}
    outputs = [_operand(value) for value in function(*(Symbol(tape, name) for name in names))]
    needed, lines = {value for value in outputs if isinstance(value, str)}, []
    for (left, operator, right), name in reversed(tape.items()):
        if name in needed:
            needed.update(value for value in (left, right) if isinstance(value, str))
            lines.append(Line(name, left, operator, right))
    return StraightLine(lines[::-1], outputs)
