"""The most central of several maps: of those in different orders of variables, that whose values most others share.

    map i with the least median over j of q_ij,    q_ij the quantile over s of |I_i(s) − I_j(s)|/|I_i(s)|

Near corner zeros two maps may agree as far as rules of few nodes can tell, and one of them be wrong in the next digit,
however many nodes it has. Which one, a third and a fourth map tell. Maps that a zero of F refutes may tell it, too, but
are not taken themselves unless all are refuted.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from methods.core.relative_error import relative_errors
from methods.primitives import contour_orders, contour_trials
from methods.primitives.contour_orders import MovingTermRules
from methods.primitives.contour_search import Found, Search

MAX_MAPS = 4
"""Maps that are compared. On box2l_low above s12 = 9, of two maps that agree to 3e-3 with 2e4 nodes, one stays at 2.7
digits at the worst of 20 points with 5e6, the other one has 3.6."""

POINTS = 24
"""Phase-space points at which maps are compared."""

SHARE = 0.8
"""Quantile over s that is taken as their distance."""

FEW_NODES = 100_000
"""Nodes of the rules that tell how far two maps are apart."""


def apart(search: Search, pair: tuple[Found, Found | None]) -> float:
    """Return q_ij of two maps with rules of FEW_NODES; 0 where there is one map only."""
    first, second = pair
    if second is None:
        return 0.0
    return float(distances(np.array([_values(search, found, FEW_NODES) for found in (first, second)]))[0, 1])


def central(
    search: Search, degree: int, orders: Sequence[tuple[int, ...]], known: tuple[Found, Found | None], n_nodes: int
) -> tuple[Found, Found | None]:
    """Return the most central map of those that are not refuted, if any, and of all others the one nearest to it.

    Parameters
    ----------
    search : Search
        Of the term.
    degree : int
        Of the maps.
    orders : sequence of orders of variables
        They are tried in turn.
    known : pair of maps
        Maps of some of these orders; others follow until there are MAX_MAPS.
    n_nodes : int
        Nodes of the rules that are compared.
    """
    first, second = known
    if second is None:
        return known
    taken = {first.contour.order, second.contour.order}
    others = contour_trials.causal(search, degree, [order for order in orders if order not in taken])
    maps = [first, second, *itertools.islice(others, MAX_MAPS - 2)]
    distance = distances(np.array([_values(search, found, n_nodes) for found in maps]))
    i, j = central_pair(distance, np.array([found.is_refuted for found in maps]))
    return maps[i], maps[j]


def distances(values: np.ndarray) -> np.ndarray:
    """Return q_ij (n_maps, n_maps) of values (n_maps, n)."""
    return np.array([[np.quantile(relative_errors(a - b, a), SHARE) for b in values] for a in values])


def central_pair(distance: np.ndarray, is_refuted: np.ndarray) -> tuple[int, int]:
    """Return the most central map by distances (n_maps, n_maps), and the one nearest to it.

    Those that are refuted (n_maps,) are the most central one only where all are.
    """
    n = len(distance)
    apart = distance[~np.eye(n, dtype=bool)].reshape(n, n - 1)
    is_left_out = is_refuted & ~is_refuted.all()
    first = int(np.where(is_left_out, np.inf, np.median(apart, axis=1)).argmin())
    return first, int(np.where(np.arange(n) == first, np.inf, distance[first]).argmin())


def _values(search: Search, found: Found, n_nodes: int) -> np.ndarray:
    """Compute the integral at POINTS by a rule of so many nodes."""
    rules = MovingTermRules([search.term], [found.contour], search.coordinates)
    s = search.drawn(POINTS)
    return rules.values(contour_orders.best_orders(rules, s, n_nodes), s)
