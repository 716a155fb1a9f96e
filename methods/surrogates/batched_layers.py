"""Several fully connected networks of the same shape evaluated together: one batched matrix product per layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

BatchedLayers = Sequence[tuple[torch.Tensor, torch.Tensor]]
"""Weights (n_networks, n_in, n_out) and biases (n_networks, 1, n_out) of each layer."""


def outputs(layers: BatchedLayers, activation: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Return (n_networks, n, n_out) for x (n_networks, n, n_in), each network with rows of its own."""
    for weight, bias in layers[:-1]:
        x = activation(torch.baddbmm(bias, x, weight))
    weight, bias = layers[-1]
    return torch.baddbmm(bias, x, weight)


def separate(layers: BatchedLayers) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """Return weights (n_out, n_in) and biases (n_out,) of each layer, network by network."""
    arrays = [(weight.detach().cpu().numpy(), bias.detach().cpu().numpy()) for weight, bias in layers]
    return [[(weight[i].T, bias[i, 0]) for weight, bias in arrays] for i in range(len(arrays[0][0]))]
