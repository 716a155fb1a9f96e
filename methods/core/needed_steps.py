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
            todo += [rows.place for rows in rows_read(arithmetic.steps[place])]
    return found


def rows_read(step: Any) -> list[Rows]:
    """List the rows that a step reads, each once."""
    fields = [field if isinstance(field, tuple) and not isinstance(field, Rows) else (field,) for field in step]
    return list(dict.fromkeys(rows for field in fields for rows in field if isinstance(rows, Rows)))
