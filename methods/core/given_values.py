"""Pieces of an integral as people give them, in the form that they are kept in; an InputError says what is expected."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from methods.core.errors import InputError

QUOTED = 80
"""Characters of a value that an error shows."""


def text(what: str, value: Any) -> str:
    """Return text as it is."""
    if isinstance(value, str):
        return value
    raise _refusal(what, value, "text")


def texts(what: str, value: Any) -> tuple[str, ...]:
    """Return a sequence of texts as a tuple; a text counts as its characters."""
    return tuple(text(f"an entry of {what}", entry) for entry in _entries(what, value))


def numbers(what: str, value: Any) -> tuple[float, ...]:
    """Return a sequence of real numbers as a tuple of floats."""
    try:
        return tuple(map(float, _entries(what, value)))
    except (TypeError, ValueError, OverflowError):
        raise _refusal(what, value, "a sequence of numbers") from None


def whole_number(what: str, value: Any) -> int:
    """Return a whole number of any kind as an int."""
    try:
        return operator.index(value)
    except TypeError:
        raise _refusal(what, value, "a whole number") from None


def named_texts(what: str, value: Any) -> dict[str, str]:
    """Return a mapping of names to texts as a dict, None as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _refusal(what, value, "a dict of names and formulas")
    return {text(f"a name of {what}", name): text(f"an entry of {what}", entry) for name, entry in value.items()}


def _entries(what: str, value: Any) -> tuple[Any, ...]:
    try:
        return tuple(value)
    except TypeError:
        raise _refusal(what, value, "a sequence, such as a list or tuple") from None


def _refusal(what: str, value: Any, wanted: str) -> InputError:
    shown = repr(value)
    return InputError(f"{what} is {shown if len(shown) <= QUOTED else shown[:QUOTED] + '…'}; give {wanted}.")
