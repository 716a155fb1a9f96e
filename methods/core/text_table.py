"""Tables in plain text, for commands that list things."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

WIDEST = 120
"""Columns of the widest table."""


def terminal_width() -> int:
    """Return how many columns the terminal has, of which no more than WIDEST are used; WIDEST where there is none."""
    return min(shutil.get_terminal_size(fallback=(WIDEST, 24)).columns, WIDEST)


def table(rows: Sequence[Sequence[str]], width: int) -> str:
    """Write rows with aligned columns, each in a line of at most `width` characters that ends in … where it is cut."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(line if len(line) <= width else f"{line[: width - 1]}…" for line in lines)
