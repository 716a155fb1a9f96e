"""What each of some methods costs on an integral, by asv: fitted once per commit, and loaded from its file."""

from __future__ import annotations

import os
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import methods
import references

BATCH = 1024

Configurations = Mapping[str, Mapping[str, Any]]
"""Name -> fields."""


class FittedMethods(ABC):
    """Benchmarks with the parameter `method`.

    asv leaves out abstract classes. Each of the others has a `setup_cache` of its own, since asv tells caches apart by
    the line of that function.
    """

    integral: str
    configurations: Configurations
    param_names = ("method",)
    timeout = 300.0
    rounds = 2
    repeat = (2, 100, 1.0)  # at least two samples, at most 100, and no more after a second

    @abstractmethod
    def setup_cache(self) -> str:
        """Fit and save all methods; return their folder."""

    def setup(self, folder: str, name: str) -> None:
        """Load the fitted method, and let one call that does not count fill its caches."""
        if hasattr(self, "method"):
            return  # asv calls this before every sample; a process has one method
        keep_compiled_code_in(Path(folder))
        integral = references.integral(self.integral)
        error = Path(folder, f"{name}.error")
        if error.exists():
            raise RuntimeError(f"{name} could not be fitted: {error.read_text(encoding='utf-8')}")
        method = methods.create(name, **self.configurations[name])
        if reason := method.unsupported(integral):
            raise NotImplementedError(reason)  # asv's way to skip
        self.method = type(method).load(Path(folder, name), integral)
        self.s = integral.sample(BATCH, seed=1)
        self.method.integrate(self.s)

    def time_integrate(self, folder: str, name: str) -> None:
        """Seconds for a batch of 1,024 phase-space points."""
        self.method.integrate(self.s)

    def track_fit(self, folder: str, name: str) -> float:
        """Return the seconds of the one fit, compiling included."""
        return float(Path(folder, f"{name}.seconds").read_text())

    track_fit.unit = "seconds"  # type: ignore[attr-defined]

    def track_rel_err_median(self, folder: str, name: str) -> float:
        """Return the median |value/truth − 1| over the uniform points of truth. For asv larger is worse."""
        truth = references.truth(self.integral)
        value = self.method.integrate(truth.s[truth.uniform]).value
        return float(np.median(np.abs(value / truth.value[truth.uniform] - 1)))

    track_rel_err_median.unit = "relative error"  # type: ignore[attr-defined]


def fit_all(integral_name: str, configurations: Configurations) -> str:
    """Fit and save all methods in the current folder; return its path, because asv pickles what is returned.

    A method that fails leaves its error in a file: its own benchmarks fail with that, and the others run.
    """
    folder = Path.cwd()  # asv runs this in a temporary folder, which it keeps until the last benchmark
    keep_compiled_code_in(folder)
    integral = references.integral(integral_name)
    for name, fields in configurations.items():
        try:
            method = methods.create(name, **fields)
            if method.unsupported(integral) is None:
                start = time.perf_counter()
                method.fit(integral)
                (folder / f"{name}.seconds").write_text(str(time.perf_counter() - start))
                method.save(folder / name)
        except Exception:
            (folder / f"{name}.error").write_text(traceback.format_exc(), encoding="utf-8")
    return str(folder)


def keep_compiled_code_in(folder: Path) -> None:
    """Have this process compile anew for each commit: with the user's cache the second commit would seem faster."""
    os.environ["LOOPMARK_CACHE"] = str(folder / "cache")
