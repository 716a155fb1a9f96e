"""What each of some methods costs on an integral, by asv: fitted once per commit, and loaded from its file."""

from __future__ import annotations

import json
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


class _Configured(ABC):
    """Benchmarks with the parameter `method`, each of `configurations` on `integral`.

    asv leaves out abstract classes. Each integral has a `setup_cache` of its own, since asv tells caches apart by the
    line of that function.
    """

    integral: str
    configurations: Configurations
    param_names = ("method",)
    timeout = 300.0

    @abstractmethod
    def setup_cache(self) -> str:
        """Fit and save all methods; return their folder."""


class Timed(_Configured):
    """Seconds of calls, by a method that is loaded in a process of its own."""

    rounds = 2
    repeat = (2, 1000, 1.0)  # at least two samples, at most 1,000 (a call may take 15 µs), no more after a second

    def setup(self, folder: str, name: str) -> None:
        """Load the fitted method, and let one call that does not count fill its caches."""
        if hasattr(self, "method"):
            return  # asv calls this before every sample; a process has one method
        keep_compiled_code_in(Path(folder))
        figures = _figures(folder, name)
        integral = references.integral(self.integral)
        self.method = type(methods.create(name, **figures["fields"])).load(Path(folder, name), integral)
        self.s = integral.sample(BATCH, seed=1)
        self.method.integrate(self.s)

    def time_integrate(self, folder: str, name: str) -> None:
        """Seconds for a batch of 1,024 phase-space points."""
        self.method.integrate(self.s)


class Fitted(_Configured):
    """What the fit found, read from its file: loading the methods again would take asv minutes."""

    def setup(self, folder: str, name: str) -> None:
        """Read what `fit_all` found."""
        self.figures = _figures(folder, name)

    def track_fit(self, folder: str, name: str) -> float:
        """Return the seconds of the one fit, compiling included."""
        return float(self.figures["seconds"])

    track_fit.unit = "seconds"  # type: ignore[attr-defined]

    def track_rel_err_median(self, folder: str, name: str) -> float:
        """Return the median |value/truth − 1| over the uniform points of truth. For asv larger is worse."""
        return float(self.figures["rel_err_median"])

    track_rel_err_median.unit = "relative error"  # type: ignore[attr-defined]


def _figures(folder: str, name: str) -> dict[str, Any]:
    """Read what `fit_all` found; a method that failed or was not supported raises what asv makes of it."""
    figures = json.loads(Path(folder, f"{name}.json").read_text(encoding="utf-8"))
    if "unsupported" in figures:
        raise NotImplementedError(figures["unsupported"])  # asv's way to skip
    if "error" in figures:
        raise RuntimeError(f"{name} could not be fitted: {figures['error']}")
    return figures


def fit_all(integral_name: str, configurations: Configurations) -> str:
    """Fit and save all methods in the current folder; return its path, because asv pickles what is returned.

    A method that fails leaves its error in a file: its own benchmarks fail with that, and the others run.
    """
    folder = Path.cwd()  # asv runs this in a temporary folder, which it keeps until the last benchmark
    keep_compiled_code_in(folder)
    for name, fields in configurations.items():
        try:
            figures = _fitted(integral_name, name, fields, folder / name)
        except Exception:
            figures = {"error": traceback.format_exc()}
        (folder / f"{name}.json").write_text(json.dumps(figures), encoding="utf-8")
    return str(folder)


def _fitted(integral_name: str, name: str, fields: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Fit and save a method; return its fields, seconds and error, or why it does not treat the integral."""
    integral, truth = references.integral(integral_name), references.truth(integral_name)
    method = methods.create(name, **fields)
    if reason := method.unsupported(integral):
        return {"unsupported": reason}
    start = time.perf_counter()
    method.fit(integral)
    seconds = time.perf_counter() - start
    method.save(path)
    value = method.integrate(truth.s[truth.uniform]).value
    error = float(np.median(np.abs(value / truth.value[truth.uniform] - 1)))
    return {"fields": dict(fields), "seconds": seconds, "rel_err_median": error}


def keep_compiled_code_in(folder: Path) -> None:
    """Have this process compile anew for each commit: with the user's cache the second commit would seem faster."""
    os.environ["LOOPMARK_CACHE"] = str(folder / "cache")
