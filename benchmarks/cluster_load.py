"""A Dask cluster on this machine under load: its speed-up with a second worker, and what a killed worker costs.

    python -m benchmarks.cluster_load                  40 runs with one worker, then with two: needs a quiet machine
    python -m benchmarks.cluster_load --kills 20       40 runs again and again until 20 workers were killed

The first stage of the runs is timed, from the first order to the last record, on workers of one thread each that have
started and made a run before. A kill is a SIGKILL of one of two workers at a random moment; Dask starts another in its
place, and gives its run to others. Nothing is lost where every run has a record with status ok, all of the same digits.

Exit status: 0 where the second worker makes it 1.7 times as fast and nothing was lost, 1 where not, 2 for wrong
arguments.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.command_line import documented_parser

RUNS, BUDGET_S = 40, 20.0

METHOD = "chebyshev,max_labels=150"
"""A table whose run takes a second and a half. Shorter runs gain less on a machine with two CPUs, since scheduler and
suite take a tenth of a second for each: two workers are 1.9 times as fast as one with these, and 1.6 with
`gauss_legendre`, of half a second."""

FIRST_RUNS = 4
"""Runs before those that are timed: both workers get some."""

SPEED_UP = 1.7
"""Least ratio of the times with one worker and with two."""

WORKERS = 2

LONGEST_PAUSE_S = 15.0
"""Between two kills; a worker takes three seconds to start, and eight more until its first run has ended."""


@contextlib.contextmanager
def local_cluster(n_workers: int) -> Iterator[Any]:
    """Start a scheduler and workers of one thread each, in processes of their own; yield a client of theirs."""
    import distributed

    with (
        tempfile.TemporaryDirectory() as folder,
        distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=folder
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        client.wait_for_workers(n_workers)
        yield client


def first_stage(client: Any, out: Path, integral: str, method: str, n: int) -> tuple[float, list[str]]:
    """Make the first stage of n runs on a cluster; return its seconds, and a sentence for each run that was lost."""
    from benchmarks.records import run_records
    from benchmarks.running import plan
    from benchmarks.running.cluster_runs import ClusterRuns
    from benchmarks.running.jobs import Job
    from benchmarks.running.suite import Suite, fit_limit_s
    from benchmarks.running.task import Place

    options = plan.Options(out, 0, "cpu", (Place("cpu", 1),), 0.0)
    runs = plan.runs({integral: [Job(method, BUDGET_S, repeats=n)]}, options)
    suite = Suite(runs, options, force=False, is_published=False, say=print)
    start = time.perf_counter()
    suite.fit_and_judge_on(ClusterRuns(client, fit_limit_s, print), lambda *_: None)
    seconds = time.perf_counter() - start
    found, damaged = run_records.read_all(out)
    lost = [f"repeat {r['repeat']}: {r['status']}, {r['reason']}" for r in found if r["status"] != "ok"]
    lost += [f"{path.name} is damaged: {problem}" for path, problem in damaged.items()]
    lost += [f"{n - len(found)} runs have no record"] if len(found) < n else []
    lost += ["the records differ in digits"] if len({r["digits_mean"] for r in found}) > 1 else []
    return seconds, lost


class Killer(threading.Thread):
    """Kills workers of a cluster at random moments until `stop` is set or n of them were killed."""

    def __init__(self, client: Any, n: int, rng: random.Random) -> None:
        super().__init__(daemon=True)
        self.killed, self.stop = 0, threading.Event()
        self._client, self._n, self._rng = client, n, rng

    def run(self) -> None:
        """Kill one worker after the other, each after a pause in which both of them have come back."""
        while self.killed < self._n and not self.stop.wait(self._rng.uniform(0.0, LONGEST_PAUSE_S)):
            workers = self._client.run(os.getpid, on_error="ignore")
            if len(workers) == WORKERS:  # Dask gives up one that ends while it starts
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._rng.choice(sorted(workers.values())), signal.SIGKILL)
                    self.killed += 1


def speed_up(integral: str, method: str, n: int) -> bool:
    """Print the seconds with one worker and with two; return whether the second is worth it, and nothing was lost."""
    seconds, lost = {}, []
    for n_workers in (1, WORKERS):
        with local_cluster(n_workers) as client, tempfile.TemporaryDirectory() as folder:
            # Workers import what runs need when the first run comes: seconds that are no run's.
            first_stage(client, Path(folder) / "first", integral, method, FIRST_RUNS)
            seconds[n_workers], missing = first_stage(client, Path(folder) / "timed", integral, method, n)
        lost += missing
        print(f"{n} runs, {n_workers} worker{'s' * (n_workers > 1)}: {seconds[n_workers]:.1f} s", flush=True)
    ratio = seconds[1] / seconds[WORKERS]
    print("\n".join([f"Two workers are {ratio:.2f} times as fast as one ({SPEED_UP} is asked for).", *lost]))
    return ratio >= SPEED_UP and not lost


def kills(integral: str, method: str, n: int, wanted: int, rng: random.Random) -> bool:
    """Kill workers while they work, and print what was lost; return whether nothing was."""
    killed, rounds, lost = 0, 0, []
    while killed < wanted:
        with local_cluster(WORKERS) as client, tempfile.TemporaryDirectory() as folder:
            killer = Killer(client, wanted - killed, rng)
            killer.start()
            _, missing = first_stage(client, Path(folder), integral, method, n)
            killer.stop.set()
            killer.join()
        killed, rounds, lost = killed + killer.killed, rounds + 1, lost + missing
        print(f"{killed} of {wanted} workers killed in {rounds * n} runs, {len(lost)} runs lost", flush=True)
    print("\n".join(lost or ["Nothing was lost."]))
    return not lost


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = documented_parser("benchmarks.cluster_load", __doc__)
    add = parser.add_argument
    add("--runs", type=int, default=RUNS, metavar="N", help=f"of a stage (default: {RUNS})")
    add("--kills", type=int, default=0, metavar="N", help="kill so many workers, in place of timing (default: 0)")
    add("--integral", default="box1l", metavar="I", help="with stored true values (default: box1l)")
    add("--method", default=METHOD, metavar="M", help=f"deterministic (default: {METHOD})")
    add("--seed", type=int, default=0, metavar="N", help="of the moments of kills (default: 0)")
    chosen = parser.parse_args(arguments)
    if chosen.runs < 1 or chosen.kills < 0:
        parser.error("--runs is at least 1, and --kills at least 0")
    what = chosen.integral, chosen.method, chosen.runs
    is_good = kills(*what, chosen.kills, random.Random(chosen.seed)) if chosen.kills else speed_up(*what)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
