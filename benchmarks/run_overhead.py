"""Processor time and memory that a run costs beyond its method: runs of a constant, one at a time.

    python -m benchmarks.run_overhead                 300 runs, in half a minute on a quiet machine
    python -m benchmarks.run_overhead --runs 10000    as many as a large catalogue has

Each run is the first stage of one of `benchmarks.accuracy`: a process of its own in which the method is made, fitted
(which is nothing), judged by the true values of an integral, saved and loaded again, and a record that is written. The
processor time is that of the suite, of the forkserver and of all processes below it; the growth is that of the suite's
resident memory. Ten runs beforehand start the forkserver and do not count. Exit status: 0; 2 for wrong arguments.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.command_line import documented_parser

CONSTANT = "benchmarks.running.first_runs:Constant"

RUNS, BEFOREHAND, BUDGET_S = 300, 10, 5.0


class Used(NamedTuple):
    """Seconds of processor time so far, and the bytes of the suite."""

    suite: float
    forkserver: float
    runs: float
    memory: int


def used() -> Used:
    """Return what this process, its forkserver and the ended processes below that have used so far."""
    suite = psutil.Process()
    server = next(child for child in suite.children() if _is_forkserver(child))
    own, theirs = suite.cpu_times(), server.cpu_times()
    runs = theirs.children_user + theirs.children_system
    return Used(own.user + own.system, theirs.user + theirs.system, runs, suite.memory_info().rss)


def _is_forkserver(child: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):  # as one that has ended since
        return "multiprocessing.forkserver" in " ".join(child.cmdline())
    return False


def measured(n: int, integral: str) -> tuple[Used, Used]:
    """Make n runs of the constant on an integral; return what was used before and after them."""
    from benchmarks.running import plan
    from benchmarks.running.jobs import Job
    from benchmarks.running.suite import Suite
    from benchmarks.running.task import Place

    with tempfile.TemporaryDirectory() as folder:
        options = plan.Options(Path(folder), 0, "cpu", (Place("cpu", 1),), 0.0)
        runs = plan.runs({integral: [Job(CONSTANT, BUDGET_S, repeats=BEFOREHAND + n)]}, options)
        suite = Suite(runs[:BEFOREHAND], options, force=False, is_published=False, say=print)
        suite.fit_and_judge(1, lambda *_: None)
        before = used()
        suite.runs = runs[BEFOREHAND:]
        suite.fit_and_judge(1, lambda *_: None)
        return before, used()


def text(before: Used, after: Used, n: int) -> str:
    """Write what n runs have used."""
    *seconds, memory = (b - a for a, b in zip(before, after, strict=True))
    lines = [f"{'part':<22} {'ms per run':>10}"]
    for name, value in zip(("suite", "forkserver", "processes of runs"), seconds, strict=True):
        lines.append(f"{name:<22} {1e3 * value / n:>10.1f}")
    lines.append(f"{'together':<22} {1e3 * sum(seconds) / n:>10.1f}")
    lines.append(
        f"\nThe suite has grown by {memory / 2**20:.1f} MiB: {memory / n * 1e4 / 2**20:.1f} MiB in 10,000 runs."
    )
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = documented_parser("benchmarks.run_overhead", __doc__)
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N", help=f"that count (default: {RUNS})")
    parser.add_argument("--integral", default="box1l", metavar="I", help="with stored true values (default: box1l)")
    chosen = parser.parse_args(arguments)
    if chosen.runs < 1:
        parser.error(f"--runs {chosen.runs} is less than 1; give at least 1")
    print(text(*measured(chosen.runs, chosen.integral), chosen.runs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
