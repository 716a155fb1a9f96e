"""Text of tables: what makes a line shorter, a row of cells, and a power of ten."""

from __future__ import annotations

from collections.abc import Iterable

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def cut(line: str, longest: int) -> str:
    """Keep the beginning of a line that has more than `longest` characters."""
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def markdown_line(cells: Iterable[str]) -> str:
    """Write a row of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def power_of_ten(exponent: int) -> str:
    """Write 10 with a raised exponent."""
    return "10" + str(exponent).translate(SUPERSCRIPTS)
