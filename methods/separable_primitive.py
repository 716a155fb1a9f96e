"""A separable primitive: N(s, t) = Σ_r g_r(s) Π_i h_ri(t_i), whose derivative and corner sum cost O(k), not 2^k.

    ∂^k N/∂t1…∂tk = Σ_r g_r Π_i h_ri',    corner sum = Σ_r g_r Π_i (h_ri(1) − h_ri(0))

g_r and h_ri' are cosines of random frequency and phase (`sine_network.Products`); all else is as in `neural_primitive`.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from methods.neural_primitive import NeuralPrimitive
from methods.primitives.sine_network import Network, Products


@dataclasses.dataclass(kw_only=True)
class SeparablePrimitive(NeuralPrimitive):
    """An ensemble of separable primitives; parameters and attributes as of `NeuralPrimitive`."""

    name: ClassVar[str] = "separable_primitive"
    version: ClassVar[int] = 3
    network: ClassVar[type[Network]] = Products
    treats_complex: ClassVar[bool] = False
