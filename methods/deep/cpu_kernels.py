"""The kernels of `derivative_kernel.cpp`: compiled for k, a dtype and an activation when first needed.

Without a C++ compiler there are none, and `methods/deep/network.py` computes with plain torch.
"""

from __future__ import annotations

import ctypes
import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from methods.core import build_cache, kernel_library
from methods.core.kernel_library import TYPES
from methods.deep.activations import Activation
from methods.deep.straight_line import record

SOURCE = Path(__file__).with_name("derivative_kernel.cpp")

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

WORK = ctypes.CFUNCTYPE(None)
"""What a thread does, as C calls it."""


class Kernels:
    """The functions of a compiled library."""

    def __init__(self, library: ctypes.CDLL, k: int) -> None:
        self.k = k
        self._functions = {name: getattr(library, name) for name in ARGUMENTS}
        for name, n_arrays in ARGUMENTS.items():
            self._functions[name].argtypes = [ctypes.c_void_p] * n_arrays + [ctypes.c_ssize_t] * 2
            self._functions[name].restype = None
        self._on_threads = library.on_threads
        self._on_threads.argtypes, self._on_threads.restype = [WORK, ctypes.c_ssize_t], None

    def call(self, name: str, tensors: Sequence[torch.Tensor], tiles: int, numbers: int) -> None:
        """Call the function `name` on the memory of contiguous tensors, for tiles of so many numbers."""
        self._functions[name](*[tensor.data_ptr() for tensor in tensors], tiles, numbers)

    def on_threads(self, task: Callable[[int], None], count: int, threads: int) -> None:
        """Call task(0), …, task(count − 1), each by one of so many threads, which take the next as they become free.

        The threads are OpenMP's: torch's functions and its products see that, and use one thread each with no
        setting changed. They let go of Python's lock while they compute. What a task raises is raised here.
        """
        indices, problems = itertools.count(), list[BaseException]()

        def work() -> None:
            try:
                with torch.inference_mode():  # each thread has modes of its own; what is written may be of this one
                    while not problems and (index := next(indices)) < count:
                        task(index)
            except BaseException as problem:
                problems.append(problem)

        if threads > 1:
            self._on_threads(WORK(work), threads)
        else:
            work()
        if problems:
            raise problems[0]


@build_cache.remembered
def kernels(k: int, dtype: torch.dtype, activation: Activation) -> Kernels | None:
    """Return the kernels for k, a dtype and an activation; None where they cannot be compiled.

    Compiling takes up to a second, once per machine.
    """
    if k > MAX_K or dtype not in TYPES:
        return None
    n_base = min(activation.n_base, k + 2)
    defines = [f"K={k}", f"T={TYPES[dtype]}", f"BASES={n_base}"]
    includes = {"tower.inc": tower_code(activation, k + 1, "V", TYPES[dtype])}
    library = kernel_library.load(SOURCE, defines, includes)
    return None if library is None else Kernels(library, k)


def tower_code(activation: Activation, order: int, vector: str, scalar: str) -> str:
    """Return C++ that sets D[0 … order] to the derivatives of φ at z, given base[…]."""
    names = [f"b{i}" for i in range(min(activation.n_base, order + 1))]
    code = record(lambda z, *base: activation.tower(z, base, order), ("z", *names))
    bases = [f"const {vector} {name} = base[{i}];" for i, name in enumerate(names)]
    outputs = [f"D[{j}] = d{j};" for j in range(order + 1)]
    return "\n".join([*bases, code.cpp(vector, scalar), *outputs, ""])
