"""Libraries of C++ kernels: compiled for this machine when first needed, and kept in a cache (`build_cache`).

A kernel's source includes what is written for the case at hand, such as an activation's rule, from files named here.
"""

from __future__ import annotations

import ctypes
import hashlib
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from methods import build_cache

FLAGS = (
    *("-std=gnu++17", "-O3", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fopenmp"),
    *("-shared", "-fPIC"),
)  # fmt: skip
"""Not -ffast-math: in a shared object it would make the whole process flush small numbers to zero."""

TYPES = {torch.float32: "float", torch.float64: "double"}
"""What C++ calls the numbers of a tensor."""


def load(
    source: Path, defines: Sequence[str], includes: Mapping[str, str], flags: Sequence[str] = ()
) -> ctypes.CDLL | None:
    """Return the library of a source with these definitions (NAME=value) and included files (name -> text).

    None where there is no compiler, or where it or the loader fails. `flags` go to the end of the command.
    """
    if not build_cache.has_compiler():
        return None
    command = [*build_cache.compiler(), *FLAGS, *[f"-D{define}" for define in defines]]
    parts = [command, build_cache.processor(), source.read_text(encoding="utf-8"), sorted(includes.items()), *flags]
    library = build_cache.folder("kernels") / f"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}.so"
    try:
        if not library.exists():
            _compile(command, source, includes, flags, library)
        return ctypes.CDLL(str(library))
    except (OSError, subprocess.CalledProcessError):
        return None


def _compile(
    command: Sequence[str], source: Path, includes: Mapping[str, str], flags: Sequence[str], library: Path
) -> None:
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="building-", dir=library.parent) as folder:
        for name, text in includes.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        made = Path(folder) / "kernel.so"
        subprocess.run([*command, f"-I{folder}", str(source), "-o", str(made), *flags], capture_output=True, check=True)
        build_cache.publish(made, library)
