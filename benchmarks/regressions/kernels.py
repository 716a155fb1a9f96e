"""Timing regressions, by asv, of what is compiled apart from a method: sums over fixed nodes, and exported headers."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np

import methods
import references
from benchmarks.regressions import fitted_methods
from methods.core import build_cache

N_NODES, BATCH = 4096, 1024

LIBRARY = """#include "table.hpp"
extern "C" void integrate(std::size_t n, const double* s, double* value) { table_batch(n, s, value); }
"""


class CompiledSum:
    """Σ_n w_n f(s, x_n) over 4,096 nodes for 1,024 phase-space points: real, and complex as on a contour."""

    params = (("box1l", "box1l_physical"),)
    param_names = ("integral",)
    timeout = 120.0
    repeat = (2, 100, 1.0)

    def setup(self, name: str) -> None:
        """Fix the nodes, which compiles the kernel."""
        if hasattr(self, "sum"):
            return
        import torch

        integral = references.integral(name)
        t = torch.as_tensor(np.random.default_rng(0).random((N_NODES, integral.k)))
        x = torch.complex(t, -0.3 * t * (1 - t)) if integral.is_complex else t
        self.sum = integral.weighted_sum(x, torch.full((N_NODES,), 1 / N_NODES, dtype=x.dtype))
        self.s = torch.as_tensor(integral.sample(BATCH, seed=1))
        self.sum(self.s)

    def time_sum(self, name: str) -> None:
        """Seconds for all points."""
        self.sum(self.s)


class ExportedHeader:
    """A Chebyshev table of box1l with 500 labels, written as a C++ header and compiled with -O2."""

    timeout = 300.0
    repeat = (2, 100, 1.0)

    def setup_cache(self) -> str:
        """Fit the table, and compile its header into a library; return their folder."""
        folder = Path.cwd()
        fitted_methods.keep_compiled_code_in(folder)
        table = methods.create("chebyshev", max_labels=500).fit(references.integral("box1l"))
        table.save(folder / "fitted")
        _write_header(table, folder)
        (folder / "library.cpp").write_text(LIBRARY, encoding="utf-8")
        if build_cache.has_compiler():
            command = [*build_cache.compiler(), "-std=c++17", "-O2", "-fPIC", "-shared", "library.cpp", "-o"]
            subprocess.run([*command, "table.so"], cwd=folder, check=True)
        return str(folder)

    setup_cache.timeout = 300.0  # type: ignore[attr-defined]

    def setup(self, folder: str) -> None:
        """Load table and library."""
        if hasattr(self, "table"):
            return
        if not Path(folder, "table.so").exists():
            raise NotImplementedError("there is no C++ compiler")  # asv's way to skip
        fitted_methods.keep_compiled_code_in(Path(folder))
        integral = references.integral("box1l")
        self.table = methods.load(Path(folder, "fitted"), integral)
        self.integrate = ctypes.CDLL(str(Path(folder, "table.so"))).integrate
        self.integrate.argtypes = [ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p]
        self.integrate.restype = None
        self.s, self.value = integral.sample(BATCH, seed=1), np.empty(BATCH)

    def time_write(self, folder: str) -> None:
        """Seconds to write the header."""
        _write_header(self.table, Path.cwd())

    def time_integrate(self, folder: str) -> None:
        """Seconds of the compiled header for 1,024 phase-space points."""
        self.integrate(BATCH, self.s.ctypes.data, self.value.ctypes.data)


def _write_header(table: methods.base.Method, folder: Path) -> None:
    from methods.export.targets import export

    export(table, "cpp", folder / "table.hpp", "table")
