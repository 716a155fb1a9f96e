"""The machine that a result was measured on, with its random id, its system, and the versions of what matters there."""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import os
import platform
import re
import secrets
import subprocess
from pathlib import Path
from typing import Any

from methods.core import build_cache

PACKAGES = (
    "loopmark", "numpy", "scipy", "sympy", "mpmath", "torch", "xgboost-cpu", "pysecdec", "threadpoolctl",
)  # fmt: skip
"""Packages whose versions a record names."""

SLOWING_VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Environment variables by which OpenBLAS, and NumPy with it, takes other kernels than this processor's best."""


def n_cpus() -> int:
    """Return how many CPUs this process may use."""
    return len(cpus())


def cpus() -> list[int]:
    """Return the numbers of the CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def cpu_name() -> str:
    """Return the processor's own name."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def name() -> str:
    """Return the record's key `machine`: processor, CPUs, memory, GPU, and this machine's random id.

    The id tells machines apart that describe themselves alike: one of the same processor was three times slower.
    """
    import psutil

    gpu = _gpu_name()
    memory = f"{psutil.virtual_memory().total / 2**30:.0f} GiB"
    words = [cpu_name(), f"{os.cpu_count()} CPUs", memory, *([gpu] if gpu else [])]
    return f"{', '.join(words)} [id {machine_id()}]"


@functools.cache
def machine_id() -> str:
    """Return eight random hexadecimal digits, drawn once and kept where `build_cache.user_folder` says.

    Where nothing can be kept there, each process draws its own, and no run is reused.
    """
    path = build_cache.user_folder() / "machine-id"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x") as file:  # of two processes the first draws
            file.write(secrets.token_hex(4))
    except OSError:
        # Either it is there already, or nothing can be written; what can be read decides.
        return _known_id(path) or secrets.token_hex(4)
    return _known_id(path) or secrets.token_hex(4)


def _known_id(path: Path) -> str | None:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError):
        return None
    return text if re.fullmatch(r"[0-9a-f]{8}", text) else None


@functools.cache
def describe() -> dict[str, Any]:
    """Return the record's keys ``host cpu gpu versions commit dirty``, as they were when this process first asked.

    `host` is free of names of people and places: the operating system.
    """
    return {
        "host": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": cpu_name(),
        "gpu": _gpu_name(),
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
        **_git(),
    }


def use_all_cpus() -> None:
    """Let this process and all below it, with all their threads, run on the CPUs of the process above; on Linux."""
    import psutil

    if not hasattr(os, "sched_setaffinity"):
        return
    allowed = os.sched_getaffinity(os.getppid())
    own = psutil.Process()
    for process in (own, *own.children(recursive=True)):
        with contextlib.suppress(OSError, psutil.Error):  # it has ended meanwhile
            for thread in process.threads():
                os.sched_setaffinity(thread.id, allowed)


def load() -> dict[str, Any]:
    """Return the record's keys ``load_1min environment``: what disturbs timings on this machine now."""
    import psutil

    environment = {name: os.environ[name] for name in SLOWING_VARIABLES if name in os.environ}
    return {"load_1min": round(psutil.getloadavg()[0], 2), "environment": environment}


def is_busy(load_1min: float, n: int) -> bool:
    """Tell whether others use a machine of n CPUs: more than half a CPU, or a tenth of all."""
    return load_1min > max(0.5, 0.1 * n)


def n_cpus_named(machine: str) -> int:
    """Return how many CPUs a record's `machine` says that it has, one where it says none."""
    found = re.search(r"(\d+) CPUs", machine)
    return int(found[1]) if found else 1


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _gpu_name() -> str | None:
    """Return the first GPU's name, without touching CUDA, which must not be initialised before a fork."""
    names = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    for line in names[0].read_text().splitlines() if names else []:
        if line.startswith("Model"):
            return line.partition(":")[2].strip()
    return None


def _git() -> dict[str, Any]:
    """Return {commit, dirty} of the code; null outside a checkout."""

    def git(*arguments: str) -> str:
        folder = Path(__file__).parent
        done = subprocess.run(
            ["git", "--no-optional-locks", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        return done.stdout.strip()

    try:
        changes = git(
            "status", "--porcelain", "--untracked-files=no", "--", ":/methods", ":/references", ":/benchmarks"
        )
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(changes)}
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}
