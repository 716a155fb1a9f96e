"""Libraries of C++ kernels: compiled for this machine when first needed, and kept in a cache (`build_cache`).

A kernel's source includes what is written for the case at hand, such as an activation's rule, from files named here,
and from `vector_width.hpp` the bytes of a vector.
Beside each library lies a file with the seconds that its compilation took, and the hash of the library: one that was
damaged since may crash its process or give wrong values, so it is compiled again. Hashing one takes 0.05 ms.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import math
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from methods.core import build_cache

FLAGS = (
    *("-std=gnu++17", "-O3", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fopenmp"),
    *("-shared", "-fPIC"),
)  # fmt: skip
"""Not -ffast-math: in a shared object it would make the whole process flush small numbers to zero."""

VECTOR_WIDTH = Path(__file__).with_name("vector_width.hpp")

TYPES = {torch.float32: "float", torch.float64: "double"}
"""Names of the numbers of a tensor in C++."""


def vector_flags() -> list[str]:
    """Return the compiler's flags for whole vectors on this processor.

    Compilers prefer half vectors on processors that once paid for whole ones with their clock rate.
    """
    return ["-mprefer-vector-width=512"] if "avx512f" in " ".join(build_cache.processor()) else []


def load(
    source: Path, defines: Sequence[str], includes: Mapping[str, str], flags: Sequence[str] = ()
) -> ctypes.CDLL | None:
    """Return the library of a source with these definitions (NAME=value) and included files (name -> text).

    None where there is no compiler, or where it or the loader fails. `flags` go to the end of the command. The library
    is noted in `build_cache.BUILDS`.
    """
    if not build_cache.has_compiler():
        return None
    includes = {VECTOR_WIDTH.name: VECTOR_WIDTH.read_text(encoding="utf-8"), **includes}
    command = [*build_cache.compiler(), *FLAGS, *[f"-D{define}" for define in defines]]
    parts = [command, build_cache.processor(), source.read_text(encoding="utf-8"), sorted(includes.items()), *flags]
    library = build_cache.folder("kernels") / f"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}.so"
    try:
        seconds = _seconds_of(library)
        from_cache = seconds is not None
        if seconds is None:
            seconds = _compile(command, source, includes, flags, library)
        try:
            loaded = ctypes.CDLL(str(library))
        except OSError:
            if not from_cache:
                raise
            # Made on another system of the same processor, whose cache this is, too.
            seconds, from_cache = _compile(command, source, includes, flags, library), False
            loaded = ctypes.CDLL(str(library))
    except (OSError, subprocess.CalledProcessError):
        return None
    build_cache.note(build_cache.Build(f"{source.stem} {library.stem}", {"compile": seconds}, from_cache))
    return loaded


def _seconds_of(library: Path) -> float | None:
    """Return the seconds that compiling a library took; None where it is to be compiled: missing or damaged."""
    try:
        kept = json.loads(library.with_suffix(".json").read_text(encoding="utf-8"))
        seconds, is_intact = kept["compile"], kept["sha256"] == _hash(library)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    known = isinstance(seconds, float) and 0 <= seconds < math.inf
    return seconds if known and is_intact else None


def _hash(library: Path) -> str:
    return hashlib.sha256(library.read_bytes()).hexdigest()


def _compile(
    command: Sequence[str], source: Path, includes: Mapping[str, str], flags: Sequence[str], library: Path
) -> float:
    """Compile, put the library, its seconds and its hash into the cache, and return the seconds."""
    library.parent.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="building-", dir=library.parent) as folder:
        for name, text in includes.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        made = Path(folder) / "kernel.so"
        subprocess.run([*command, f"-I{folder}", str(source), "-o", str(made), *flags], capture_output=True, check=True)
        seconds = time.perf_counter() - start
        beside = made.with_suffix(".json")
        beside.write_text(json.dumps({"compile": seconds, "sha256": _hash(made)}), encoding="utf-8")
        build_cache.publish(made, library)
        # The seconds and the hash come last: with them the entry is complete.
        build_cache.publish(beside, library.with_suffix(".json"))
    return seconds
