"""Kinds of methods, of each of which README.md and docs/findings.md name the best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmarks.records.digit_costs import DigitCost

KINDS = {
    "rule": ("gauss_legendre", "learned_contour", "lattice_qmc", "scipy_qmc", "vegas", "vegas_map"),
    "table": ("chebyshev", "total_degree", "tensor_train", "rbf", "gaussian_process"),
    "pySecDec": ("pysecdec_qmc", "pysecdec_qmc_pylink", "pysecdec_cuba"),
    "learned": (
        "neural_primitive", "separable_primitive", "published_primitive", "dense_mlp", "skip_mlp", "bayesian_mlp",
        "deep_ensemble", "differential_mlp", "boosted_trees",
    ),
}  # fmt: skip
"""Kind -> its methods. A table interpolates labels, by polynomials or by kernels.

`primitive_corrected` evaluates the integrand at thousands of nodes for each value, so it is neither a rule nor
learned."""


def costs_of(kind: str, methods: Mapping[str, Iterable[DigitCost]]) -> list[DigitCost]:
    """List the costs of all methods of a kind, given those of an integral by method."""
    return [cost for name in KINDS[kind] for cost in methods.get(name, ())]


def by_kind(methods: Mapping[str, Iterable[DigitCost]]) -> dict[str, dict[str, list[DigitCost]]]:
    """Sort methods that have a kind, with their costs: kind -> method -> costs, every kind there."""
    return {kind: {name: list(methods[name]) for name in names if name in methods} for kind, names in KINDS.items()}
