"""True values as diffable text: references/truth/<integral>.csv.

Lines that begin with ``#`` hold the header, one ``key: JSON value`` each, and last a hash of all other lines; then
comma-separated columns: the coordinates of s, value, error, uniform (0 or 1), and two for each method that checked it:
its value and the error it states, at the points that it checked. A complex value takes two columns, value_re and
value_im, everywhere. Numbers are written so that reading them gives the same float64 again.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from methods.base import InputError, ParametricIntegral
from methods.core import files

VALUE = {False: ("value",), True: ("value_re", "value_im")}
"""Columns of a value: whether it is complex -> their names."""


class TruthError(InputError):
    """Raised where true values are missing, stale, damaged or disputed."""


class Truth(NamedTuple):
    """True values of I(s) at n phase-space points, with their errors."""

    s: np.ndarray
    """(n, m) phase-space points."""
    value: np.ndarray
    """(n,) integrals, complex128 where they are complex."""
    error: np.ndarray
    """(n,) bound on |value − I(s)|, in the units of `value`."""
    uniform: np.ndarray
    """(n,) bool: drawn uniformly; the others enter by cornerness and edge only."""
    how: str
    """Methods that made and checked the values."""

    def digest(self) -> str:
        """Return a hash of the numbers (not of `how`): the record key ``truth_hash``."""
        content = hashlib.sha256()
        for array in (self.s, self.value, self.error, self.uniform):
            content.update(np.ascontiguousarray(array).tobytes())
        return content.hexdigest()[:16]


class Table(NamedTuple):
    """A file of true values: its header, the truth, and the independent values that checked it."""

    header: dict[str, Any]
    truth: Truth
    independent: dict[str, np.ndarray]
    """Method -> (n, 2) value and stated error; nan at points that it did not check."""


def folder() -> Path:
    """Return where the files of true values are: data of this package."""
    return Path(str(importlib.resources.files("references") / "truth"))


def read(path: Path, integral: ParametricIntegral) -> Table:
    """Read the true values of `integral`.

    Raises
    ------
    TruthError
        Where there is no such file, it is of another equation, box or parameters, or it is damaged.
    """
    if not path.exists():
        raise TruthError(
            f"There are no stored true values of {integral.name}; run python -m references.tabulate "
            f"--integral {integral.name}, or use references.truth_of, which computes them."
        )
    try:
        return _parse(path.read_text(encoding="utf-8"), integral)
    except TruthError:
        raise
    except (ValueError, KeyError, IndexError) as problem:
        raise _damaged(path, str(problem)) from problem


def read_or_none(path: Path, integral: ParametricIntegral) -> Table | None:
    """Read the true values of `integral`; None where `read` would raise TruthError."""
    try:
        return read(path, integral)
    except TruthError:
        return None


class Hashes(NamedTuple):
    """Hashes that a stored truth is recognised by."""

    integral_hash: str
    """Hash of the integral's equation, box and parameters: `ParametricIntegral.fingerprint`."""
    truth_hash: str
    """Hash of the numbers: `Truth.digest`."""


@functools.cache
def stored_hashes(path: Path) -> Hashes | None:
    """Return the hashes of the truth in a file, without its integral; None where there is none or it is damaged."""
    try:
        known, rows = _header_and_rows(path.read_text(encoding="utf-8"))
        return Hashes(known["fingerprint"], _numbers(rows, known, _first_value(rows[0]))[0].digest())
    except (OSError, ValueError, KeyError, IndexError):
        return None


def _first_value(names: str) -> int:
    """Find the first column of the values, after those of s; ValueError where there is none."""
    found = (i for i, column in enumerate(names.split(",")) if column in (VALUE[False][0], VALUE[True][0]))
    if (first := next(found, None)) is None:
        raise ValueError("no column is that of the values")
    return first


