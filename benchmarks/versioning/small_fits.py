"""Small seeded fits, counted in updates, trees or nodes and never in seconds, so that they can be repeated anywhere.

A fit is {"integral", "fields"}, and what it gives is I(s) and its error at N_POINTS points of the integral's box. Each
call has a process of its own, since compiled code may end it.

Other processors round differently. What that does to a fit is measured in an interpreter of its own, which uses only
the instructions that all processors have: `ROUNDED_OTHERWISE`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.running import isolated, stopwatch
from benchmarks.running.isolated import Outcome

N_POINTS = 24
"""More than the sixteen that a compiled kernel of a fitted method takes at a time (`methods.core.few_points`)."""

TIME_LIMIT_S = 600.0
"""For the fits of one method; pySecDec compiles for about a minute where its libraries are not in the cache."""

ROUNDED_OTHERWISE = {
    "ATEN_CPU_CAPABILITY": "default",  # torch's own kernels without AVX
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_CBWR": "COMPATIBLE",
    "OPENBLAS_CORETYPE": "Nehalem",  # NumPy's matrix products without AVX
}
"""Environment of the other interpreter; libraries ignore what they do not know."""

COMPILED_OTHERWISE = {"CXX": "g++ -mno-avx"}
"""For kernels that are compiled here. Fits with `cxxflags` say themselves how, and would take a minute to compile."""

Fit = dict[str, Any]

INTEGRALS = ("box1l", "genz_product_peak_2d")
"""k = 3 and 2, m = 3 and 2; both are rational functions, which pySecDec compiles quickly."""

COMPLEX_INTEGRAL = "box1l_hh"
"""k = 3, m = 2, for methods that treat complex integrals."""

_LEARNING = {"labels": "gauss_legendre", "n_labels": 400, "n_updates": 50}
_PRIMITIVE = {"width": 50, "n_replicas": 2, "n_updates": 2}
_COMPILED = {"cxxflags": "-O0"}
"""The same instructions on every processor, and half of the time of compiling."""

FIELDS: dict[str, dict[str, Any]] = {
    "gauss_legendre": {"max_nodes": 1000},
    "chebyshev": {"labels": "gauss_legendre", "epsrel": 1e-5, "max_labels": 1000},
    "total_degree": {"labels": "gauss_legendre", "max_labels": 300, "n_pilot": 50},
    "tensor_train": {"labels": "gauss_legendre", "max_labels": 1000, "n_pilot": 50},
    "learned_contour": {"max_nodes": 1000},
    "lattice_qmc": {"epsrel": 1e-5, "max_nodes": 4096},
    "scipy_qmc": {"points": 128},
    "vegas": {"n_samples": 200},
    "vegas_map": {"points": 512},
    "gaussian_process": {"labels": "gauss_legendre", "n_labels": 200},
    "rbf": {"labels": "gauss_legendre", "n_labels": 200},
    "neural_primitive": _PRIMITIVE,
    "separable_primitive": _PRIMITIVE,
    "primitive_corrected": {"width": 50, "lattice_size": 64, "n_shifts": 4},
    "published_primitive": {"width": 16, "depth": 2, "lattice_size": 128, "n_updates": 30},
    "pysecdec_qmc": _COMPILED,
    "pysecdec_qmc_pylink": _COMPILED,
    "pysecdec_cuba": _COMPILED,
    "dense_mlp": _LEARNING,
    "skip_mlp": _LEARNING,
    "bayesian_mlp": _LEARNING | {"width": 16},
    "deep_ensemble": _LEARNING | {"width": 16},
    "differential_mlp": {"labels": "gauss_legendre", "n_labels": 400, "width": 8, "n_iterations": 20},
    "boosted_trees": {"labels": "gauss_legendre", "n_labels": 1000, "n_trees": 20},
}
"""The fields of each method's fits. Where a method takes labels from another one, they say from which."""

_ON_ARCS = {"labels": "gauss_legendre,order=12,search_order=4"}

