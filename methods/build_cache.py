"""Compiled code, kept from one process to the next: where it lies, and what decides that it fits this machine.

The cache lies where `LOOPMARK_CACHE` says, else in the user's cache folder. An entry appears by a rename once it is
complete, so processes may race and a failed build leaves nothing.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
from pathlib import Path

import platformdirs


def folder(kind: str) -> Path:
    """Return the folder of a kind of entries; it need not exist yet."""
    return Path(os.environ.get("LOOPMARK_CACHE") or platformdirs.user_cache_dir("loopmark")) / kind


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
