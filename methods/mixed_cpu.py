"""The kernels of `mixed_kernel.cpp`: compiled for k, a dtype and an activation when first needed, and kept in a cache.

Without a C++ compiler there are none, and `methods/mixed.py` computes with plain torch.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import math
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from methods import build_cache
from methods.activations import Activation
from methods.straight_line import record

SOURCE = Path(__file__).with_name("mixed_kernel.cpp")

FLAGS = ("-std=gnu++17", "-O3", "-march=native", "-ffp-contract=fast", "-fopenmp", "-shared", "-fPIC")
"""Not -ffast-math: in a shared object it would make the whole process flush small numbers to zero."""

TYPES = {torch.float32: "float", torch.float64: "double"}

VECTOR_BYTES = 64
"""A multiple of the vectors of all processors."""


MAX_K = 9
"""Beyond, what the kernels keep of a vector of neurons, 6 · 2^k vectors, outgrows caches and the stacks of threads."""


def tile(width: int, dtype: torch.dtype) -> int:
    """Return how many samples lie together in memory: the fewest whose neurons fill whole vectors."""
    return (lanes := VECTOR_BYTES // dtype.itemsize) // math.gcd(width, lanes)


ARGUMENTS = {
    "hidden_forward": 4, "hidden_backward": 6, "first_forward": 4, "first_backward": 6, "last_forward": 4,
    "last_backward": 6,
}  # fmt: skip
"""Arrays that each kernel takes."""


class Kernels:
    """The functions of a compiled library."""

    def __init__(self, library: Path) -> None:
        loaded = ctypes.CDLL(str(library))
        self._functions = {name: getattr(loaded, name) for name in ARGUMENTS}
        for name, n_arrays in ARGUMENTS.items():
            self._functions[name].argtypes = [ctypes.c_void_p] * n_arrays + [ctypes.c_ssize_t] * 3
            self._functions[name].restype = None

    def call(self, name: str, tensors: Sequence[torch.Tensor], threads: int, tiles: int, numbers: int) -> None:
        """Call the function `name` on the memory of contiguous tensors, for tiles of so many numbers."""
        self._functions[name](*[tensor.data_ptr() for tensor in tensors], threads, tiles, numbers)


@functools.cache
def kernels(k: int, dtype: torch.dtype, activation: Activation) -> Kernels | None:
    """Return the kernels for k, a dtype and an activation; None where they cannot be compiled.

    Compiling takes up to a second, once per machine.
    """
    if k > MAX_K or dtype not in TYPES or not build_cache.has_compiler():
        return None
    tower = tower_code(activation, k + 1, TYPES[dtype])
    n_base = min(activation.n_base, k + 2)
    defines = [f"-DK={k}", f"-DT={TYPES[dtype]}", f"-DBASES={n_base}"]
    command = [*build_cache.compiler(), *FLAGS, *defines]
    parts = [command, build_cache.processor(), SOURCE.read_text(encoding="utf-8"), tower]
    library = build_cache.folder("mixed") / f"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}.so"
    try:
        if not library.exists():
            _compile(command, tower, library)
        return Kernels(library)
    except (OSError, subprocess.CalledProcessError):
        return None


def tower_code(activation: Activation, order: int, scalar: str) -> str:
    """Return C++ that sets D[0 … order] to the derivatives of φ at z, given base[…]."""
    names = [f"b{i}" for i in range(min(activation.n_base, order + 1))]
    code = record(lambda z, *base: activation.tower(z, base, order), ("z", *names))
    bases = [f"const V {name} = base[{i}];" for i, name in enumerate(names)]
    outputs = [f"D[{j}] = d{j};" for j in range(order + 1)]
    return "\n".join([*bases, code.cpp("V", scalar), *outputs, ""])


def _compile(command: list[str], tower: str, library: Path) -> None:
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="building-", dir=library.parent) as folder:
        (Path(folder) / "tower.inc").write_text(tower)
        made = Path(folder) / "kernel.so"
        subprocess.run([*command, f"-I{folder}", str(SOURCE), "-o", str(made)], capture_output=True, check=True)
        build_cache.publish(made, library)
