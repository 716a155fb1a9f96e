"""What must hold at the entries that take values or files: a result, or an error of ours in one sentence.

Each function gives an input to an entry and returns None where that holds, else what happened instead. An error of ours
is an InputError or a StorageError; a result is what the input means, so that a damaged file may be refused or say what
it said, and a value is never NaN in silence.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import methods
import references
from benchmarks.records import run_records
from methods.base import InputError, Method, ParametricIntegral
from methods.core.names import parse_spec, spec_text
from methods.core.storage import StorageError
from references.sectors import loop_input
from references.values import truth_files

OURS = (InputError, StorageError)

LONGEST = 2_000
"""Characters of a sentence, at most."""


def problem_of(call: Callable[[], str | None]) -> str | None:
    """Return the fault that `call` reports, or that of an error which it raises; None where there is no fault."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return call()
    except OURS as refusal:
        return problem_of_sentence(str(refusal))
    except Exception as other:
        where = inspect.trace()[-1]
        return f"{type(other).__name__}: {str(other)[:200]} (line {where.lineno} of {Path(where.filename).name})"


def problem_of_sentence(text: str) -> str | None:
    """Return what keeps a message from being one sentence of bearable length, or None."""
    if "\n" in text or not text.endswith((".", "?")) or len(text) > LONGEST:
        return f"the message is no sentence: {text[:200]!r} ({len(text)} characters)"
    return None


def formula(text: str) -> str | None:
    """Read a formula of x1 and s1, and evaluate it at eight points."""
    fields = {"expression": text, "variables": ("x1",), "parameters": ("s1",), "low": (1.0,), "high": (2.0,)}
    return integral({"name": "random", **fields})


def integral(fields: dict[str, Any]) -> str | None:
    """Make an integral of what `ParametricIntegral.from_expression` takes, and evaluate it at eight points."""

    def call() -> str | None:
        made = ParametricIntegral.from_expression(**fields)
        f = made.check_integrand()
        return "it is NaN" if np.isnan(f).any() and not made.is_complex else None

    return problem_of(call)


def points(method: Method, s: Any) -> str | None:
    """Integrate at s: a number for each row, or a refusal; s stays as it was."""

    def call() -> str | None:
        before = s.copy() if isinstance(s, np.ndarray) else None
        found = method.integrate(s)
        n = len(s)
        if found.value.shape != (n,) or found.error.shape != (n,) or not np.isfinite(found.value).all():
            return f"values {found.value!r} for {n} points"
        changed = before is not None and not np.array_equal(before, s, equal_nan=True)
        return "the points were changed" if changed else None

    return problem_of(call)


def spec(text: str) -> str | None:
    """Read a method and its fields, make it, and write it as text again."""

    def call() -> str | None:
        name, fields = parse_spec(text)
        written = spec_text(name, fields)
        if repr(parse_spec(written)) != repr((name, fields)):
            return f"it is written as {written!r}, which means something else"
        made = methods.create(name, **fields)
        return None if isinstance(made, Method) else f"it is a {type(made).__name__}"

    return problem_of(call)


def integral_name(text: str) -> str | None:
    """Look an integral up by its name."""

    def call() -> str | None:
        found = references.integral(text)
        return None if isinstance(found, ParametricIntegral) else f"it is a {type(found).__name__}"

    return problem_of(call)


def loop_file(path: Path) -> str | None:
    """Read a loop integral."""
    return problem_of(lambda: None if isinstance(loop_input.read(path), loop_input.LoopInput) else "it is none")


def sector_file(path: Path) -> str | None:
    """Read a file of sectors, and evaluate the integral in it at eight points."""

    def call() -> str | None:
        found = references.integral(str(path))
        return "it is NaN" if np.isnan(found.check_integrand()).any() and not found.is_complex else None

    return problem_of(call)


def truth_table(path: Path, of: ParametricIntegral, expected: truth_files.Table) -> str | None:
    """Read true values: those that were written, or none."""

    def call() -> str | None:
        found = truth_files.read(path, of)
        same = found.truth.digest() == expected.truth.digest() and found.header == expected.header
        return None if same else "changed true values are believed"

    return problem_of(call)


def model_file(path: Path, of: ParametricIntegral | None, s: np.ndarray, expected: np.ndarray) -> str | None:
    """Load a fitted method: it gives the values that it gave, or is refused."""

    def call() -> str | None:
        value = methods.load(path, of).integrate(s).value
        return None if np.array_equal(value, expected) else "a changed model gives other values"

    return problem_of(call)


def record_file(path: Path, expected: run_records.Record | None) -> str | None:
    """Read a record: what was written, or none."""

    def call() -> str | None:
        found = run_records.read(path)
        if found is None or found == expected:
            return None
        return "a changed record is believed"

    return problem_of(call)


def result_folder(folder: Path) -> str | None:
    """Read all records below a folder: each file is a record, or named with what is wrong."""

    def call() -> str | None:
        found, damaged = run_records.read_all(folder)
        if not all(isinstance(problem, str) and problem for problem in damaged.values()):
            return "a file is left out without a reason"
        return None if len(found) + len(damaged) == len(list((folder / "runs").glob("*.json"))) else "a file is lost"

    return problem_of(call)
