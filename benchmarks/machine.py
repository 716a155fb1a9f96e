"""What a result was measured on: the host, and the versions of what matters there."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

PACKAGES = ("loopmark", "numpy", "sympy", "torch", "xgboost-cpu", "pysecdec")


def n_cpus() -> int:
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_name() -> str:
    """Return the processor's own name."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def describe() -> dict[str, Any]:
    """Return the record's keys ``machine host cpu gpu versions commit dirty``.

    `machine` is what makes results comparable: processor, number of CPUs and GPU, whether or not this process may use
    all of them (how many it used is the record's `threads`); `host` is free of names of people and places: the
    operating system.
    """
    cpu, gpu = cpu_name(), _gpu_name()
    return {
        "machine": ", ".join([cpu, f"{os.cpu_count()} CPUs", *([gpu] if gpu else [])]),
        "host": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": cpu,
        "gpu": gpu,
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
        **_git(),
    }


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
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=20, check=True)
        return done.stdout.strip()

    try:
        changes = git(
            "status", "--porcelain", "--untracked-files=no", "--", ":/methods", ":/references", ":/benchmarks"
        )
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(changes)}
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}
