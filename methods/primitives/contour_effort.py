"""How thoroughly contours of an integral can be searched for in the time left."""

from __future__ import annotations

from typing import NamedTuple

from methods.core.budget import Clock
from methods.primitives import contour_search
from methods.primitives.contour_map import ContourMap
from methods.primitives.contour_search import NOT_CAUSAL, SHORT_DEGREE, Search


class Effort(NamedTuple):
    """What a search may cost."""

    degree: int | None
    """Total degree of a map; None keeps the one by which orders of variables were compared."""
    n_orders: int | None
    """Orders of variables that are tried at most; None sets no limit."""


def affordable(search: Search, k: int, m: int, searching: Clock, final: Clock) -> Effort:
    """Find the effort for one term of k Feynman parameters and m invariants.

    Parameters
    ----------
    search : Search
        Of the term.
    k, m : int
        Their numbers.
    searching, final : Clock
        For the comparison of orders of variables, and for that and the last fit together.
    """
    degrees = range(contour_search.degree_of(k, m), SHORT_DEGREE - 1, -1)
    if not searching.is_limited:
        return Effort(contour_search.degree_of(k, m), None)
    search.short(tuple(range(k)))  # the first evaluation compiles the formula
    seconds = search.seconds_of_short()
    left = final.left - searching.left
    degree = next((d for d in degrees if contour_search.times_a_short(k, m, d) * seconds <= left), None)
    return Effort(degree, max(1, int(searching.left / seconds)))


def best(search: Search, name: str, effort: Effort) -> ContourMap:
    """Return the best map that is found with an effort for the integral of this name.

    Raises
    ------
    NoCausalContour
        Where no map is causal.
    """
    if effort.degree is None:
        first = search.best(effort.n_orders)[0]
        if first.not_causal <= NOT_CAUSAL:
            return first.contour
    return contour_search.find(search, name, effort.degree or SHORT_DEGREE, effort.n_orders)[0].contour
