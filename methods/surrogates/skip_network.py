"""The network with skip connections, sk-DNN: a chain of blocks and a linear layer.

Each block maps x to

    y = g(h(x) + W x),        h(x) = A_3 g(A_2 g(A_1 x + b_1) + b_2) + b_3

with the activation g, where W is trainable and without bias where the widths differ, and the identity otherwise.
The block returns g of the sum: g(x) alone would silently throw h away.

Bishara, Paul and Dy, *Skip connections for high precision regressors*, NeurIPS ML4PS 2022, eq. 3 and figure 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import nn

from methods.core.names import unknown

TORCH_ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "elu": nn.functional.elu,
    "leaky_relu": nn.functional.leaky_relu,
    "relu": torch.relu,
    "silu": nn.functional.silu,
    "softplus": nn.functional.softplus,
    "tanh": torch.tanh,
}
"""Activations of the papers' code, and tanh, as torch computes them. `methods.deep.activations.ACTIVATIONS` is another
table, since a primitive differentiates its activation k times: that takes formulas, which round differently."""


class Elementwise(nn.Module):
    """An activation by its name. Raises InputError for an unknown one."""

    def __init__(self, name: str) -> None:
        super().__init__()
        if name not in TORCH_ACTIVATIONS:
            raise unknown("activation", name, TORCH_ACTIVATIONS)
        self.name, self._function = name, TORCH_ACTIVATIONS[name]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return g(x), of the shape of x."""
        return self._function(x)


class Block(nn.Module):
    """y = g(h(x) + W x): eq. 3."""

    def __init__(self, n_in: int, n_out: int, activation: str, generator: torch.Generator) -> None:
        super().__init__()
        self.activation = Elementwise(activation)
        self.first = linear(n_in, n_out, generator)
        self.second = linear(n_out, n_out, generator)
        self.third = linear(n_out, n_out, generator)
        self.skip = nn.Identity() if n_in == n_out else linear(n_in, n_out, generator, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return y for x (n, n_in): (n, n_out)."""
        hidden = self.activation(self.second(self.activation(self.first(x))))
        return self.activation(self.third(hidden) + self.skip(x))


def network(n_in: int, n_blocks: int, width: int, activation: str, seed: int, n_out: int = 1) -> nn.Sequential:
    """Return the sk-DNN of `n_blocks` blocks, float32; the global random state is not used."""
    generator = torch.Generator().manual_seed(seed)
    widths = [n_in] + [width] * n_blocks
    blocks = [Block(i, o, activation, generator) for i, o in itertools.pairwise(widths)]
    return nn.Sequential(*blocks, linear(width, n_out, generator))


def linear(n_in: int, n_out: int, generator: torch.Generator, *, bias: bool = True) -> nn.Linear:
    """Return a dense layer with the weights of Glorot and Bengio, and no bias at the start."""
    layer = nn.utils.skip_init(nn.Linear, n_in, n_out, bias=bias, dtype=torch.float32)
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer
