"""The tasks of a table on a Dask cluster: some points at a time go to a worker, and into a process of its own there.

A worker runs several tasks in threads of one process, and mpmath keeps its precision for a whole process: each task
gets another process for that reason. These stay for the worker's next tasks, with what they have prepared, and end
with the worker. Dask gives the tasks of a lost worker to others.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from methods.core import dask_cluster
from references.values import tabulation_tasks
from references.values.tabulation_tasks import PACKAGES

_POOLS: dict[int, ProcessPoolExecutor] = {}
"""Pools of this process by their number of processes; threads of a worker share one."""

_CHANGING_POOLS = threading.Lock()
"""Held while `_POOLS` is looked at and changed."""


class ClusterPool(Executor):
    """Workers of a cluster, for calls of importable functions with plain values.

    Parameters
    ----------
    client : distributed.Client
        Connected to the scheduler.
    """

    def __init__(self, client: Any) -> None:
        self._executor = client.get_executor(pure=False)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """Send a call to a worker."""
        call = functools.partial(function, *arguments, **keywords)
        return self._executor.submit(on_worker, dask_cluster.versions(PACKAGES), call)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of the calls that have not ended."""
        self._executor.shutdown(wait=False)


@contextlib.contextmanager
def cluster_pool(address: str) -> Iterator[ClusterPool]:
    """Connect to the scheduler at `address`, whose workers must run this very code.

    Raises
    ------
    OtherVersions
        A worker has other versions.
    SchedulerLost
        The scheduler has gone while calls were waited for.
    """
    with dask_cluster.connected(address) as client:
        dask_cluster.check_workers(client, dask_cluster.versions, PACKAGES)
        try:
            yield ClusterPool(client)
        except CancelledError as problem:  # nobody here cancels a call and waits for it
            raise dask_cluster.SchedulerLost(
                f"the Dask scheduler at {address} does not answer any more; finished parts are kept, and the same "
                "command goes on from there"
            ) from problem


def on_worker(here: dict[str, Any], call: Callable[[], Any]) -> Any:
    """Make a call in a process below this worker, if its versions are those of where the table is written."""
    import distributed

    worker = distributed.get_worker()
    dask_cluster.compare(worker.address, dask_cluster.versions(PACKAGES), here)
    # Dask marks its workers as daemons, which may not start processes; these end with it in any case.
    multiprocessing.current_process().daemon = False
    jobs = worker.state.nthreads
    pool = _shared_pool(jobs)
    try:
        return pool.submit(call).result()
    except BrokenProcessPool:
        _forget(jobs, pool)
        raise


def _shared_pool(jobs: int) -> ProcessPoolExecutor:
    with _CHANGING_POOLS:
        if jobs not in _POOLS:
            _POOLS[jobs] = tabulation_tasks.pool(jobs)
        return _POOLS[jobs]


def _forget(jobs: int, broken: ProcessPoolExecutor) -> None:
    """Let the next task start a new pool, unless another thread that saw this one break has made room for one."""
    with _CHANGING_POOLS:
        if _POOLS.get(jobs) is broken:
            del _POOLS[jobs]
