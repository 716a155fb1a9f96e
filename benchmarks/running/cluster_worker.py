"""A run's first stage on a worker of a Dask cluster: a process of its own there, and its files as bytes.

The worker's own process only waits. The run has the same limits as on the machine of the suite, a CPU of its own among
all workers of a machine, and it shares that machine with other runs, never with a timing.
"""

from __future__ import annotations

import dataclasses
import functools
import multiprocessing
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.running import isolated, isolated_messages, machine, machine_lock, run
from benchmarks.running.task import Task
from benchmarks.versioning.code_hash import code_hash
from methods.core import dask_cluster

PACKAGES = tuple(name for name in machine.PACKAGES if name != "loopmark")
"""Packages of which a worker must have the same versions; Loopmark itself is compared by its source files."""


class FitOrder(NamedTuple):
    """What a worker is asked to do."""

    task: Task
    time_limit: float
    targets: tuple[str, ...]
    """Classes and integrals of somebody's own files, as "module:attribute"."""
    versions: dict[str, Any]
    """What `versions` returned where the suite is."""


class Fitted(NamedTuple):
    """What a worker sends back."""

    message: bytes
    """The outcome, as `isolated_messages` encodes it."""
    raw: bytes | None
    """The file of the values at each point."""
    model: bytes | None
    """The file of the fitted method."""
    machine: str
    """The machine's name."""


@functools.cache
def versions(targets: tuple[str, ...]) -> dict[str, Any]:
    """Return versions of packages, the hash of this project's sources, and those of somebody's own files."""
    return dask_cluster.versions(PACKAGES) | {target: _code_hash(target) for target in targets}


def _code_hash(target: str) -> str | None:
    try:
        return code_hash(target)
    except (ModuleNotFoundError, SyntaxError, UnicodeDecodeError):
        return None


def fit_and_judge(order: FitOrder) -> Fitted:
    """Make the first stage of a run in a process of its own.

    Raises
    ------
    dask_cluster.OtherVersions
        This worker would compute with other code than the machine of the suite.
    """
    import distributed

    worker = distributed.get_worker()
    dask_cluster.compare(worker.address, versions(order.targets), order.versions)
    # Dask marks its workers as daemons, which may not start processes. Those of a run end with the worker in any case.
    multiprocessing.current_process().daemon = False
    with (
        # In Dask's folder, which is removed even where the worker is killed.
        tempfile.TemporaryDirectory(dir=worker.local_directory) as folder,
        machine_lock.sharing(),
        machine_lock.cpu(machine.cpus()) as cpu,
    ):
        task = dataclasses.replace(order.task, raw=Path(folder) / "raw.npz", model=Path(folder) / "model")
        cpus = None if cpu is None else [cpu]
        outcome = isolated.call(run.fit_and_judge, task, time_limit=order.time_limit, cpus=cpus)
        message = isolated_messages.encoded(outcome)
        return Fitted(message, _content(task.raw), _content(task.model), machine.name())


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
