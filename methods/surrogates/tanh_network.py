"""A fully connected network with tanh, and the derivatives of its outputs in its inputs.

    h_0 = u,   h_l = tanh(W_l h_{l−1} + b_l),   y_j = w_j · h_d + b_j        ∂y_j/∂h_{l−1} = W_lᵀ ((1 − h_l²) ∂y_j/∂h_l)

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
    """The network with these widths: of the input, of each hidden layer, and of the output."""

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


def values(layers: Layers, u: torch.Tensor) -> torch.Tensor:
    """Compute the outputs y (n_out, n) at u (m, n), without derivatives."""
    h = u
    for weight, bias in layers[:-1]:
        h = torch.addmm(bias, weight, h).tanh_()
    weight, bias = layers[-1]
    return torch.addmm(bias, weight, h)


def values_and_slopes(layers: Layers, u: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Compute y_j (n,) and ∂y_j/∂u (m, n) of each output at u (m, n), which can be differentiated in the weights."""
    hidden = [u]
    for weight, bias in layers[:-1]:
        hidden.append(torch.addmm(bias, weight, hidden[-1]).tanh())
    outputs, bias = layers[-1]
    found = []
    for y, slope in zip(torch.addmm(bias, outputs, hidden[-1]), outputs.split(1), strict=True):
        slope = slope.T
        for (weight, _), h in zip(layers[-2::-1], hidden[:0:-1], strict=True):
            slope = weight.T @ ((1 - h * h) * slope)
        found.append((y, slope))
    return found