def write(
    path: Path,
    integral: ParametricIntegral,
    about: Mapping[str, Any],
    truth: Truth,
    independent: Mapping[str, np.ndarray],
) -> None:
    """Write true values to `path`, which appears, or changes, only once it is complete."""
    columns = VALUE[bool(np.iscomplexobj(truth.value))]
    others = [f"{name}_{part}" for name in independent for part in (*columns, "error")]
    rows = [",".join([*integral.parameters, *columns, "error", "uniform", *others])]
    for i, s in enumerate(truth.s):
        checks = [_written(values[i]) for values in independent.values()]
        known = [*_parts(truth.value[i]), f"{truth.error[i]:.2e}", f"{truth.uniform[i]:d}"]
        rows.append(",".join([*map(repr, s.tolist()), *known, *checks]))
    complete = {**about, "fingerprint": integral.fingerprint(), "how": truth.how}
    lines = [f"# {key}: {json.dumps(entry, ensure_ascii=False)}" for key, entry in complete.items()]
    lines += [f'# file_hash: "{_hash([*lines, *rows])}"', *rows, ""]
    files.write_text(path, "\n".join(lines))


def _parts(value: Any) -> list[str]:
    """Write a value as one number, or as its real and its imaginary part."""
    return [repr(float(part)) for part in ((value.real, value.imag) if np.iscomplexobj(value) else (value,))]


def _written(independent: np.ndarray) -> str:
    value, error = independent
    parts = _parts(value)
    return "," * len(parts) if np.isnan(value) else ",".join([*parts, f"{error.real:.2e}"])


def _header_and_rows(text: str) -> tuple[dict[str, Any], list[str]]:
    """Return the header of a table's text and its rows; ValueError or KeyError where they are not as written."""
    lines = text.splitlines()
    pairs = (line[2:].partition(": ") for line in lines if line.startswith("#"))
    known = {key: json.loads(value) for key, _, value in pairs}
    if known["file_hash"] != _hash([line for line in lines if not line.startswith("# file_hash: ")]):
        raise ValueError("its lines are not those that were written")
    return known, [line for line in lines if not line.startswith("#")]


def _parse(text: str, integral: ParametricIntegral) -> Table:
    known, rows = _header_and_rows(text)
    if known["fingerprint"] != integral.fingerprint():
        raise TruthError(
            f"The stored true values of {integral.name} are of another equation, box or parameters (stale truth): run "
            f"python -m references.tabulate --integral {integral.name}."
        )
    truth, others = _numbers(rows, known, integral.m)
    columns = VALUE[bool(np.iscomplexobj(truth.value))]
    names = [
        column.removesuffix(f"_{columns[0]}")
        for column in rows[0].split(",")[integral.m + len(columns) + 2 :: len(columns) + 1]
    ]
    independent = {name: others[:, i : i + 2] for name, i in zip(names, range(0, others.shape[1], 2), strict=True)}
    return Table(known, truth, independent)


def _numbers(rows: list[str], known: Mapping[str, Any], m: int) -> tuple[Truth, np.ndarray]:
    """Return the truth in the rows of a table, of which the first names the columns, and the other numbers in it.

    Those are (n, 2 · methods), a value and an error of each, complex where values are.
    """
    numbers = np.array([[float(field or "nan") for field in row.split(",")] for row in rows[1:]])
    is_complex = rows[0].split(",")[m] == VALUE[True][0]
    value, rest = _value_and_rest(numbers[:, m:], is_complex)
    error, uniform, others = rest[:, 0], rest[:, 1], rest[:, 2:]
    checks = []
    while others.shape[1]:
        checked, others = _value_and_rest(others, is_complex)
        checks += [checked, others[:, 0]]
        others = others[:, 1:]
    independent = np.stack(checks, axis=1) if checks else np.empty((len(value), 0))
    return Truth(numbers[:, :m], value, error, uniform == 1, known["how"]), independent


def _value_and_rest(numbers: np.ndarray, is_complex: bool) -> tuple[np.ndarray, np.ndarray]:
    """Take the value (n,) from the first columns."""
    if is_complex:
        return numbers[:, 0] + 1j * numbers[:, 1], numbers[:, 2:]
    return numbers[:, 0], numbers[:, 1:]


def _hash(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _damaged(path: Path, problem: str) -> TruthError:
    return TruthError(f"{path} is damaged ({problem}); restore it, or run python -m references.tabulate.")
