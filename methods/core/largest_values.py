"""Largest values of hyperparameters that are numbers of something kept in memory, by the name of the field.

Beyond them a fit would need more memory than any machine has, or years, before it could say so. They are far above
what pays, and no statement about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LARGEST = {
    "order": 1_000, "search_order": 1_000,  # of Gauss–Legendre: nodes are eigenvalues of an order × order matrix
    "degree": 1_000, "depth": 1_000, "n_blocks": 1_000, "max_depth": 1_000, "max_bin": 1_000_000,
    "n_terms": 100_000, "width": 100_000,
    "n_replicas": 10_000, "points_per_neuron": 10_000,
    "n_pilot": 10_000_000, "n_labels": 100_000_000, "max_labels": 100_000_000, "batch_size": 100_000_000,
    "shifts": 1_000_000, "n_shifts": 1_000_000, "scramblings": 1_000_000, "workers": 10_000,
    "n_samples": 100_000_000, "points": 2**28, "lattice_size": 2**26,
}  # fmt: skip


def problem(params: Mapping[str, Any]) -> str | None:
    """Return which of these hyperparameters is too large and what is allowed, in a clause; None where none is."""
    for field, largest in LARGEST.items():
        given = params.get(field)
        for value in given if isinstance(given, list) else [given]:  # a list has one number for each piece of the box
            if isinstance(value, int) and value > largest:
                return f"{field} is {value}, for which there is no memory; give at most {largest}"
    return None
