"""Orders (n_terms, k) of tensor rules, and those of the smaller and larger rules by which they are judged."""

from __future__ import annotations

import numpy as np

MARGIN = 3.0
"""Orders are chosen for an error so many times below the one wanted: the sum over the axes is of first order."""


def same(orders: np.ndarray) -> np.ndarray:
    """Keep the orders."""
    return orders


def lower(orders: np.ndarray) -> np.ndarray:
    """Halve the orders."""
    return (orders + 1) // 2


def doubled(orders: np.ndarray) -> np.ndarray:
    """Double the orders."""
    return 2 * orders


def n_nodes(orders: np.ndarray) -> int:
    """Count the nodes over all terms."""
    return int(np.prod(orders, axis=1).sum())
