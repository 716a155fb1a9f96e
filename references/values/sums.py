"""References' quadrature of sums: each term of the integrand by a rule of its own.

The sectors of a loop integral peak differently, so no single set of maps suits them all.
"""

from __future__ import annotations

import numpy as np

from methods.base import ParametricIntegral
from references.values import quadrature
from references.values.quadrature import Quadrature


def converge(integral: ParametricIntegral, s: np.ndarray, *, epsrel: float, max_eval: float = 4e9) -> Quadrature:
    """Integrate as `quadrature.converge` does, term by term; errors add up, and `rule` is the largest of them.

    Raises
    ------
    InputError
        As `quadrature.converge`.
    """
    terms = integral.terms
    if len(terms) == 1:
        return quadrature.converge(integral, s, epsrel=epsrel, max_eval=max_eval)
    parts = [quadrature.converge(term, s, epsrel=epsrel, max_eval=max_eval / len(terms)) for term in terms]
    return Quadrature(
        value=np.sum([part.value for part in parts], axis=0),
        error=np.sum([part.error for part in parts], axis=0),
        magnitude=np.sum([part.magnitude for part in parts], axis=0),
        rule=max((part.rule for part in parts), key=lambda rule: rule.n_nodes),
    )
