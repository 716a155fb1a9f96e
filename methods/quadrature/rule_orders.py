"""Orders (n_terms, k) of tensor rules, and those of the smaller and larger rules by which they are judged."""

from __future__ import annotations

import numpy as np

MARGIN = 3.0
"""Orders are chosen for an error so many times below the one wanted: the sum over the axes is of first order."""

MOST_NODES = 2_000_000
"""Largest rule of a term that another one is compared with."""

MULTIPLE = 4.0
"""Nodes of a term of the `reference` rule, at most, per node of the rule: twice the order for k <= 2."""


def same(orders: np.ndarray) -> np.ndarray:
    """Keep the orders."""
    return orders


def lower(orders: np.ndarray) -> np.ndarray:
    """Halve the orders."""
    return (orders + 1) // 2


def reference(orders: np.ndarray) -> np.ndarray:
    """Raise the orders, up to twofold, as far as MULTIPLE and MOST_NODES allow, and by a node per axis at least."""
    allowed = np.minimum(MULTIPLE, MOST_NODES / np.prod(orders, axis=1, keepdims=True))
    factor = np.minimum(2.0, allowed ** (1 / max(1, orders.shape[1])))
    return np.maximum(orders + 1, np.floor(factor * orders).astype(int))


def least_growth(orders: np.ndarray, larger: np.ndarray) -> float:
    """Smallest over the terms of the geometric mean over axes of larger/orders."""
    return float(np.exp(np.log(larger / orders).mean(axis=1).min()))


def n_nodes(orders: np.ndarray) -> int:
    """Count the nodes over all terms."""
    return int(np.prod(orders, axis=1).sum())
