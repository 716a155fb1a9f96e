"""Timing regressions, by asv: what each method costs on `box1l`, in seconds and memory, and how wrong it is.

    make timing                                  one run, in an environment that asv builds from the current commit
    .venv/bin/python -m benchmarks.gate main     the current commit against another: fails where it is worse
    .venv/bin/asv publish                        the history as pages, in .asv/html

Nothing here is a published figure: preparation is cut to seconds, so that a run of all methods takes minutes, and is
counted in updates, trees or nodes rather than seconds, so that a slower machine fits the same method.
"""

from __future__ import annotations

from typing import Any

from benchmarks.regressions import fitted_methods

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "gauss_legendre": {},
    "chebyshev": {},
    "total_degree": {"max_labels": 1_000},
    "tensor_train": {"max_labels": 1_000},
    "lattice_qmc": {},
    "learned_contour": {"degree": 2, "order": 8},
    "neural_primitive": {"width": 500, "n_updates": 8},
    "published_primitive": {"lattice_size": 512, "n_updates": 200},
    "pysecdec_qmc": {},
    "skip_mlp": {"n_labels": 20_000, "n_updates": 1_000},
    "differential_mlp": {"n_labels": 1_000, "n_iterations": 200},
    "boosted_trees": {"n_labels": 50_000, "n_trees": 100},
}
"""Name -> fields. The list is fixed: a new method joins on purpose, and the history of the others goes on."""


class OnBox1l:
    """Each method on box1l."""

    integral, configurations = "box1l", CONFIGURATIONS
    params = (tuple(CONFIGURATIONS),)

    def setup_cache(self) -> str:
        """Fit and save all methods; return their folder."""
        return fitted_methods.fit_all(self.integral, self.configurations)

    setup_cache.timeout = 900.0  # type: ignore[attr-defined]


class Fit(OnBox1l, fitted_methods.Fitted):
    """Seconds of the fit and digits."""


class Integrate(OnBox1l, fitted_methods.Timed):
    """Seconds and memory of calls."""

    def time_integrate_one(self, folder: str, name: str) -> None:
        """Seconds for a single phase-space point."""
        self.method.integrate(self.s[:1])

    def peakmem_integrate(self, folder: str, name: str) -> None:
        """Largest memory of a process that loads the method and integrates 1,024 points, in bytes."""
        self.method.integrate(self.s)
