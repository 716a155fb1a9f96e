"""Products of polynomials that terms of a sum share: each is an earlier one times a polynomial in one variable."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class TermProducts(NamedTuple):
    """The products Π_j T_{αj} of terms α, and those that they are made of; the first is 1."""

    made_of: np.ndarray
    """(n, 3): an earlier product, a variable, and the degree of its polynomial; zeros for the first."""
    place: np.ndarray
    """(n_terms,) of each term's product."""


def term_products(alpha: np.ndarray) -> TermProducts:
    """List the products of terms with degrees alpha (n_terms, m), m > 0: those that most terms have come first."""
    different, row, uses = np.unique(alpha, axis=0, return_inverse=True, return_counts=True)
    place: dict[tuple[int, ...], int] = {(0,) * alpha.shape[1]: 0}
    made_of = [(0, 0, 0)]

    def put(degrees: tuple[int, ...]) -> int:
        if degrees not in place:
            last = max(j for j, degree in enumerate(degrees) if degree)
            before = put((*degrees[:last], 0, *degrees[last + 1 :]))
            place[degrees] = len(made_of)
            made_of.append((before, last, degrees[last]))
        return place[degrees]

    for i in np.lexsort((different.sum(axis=1), -uses)):
        put(tuple(map(int, different[i])))
    places = np.array([place[tuple(map(int, degrees))] for degrees in different])
    return TermProducts(np.array(made_of), places[row.ravel()])
