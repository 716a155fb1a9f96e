"""Compiled code, kept from one process to the next: where it lies, and what decides that it fits this machine.

The cache lies where `LOOPMARK_CACHE` says, else in the user's cache folder. An entry appears by a rename once it is
complete, so processes may race and a failed build leaves nothing.

What a build took is part of what preparation costs, whether or not the cache helped: entries keep these seconds, and
every library that is opened is noted in `BUILDS`.
"""

from __future__ import annotations

import contextvars
import functools
import os
import platform
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple


class Build(NamedTuple):
    """A library that was opened, and what it took to make it."""

    what: str
    """Name of the library, the same in every process that opens it, and different for any other."""
    seconds: dict[str, float]
    """Step -> seconds, as ``{"compile": s}`` or ``{"generate": s, "compile": s}``."""
    from_cache: bool
    """Whether they were spent earlier: by another process, or by this one before `BUILDS` was set."""


BUILDS: contextvars.ContextVar[list[Build] | None] = contextvars.ContextVar("BUILDS", default=None)
"""List that opened libraries are noted in: set it to an empty one before `fit`, and read that afterwards."""


def note(build: Build) -> None:
    """Note a library that is opened, once in each list that `BUILDS` is set to."""
    builds = BUILDS.get()
    if builds is not None and all(noted.what != build.what for noted in builds):
        builds.append(build)


def remembered(loader: Callable[..., Any]) -> Callable[..., Any]:
    """Return a loader with the memory of `functools.cache`; what its first call opened is noted at later ones too.

    `BUILDS` may be set after the library was opened in this process.
    """

    @functools.cache
    def loaded_and_builds(*args: Any) -> tuple[Any, list[Build]]:
        token = BUILDS.set([])
        try:
            loaded, builds = loader(*args), BUILDS.get() or []
        finally:
            BUILDS.reset(token)
        for build in builds:
            note(build)
        return loaded, [build._replace(from_cache=True) for build in builds]

    @functools.wraps(loader)
    def load(*args: Any) -> Any:
        loaded, builds = loaded_and_builds(*args)
        for build in builds:
            note(build)
        return loaded

    return load


def folder(kind: str) -> Path:
    """Return the folder of a kind of entries; it need not exist yet."""
    return user_folder() / kind


def user_folder() -> Path:
    """Give the folder for all that a user's processes keep; it need not exist yet."""
    if told := os.environ.get("LOOPMARK_CACHE"):
        return Path(told)
    import platformdirs  # here, since a machine without it can still be told a folder

    return Path(platformdirs.user_cache_dir("loopmark"))


def compiler() -> list[str]:
    """Return the command of the C++ compiler: what `CXX` says, else g++."""
    return shlex.split(os.environ.get("CXX", "")) or ["g++"]


def has_compiler() -> bool:
    """Tell whether that command is on the PATH."""
    return shutil.which(compiler()[0]) is not None


def processor() -> list[str]:
    """Return the architecture and instruction sets of this processor: code for another one would crash here."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())
    return [platform.machine(), flags]


def publish(ready: Path, entry: Path) -> None:
    """Give a finished file or folder the name under which it will be found."""
    try:
        ready.rename(entry)
    except OSError:
        # Another process was faster, and its entry is as good; anything else is a problem of the folder.
        if not entry.exists():
            raise
