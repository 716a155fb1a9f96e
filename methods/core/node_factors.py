"""A sum over nodes as factors that are affine in s, which other programs can evaluate (`arithmetic.NodeSum`)."""

from __future__ import annotations

import numpy as np

from methods.core.arithmetic import Factor
from methods.core.integral import ParametricIntegral
from methods.core.integrand import Integrand


def node_factors(
    integral: ParametricIntegral, x: np.ndarray, weights: np.ndarray
) -> tuple[list[Factor], np.ndarray] | None:
    """Split Σ_n w_n f(s, x_n) into Σ_n c_n Π_k P_nk(s)^{p_k} for nodes x (n_x, k) and weights (n_x,): factors, and c.

    Returns None for a sum of several terms, a Python function, and an integrand that is no such product.
    """
    integrand = integral.integrand
    return integrand.factors(x, weights) if isinstance(integrand, Integrand) else None
