"""A map for many variables by trial: the order of variables whose rules need fewest nodes, and another one that agrees.

How much log g varies tells little of how many nodes a Gauss rule needs, and a sample little of whether a map is causal.
So of the orders of variables with the least variation some are tried: rules of few nodes foresee how many are needed
(`contour_orders.py`). Then two maps, in different orders, are taken whose rules have the same values: a contour on the
wrong side of a zero of F hardly has the values of another one. Several may be on the wrong side of the same zero, and
have the same values for that: so one that is refuted may confirm another map, and is the first only where all are.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from methods.core.relative_error import relative_errors
from methods.primitives import contour_orders
from methods.primitives.contour_orders import MovingTermRules
from methods.primitives.contour_search import Found, Search, none_found
from methods.primitives.contour_zeros import count_zeros
from methods.quadrature.rule_error import root_mean_square

TRIALS = 12
"""Orders of variables for which the nodes are foreseen."""

TRIAL_POINTS, TRIAL_GOAL = 3, 1e-5
"""Phase-space points, and relative error, for which the nodes are foreseen."""

PAIR_POINTS, PAIR_NODES = 24, 20_000
"""Phase-space points at which two maps are compared, and nodes of their rules."""

AGREEMENT = 3e-3
"""Largest relative difference, root mean square, of two maps that agree; such rules err by less than 1e-3."""

MAX_MAPS = 6
"""Maps that are compared before the two nearest ones are taken."""

NOT_CAUSAL = 5e-3
"""Largest share of sampled points on the wrong side. Beyond one loop F is not quadratic, and Im F may be above zero
where F is far from it: at 0.1 % of the points on the best maps of box2l."""


def ranked_orders(search: Search, n_orders: int | None) -> list[tuple[int, ...]]:
    """Return orders of variables, those first whose rules need fewest nodes; at most `n_orders` are looked at."""
    shorts = [short for short in search.best(n_orders) if short.not_causal <= NOT_CAUSAL]
    tried = sorted(shorts[:TRIALS], key=lambda short: _foreseen_nodes(search, short))
    return [short.contour.order for short in [*tried, *shorts[TRIALS:]]]


def agreeing(
    search: Search, name: str, degree: int, orders: Sequence[tuple[int, ...]], may_compile: bool = True
) -> tuple[Found, Found | None]:
    """Return the first two maps that agree, or the two that differ least; the orders of variables are tried in turn.

    The first of the two is refuted only where all maps are.

    Parameters
    ----------
    search : Search
        Of the term.
    name : str
        Of the integral, for the message.
    degree : int
        Of the maps.
    orders : sequence of orders of variables
        They are tried in turn.
    may_compile : bool
        Whether there is time for compiling the sums on each map, two to MAX_MAPS of them.

    Raises
    ------
    NoCausalContour
        Where no map is causal.
    """
    found: list[Found] = []
    values: list[np.ndarray] = []
    differences: dict[tuple[int, int], float] = {}
    for candidate in itertools.islice(causal(search, degree, orders), MAX_MAPS):  # refuted ones come last
        found.append(candidate)
        values.append(_values(search, candidate, may_compile))
        last = len(found) - 1
        differences |= {
            (i, last): root_mean_square(relative_errors(values[i] - values[-1], values[i]))
            for i in range(last) if found[0].is_refuted or not found[i].is_refuted
        }  # fmt: skip
        pairs = [pair for pair, difference in differences.items() if difference <= AGREEMENT]
        if pairs:
            return found[pairs[0][0]], found[pairs[0][1]]
    if not found:
        raise none_found(name, search.n_tried, search.term.k)
    first, second = min(differences, key=differences.__getitem__, default=(0, 0))
    return found[first], found[second] if differences else None


def causal(search: Search, degree: int, orders: Sequence[tuple[int, ...]]) -> Iterator[Found]:
    """Yield maps fitted to all points, last those that a zero of F on the way to them refutes; `search` notes these."""
    refuted = []
    for order in orders:
        final = search.final(search.short(order).contour, degree)
        if final.not_causal > NOT_CAUSAL:
            continue
        if search.term.is_complex and count_zeros(search.term, final.contour, search.coordinates, search.seed):
            search.refuted.add(order)
            refuted.append(final._replace(is_refuted=True))
            continue
        yield final
    yield from refuted


def _foreseen_nodes(search: Search, found: Found) -> float:
    rules = MovingTermRules([search.term], [found.contour], search.coordinates, may_compile=False)
    return contour_orders.foreseen_nodes(rules, search.drawn(TRIAL_POINTS), TRIAL_GOAL)


def _values(search: Search, found: Found, may_compile: bool) -> np.ndarray:
    """Compute the integral at PAIR_POINTS by a rule of PAIR_NODES."""
    rules = MovingTermRules([search.term], [found.contour], search.coordinates, may_compile)
    s = search.drawn(PAIR_POINTS)
    orders = contour_orders.best_orders(rules, s, PAIR_NODES)
    return rules.values(orders, s)
