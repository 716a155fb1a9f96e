"""Lines are as long as they may be, and powers of ten are raised."""

from __future__ import annotations

import pytest

from benchmarks.text_format import cut, markdown_line, power_of_ten


@pytest.mark.parametrize(("longest", "shown"), [(6, "digits"), (5, "digi…"), (1, "…")])
def test_a_line_keeps_its_beginning(longest, shown):
    assert cut("digits", longest) == shown


def test_cells_are_a_row_in_markdown():
    assert markdown_line(["method", "", "8"]) == "| method |  | 8 |"


@pytest.mark.parametrize(("exponent", "shown"), [(0, "10⁰"), (-3, "10⁻³"), (12, "10¹²")])
def test_exponents_are_raised(exponent, shown):
    assert power_of_ten(exponent) == shown
