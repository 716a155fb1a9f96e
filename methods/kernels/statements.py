"""A formula as C++ statements, each of them in the outermost loop in which its value is known.

    statements = Statements({"s0": 0, "x0": 1, "x1": 2})
    statements.add([statements.multiply(["s0", "x1"]), "x0"])  ->  "v1"
    statements.lines  ->  [[], [], ["const auto v0 = s0 * x1;", "const auto v1 = x0 + v0;"]]

Every name has a level, that of the loop in which it changes: 0 for the kinematic invariants, and more for variables of
inner loops. A statement has the highest level of its operands. Sums and products are made in the order of levels, so
that what inner loops repeat is least. Equal statements are written once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

import sympy

from methods.core.errors import InputError

Value = str | float
"""The name of a value, or a number."""

Powers = tuple[int, ...]


class Statements:
    """The statements that have been written so far.

    Parameters
    ----------
    levels : mapping of str to int
        Level of each name that is given.

    Attributes
    ----------
    lines : list of lists of str
        By level.
    """

    def __init__(self, levels: Mapping[str, int]) -> None:
        self._levels = dict(levels)
        self._names: dict[str, str] = {}
        self.lines: list[list[str]] = [[] for _ in range(max(self._levels.values()) + 1)]

    def level(self, value: Value) -> int:
        """Return the level of a value; numbers have −1."""
        return self._levels[value] if isinstance(value, str) else -1

    def write(self, text: str, operands: Iterable[Value]) -> str:
        """Give the value of a C++ expression of these operands a name."""
        if text not in self._names:
            level = max(0, *map(self.level, operands))
            name = self._names[text] = f"v{len(self._names)}"
            self._levels[name] = level
            self.lines[level].append(f"const auto {name} = {text};")
        return self._names[text]

    def add(self, values: Iterable[Value]) -> Value:
        """Add values."""
        return self._fold([value for value in values if value != 0], "+", 0.0)

    def multiply(self, values: Iterable[Value]) -> Value:
        """Multiply values."""
        factors = list(values)
        return 0.0 if 0 in factors else self._fold([value for value in factors if value != 1], "*", 1.0)

    def power(self, base: Value, exponent: int) -> Value:
        """Raise to a power, a negative one of the reciprocal."""
        if isinstance(base, float):
            return base**exponent
        if exponent < 0:
            return self.power(self.write(f"inverse({base})", [base]), -exponent)
        if exponent <= 1:
            return base if exponent else 1.0
        half = self.power(base, exponent // 2)
        square = self.write(f"square({half})", [half])
        return self.multiply([square, base]) if exponent % 2 else square

    def polynomial(self, terms: Mapping[Powers, Value], variables: Sequence[Value]) -> Value:
        """Write Σ c Π x_i^p_i, given as {p: c}, as nested products, the first variable outermost.

        With that of the innermost loop first, the loop does least: coefficients are known outside of it.
        """
        if not variables:
            return self.add(terms.values())
        by_power: dict[int, dict[Powers, Value]] = {}
        for powers, coefficient in terms.items():
            by_power.setdefault(powers[0], {})[powers[1:]] = coefficient
        degrees = [*sorted(by_power, reverse=True), 0]
        result: Value = 0.0
        for degree, lower in itertools.pairwise(degrees):
            total = self.add([result, self.polynomial(by_power[degree], variables[1:])])
            result = self.multiply([total, self.power(variables[0], degree - lower)])
        return result

    def formula(self, formula: sympy.Expr, values: Mapping[sympy.Symbol, Value]) -> Value:
        """Write sums, products and integer powers of symbols with these values; InputError for other functions."""
        if formula.is_number:
            return float(formula)
        if formula.is_Symbol:
            return values[formula]
        if formula.is_Pow and formula.exp.is_Integer:
            return self.power(self.formula(formula.base, values), int(formula.exp))
        if formula.is_Add or formula.is_Mul:
            parts = [self.formula(part, values) for part in formula.args]
            return self.add(parts) if formula.is_Add else self.multiply(parts)
        raise InputError(f"{formula} is no sum, product or integer power.")

    def _fold(self, values: list[Value], operator: str, neutral: float) -> Value:
        """Join values by an operator, those of outer loops first."""
        ordered = sorted(values, key=lambda value: (self.level(value), str(value)))
        if not ordered:
            return neutral
        result = ordered[0]
        for value in ordered[1:]:
            if isinstance(result, float) and isinstance(value, float):
                result = result + value if operator == "+" else result * value
            else:
                result = self.write(f"{_shown(result)} {operator} {_shown(value)}", [result, value])
        return result


def _shown(value: Value) -> str:
    return value if isinstance(value, str) else repr(value)
