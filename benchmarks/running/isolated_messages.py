"""Messages of a run to the suite, as JSON: bytes from a stranger's process must not run code, nor break who reads them.

A message is one `Outcome`. Its result may hold JSON values, and NumPy arrays of numbers or booleans, which travel as
their type, shape and base64 bytes. Texts are cleaned and shortened on both sides of the pipe.
"""

from __future__ import annotations

import base64
import dataclasses
import errno
import json
import math
import re
from typing import Any

import numpy as np

STATUSES = ("ok", "failed", "crashed", "timeout", "out_of_memory", "infrastructure")

LARGEST_MESSAGE = 256 * 10**6
"""Bytes of the longest message: 100,000 times those of a record."""

REASON_LENGTH, TRACEBACK_LENGTH = 2_000, 4_000
"""Characters of the longest reason, of which the beginning is kept, and traceback, of which the end is kept."""

ARRAY_KEY = "__array__"
"""The only key of the JSON object that stands for an array."""

NUMBER_KINDS = "biufc"
"""NumPy's letters for booleans, integers, and real and complex numbers."""

MACHINE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE)
"""Errors of the system for which no method is to blame: a full disk, quotas, and too many open files."""

PLAIN = "return numbers, strings, lists, dictionaries with strings as keys, and NumPy arrays of numbers or booleans"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The end of a call."""

    status: str
    """One of STATUSES."""
    reason: str | None = None
    """One sentence of at most REASON_LENGTH characters where the status is not ok."""
    result: Any = None
    """The function's result: JSON values, and NumPy arrays of numbers or booleans; a tuple arrives as a list."""
    traceback: str | None = None
    """Traceback of an exception, or last output of a process that was ended: at most TRACEBACK_LENGTH characters."""


class Infrastructure(Exception):
    """Raised for a fault of the machine or the harness, such as a full disk, for which no method is to blame."""


class Unsendable(ValueError):
    """Raised for a result that no message can hold."""


def one_line(text: str) -> str:
    """Return the beginning of a text as one line that can be printed, written and encoded anywhere."""
    line = " ".join(_encodable(text)[: 10 * REASON_LENGTH].split())
    line = re.sub(r"[\x00-\x1f\x7f-\x9f]", "", line)
    return line if len(line) <= REASON_LENGTH else line[: REASON_LENGTH - 1] + "…"


def last_lines(text: str) -> str:
    """Return the end of a text, its lines kept, so that it can be printed, written and encoded anywhere."""
    lines = re.sub(r"\r\n?", "\n", _encodable(text)[-10 * TRACEBACK_LENGTH :])
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", lines)[-TRACEBACK_LENGTH:]


def words(problem: BaseException) -> str:
    """Return the name and the message of an exception, which may be a stranger's and raise when asked for it."""
    name = type(problem).__name__
    try:
        return f"{name}: {problem}"
    except BaseException as another:
        return f"{name}, whose message cannot be shown: asking for it raised {type(another).__name__}"


def is_out_of_memory(problem: BaseException) -> bool:
    """Tell whether an exception reports a lack of memory, which torch does by a RuntimeError."""
    text = one_line(words(problem)).lower()
    return isinstance(problem, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def encoded(outcome: Outcome) -> bytes:
    """Return the message of an outcome.

    Raises
    ------
    Unsendable
        The result holds what JSON cannot, or the message would be longer than LARGEST_MESSAGE bytes.
    """
    try:
        result = _plain(outcome.result, "the result")
        text = json.dumps([outcome.status, outcome.reason, result, outcome.traceback], allow_nan=False)
    except RecursionError:
        raise Unsendable(f"The result is nested too deeply, or holds itself; {PLAIN}.") from None
    message = text.encode("ascii")
    if len(message) > LARGEST_MESSAGE:
        raise Unsendable(_too_large(len(message)))
    return message


def decoded(message: bytes) -> Outcome:
    """Return the outcome of a message; raises ValueError for bytes that are none."""
    try:
        status, reason, result, traceback = json.loads(message, object_hook=_restored, parse_constant=_no_number)
        if status not in STATUSES:
            raise ValueError(f"there is no status {status!r}")
        return Outcome(
            status,
            None if reason is None else one_line(reason),
            result,
            None if traceback is None else last_lines(traceback),
        )
    except (ValueError, TypeError, RecursionError, MemoryError) as problem:
        raise ValueError(f"The process sent {len(message)} bytes that are no message: {problem}.") from problem


def _encodable(text: str) -> str:
    """Return `text`, which may be of a subclass, as a str that UTF-8 can hold: half a surrogate pair becomes "?"."""
    return str.encode(text, "utf-8", "replace").decode("utf-8")


def _plain(value: Any, where: str) -> Any:
    """Return `value` in types that JSON has, whatever their subclasses would do."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Unsendable(f"JSON has no number for {float.__repr__(value)}, which is {where}; return None instead.")
        return float.__float__(value)
    if isinstance(value, list | tuple):
        return _plain_list(value, where)
    if isinstance(value, dict):
        return {_key(key, where): _plain(item, f"{where}[{key!r}]") for key, item in value.items()}
    if type(value) is np.ndarray and value.dtype.kind in NUMBER_KINDS:
        if value.nbytes > LARGEST_MESSAGE:
            raise Unsendable(_too_large(value.nbytes))
        return {ARRAY_KEY: [value.dtype.str, value.shape, base64.b64encode(value.tobytes()).decode("ascii")]}
    what = f"type {type(value).__name__}" + (f" of {value.dtype}" if isinstance(value, np.ndarray) else "")
    raise Unsendable(f"JSON cannot hold {where}, which is of {what}; {PLAIN}.")


def _plain_list(value: list[Any] | tuple[Any, ...], where: str) -> list[Any]:
    """Return a list of `_plain` items, at once where all are integers or all are finite numbers, as in most lists."""
    types = set(map(type, value))
    if types == {int} or (types == {float} and all(map(math.isfinite, value))):
        return list(value)
    return [_plain(item, f"{where}[{i}]") for i, item in enumerate(value)]


def _key(key: Any, where: str) -> str:
    if isinstance(key, str) and key != ARRAY_KEY:
        return _encodable(key)
    raise Unsendable(f"A key of {where} is {key!r}; {PLAIN}, none of them {ARRAY_KEY!r}.")


def _restored(item: dict[str, Any]) -> Any:
    """Return an object of the message, or the array that it stands for."""
    if ARRAY_KEY not in item:
        return item
    letters, shape, data = item[ARRAY_KEY]
    dtype = np.dtype(letters)
    numbers = bytearray(base64.b64decode(data, validate=True))
    if dtype.kind not in NUMBER_KINDS or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(numbers):
        raise ValueError(f"{len(numbers)} bytes are no array of {dtype} of shape {shape}")
    return np.ndarray(shape, dtype, buffer=numbers)


def _no_number(text: str) -> Any:
    raise ValueError(f"JSON has no number {text}")


def _too_large(n_bytes: int) -> str:
    return f"The result takes {n_bytes / 1e6:.0f} MB; at most {LARGEST_MESSAGE / 1e6:.0f} MB are sent to the suite."
