"""Direct regression of I(s) by a network with skip connections, the sk-DNN (`skip_network.py`, `regressor.py`).

Bishara, Paul and Dy, *Skip connections for high precision regressors*, NeurIPS ML4PS 2022, eq. 3 and table 1: 13
million points, hours to a day of training. Here are minutes, so the learning rate falls to zero within the run, where
theirs halves every million updates.

notation: their feature space = s; depth = n_blocks; sk-DNN 9-28 = n_blocks 9, width 28.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from methods.surrogates.regressor import Regressor
from methods.surrogates.skip_network import network


@dataclass(kw_only=True)
class SkipMLP(Regressor):
    """sk-DNN regression of I(s), in float32.

    Parameters
    ----------
    n_blocks : int
        Number of blocks (papers' depth: 9, or 14 where it pays).
    width : int, optional
        Width of each layer; None takes the papers' 28, 36 or 50 for m <= 2, m <= 4 and above.
    activation : str
        One of `skip_network.TORCH_ACTIVATIONS`. The papers print none; after 4,000 updates on box1l tanh reached 3.6
        digits and relu 3.4.
    """

    name: ClassVar[str] = "skip_mlp"
    source: ClassVar[str] = "Bishara, Paul & Dy, NeurIPS ML4PS 2022, eq. 3 (sk-DNN)"
    version: ClassVar[int] = 2

    n_blocks: int = 9
    width: int | None = None
    activation: str = "tanh"

    def _network(self, m: int, n_parts: int) -> nn.Module:
        return network(m, self.n_blocks, self._width(m), self.activation, self.seed, n_parts)

    def _width(self, m: int) -> int:
        """Return the width of the layers for m kinematic invariants: table 1, by 2, 4 and 8 dimensions."""
        return self.width or (28 if m <= 2 else 36 if m <= 4 else 50)
