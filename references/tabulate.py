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

ERRORS = ", relative errors up to "
"""What separates, in the account of how a table was made, its values from how well they are known."""

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
    stored = _stored(path, integral)
    if stored and _is_as_planned(stored, plan):
        how = stored.truth.how if "formula" in stored.header else _check_formula(path, integral, stored)
        return f"{integral.name}: {len(stored.truth.value)} points, as planned. {how}."
    if not plan.asks:
        raise TruthError(
            f"The plan of {integral.name} names no method that checks its values; name one in its entry of PLANS."
        )
    with Journal(path.with_suffix(".journal"), _key(integral)) as journal:
        return _tabulate(integral, plan, path, stored, _Work(integral, plan, journal, pool))


def _tabulate(
    integral: ParametricIntegral, plan: TablePlan, path: Path, stored: truth_files.Table | None, work: _Work
) -> str:
    s, largest = work.s, plan.largest_errors()
    value, error, how = work.values(largest, stored)
    relative = error / np.abs(value)
    worst = int(np.argmax(relative / largest))
    if not relative[worst] <= largest[worst]:
        raise TruthError(
            f"{how} of {integral.name} reaches {relative[worst]:.1e} at s = {s[worst].tolist()}, but its plan "
            f"says {largest[worst]:g}: nothing is written."
        )
    if stored:
        _refuse_a_loss(path, stored, plan, float(relative.max()))
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
    how = f"{how}{ERRORS}{_known(relative, plan)}; checked by {checked_by}"
    formula = formula_check.check(integral)
    how = f"{how}; {formula}" if formula else how
    header: dict[str, Any] = {
        "name": integral.name,
        "source": integral.source,
        "plan": plan._asdict(),
        "largest_relative_error": float(f"{relative.max():.2e}"),
        "opinions": checks,
        "formula": formula,
        "seconds": work.seconds,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    truth_files.write(path, integral, header, Truth(s, value, error, work.uniform, how), independent)
    work.journal.remove()
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

    def __init__(self, integral: ParametricIntegral, plan: TablePlan, journal: Journal, pool: Executor | None) -> None:
        self._integral, self._pool, self.journal = integral, pool, journal
        self.s, self.uniform = test_points.draw(integral, plan.n, plan.seed, plan.edge_points)
        self.seconds: dict[str, float] = {}
        """Seconds by stage, summed over tasks of which two are computed at once."""

    def values(self, largest: np.ndarray, stored: truth_files.Table | None) -> tuple[np.ndarray, np.ndarray, str]:
        """Return values, errors and how they were made, to the relative errors `largest` (n,).

        Where a value that is stored is known so well, it is kept.
        """
        value, error, how = self._kept(largest, stored)
        for epsrel in np.unique(largest[np.isnan(value)]).tolist():
            which = np.flatnonzero(np.isnan(value) & (largest == epsrel))
            results = self._each("values", which, tabulation_tasks.values, epsrel)
            value[which], error[which] = (
                np.concatenate([result[key] for result in results]) for key in ("value", "error")
            )
            how.append(results[0]["how"])
        return value, error, "; ".join(how)

    def _kept(self, largest: np.ndarray, stored: truth_files.Table | None) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Return the stored values and errors (n,) that are known so well, nan elsewhere, and how they were made."""
        value, error = np.full((2, len(self.s)), np.nan)
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
        found = np.full((len(self.s), 2), np.nan)
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
        labels = [f"{stage} {arguments} {piece[0]}-{piece[-1]} {_hash(self.s[piece].tobytes())}" for piece in pieces]
        todo = [(label, piece) for label, piece in zip(labels, pieces, strict=True) if label not in self.journal]
        found = [self.journal[label] for label in labels if label in self.journal]
        title = f"{self._integral.name} {stage}"
        with tqdm(desc=title, total=len(which), initial=sum(len(result["value"]) for result in found),
                  unit="point", disable=None) as bar:  # fmt: skip
            for label, result in self._run(todo, function, arguments):
                self.journal.write(label, result)
                bar.update(len(result["value"]))
        results = [self.journal[label] for label in labels]
        self.seconds[stage] = round(sum(result["seconds"] for result in results), 1)
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


def _stored(path: Path, integral: ParametricIntegral) -> truth_files.Table | None:
    """Return the stored table of this integral; None where there is none that can be read."""
    try:
        return truth_files.read(path, integral)
    except TruthError:
        return None


def _is_as_planned(stored: truth_files.Table, plan: TablePlan) -> bool:
    """Tell whether a table was made by this plan; what its header does not mention had the default."""
    return {**TablePlan._field_defaults, **stored.header["plan"]} == json.loads(json.dumps(plan._asdict()))


def _known(relative: np.ndarray, plan: TablePlan) -> str:
    """Say how large the relative errors (n,) are, and how large those of points that are known better."""
    largest = f"{relative.max():.1e}"
    return (
        f"{largest} ({relative[: plan.precise.n].max():.1e} at the first {plan.precise.n})" if plan.precise else largest
    )


def _refuse_a_loss(path: Path, stored: truth_files.Table, plan: TablePlan, largest: float) -> None:
    """Raise TruthError where a readable table of the same integral holds more points, or knows them better."""
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
