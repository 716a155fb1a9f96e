"""Direct regression of I(s) by a fully connected network, the DNN that skip connections are compared with.

    N(s) = A_{d+1} g(A_d … g(A_1 s + b_1) … + b_d) + b_{d+1}

Bishara, Paul and Dy, *Skip connections for high precision regressors*, NeurIPS ML4PS 2022, table 1.

notation: DNN 12-56 = depth 12, width 56.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from methods.surrogates.regressor import Regressor
from methods.surrogates.skip_network import Elementwise, linear


@dataclass(kw_only=True)
class DenseMLP(Regressor):
    """DNN regression of I(s), in float32.

    Parameters
    ----------
    depth : int
        Number of hidden layers (papers: 8, or 12 where it pays).
    width : int, optional
        Width of each; None takes the papers' 56, 72 or 100 for m <= 2, m <= 4 and above.
    activation : str
        One of `skip_network.TORCH_ACTIVATIONS`.
    """

    name: ClassVar[str] = "dense_mlp"
    source: ClassVar[str] = "Bishara, Paul & Dy, NeurIPS ML4PS 2022, table 1 (DNN)"
    version: ClassVar[int] = 2

    depth: int = 8
    width: int | None = None
    activation: str = "tanh"

    def _network(self, m: int, n_parts: int) -> nn.Module:
        generator = torch.Generator().manual_seed(self.seed)
        widths = [m] + [self._width(m)] * self.depth
        layers = [linear(i, o, generator) for i, o in itertools.pairwise(widths)]
        hidden = itertools.chain.from_iterable((layer, Elementwise(self.activation)) for layer in layers)
        return nn.Sequential(*hidden, linear(widths[-1], n_parts, generator))

    def _width(self, m: int) -> int:
        """Return the width of the layers for m kinematic invariants: table 1, by 2, 4 and 8 dimensions."""
        return self.width or (56 if m <= 2 else 72 if m <= 4 else 100)
