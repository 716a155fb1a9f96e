"""True values as diffable text: references/truth/<integral>.csv.

Lines that begin with ``#`` hold the header, one ``key: JSON value`` each, and last a hash of all other lines; then
comma-separated columns: the coordinates of s, value, error, uniform (0 or 1), and two for each method that checked it:
its value and the error it states, at the points that it checked. Numbers are written so that reading them gives the
same float64 again.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from methods.base import InputError, ParametricIntegral

COLUMNS = ("value", "error", "uniform")
"""Columns after the coordinates of s; the independent values follow them."""


class TruthError(InputError):
    """Raised where true values are missing, stale, damaged or disputed."""


class Truth(NamedTuple):
    """True values of I(s) at n phase-space points, with their errors."""

    s: np.ndarray
    """(n, m) phase-space points."""
    value: np.ndarray
    """(n,) integrals."""
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
        text = path.read_text(encoding="utf-8")
        known = _header(text)
        rows = [line for line in text.splitlines() if not line.startswith("#")]
        return Hashes(known["fingerprint"], _numbers(rows, known, rows[0].split(",").index("value"))[0].digest())
    except (OSError, ValueError, KeyError, IndexError):
        return None


def write(
    path: Path,
    integral: ParametricIntegral,
    about: Mapping[str, Any],
    truth: Truth,
    independent: Mapping[str, np.ndarray],
) -> None:
    """Write true values to `path`, which appears, or changes, only once it is complete."""
    rows = [",".join([*integral.parameters, *COLUMNS, *(f"{name}_{part}" for name in independent for part in _PARTS)])]
    for i, s in enumerate(truth.s):
        others = [_written(values[i]) for values in independent.values()]
        known = [repr(float(truth.value[i])), f"{truth.error[i]:.2e}", f"{truth.uniform[i]:d}"]
        rows.append(",".join([*map(repr, s.tolist()), *known, *others]))
    complete = {**about, "fingerprint": integral.fingerprint(), "how": truth.how}
    lines = [f"# {key}: {json.dumps(entry, ensure_ascii=False)}" for key, entry in complete.items()]
    lines += [f'# file_hash: "{_hash([*lines, *rows])}"', *rows, ""]
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text("\n".join(lines), encoding="utf-8")
    partial.replace(path)


_PARTS = ("value", "error")


def _written(independent: np.ndarray) -> str:
    value, error = independent
    return "," if np.isnan(value) else f"{float(value)!r},{error:.2e}"


def _header(text: str) -> dict[str, Any]:
    """Return the header of a table's text."""
    pairs = (line[2:].partition(": ") for line in text.splitlines() if line.startswith("#"))
    return {key: json.loads(value) for key, _, value in pairs}


def _parse(text: str, integral: ParametricIntegral) -> Table:
    known = _header(text)
    if known["fingerprint"] != integral.fingerprint():
        raise TruthError(
            f"The stored true values of {integral.name} are of another equation, box or parameters (stale truth): run "
            f"python -m references.tabulate --integral {integral.name}."
        )
    rows = [line for line in text.splitlines() if not line.startswith("#")]
    if known["file_hash"] != _hash([line for line in text.splitlines() if not line.startswith("# file_hash: ")]):
        raise ValueError("its lines are not those that were written")
    truth, others = _numbers(rows, known, integral.m)
    names = [column.removesuffix("_value") for column in rows[0].split(",")[integral.m + len(COLUMNS) :: 2]]
    independent = {name: others[:, i : i + 2] for name, i in zip(names, range(0, others.shape[1], 2), strict=True)}
    return Table(known, truth, independent)


def _numbers(rows: list[str], known: Mapping[str, Any], m: int) -> tuple[Truth, np.ndarray]:
    """Return the truth in the rows of a table, of which the first names the columns, and the other numbers in it."""
    numbers = np.array([[float(field or "nan") for field in row.split(",")] for row in rows[1:]])
    last = m + len(COLUMNS)
    s, value, error, uniform = numbers[:, :m], *numbers[:, m:last].T
    return Truth(s, value, error, uniform == 1, known["how"]), numbers[:, last:]


def _hash(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _damaged(path: Path, problem: str) -> TruthError:
    return TruthError(f"{path} is damaged ({problem}); restore it, or run python -m references.tabulate.")
