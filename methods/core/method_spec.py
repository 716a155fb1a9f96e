"""A method as text on a command line: "gauss_legendre,order=8" and back.

    chebyshev,labels=(gauss_legendre,max_nodes=3000),epsrel=1e-6

Values are Python literals, else text. Text that holds commas, such as another method with its fields, stands in
brackets; any text may stand in quotes.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from typing import Any

from methods.core.errors import InputError

CLOSING = {"(": ")", "[": "]", "{": "}"}

_PIECES = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|.""", re.DOTALL)
"""Text in quotes is one piece; outside quotes every character is."""


def parse_spec(text: str) -> tuple[str, dict[str, Any]]:
    """Split "name,field=value,…" into the name and its fields.

    Raises
    ------
    InputError
        Where a part is not of the form field=value, a field is given twice, or brackets or quotes do not match.
    """
    name, *parts = _split_at_commas(text)
    fields: dict[str, Any] = {}
    for part in parts:
        field, equals, value = part.partition("=")
        field = field.strip()
        if not equals:
            raise InputError(f"{part!r} in {text!r} is not of the form field=value.")
        if field in fields:
            raise InputError(f"{text!r} gives the field {field!r} twice; give it once.")
        fields[field] = _value_of(value.strip())
    return name.strip(), fields


def spec_text(name: str, fields: Mapping[str, Any]) -> str:
    """Return the text that `parse_spec` splits into `name` and `fields`, as short as it may be.

    Raises
    ------
    InputError
        For a value that no text stands for, such as NaN.
    """
    return ",".join([name, *(f"{field}={_written(field, value)}" for field, value in fields.items())])


def _split_at_commas(text: str) -> list[str]:
    """Split at the commas outside brackets and quotes."""
    parts = [""]
    expected: list[str] = []  # closing brackets, the next one last
    for piece in _PIECES.findall(text):
        if piece == "," and not expected:
            parts.append("")
            continue
        if piece in CLOSING:
            expected.append(CLOSING[piece])
        elif piece in CLOSING.values() and (not expected or piece != expected.pop()):
            raise InputError(f"{text!r} has a {piece!r} that closes nothing; put text that holds one in quotes.")
        elif piece in ("'", '"'):
            raise InputError(f"{text!r} has an opening {piece} that is never closed; quote text that holds one.")
        parts[-1] += piece
    if expected:
        raise InputError(f"{text!r} lacks a closing {expected[-1]!r}; put text that holds single brackets in quotes.")
    return parts


def _value_of(text: str) -> Any:
    """Return the literal that `text` is, else the text: without its brackets, where it stands in a pair of them."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes and digits that Python may refuse some day
            return ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text[1:-1] if _stands_in_brackets(text) else text


def _stands_in_brackets(text: str) -> bool:
    """Tell whether the bracket that opens `text` is closed by its last character: not so in "(a)+(b)"."""
    depth = 0
    pieces = _PIECES.findall(text)
    for position, piece in enumerate(pieces, 1):
        depth += (piece == "(") - (piece == ")")
        if depth == 0:
            return position == len(pieces) > 1
    return False


def _written(field: str, value: Any) -> str:
    """Return the shortest text for a value: as it is, in brackets, or as a literal."""
    # Python reads 1e999 as infinity, which it writes as inf.
    literal = repr(value).replace("inf", "1e999") if isinstance(value, float) else repr(value)
    for text in (value, f"({value})", literal) if isinstance(value, str) else (literal,):
        try:
            _, fields = parse_spec(f"name,{field}={text}")
        except InputError:
            continue
        if repr(fields) == repr({field: value}):  # -0.0 equals 0.0, and 1 equals True
            return text
    raise InputError(f"{field}={value!r} cannot be written on a command line; give a number, text, None or a list.")
