"""The only writer of true values: quadrature of references' own or a closed form, checked, into references/truth/.

    python -m references.tabulate
    python -m references.tabulate --integral box1l --integral box2l

A table is written only where values reach its plan (`references/values/table_plans.py`), independent values agree
within their stated errors, the compiled integrand is what mpmath finds, and no stored precision is lost. Points are
worked on some at a time; what is finished is kept in references/truth/NAME.journal, so that a killed run goes on from
there, and tables that are as planned are left alone.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import importlib.metadata
import inspect
import json
import sys
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import references
from methods.base import InputError, ParametricIntegral
from methods.core import names as lookup
from references.integrals import catalogue
from references.values import (
    formula_check,
    quadrature,
    second_opinions,
    table_plans,
    tabulation_tasks,
    test_points,
    truth_files,
)
from references.values.journal import Journal
from references.values.table_plans import Check, TablePlan
from references.values.truth_files import Truth, TruthError

ROWS = {"few": 600, "many": 60}
"""Points of a task, for few (up to four) and for many Feynman parameters: some seconds to some minutes of work."""


def tabulate(integral: ParametricIntegral, plan: TablePlan, folder: Path, pool: Executor | None = None) -> str:
    """Compute, check, and write the true values of `integral`; return a sentence on how it went.

    Parameters
    ----------
    integral : ParametricIntegral
        With a `pool`, a registered one, which its processes find by name.
    plan : TablePlan
        What the table is to hold.
    folder : Path
        Where the table is, or will be.
    pool : Executor, optional
        Who does the work; without, this process.

    Raises
    ------
    TruthError
        Where values do not reach the plan, an independent value differs, or a stored table is more precise.
    """
    path = folder / f"{integral.name}.csv"
    if stored := _as_planned(path, integral, plan):
        how = stored.truth.how if "formula" in stored.header else _check_formula(path, integral, stored)
        return f"{integral.name}: {len(stored.truth.value)} points, as planned. {how}."
    if not plan.asks:
        raise TruthError(
            f"The plan of {integral.name} names no method that checks its values; name one in its entry of PLANS."
        )
    with Journal(path.with_suffix(".journal"), _key(integral)) as journal:
        return _tabulate(integral, plan, path, journal, pool)


def _tabulate(
    integral: ParametricIntegral, plan: TablePlan, path: Path, journal: Journal, pool: Executor | None
) -> str:
    s, uniform = test_points.draw(integral, plan.n, plan.seed, plan.edge_points)
    work = _Work(integral, s, journal, pool)
    value, error, how = work.values(plan.epsrel)
    relative = error / np.abs(value)
    worst = int(np.argmax(relative))
    if not relative[worst] <= plan.epsrel:
        raise TruthError(
            f"{how} of {integral.name} reaches {relative[worst]:.1e} at s = {s[worst].tolist()}, but its plan "
            f"says {plan.epsrel:g}: nothing is written."
        )
    _refuse_a_loss(path, integral, plan, float(relative[worst]))
    independent, checks = {}, {}
    for check in plan.asks:
        found, how_checked, seconds = work.independent_values(check, _checked_points(plan, check))
        agreement = second_opinions.compare(s, value, error, found, check.epsrel, how_checked)
        independent[check.by] = found
        checks[check.by] = {"who": how_checked, **agreement, **seconds}
    checked_by = "; ".join(
        f"{entry['who']} at {entry['points']} of {len(s)} points, largest pull {entry['largest_pull']:.2g}"
        for entry in checks.values()
    )
    how = f"{how}, relative errors up to {relative[worst]:.1e}; checked by {checked_by}"
    formula = formula_check.check(integral)
    how = f"{how}; {formula}" if formula else how
    header: dict[str, Any] = {
        "name": integral.name,
        "source": integral.source,
        "plan": plan._asdict(),
        "largest_relative_error": float(f"{relative[worst]:.2e}"),
        "opinions": checks,
        "formula": formula,
        "seconds": work.seconds,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    truth_files.write(path, integral, header, Truth(s, value, error, uniform, how), independent)
    journal.remove()
    return f"{integral.name}: {len(s)} points. {how}."


def _check_formula(path: Path, integral: ParametricIntegral, stored: truth_files.Table) -> str:
    """Compare the integrand of a stored table with mpmath, write that into its file, and return how it was made."""
    formula = formula_check.check(integral)
    truth = stored.truth._replace(how=f"{stored.truth.how}; {formula}") if formula else stored.truth
    kept = {key: value for key, value in stored.header.items() if key not in ("fingerprint", "how", "file_hash")}
    truth_files.write(path, integral, kept | {"formula": formula}, truth, stored.independent)
    return truth.how


class _Work:
    """The tasks of one table: each result is taken from the journal, or computed and written there."""

    def __init__(self, integral: ParametricIntegral, s: np.ndarray, journal: Journal, pool: Executor | None) -> None:
        self._integral, self._s, self._journal, self._pool = integral, s, journal, pool
        self.seconds: dict[str, float] = {}
        """Seconds by stage, summed over tasks of which two are computed at once."""

    def values(self, epsrel: float) -> tuple[np.ndarray, np.ndarray, str]:
        """Return values, errors and how they were made."""
        results = self._each("values", np.arange(len(self._s)), tabulation_tasks.values, epsrel)
        value, error = (np.concatenate([result[key] for result in results]) for key in ("value", "error"))
        return value, error, results[0]["how"]

    def independent_values(self, check: Check, which: np.ndarray) -> tuple[np.ndarray, str, dict[str, Any]]:
        """Compute independent values (n, 2); say how, and in how many seconds of setup and per point."""
        results = self._each(check.by, which, tabulation_tasks.independent_values, check.by, check.epsrel)
        found = np.full((len(self._s), 2), np.nan)
        found[which, 0], found[which, 1] = (
            np.concatenate([result[key] for result in results]) for key in ("value", "error")
        )
        per_point = float(np.median([result["seconds"] / len(result["value"]) for result in results]))
        setup = {f"{step}_s": round(seconds, 2) for step, seconds in results[0]["setup_s"].items()}
        return found, results[0]["how"], {**setup, "s_per_point": float(f"{per_point:.3g}")}

    def _each(self, stage: str, which: np.ndarray, function: Callable[..., dict], *arguments: Any) -> list[dict]:
        """Compute `function` at the points `which`, some at a time; the results come in order."""
        rows = ROWS["few" if self._integral.k <= 4 else "many"]
        pieces = np.array_split(which, -(-len(which) // rows))
        labels = [f"{stage} {arguments} {piece[0]}-{piece[-1]} {_hash(self._s[piece].tobytes())}" for piece in pieces]
        todo = [(label, piece) for label, piece in zip(labels, pieces, strict=True) if label not in self._journal]
        found = [self._journal[label] for label in labels if label in self._journal]
        title = f"{self._integral.name} {stage}"
        with tqdm(desc=title, total=len(which), initial=sum(len(result["value"]) for result in found),
                  unit="point", disable=None) as bar:  # fmt: skip
            for label, result in self._run(todo, function, arguments):
                self._journal.write(label, result)
                bar.update(len(result["value"]))
        results = [self._journal[label] for label in labels]
        self.seconds[stage] = round(sum(result["seconds"] for result in results), 1)
        return results

    def _run(self, todo: list, function: Callable[..., dict], arguments: tuple) -> Any:
        if self._pool is None:
            for label, piece in todo:
                yield label, function(self._integral, self._s[piece], *arguments)
            return
        from concurrent.futures import as_completed

        name, call = self._integral.name, tabulation_tasks.by_name
        jobs = {
            self._pool.submit(call, function.__name__, name, self._s[piece], *arguments): label for label, piece in todo
        }
        try:
            for job in as_completed(jobs):
                yield jobs[job], job.result()
        finally:
            for job in jobs:
                job.cancel()


def _key(integral: ParametricIntegral) -> str:
    """Hash what decides the results, besides what labels say: with other code, unfinished work starts anew."""
    packages = [importlib.metadata.version(package) for package in ("numpy", "torch", "pysecdec")]
    sources = [inspect.getsource(module) for module in (quadrature, second_opinions, tabulation_tasks)]
    return _hash(json.dumps([integral.fingerprint(), packages, sources]).encode())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _checked_points(plan: TablePlan, check: Check) -> np.ndarray:
    """Choose the first of the uniform points, and some of every class of the others."""
    spread = np.linspace(0, plan.edge_points - 1, check.others).astype(int)
    return np.concatenate([np.arange(check.uniform), plan.n + spread])


def _as_planned(path: Path, integral: ParametricIntegral, plan: TablePlan) -> truth_files.Table | None:
    """Return the stored table where it is of this integral and was made by this plan."""
    try:
        stored = truth_files.read(path, integral)
    except TruthError:
        return None
    return stored if stored.header["plan"] == json.loads(json.dumps(plan._asdict())) else None


def _refuse_a_loss(path: Path, integral: ParametricIntegral, plan: TablePlan, largest: float) -> None:
    """Raise TruthError where a readable table of the same integral holds more points, or knows them better."""
    try:
        stored = truth_files.read(path, integral)
    except TruthError:
        return
    n, before = len(stored.truth.value), float(np.max(stored.truth.error / np.abs(stored.truth.value)))
    checked = {name: int(np.sum(~np.isnan(values[:, 0]))) for name, values in stored.independent.items()}
    planned = {check.by: check.uniform + check.others for check in plan.asks}
    fewer = any(planned.get(name, 0) < points for name, points in checked.items())
    # A factor 2: rounding differs from one processor to another.
    if largest > 2 * before or plan.n + plan.edge_points < n or fewer:
        raise TruthError(
            f"{path} holds {n} points to {before:.1e}, checked by {checked}; {plan.n + plan.edge_points} points to "
            f"{largest:.1e}, checked by {planned}, would be a loss: delete it first if meant."
        )


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m references.tabulate",
        description="Write the true values of integrals to references/truth/, checked by second methods.",
        epilog="Example: python -m references.tabulate --integral box1l",
    )
    parser.add_argument(
        "--integral", action="append", metavar="I", help="a registered integral; may be given again (default: all)"
    )
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (default: 2)")
    chosen = parser.parse_args(arguments)
    if chosen.jobs < 1:
        parser.error(f"--jobs is {chosen.jobs}; give at least 1")
    names = chosen.integral or references.names()
    for name in names:
        if catalogue.find(name) is None:
            problem = lookup.unknown("integral", name, references.names())
            print(f"{parser.prog}: {problem} Others get their true values where they are used.", file=sys.stderr)
            return 2
    failed = [name for name in names if not _done(name, chosen.jobs)]
    if failed:
        print(f"{parser.prog}: no table was written for {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


def _done(name: str, jobs: int) -> bool:
    """Tabulate one integral, and say how it went; processes that native code ends take no other integral with them."""
    integral = references.integral(name)
    try:
        with tabulation_tasks.pool(jobs) as pool:
            print(tabulate(integral, table_plans.plan_for(integral), truth_files.folder(), pool), flush=True)
    # A pool whose process died raises a RuntimeError, as does pySecDec.
    except (InputError, RuntimeError, OSError) as problem:
        print(f"{name}: {type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main())
