"""Timing regressions above threshold, by asv: methods on `box1l_physical`, whose I(s) is complex."""

from __future__ import annotations

from typing import Any

from benchmarks.regressions import fitted_methods

ARCS = "gauss_legendre,max_nodes=4000,n_contours=20,search_order=3"
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "gauss_legendre": {"max_nodes": 4_000, "n_contours": 20, "search_order": 3},
    "learned_contour": {"degree": 2, "order": 12, "n_orders": 1},
    "chebyshev": {"max_labels": 500, "labels": ARCS},
    "total_degree": {"max_labels": 500, "labels": ARCS},
    "tensor_train": {"max_labels": 1_000, "labels": ARCS},
    "neural_primitive": {"width": 300, "n_updates": 8, "n_replicas": 2},
    "differential_mlp": {"n_labels": 500, "n_iterations": 100, "labels": ARCS},
}
"""Name -> fields; `learned_contour` runs the kernel of moving nodes, and the tables that of complex polynomials."""


class OnBox1lPhysical:
    """Each method on box1l_physical."""

    integral, configurations = "box1l_physical", CONFIGURATIONS
    params = (tuple(CONFIGURATIONS),)

    def setup_cache(self) -> str:
        """Fit and save all methods; return their folder."""
        return fitted_methods.fit_all(self.integral, self.configurations)

    setup_cache.timeout = 900.0  # type: ignore[attr-defined]


class FitPhysical(OnBox1lPhysical, fitted_methods.Fitted):
    """Seconds of the fit and digits."""


class IntegratePhysical(OnBox1lPhysical, fitted_methods.Timed):
    """Seconds of calls."""
