"""Which steps of a list some of its rows are made of, so that others can be left out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from methods.core.arithmetic import Arithmetic, Rows


def places_needed(arithmetic: Arithmetic, wanted: Iterable[Rows]) -> set[int]:
    """Find the places of the steps that rows are made of."""
    found: set[int] = set()
    todo = [rows.place for rows in wanted]
    while todo:
        place = todo.pop()
        if place not in found:
            found.add(place)
            todo += [rows.place for field in arithmetic.steps[place] for rows in _rows_in(field)]
    return found


def _rows_in(field: Any) -> list[Rows]:
    if isinstance(field, Rows):
        return [field]
    return [rows for rows in field if isinstance(rows, Rows)] if isinstance(field, tuple) else []
