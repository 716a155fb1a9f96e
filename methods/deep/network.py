"""The mixed derivative ∂^k N/∂x1…∂xk of a fully connected network, and its corner sum.

Let every quantity q in the network carry one coefficient for each subset S of the x_i, q_S = ∂^|S| q / Π_{i∈S} ∂x_i.
These are the coefficients of q(x1 + ε1, …, xk + εk) where ε_i² = 0: a linear layer acts on each by itself, a product
and an activation as `methods/deep/nilpotent.py` says, with ¾·3^k multiply-adds per neuron for any activation; the set
partitions of JHEP appendix B take 3 times (k = 3) to 20 times (k = 6) as long. In the first layer only single x_i
occur, so that y_S = φ^(|S|)(z) Π_{i∈S} w_i; of the last layer only the coefficient of all x_i is needed.

This file computes with plain torch, on any device and with gradients of any order. On a CPU with a C++ compiler
`methods/deep/cpu_derivative.py` and `methods/deep/cpu_corner_sum.py` do the same by compiled kernels, on a GPU with
Triton `methods/deep/gpu_derivative.py`; a corner sum on a GPU is products and an activation, by torch.

notation: N = network, subsets are ordered as binary numbers: bit i of the position tells whether x_{i+1} is in S.
"""

from __future__ import annotations

import itertools
import math

import torch

from methods.deep import cpu_corner_sum, cpu_derivative, gpu_derivative, nilpotent
from methods.deep.activations import activation as activation_of

CHUNK = 2**24
"""Numbers per layer that a corner sum by plain torch works on at once, so that memory stays bounded."""


class PrimitiveNetwork(torch.nn.Module):
    """A fully connected network N(s, x) -> (n,), to be read as the primitive of an integrand.

    Parameters
    ----------
    k, m : int
        Number of Feynman parameters x and of kinematic invariants s.
    width, depth : int
        Neurons per hidden layer, and number of hidden layers.
    activation : str
        A name that `methods.deep.activations.activation` knows.
    dtype : torch.dtype
        Of weights and results.
    gain : float
        Of the Xavier initialisation: weights are uniform within ±gain·√(6/(n_in + n_out)), biases zero.
    generator : torch.Generator, optional
        Source of the random weights; None is torch's global one.

    Raises
    ------
    ValueError
        For k, width or depth < 1 or an unknown activation.
    """

    corners: torch.Tensor
    signs: torch.Tensor

    def __init__(
        self,
        k: int,
        m: int,
        width: int,
        depth: int,
        activation: str = "tanh",
        dtype: torch.dtype = torch.float32,
        *,
        gain: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if k < 1:
            raise ValueError(f"A primitive needs at least one Feynman parameter, got k = {k}.")
        if width < 1 or depth < 1:
            raise ValueError(f"A network needs a neuron and a layer at least, got width = {width}, depth = {depth}.")
        self.activation = activation_of(activation)
        self.k, self.m, self.width = k, m, width
        self.first = _linear(k + m, width, dtype, gain, generator)
        self.hidden = torch.nn.ModuleList(_linear(width, width, dtype, gain, generator) for _ in range(depth - 1))
        self.last = _linear(width, 1, dtype, gain, generator)
        corners = torch.tensor(list(itertools.product((0.0, 1.0), repeat=k)), dtype=dtype)
        # They move with the network, and are no part of its state.
        self.register_buffer("corners", corners, persistent=False)
        self.register_buffer("signs", 1 - 2 * ((k - corners.sum(dim=1)) % 2), persistent=False)
        self.memory = cpu_derivative.Memory()

    def layers(self) -> list[torch.nn.Linear]:
        """Return the hidden layers after the first."""
        return list(self.hidden)  # type: ignore[arg-type]

    def forward(self, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return N for s (n, m) and x (n, k): (n,)."""
        a = self.activation(self.first(torch.cat([x, s], dim=-1)))
        for layer in self.layers():
            a = self.activation(layer(a))
        return self.last(a).squeeze(-1)


def _linear(
    n_in: int, n_out: int, dtype: torch.dtype, gain: float, generator: torch.Generator | None
) -> torch.nn.Linear:
    # Without skip_init torch would first draw weights from its global generator.
    layer = torch.nn.utils.skip_init(torch.nn.Linear, n_in, n_out, dtype=dtype)
    bound = gain * math.sqrt(6 / (n_in + n_out))
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.zero_()
    return layer


def mixed_partial(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return ∂^k N/∂x1…∂xk for s (n, m) and x (n, k): (n,), differentiable in the weights (JHEP eq. 2.5).

    Where s or x require gradients too, plain torch computes, which differentiates in everything and to any order.
    """
    inputs = torch.cat([x, s], dim=-1)
    for kernels in (gpu_derivative, cpu_derivative):
        if kernels.serves(network, inputs):
            return kernels.mixed_partial(network, inputs)
    return nilpotent.mixed_partial(network.activation, network.k, inputs, *cpu_derivative.weights(network))


def corner_sum(network: PrimitiveNetwork, s: torch.Tensor) -> torch.Tensor:
    """Return Σ over the 2^k corners x of (−1)^(k − Σ x_i) N(s, x) for s (n, m): (n,) (JHEP eq. 2.3).

    The corners share the first layer's part of s, and the last layer's bias drops out. Without gradients, on a CPU, a
    kernel does all of it (`cpu_corner_sum`).
    """
    if not torch.is_grad_enabled() and (computed := cpu_corner_sum.corner_sum(network, s)) is not None:
        return computed
    first, (corners, k) = network.first, network.corners.shape
    from_corners = network.corners @ first.weight[:, :k].T
    from_s = torch.nn.functional.linear(s, first.weight[:, k:], first.bias)
    parts = from_s.split(max(1, CHUNK // (corners * network.width)))
    return torch.cat([_last_layers(network, part[:, None, :] + from_corners) @ network.signs for part in parts])


def _last_layers(network: PrimitiveNetwork, z: torch.Tensor) -> torch.Tensor:
    """Return N less its last bias, given the first layer's z (..., width)."""
    a = network.activation(z)
    for layer in network.layers():
        a = network.activation(layer(a))
    return a @ network.last.weight[0]
