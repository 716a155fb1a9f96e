"""Integrals of somebody's own, as tests name them on the command line."""

import numpy as np
from integrals import changing_sign, plain, product

from methods.base import ParametricIntegral

closed = product(2)
no_symbols = plain(1)

with_zeros = changing_sign()

rough = ParametricIntegral(
    name="rough", k=2, parameters=("s1",), low=(1.0,), high=(2.0,),
    integrand=lambda s, x: np.sign(np.sin(1000 * s[..., 0] * x[..., 0] * x[..., 1])) + 2.0,
)  # fmt: skip
"""No closed form, and too rough for quadrature: there is no truth."""
