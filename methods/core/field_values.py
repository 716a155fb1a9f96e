"""Values of hyperparameters: the plain kinds that an annotation may name, and their JSON form.

Records are recognised by their hyperparameters, so one setting must have one form: 1e4 for a whole number becomes
10000, and 1 for any number becomes 1.0.
"""

from __future__ import annotations

import dataclasses
import numbers
import sys
import types
import typing
from typing import Any

from methods.core.errors import InputError

WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    str: "text",
    list: "a list",
    types.NoneType: "None",
}

Kinds = tuple[type, ...]


def kinds_of_fields(cls: Any) -> dict[str, Kinds]:
    """Return the kinds of value that each field of a dataclass takes: of WORDS, or () where its type is another one."""
    try:
        hints = typing.get_type_hints(cls)
    except (NameError, AttributeError):
        hints = {}  # an annotation names what only a type checker imports; the defaults tell
    return {field.name: _kinds(hints.get(field.name), field.default) for field in dataclasses.fields(cls)}


def _kinds(hint: Any, default: Any) -> Kinds:
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    named = tuple(typing.get_origin(kind) or kind for kind in (typing.get_args(hint) if is_union else (hint,)))
    if all(kind in tuple(WORDS) for kind in named):
        return named
    return (type(default),) if default is not None and type(default) in WORDS else ()


def value_of_kind(what: str, value: Any, kinds: Kinds, default: Any) -> Any:
    """Return `value` as one of `kinds`; `what` names the field, and `default` is the example in messages.

    Raises
    ------
    InputError
        Where it is of none of them: 1.5 for a whole number, or text for a number.
    """
    if not kinds or (value is None and types.NoneType in kinds):
        return value
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    whole = number and (isinstance(value, numbers.Integral) or (isinstance(value, float) and value.is_integer()))
    if isinstance(value, bool) and bool in kinds:
        return value
    if isinstance(value, str) and str in kinds:
        return value
    if isinstance(value, list) and list in kinds:
        return value
    if whole and int in kinds:
        return int(value)
    if number and float in kinds and (isinstance(value, float) or abs(value) <= sys.float_info.max):
        return float(value)
    words = " or ".join(word for kind, word in WORDS.items() if kind in kinds)
    example = "" if default in (None, True, False, dataclasses.MISSING) else f" such as {default!r}"
    raise InputError(f"{what} takes {words}{example}; got {value!r}.")


def is_plain(value: Any) -> bool:
    """Tell whether Python's JSON gives `value` back as it is: None, truth values, numbers, text, lists and dicts.

    Numbers that are not finite pass: each method says best why it refuses them, and the harness records none.
    """
    if type(value) is list:
        return all(map(is_plain, value))
    if type(value) is dict:
        return all(type(key) is str and is_plain(entry) for key, entry in value.items())
    return value is None or type(value) in (bool, int, float, str)