COMPLEX_FIELDS: dict[str, dict[str, Any]] = {
    "gauss_legendre": {"order": 12, "search_order": 4},
    "lattice_qmc": {"points": 512},
    "learned_contour": {"order": 8},
    "chebyshev": {"max_labels": 300, **_ON_ARCS},
    "total_degree": {"max_labels": 200, "n_pilot": 40, **_ON_ARCS},
    "tensor_train": {"max_labels": 400, "n_pilot": 40, **_ON_ARCS},
    "neural_primitive": _PRIMITIVE,
    "dense_mlp": _LEARNING | _ON_ARCS,
    "skip_mlp": _LEARNING | _ON_ARCS,
    "bayesian_mlp": _LEARNING | _ON_ARCS | {"width": 16},
    "deep_ensemble": _LEARNING | _ON_ARCS | {"width": 16},
    "differential_mlp": {"n_labels": 300, "width": 8, "n_iterations": 8, **_ON_ARCS},
    "boosted_trees": {"n_labels": 500, "n_trees": 20, **_ON_ARCS},
}
"""The same of the complex integral."""


def fits_of(name: str, fields: Mapping[str, Mapping[str, Any]]) -> list[Fit]:
    """List the fits of a method by its fields; none where it has no line there."""
    if name not in fields:
        return []
    real = [{"integral": integral, "fields": dict(fields[name])} for integral in INTEGRALS]
    return real + [{"integral": COMPLEX_INTEGRAL, "fields": dict(own)} for own in [COMPLEX_FIELDS.get(name)] if own]


def outputs(target: str, fits: list[Fit]) -> list[dict[str, list[float | None]]]:
    """Return {"value", "error"} of each fit of "module:Class" by one thread, N_POINTS numbers each.

    Of a complex value, real and imaginary part are two numbers; a number that is not finite is None.

    Raises
    ------
    InputError
        Where an integral or a field is not known, or the method cannot treat an integral.
    """
    import methods
    import references
    from methods.base import InputError

    stopwatch.limit_threads(1)
    found = []
    for fit in fits:
        integral = references.integral(fit["integral"])
        method = methods.create(target, **fit["fields"])
        if reason := method.unsupported(integral):
            raise InputError(f"It cannot treat {integral.name} here: {reason}")
        method.fit(integral)
        value, error, _ = method.integrate(integral.sample(N_POINTS, seed=0))
        found.append({"value": _numbers(value), "error": _numbers(error)})
    return found


def outcome(target: str, fits: list[Fit]) -> Outcome:
    """Return how `outputs` ended, in a process of its own."""
    return isolated.call(outputs, target, fits, time_limit=TIME_LIMIT_S)


def outcome_rounded_otherwise(target: str, fits: list[Fit]) -> Outcome:
    """Return how `outputs` ended by one thread in such an interpreter."""
    command = [sys.executable, "-m", "benchmarks.versioning.small_fits", target]
    environment = os.environ | ROUNDED_OTHERWISE
    if not any("cxxflags" in fit["fields"] for fit in fits):
        environment |= COMPILED_OTHERWISE
    try:
        done = subprocess.run(
            command, input=json.dumps(fits), env=environment, capture_output=True, text=True, check=False,
            timeout=TIME_LIMIT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Outcome("timeout", f"The fits were ended after {TIME_LIMIT_S:.0f} s.")
    if done.returncode:
        return Outcome("failed", (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    return Outcome("ok", result=json.loads(done.stdout.splitlines()[-1]))


def difference(new: list[float | None], old: list[float | None]) -> float:
    """Return the largest relative difference of two lists; None, a value that is not finite, equals only itself."""
    if len(new) != len(old) or any((a is None) != (b is None) for a, b in zip(new, old, strict=True)):
        return np.inf
    pairs = [(a, b) for a, b in zip(new, old, strict=True) if a is not None and b is not None]
    return max((abs(a - b) / (abs(b) or 1.0) for a, b in pairs if a != b), default=0.0)


def _numbers(array: np.ndarray) -> list[float | None]:
    """Return an array as numbers that JSON can hold, real and imaginary parts of complex ones in turn."""
    flat = np.ascontiguousarray(array)
    flat = flat.view(np.float64) if np.iscomplexobj(flat) else flat
    return [float(number) if np.isfinite(number) else None for number in flat]


if __name__ == "__main__":
    print(json.dumps(outputs(sys.argv[1], json.load(sys.stdin))))
