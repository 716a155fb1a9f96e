"""Runs on a Dask cluster: each is a task of its own, some more than there are threads at a time, results as they come.

Dask gives the runs of a worker that is lost to others. A run that goes down with several workers, one after the other,
ends as a fault of the infrastructure. Runs on a GPU go to workers that declare one (``dask worker --resources GPU=1``).
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.running import cluster_worker, isolated_messages
from benchmarks.running.cluster_worker import FitOrder, Fitted
from benchmarks.running.isolated_messages import Outcome
from benchmarks.running.plan import Run
from methods.core import dask_cluster
from methods.core.dask_cluster import SchedulerLost

ATTEMPTS = 3
"""Tries of a run that is lost together with its workers, after those that Dask itself makes, or that Dask drops."""

AHEAD, FEWEST = 2, 4
"""Runs of a kind at the cluster for each of its threads, and at least: a worker finds the next one waiting."""

LOOK_S = 1.0
"""Seconds between looks at whether the scheduler is there, and whether more workers have come."""


class ClusterRuns:
    """The first stage of runs, on a cluster.

    Parameters
    ----------
    client : distributed.Client
        Connected to the scheduler.
    limit_s : callable
        Seconds that a run may take.
    say : callable
        Is given a sentence where the runs have to wait.
    """

    def __init__(self, client: Any, limit_s: Callable[[Run], float], say: Callable[[str], None]) -> None:
        self._client, self._limit_s, self._say = client, limit_s, say
        self._ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._at_work: dict[Any, Run] = {}
        self._tries: dict[int, int] = {}
        self._waits = False

    def outcomes(
        self, runs: Sequence[Run], began: Callable[[Run], None]
    ) -> Iterator[tuple[Run, Outcome, Fitted | None]]:
        """Yield each run with its outcome, and with its files where a worker sent them, in the order of their ends.

        Raises
        ------
        OtherVersions
            A worker has other code.
        SchedulerLost
            The scheduler is gone; what was yielded before stays finished.
        """
        targets = _own_targets(runs)
        dask_cluster.check_workers(self._client, cluster_worker.versions, targets)
        self._say_if_none_has_a_gpu(runs)
        versions = cluster_worker.versions(targets)
        waiting = {on_gpu: deque(run for run in runs if _needs_gpu(run) == on_gpu) for on_gpu in (False, True)}
        while any(waiting.values()) or self._at_work:
            at_once = self._at_once()
            for on_gpu, queued in waiting.items():  # apart, as one kind may have no worker at all
                for _ in range(min(len(queued), at_once - self._n_at_work(on_gpu))):
                    began(queued[0])
                    self._submit(queued.popleft(), targets, versions)
            future = self._next_ended()
            if future is None:
                continue
            planned = self._at_work.pop(future)
            outcome, fitted = self._outcome(future)
            future.release()
            if outcome.status == "infrastructure" and self._may_try_again(planned):
                waiting[_needs_gpu(planned)].append(planned)
            else:
                yield planned, outcome, fitted

    def _submit(self, planned: Run, targets: tuple[str, ...], versions: dict[str, Any]) -> None:
        order = FitOrder(planned.task, self._limit_s(planned), targets, versions)
        resources = {"GPU": 1} if _needs_gpu(planned) else None
        future = self._client.submit(cluster_worker.fit_and_judge, order, pure=False, resources=resources)
        self._at_work[future] = planned
        future.add_done_callback(self._ended.put)

    def _at_once(self) -> int:
        """Return how many runs with a GPU, and as many without, the cluster shall have at a time."""
        self._check_scheduler()
        try:
            threads = sum(self._client.nthreads().values())
        except (OSError, TimeoutError) as problem:
            raise self._lost() from problem
        if not threads and not self._waits:
            self._say("The Dask scheduler has no worker now; the runs wait for one.")
        self._waits = not threads
        return max(FEWEST, AHEAD * threads)

    def _n_at_work(self, on_gpu: bool) -> int:
        return sum(_needs_gpu(planned) == on_gpu for planned in self._at_work.values())

    def _next_ended(self) -> Any:
        """Return a task that has ended, or None after a while."""
        try:
            future = self._ended.get(timeout=LOOK_S)
        except queue.Empty:
            self._check_scheduler()
            return None
        return future if future in self._at_work else None

    def _check_scheduler(self) -> None:
        if self._client.status != "running":
            raise self._lost()

    def _lost(self) -> SchedulerLost:
        address = self._client.scheduler.address if self._client.scheduler else "that was given"
        return SchedulerLost(f"The Dask scheduler at {address} does not answer any more")

    def _outcome(self, future: Any) -> tuple[Outcome, Fitted | None]:
        """Return how a task ended, and its files."""
        import distributed
        from distributed.client import FutureCancelledError

        try:
            fitted: Fitted = future.result()
            return isolated_messages.decoded(fitted.message), fitted
        except dask_cluster.OtherVersions:
            raise
        except FutureCancelledError:
            self._check_scheduler()
            return Outcome("infrastructure", "Dask has dropped this run before it ended."), None
        except distributed.KilledWorker:
            return Outcome("infrastructure", "The workers that took this run were lost, one after the other."), None
        except Exception as problem:
            if isinstance(problem, ModuleNotFoundError) and (problem.name or "").startswith("benchmarks"):
                text = f"A worker lacks this project: {problem}; {dask_cluster.ADVICE}."
                raise dask_cluster.OtherVersions(text) from problem
            self._check_scheduler()
            words = isolated_messages.one_line(f"On the cluster: {type(problem).__name__}: {problem}")
            return Outcome("infrastructure", words), None

    def _may_try_again(self, planned: Run) -> bool:
        self._tries[id(planned)] = self._tries.get(id(planned), 0) + 1
        return self._tries[id(planned)] < ATTEMPTS

    def _say_if_none_has_a_gpu(self, runs: Sequence[Run]) -> None:
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        if workers and any(map(_needs_gpu, runs)) and not any("GPU" in worker["resources"] for worker in workers):
            self._say("No worker declares a GPU; runs on one wait for 'dask worker … --resources GPU=1'.")


def _needs_gpu(planned: Run) -> bool:
    return planned.task.fields.get("device", "cpu") != "cpu"


def _own_targets(runs: Sequence[Run]) -> tuple[str, ...]:
    """List the classes and integrals that are not this project's."""
    named = {text for planned in runs for text in (planned.task.integral, planned.task.method) if ":" in text}
    return tuple(sorted(named))
