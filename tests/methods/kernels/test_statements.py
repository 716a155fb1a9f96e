"""Statements of a formula: each in the outermost loop that knows its operands, and none twice."""

from __future__ import annotations

import pytest
import sympy

from methods.core.errors import InputError
from methods.kernels.statements import Statements

LEVELS = {"s": 0, "x": 1, "y": 2}


def test_a_statement_stands_in_the_outermost_loop_that_knows_its_operands():
    statements = Statements(LEVELS)
    total = statements.add(["y", "x", statements.multiply(["s", 2.0])])
    assert [len(lines) for lines in statements.lines] == [1, 1, 1]
    assert statements.level(total) == 2


def test_what_is_written_twice_is_one_statement():
    statements = Statements(LEVELS)
    assert statements.multiply(["x", "y"]) == statements.multiply(["y", "x"])
    assert statements.power("x", 4) == statements.power(statements.power("x", 2), 2)
    assert sum(map(len, statements.lines)) == 3


def test_the_first_variable_of_a_polynomial_is_outermost():
    statements = Statements(LEVELS)
    statements.polynomial({(2, 0): 3.0, (1, 2): "s", (0, 3): 1.0}, ["y", "x"])
    # In the loop of y: 3y, its sum with s x², the product with y, and the sum with x³.
    assert len(statements.lines[2]) == 4


def test_numbers_are_computed_at_once():
    statements = Statements(LEVELS)
    assert statements.multiply([2.0, statements.add([1.0, 2.0])]) == 6.0
    assert statements.multiply([0.0, "x"]) == 0.0
    assert statements.power(2.0, -2) == 0.25
    assert not any(statements.lines)


def test_other_functions_are_refused():
    x = sympy.Symbol("x")
    with pytest.raises(InputError, match="integer power"):
        Statements(LEVELS).formula(sympy.exp(x), {x: "x"})
