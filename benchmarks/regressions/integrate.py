"""Timing regressions, by asv: what each method costs on `box1l`, in seconds and memory, and how wrong it is.

    make timing                                  one run, in an environment that asv builds from the current commit
    .venv/bin/python -m benchmarks.gate main     the current commit against another: fails where it is worse
    .venv/bin/asv publish                        the history as pages, in .asv/html

Nothing here is a published figure: preparation is cut to seconds, so that a run of all methods takes minutes, and is
counted in updates, trees or nodes rather than seconds, so that a slower machine fits the same method.
"""

from __future__ import annotations

import os
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np

import methods
import references

INTEGRAL = "box1l"
BATCH = 1024
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "gauss_legendre": {},
    "chebyshev": {},
    "lattice_qmc": {},
    "neural_primitive": {"width": 500, "n_updates": 8},
    "published_primitive": {"lattice_size": 512, "n_updates": 200},
    "pysecdec_qmc": {},
    "skip_mlp": {"n_labels": 20_000, "n_updates": 1_000},
    "boosted_trees": {"n_labels": 50_000, "n_trees": 100},
}
"""Name -> fields. The list is fixed: a new method joins on purpose, and the history of the others goes on."""


class Integrate:
    """Each method, fitted once per commit and loaded from its file."""

    params = (tuple(CONFIGURATIONS),)
    param_names = ("method",)
    timeout = 300.0
    rounds = 2
    repeat = (2, 100, 2.0)  # at least two samples, at most 100, and no more after two seconds

    def setup_cache(self) -> str:
        """Fit and save all methods; return the folder's path, because asv pickles what is returned.

        A method that fails leaves its error in a file: its own benchmarks fail with that, and the others run.
        """
        folder = Path.cwd()  # asv runs this in a temporary folder, which it keeps until the last benchmark
        _keep_compiled_code_in(folder)
        integral = references.integral(INTEGRAL)
        for name, fields in CONFIGURATIONS.items():
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

    setup_cache.timeout = 900.0  # type: ignore[attr-defined]

    def setup(self, folder: str, name: str) -> None:
        """Load the fitted method, and let one call that does not count fill its caches."""
        if hasattr(self, "method"):
            return  # asv calls this before every sample; a process has one method
        _keep_compiled_code_in(Path(folder))
        integral = references.integral(INTEGRAL)
        error = Path(folder, f"{name}.error")
        if error.exists():
            raise RuntimeError(f"{name} could not be fitted: {error.read_text(encoding='utf-8')}")
        method = methods.create(name, **CONFIGURATIONS[name])
        if reason := method.unsupported(integral):
            raise NotImplementedError(reason)  # asv's way to skip
        self.method = type(method).load(Path(folder, name), integral)
        self.s = integral.sample(BATCH, seed=1)
        self.method.integrate(self.s)

    def time_integrate(self, folder: str, name: str) -> None:
        """Seconds for a batch of 1,024 phase-space points."""
        self.method.integrate(self.s)

    def time_integrate_one(self, folder: str, name: str) -> None:
        """Seconds for a single phase-space point."""
        self.method.integrate(self.s[:1])

    def peakmem_integrate(self, folder: str, name: str) -> None:
        """Largest memory of a process that loads the method and integrates 1,024 points, in bytes."""
        self.method.integrate(self.s)

    def track_fit(self, folder: str, name: str) -> float:
        """Return the seconds of the one fit, compiling included."""
        return float(Path(folder, f"{name}.seconds").read_text())

    track_fit.unit = "seconds"  # type: ignore[attr-defined]

    def track_rel_err_median(self, folder: str, name: str) -> float:
        """Return the median |value/truth − 1| over the uniform points of truth. For asv larger is worse."""
        truth = references.truth(INTEGRAL)
        value = self.method.integrate(truth.s[truth.uniform]).value
        return float(np.median(np.abs(value / truth.value[truth.uniform] - 1)))

    track_rel_err_median.unit = "relative error"  # type: ignore[attr-defined]


def _keep_compiled_code_in(folder: Path) -> None:
    """Have this process compile anew for each commit: with the user's cache the second commit would seem faster."""
    os.environ["LOOPMARK_CACHE"] = str(folder / "cache")
