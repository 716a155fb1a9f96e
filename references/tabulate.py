"""The only writer of true values: quadrature of references' own or a closed form, checked, into references/truth/.

    python -m references.tabulate
    python -m references.tabulate --integral box1l --integral box2l
    python -m references.tabulate --scheduler tcp://HOST:8786       on the cluster of a Dask scheduler (docs/cluster.md)

A table is written only where values reach its plan (`references/values/table_plans.py`), independent values agree
within their stated errors, the compiled integrand is what mpmath finds, and no stored precision is lost. Points are
worked on some at a time; what is finished is kept in references/truth/NAME.journal, so that a killed run goes on from
there. Tables that are as planned are left alone, and stored values that are known as well as a plan asks are kept.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

import references
from methods.base import InputError, ParametricIntegral
from methods.core import names as lookup
from references.integrals import catalogue
from references.values import (
    cluster_pool,
    formula_check,
    second_opinions,
    table_plans,
    tabulation_tasks,
    truth_files,
)
from references.values.journal import Journal
from references.values.table_plans import Check, TablePlan
from references.values.table_work import ERRORS, TableWork, journal_key
from references.values.truth_files import Truth, TruthError


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
    stored = truth_files.read_or_none(path, integral)
    if stored and _is_as_planned(stored, plan):
        how = stored.truth.how if "formula" in stored.header else _check_formula(path, integral, stored)
        return f"{integral.name}: {len(stored.truth.value)} points, as planned. {how}."
    if not plan.asks:
        raise TruthError(
            f"The plan of {integral.name} names no method that checks its values; name one in its entry of PLANS."
        )
    with Journal(path.with_suffix(".journal"), journal_key(integral)) as journal:
        return _tabulate(integral, plan, path, stored, TableWork(integral, plan, journal, pool))


def _tabulate(
    integral: ParametricIntegral, plan: TablePlan, path: Path, stored: truth_files.Table | None, work: TableWork
) -> str:
    s, largest = work.s, plan.largest_errors()
    value, error, how = work.values(largest, stored)
    relative = error / np.abs(value)
    worst = int(np.argmax(relative / largest))
    reached = float(np.mean(relative <= largest))
    if not reached >= plan.reached:
        raise TruthError(
            f"{how} of {integral.name} reaches {relative[worst]:.1e} at s = {s[worst].tolist()}, but its plan "
            f"says {largest[worst]:g}: nothing is written. Of its points {reached:.0%} are as precise as planned."
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
    if plan.values_by == "maps":
        formula = f"{formula}; {work.checked_sums()}"
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


def _checked_points(plan: TablePlan, check: Check) -> np.ndarray:
    """Choose the first of the uniform points, and some of every class of the others."""
    spread = np.linspace(0, plan.edge_points - 1, check.others).astype(int)
    return np.concatenate([np.arange(check.uniform), plan.n + spread])


def _is_as_planned(stored: truth_files.Table, plan: TablePlan) -> bool:
    """Tell whether a table was made by this plan; what its header does not mention had the default."""
    return {**TablePlan._field_defaults, **stored.header["plan"]} == json.loads(json.dumps(plan._asdict()))


def _known(relative: np.ndarray, plan: TablePlan) -> str:
    """Say how large the relative errors (n,) are, and how large those of points that are known better."""
    largest = f"{relative.max():.1e}"
    if plan.reached < 1:
        within = relative <= plan.epsrel
        return f"{largest}, up to {plan.epsrel:g} at {within.sum()} of {len(within)} points"
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
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (default: 2)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster, such as tcp://HOST:8786")
    chosen = parser.parse_args(arguments)
    if chosen.jobs < 1:
        parser.error(f"--jobs is {chosen.jobs}; give at least 1")
    names = chosen.integral or references.names()
    for name in names:
        if catalogue.find(name) is None:
            problem = lookup.unknown("integral", name, references.names())
            print(f"{parser.prog}: {problem} Others get their true values where they are used.", file=sys.stderr)
            return 2
    failed = [name for name in names if not _done(name, chosen.jobs, chosen.scheduler)]
    if failed:
        print(f"{parser.prog}: no table was written for {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


def _done(name: str, jobs: int, scheduler: str | None) -> bool:
    """Tabulate one integral, and say how it went; processes that native code ends take no other integral with them."""
    integral = references.integral(name)
    workers = cluster_pool.cluster_pool(scheduler) if scheduler else tabulation_tasks.pool(jobs)
    try:
        with workers as pool:
            print(tabulate(integral, table_plans.plan_for(integral), truth_files.folder(), pool), flush=True)
    # A pool whose process died raises a RuntimeError, as does pySecDec.
    except (InputError, RuntimeError, OSError) as problem:
        print(f"{name}: {type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main())
