"""Which saved rule belongs to which term of a sum.

The fingerprint knows the sum alone, and sympy orders its terms by the names in them: where a file is loaded for the
same integral in other names, its rules may be those of other terms. So it holds values of each term.
"""

from __future__ import annotations

import numpy as np

from methods.core.integral import ParametricIntegral
from methods.core.saved_header import prescribed_values
from methods.core.storage import StorageError

ARRAY_NAME = "term_values"
"""Name under which a file holds the values of its terms. One without them has its rules in the order of the terms."""


def term_values(integral: ParametricIntegral) -> np.ndarray:
    """Evaluate each term, and its polynomial that has −i0, at the fixed points of the fingerprint: (n_terms, n)."""
    f, prescribed = [term.check_integrand() for term in integral.terms], prescribed_values(integral)
    return np.array(f) if prescribed is None else np.hstack([f, prescribed])


def order_of_terms(saved: np.ndarray, integral: ParametricIntegral) -> list[int]:
    """Find for each term of an integral the row of `saved`, which `term_values` gave, that has its values.

    Raises
    ------
    StorageError
        Where the sum is written with other terms, or two terms have the same polynomial and no value that tells them
        apart.
    """
    if len(saved) == len(integral.terms) == 1:
        return [0]
    here = term_values(integral)
    order: list[int] = []
    for row in here:
        same = [i for i, other in enumerate(saved) if np.allclose(row, other, rtol=1e-6, atol=0, equal_nan=True)]
        if len(same) > 1 and np.isnan(row[: len(row) // 2]).all():  # the other half are values of the polynomial
            raise StorageError(
                f"{len(same)} terms of {integral.name} have the same polynomial, and no value at the points by which a "
                "file tells terms apart, so that it does not say which rule is whose; fit the method again."
            )
        order += [i for i in same if i not in order][:1]
    if not len(order) == len(here) == len(saved):
        raise StorageError(
            f"The file holds rules for {len(saved)} terms, and the formula of {integral.name} has {len(here)}, "
            f"{len(order)} of them the same; give it with the same terms."
        )
    return order
