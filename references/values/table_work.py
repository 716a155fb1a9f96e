"""The work on one table of true values: task by task, from a journal where they were done before.

Results depend on the integral, the code that computes them and the packages; `journal_key` is a hash of these.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
import json
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import numpy as np
from tqdm import tqdm

import methods
from methods.base import ParametricIntegral
from references.values import (
    arcs,
    complex_maps,
    deformation,
    dispersion,
    factors,
    genz_quadrature,
    kernel_check,
    map_rules,
    quadrature,
    second_opinions,
    sums,
    tabulation_tasks,
    tensor_sums,
    test_points,
    truth_files,
)
from references.values.journal import Journal
from references.values.table_plans import Check, TablePlan

ERRORS = ", relative errors up to "
"""What separates, in the account of how a table was made, its values from how well they are known."""

SOURCES = (
    *(quadrature, sums, arcs, deformation, dispersion, factors, complex_maps, tensor_sums, map_rules, genz_quadrature),
    *(second_opinions, tabulation_tasks),
)
"""Modules whose code decides the results: `tabulation_tasks` and all of this package behind it, but for `truth_files`,
which stores them. Registered methods that check values count by their versions."""

ROWS = {"few": 600, "many": 60, "maps": 5}
"""Points of a task, for few (up to four) and for many Feynman parameters, and for maps that are fitted at each of them:
some seconds to some minutes of work."""


class TableWork:
    """The tasks of one table: each result is taken from the journal, or computed and written there."""

    def __init__(self, integral: ParametricIntegral, plan: TablePlan, journal: Journal, pool: Executor | None) -> None:
        self._integral, self._plan, self._pool, self.journal = integral, plan, pool, journal
        self.s, self.uniform = test_points.draw(integral, plan.n, plan.seed, plan.edge_points)
        """The points (n, m) of the table, and which of them were drawn uniformly."""
        self.seconds: dict[str, float] = {}
        """Seconds by stage, summed over tasks of which two are computed at once."""

    def values(self, largest: np.ndarray, stored: truth_files.Table | None) -> tuple[np.ndarray, np.ndarray, str]:
        """Return values, errors and how they were made, to relative errors of at most `largest` (n,) if they converge.

        Stored values that are known so well are kept, so that a plan which asks for more at some points, or for other
        checks, costs no more than that.
        """
        value, error, how = self._kept(largest, stored)
        for epsrel in np.unique(largest[np.isnan(value)]).tolist():
            which = np.flatnonzero(np.isnan(value) & (largest == epsrel))
            results = self._each("values", which, tabulation_tasks.values, epsrel, self._plan.values_by)
            value[which], error[which] = self._joined(results)
            how.append(results[0]["how"])
        return value, error, "; ".join(how)

    def _kept(self, largest: np.ndarray, stored: truth_files.Table | None) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Return the stored values and errors (n,) that are known so well, nan elsewhere, and how they were made."""
        value, error = self._unknown(), np.full(len(self.s), np.nan)
        if not stored:
            return value, error, []
        truth = stored.truth
        rows = {s.tobytes(): row for row, s in enumerate(truth.s)}
        for i, s in enumerate(self.s):
            row = rows.get(s.tobytes())
            if row is not None and truth.error[row] <= largest[i] * abs(truth.value[row]):
                value[i], error[i] = truth.value[row], truth.error[row]
        n = int(np.sum(~np.isnan(value)))
        made = truth.how.partition(ERRORS)[0]
        return value, error, [f"{made}, {n} values of {stored.header['date']}"] if n else []

    def independent_values(self, check: Check, which: np.ndarray) -> tuple[np.ndarray, str, dict[str, Any]]:
        """Compute independent values (n, 2); say how, and in how many seconds of setup and per point."""
        results = self._each(check.by, which, tabulation_tasks.independent_values, check.by, check.epsrel)
        value, error = self._unknown(), self._unknown()
        value[which], error[which] = self._joined(results)
        found = np.stack([value, error], axis=1)
        per_point = float(np.median([result["seconds"] / len(result["error"]) for result in results]))
        setup = {f"{step}_s": round(seconds, 2) for step, seconds in results[0]["setup_s"].items()}
        return found, results[0]["how"], {**setup, "s_per_point": float(f"{per_point:.3g}")}

    def checked_sums(self) -> str:
        """Compare compiled sums with mpmath where the values were made: orders of variables are known there already.

        To find them again would take four minutes for the 18 terms of box2l_sum_physical.
        """
        if self._pool is None:
            return kernel_check.check(self._integral)
        return self._pool.submit(kernel_check.check_registered, self._integral.name).result()

    def _unknown(self) -> np.ndarray:
        """Return values (n,) of which none is known, complex where the integral is."""
        return np.full(len(self.s), np.nan, dtype=np.complex128 if self._integral.is_complex else np.float64)

    def _joined(self, results: list[dict]) -> tuple[np.ndarray, np.ndarray]:
        """Join values and errors of tasks."""
        is_complex = self._integral.is_complex
        values = [tabulation_tasks.from_json(result["value"], is_complex=is_complex) for result in results]
        return np.concatenate(values), np.concatenate([result["error"] for result in results])

    def _each(self, stage: str, which: np.ndarray, function: Callable[..., dict], *arguments: Any) -> list[dict]:
        """Compute `function` at the points `which`, some at a time; the results come in order."""
        rows = ROWS["maps" if self._plan.values_by == "maps" else "few" if self._integral.k <= 4 else "many"]
        pieces = np.array_split(which, -(-len(which) // rows))
        labels = [f"{stage} {arguments} {piece[0]}-{piece[-1]} {_hash(self.s[piece].tobytes())}" for piece in pieces]
        todo = [(label, piece) for label, piece in zip(labels, pieces, strict=True) if label not in self.journal]
        found = [self.journal[label] for label in labels if label in self.journal]
        title = f"{self._integral.name} {stage}"
        with tqdm(desc=title, total=len(which), initial=sum(len(result["error"]) for result in found),
                  unit="point", disable=None) as bar:  # fmt: skip
            for label, result in self._run(todo, function, arguments):
                self.journal.write(label, result)
                bar.update(len(result["error"]))
        results = [self.journal[label] for label in labels]
        seconds = self.seconds.get(stage, 0.0) + sum(result["seconds"] for result in results)
        self.seconds[stage] = round(seconds, 1)
        return results

    def _run(self, todo: list, function: Callable[..., dict], arguments: tuple) -> Any:
        if self._pool is None:
            for label, piece in todo:
                yield label, function(self._integral, self.s[piece], *arguments)
            return
        from concurrent.futures import as_completed

        name, call = self._integral.name, tabulation_tasks.by_name
        jobs = {
            self._pool.submit(call, function.__name__, name, self.s[piece], *arguments): label for label, piece in todo
        }
        try:
            for job in as_completed(jobs):
                yield jobs[job], job.result()
        finally:
            for job in jobs:
                job.cancel()


def journal_key(integral: ParametricIntegral) -> str:
    """Hash what decides the results, besides what labels say: with other code, unfinished work starts anew."""
    packages = [importlib.metadata.version(package) for package in tabulation_tasks.PACKAGES]
    versions = [methods.create(name).version for name in second_opinions.SCORED]
    sources = [*map(inspect.getsource, SOURCES), tensor_sums.SOURCE.read_text(encoding="utf-8")]
    return _hash(json.dumps([integral.fingerprint(), packages, versions, sources]).encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
