"""A fully connected network with tanh and one output, and its derivatives in its inputs.

    h_0 = u,   h_l = tanh(W_l h_{l−1} + b_l),   y = w · h_d + b        ∂y/∂h_{l−1} = W_lᵀ ((1 − h_l²) ∂y/∂h_l)

Points are last, u (m, n), so that each row of h lies together in memory, and all weights are one vector, as optimisers
want them.
"""

from __future__ import annotations

import itertools
import math

import torch

Layers = list[tuple[torch.Tensor, torch.Tensor]]
"""Weights (n_out, n_in) and biases (n_out, 1), layer by layer."""


class TanhNetwork:
    """The network with these widths: of the input, of each hidden layer, and 1."""

    def __init__(self, widths: list[int]) -> None:
        self._shapes = [(o, i + 1) for i, o in itertools.pairwise(widths)]
        self.n_weights = sum(math.prod(shape) for shape in self._shapes)

    def start(self, seed: int) -> torch.Tensor:
        """Draw weights (n_weights,) as Glorot and Bengio do, without biases."""
        generator = torch.Generator().manual_seed(seed)
        parts = []
        for n_out, n_in_and_bias in self._shapes:
            bound = math.sqrt(6 / (n_out + n_in_and_bias - 1))
            layer = (2 * torch.rand(n_out, n_in_and_bias, generator=generator, dtype=torch.float64) - 1) * bound
            layer[:, -1] = 0
            parts.append(layer.ravel())
        return torch.cat(parts)

    def layers(self, weights: torch.Tensor) -> Layers:
        """Cut the weights (n_weights,) into layers."""
        parts = weights.split([math.prod(shape) for shape in self._shapes])
        whole = [part.reshape(shape) for part, shape in zip(parts, self._shapes, strict=True)]
        return [(layer[:, :-1].contiguous(), layer[:, -1:].contiguous()) for layer in whole]


def value(layers: Layers, u: torch.Tensor) -> torch.Tensor:
    """Compute y (n,) at u (m, n), without derivatives."""
    h = u
    for weight, bias in layers[:-1]:
        h = torch.addmm(bias, weight, h).tanh_()
    weight, bias = layers[-1]
    return torch.addmm(bias, weight, h)[0]


def value_and_slope(layers: Layers, u: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Compute y (n,) and ∂y/∂u (m, n) at u (m, n), which can be differentiated in the weights."""
    hidden = [u]
    for weight, bias in layers[:-1]:
        hidden.append(torch.addmm(bias, weight, hidden[-1]).tanh())
    weight, bias = layers[-1]
    y = torch.addmm(bias, weight, hidden[-1])[0]
    slope = weight.T
    for (weight, _), h in zip(layers[-2::-1], hidden[:0:-1], strict=True):
        slope = weight.T @ ((1 - h * h) * slope)
    return y, slope
