"""Values at a few points by one call of a compiled kernel, where torch would be called dozens of times.

For a single point these calls take 100 to 1,000 µs, and the arithmetic itself 1 to 10. The steps of a fitted method
(`arithmetic.py`) become a list of operations, each of which reads and makes rows of numbers in one piece of memory;
`step_kernel.cpp`, compiled once for all methods, goes through them for each point. Larger batches go the usual way.

    few = few_points.of(method)             # compiled now, so that it counts as preparation
    few = few and few.listed()              # at the end of `fit` or `load`, and its steps are listed
    if few_points.serve(few, s):            # s (n, m) with n <= MOST
        value, error = few(s)

A method keeps it from the end of `fit` or `load` on, and none while it is being fitted: the steps are listed once.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import torch

from methods.core import build_cache, kernel_library
from methods.core.arithmetic import Arithmetic
from methods.core.errors import InputError
from methods.core.step_program import Program

SOURCE = Path(__file__).with_name("step_kernel.cpp")
FUNCTIONS_SOURCE = Path(__file__).with_name("elementary_functions.hpp")

MOST = 16
"""Points for which this is used: the largest batch for which no method tried is faster the usual way, except that
`bayesian_mlp` with its thirty networks takes 62 instead of 339 µs for one point, but 697 instead of 522 for sixteen."""


@build_cache.remembered
def library() -> Any:
    """Return the compiled kernel, a function; None where it cannot be compiled."""
    includes = {FUNCTIONS_SOURCE.name: FUNCTIONS_SOURCE.read_text(encoding="utf-8")}
    loaded = kernel_library.load(SOURCE, [], includes)
    if loaded is None:
        return None
    loaded.evaluate.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_int64]
    loaded.evaluate.restype = None
    return loaded.evaluate


class FewPoints:
    """Value and error of a fitted method at a few points; its steps are listed by `listed`, or by the first call."""

    def __init__(self, export_form: Callable[[], Arithmetic]) -> None:
        self._export_form = export_form

    @functools.cached_property
    def program(self) -> Program | None:
        """The steps, laid out for the kernel; None where they cannot be listed, or one of them is not known to it."""
        try:
            return Program(self._export_form(), library())
        except InputError:
            return None

    def listed(self) -> FewPoints | None:
        """List the steps, so that the first call is as fast as others; None where they cannot be listed."""
        return self if self.program is not None else None

    def __call__(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Evaluate value (n,), complex where the method's is, and error (n,), nan where there is none, at s (n, m)."""
        program: Any = self.program
        return program(s)


def of(method: Any) -> FewPoints | None:
    """Make the `FewPoints` of a method; None where it has no steps, is not on a CPU, or nothing can be compiled."""
    exportable = callable(method.export_form) and torch.device(method.device).type == "cpu"
    return FewPoints(method.export_form) if exportable and library() is not None else None


def serve(few: FewPoints | None, s: np.ndarray) -> TypeGuard[FewPoints]:
    """Tell whether points s (n, m) are few, and can be evaluated so."""
    return few is not None and 0 < len(s) <= MOST
