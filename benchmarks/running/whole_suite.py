"""A whole suite as a command makes it: the plan, both stages with their progress, and the exit status at the end."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from benchmarks import interrupts
from benchmarks.records import run_records
from benchmarks.records.folders import check_writable, is_published
from benchmarks.running import machine_lock, plan, socket_folder
from benchmarks.running.jobs import Job
from benchmarks.running.plan import Options, Run
from benchmarks.running.suite import Suite, Told, fit_limit_s
from methods.base import InputError
from methods.core import dask_cluster, files

PARTS = ("runs", "raw", "fitted")
"""Folders below that of a suite in which nobody else writes."""

FINE = ("ok", "unsupported")

NOT_FINISHED = 3
"""Exit status of a suite that came to no end, such as for a full disk; 1 says that some runs of a whole one failed."""


def carry_out(
    work: Mapping[str, Iterable[Job]], options: Options, *, force: bool, jobs: int, scheduler: str | None = None
) -> tuple[int, list[run_records.Record]]:
    """Plan the runs of `work`, make both stages of one integral after the other, and show how far they are.

    On a cluster all runs are fitted before the first one is timed. Here an integral is timed as soon as its runs are
    fitted: methods that cannot be saved wait for that in processes of their own, which hold memory.

    Returns
    -------
    status : int
        0 where both stages came to their end, else the exit status of the command, after a sentence about why.
    results : list of dict
        The records, in the order of the plan.
    """
    suite = None
    try:
        check_writable(options.out)
        with interrupts.raised(), machine_lock.folder(options.out):
            for part in PARTS:
                files.remove_partial(options.out / part)
            runs = plan.runs(work, options)
            suite = Suite(runs, options, force=force, is_published=is_published(options.out), say=say)
            with _Progress(sum(1 + len(run.places) for run in runs)) as progress:
                for part in _by_integral(runs) if scheduler is None else [runs]:
                    suite.runs = part
                    progress.stage = "fit and judge"
                    _fit_and_judge(suite, jobs, scheduler, progress.told)
                    due = suite.to_time()
                    progress.stage = "time"
                    suite.time(due, progress.told)
                    progress.skip(sum(len(run.places) for run in part) - len(due))
    except InputError as problem:
        say(f"error: {problem}")
        return 2, []
    except OSError as problem:
        say(f"error: {problem}. Finished runs are kept, and the same command goes on from there.")
        _leave(NOT_FINISHED, suite)
    except KeyboardInterrupt:
        say("Interrupted; finished runs are kept, and the same command goes on from there.")
        _leave(interrupts.INTERRUPTED, suite)
    return 0, [record for run in runs for place in run.places if (record := suite.record(run, place)) is not None]


def _by_integral(runs: Sequence[Run]) -> list[list[Run]]:
    """Sort runs by integral, both in the order of the plan."""
    found: dict[str, list[Run]] = {}
    for planned in runs:
        found.setdefault(planned.task.integral, []).append(planned)
    return list(found.values())


def _fit_and_judge(suite: Suite, jobs: int, scheduler: str | None, told: Told) -> None:
    """Make the first stage here, so many runs at a time, or on the cluster of a scheduler."""
    if scheduler is None:
        suite.fit_and_judge(jobs, told)
        return
    from benchmarks.running.cluster_runs import ClusterRuns

    with dask_cluster.connected(scheduler) as client:
        suite.fit_and_judge_on(ClusterRuns(client, fit_limit_s, say), told)


def say(sentence: str) -> None:
    """Print a sentence about the suite to the standard error."""
    print(sentence, file=sys.stderr, flush=True)


def _leave(status: int, suite: Suite | None) -> None:
    """End this process at once: threads that wait for runs would keep it, and with it, its runs end."""
    if suite is not None:
        socket_folder.remove()
        os._exit(status)
    raise SystemExit(status)


class _Progress:
    """A bar for all fits and timings, and a line for each that ends; no bar where the output is not a terminal.

    Attributes
    ----------
    stage : str
        What the suite does now.
    """

    def __init__(self, total: int) -> None:
        from tqdm import tqdm

        self.stage = ""
        self._bar = tqdm(total=total, unit="stage", disable=None)

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def told(self, event: str, planned: Run, record: run_records.Record | None) -> None:
        """Show what `suite.Told` says."""
        if event == "begin" or record is None:
            self._bar.set_description(f"{self.stage}: {planned.label}")
            return
        status = record["status"]
        how = event if status == "ok" else f"reused, {status}" if event == "reused" else status
        digits = f"  {record['digits_mean']:.1f} digits" if record["digits_mean"] is not None else ""
        self._bar.write(f"{planned.label}: {how}{digits if event != 'timed' else ''}", file=sys.stderr)
        self._bar.update()

    def skip(self, n: int) -> None:
        """Count what need not be done."""
        self._bar.update(n)


def report_failures(results: list[run_records.Record]) -> int:
    """List the runs that did not finish; return the exit status."""
    bad = [record for record in results if record["status"] not in FINE]
    for record in bad:
        say(f"{record['status']}: {plan.setting(record)}: {record['reason']}")
    if bad:
        counts = Counter(record["status"] for record in results)
        say(f"{len(bad)} of {len(results)} runs did not finish: {dict(counts)}")
    return 1 if bad else 0
