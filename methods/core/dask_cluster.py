"""A Dask cluster that somebody has started: its scheduler, and whether its workers run this very code.

    dask scheduler                               on one machine
    dask worker tcp://HOST:8786 --nthreads 4     on each machine that shall work

A result is of the code that computed it, so a worker is asked for its versions and a hash of its source files, and
refused where they are others than here. `docs/cluster.md` tells how batch systems start workers. Dask is imported
where a cluster is asked for, and nowhere else.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import logging
import platform
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from methods.core import packages
from methods.core.errors import InputError

CONNECT_LIMIT_S = 10.0
"""Seconds to wait for a scheduler's answer."""

SOURCE = "the source files"
"""The key of their hash among versions."""

TALKATIVE = ("distributed", "distributed.client", "tornado.application")
"""Loggers that print tracebacks of a lost connection, which is raised here and becomes a sentence."""

PROJECT = Path(__file__).resolve().parents[2]
SUFFIXES = (".py", ".cpp", ".hpp", ".toml", ".json")
"""Endings of the files that decide results: code, published settings, loop integrals and their sectors."""

LOCK = "versions.json"
"""The lock of the methods' versions, which decides no result."""

ADVICE = "install the same there (docs/cluster.md) and start the worker again"


class OtherVersions(InputError):
    """Raised where a worker would compute with other code than this machine has."""


class SchedulerLost(ConnectionError):
    """Raised where a scheduler does not answer any more."""


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect to the scheduler at `address`, and yield the `distributed.Client`.

    Raises
    ------
    InputError
        Dask is not installed, or no scheduler answers.
    """
    if reason := packages.reason_if_missing("distributed", "dask[distributed]"):
        raise InputError(f"--scheduler {address} needs Dask: {reason}.")
    import distributed

    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = distributed.Client(address, timeout=CONNECT_LIMIT_S, set_as_default=False)
    except (OSError, ValueError) as problem:
        text = " ".join(str(problem).split())
        raise InputError(
            f"No Dask scheduler answers at {address} ({text}); start one by 'dask scheduler', and give the address "
            "that it prints."
        ) from problem
    try:
        yield client
    finally:
        with contextlib.suppress(OSError, TimeoutError):  # it may be gone
            client.close(timeout=1.0)


@functools.cache
def versions(names: tuple[str, ...]) -> dict[str, str | None]:
    """Return the versions of Python and of these packages, None where one is missing, and the hash of all sources."""
    found = {"python": platform.python_version(), SOURCE: _source_hash()}
    return found | {name: _version(name) for name in names}


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _source_hash() -> str:
    content = hashlib.sha256()
    for package in ("methods", "references", "benchmarks"):
        for path in sorted((PROJECT / package).rglob("*")):
            if path.suffix in SUFFIXES and path.name != LOCK:
                content.update(f"{path.relative_to(PROJECT)}\n".encode())
                content.update(path.read_bytes())
    return content.hexdigest()[:16]


def compare(worker: str, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    """Raise OtherVersions where what a worker has is not what is here."""
    different = [
        f"{name} {there.get(name) or 'missing'} (here {here[name] or 'missing'})"
        for name in here
        if there.get(name) != here[name]
    ]
    if different:
        raise OtherVersions(f"The worker {worker} has other versions: {', '.join(different)}; {ADVICE}.")


def check_workers(client: Any, ask: Callable[..., dict[str, Any]], *arguments: Any) -> None:
    """Ask all workers that are there now for what `ask` returns, and compare with what it returns here.

    Raises
    ------
    OtherVersions
        A worker has something else, or cannot answer since it lacks this project.
    """
    here = ask(*arguments)
    for worker, there in client.run(ask, *arguments, on_error="return").items():
        if isinstance(there, OSError):
            continue  # it is gone; others that come are asked with the first work they get
        if isinstance(there, BaseException):
            raise OtherVersions(f"The worker {worker} lacks this project: {there}; {ADVICE}.")
        compare(worker, there, here)
