"""The mixed derivative ∂^k N/∂x1…∂xk of a fully connected network, and its corner sum.

Let every quantity q in the network carry one coefficient for each subset S of the x_i, q_S = ∂^|S| q / Π_{i∈S} ∂x_i.
These are the coefficients of q(x1 + ε1, …, xk + εk) where ε_i² = 0: a linear layer acts on each by itself, a product
and an activation as `methods/nilpotent.py` says, with ¾·3^k multiply-adds per neuron for any activation; the set
partitions of JHEP appendix B take 3 times (k = 3) to 20 times (k = 6) as long. In the first layer only single x_i
occur, so that y_S = φ^(|S|)(z) Π_{i∈S} w_i; of the last layer only the coefficient of all x_i is needed.

This file computes with plain torch, on any device and with gradients of any order. On a CPU with a C++ compiler
`methods/mixed_function.py` does the same by compiled kernels.

notation: N = network, subsets are ordered as binary numbers: bit i of the position tells whether x_{i+1} is in S.
"""

from __future__ import annotations

import itertools
import math

import torch

from methods import mixed_function, nilpotent
from methods.activations import Activation
from methods.activations import activation as activation_of

IN_PLACE = {"tanh": torch.tanh_, "sigmoid": torch.sigmoid_, "sin": torch.sin_}
"""Activations that torch can write over their argument."""

CHUNK = 2**18
"""Numbers per layer that the corner sum works on at once, so that memory stays bounded and in cache."""


class PrimitiveNetwork(torch.nn.Module):
    """A fully connected network N(s, x) -> (n,), to be read as the primitive of an integrand.

    Parameters
    ----------
    k, m : int
        Number of Feynman parameters x and of kinematic invariants s.
    width, depth : int
        Neurons per hidden layer, and number of hidden layers.
    activation : str
        A name that `methods.activations.activation` knows.
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
        self.memory = mixed_function.Memory()

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
    if mixed_function.serves(network, inputs):
        return mixed_function.mixed_partial(network, inputs)
    return nilpotent.mixed_partial(network.activation, network.k, inputs, *mixed_function.weights(network))


def corner_sum(network: PrimitiveNetwork, s: torch.Tensor) -> torch.Tensor:
    """Return Σ over the 2^k corners x of (−1)^(k − Σ x_i) N(s, x) for s (n, m): (n,) (JHEP eq. 2.3).

    The corners share the first layer's s-part, and the last layer's bias drops out.
    """
    k, first = network.k, network.first
    corners = torch.tensor(list(itertools.product((0.0, 1.0), repeat=k)), dtype=s.dtype, device=s.device)
    signs = 1 - 2 * ((k - corners.sum(dim=1)) % 2)
    from_corners = corners @ first.weight[:, :k].T
    from_s = torch.nn.functional.linear(s, first.weight[:, k:], first.bias)
    parts = from_s.split(max(1, CHUNK // from_corners.numel()))
    if torch.is_grad_enabled():
        outputs = [_through(network, part[:, None, :] + from_corners) for part in parts]
    else:
        # In place: fresh memory costs page faults, which take as long as the arithmetic.
        buffers = [from_corners.new_empty(len(parts[0]) * from_corners.numel()) for _ in range(2)] if len(s) else []
        outputs = [_through_buffers(network, part, from_corners, buffers) for part in parts]
    return torch.cat([output @ signs for output in outputs])


def _through(network: PrimitiveNetwork, z: torch.Tensor) -> torch.Tensor:
    """Return N less its last bias, given the first layer's z (..., width)."""
    a = network.activation(z)
    for layer in network.layers():
        a = network.activation(layer(a))
    return a @ network.last.weight[0]


def _through_buffers(
    network: PrimitiveNetwork, from_s: torch.Tensor, from_corners: torch.Tensor, buffers: list[torch.Tensor]
) -> torch.Tensor:
    """Return `_through` of the sum of from_s (n, width) and from_corners (2^k, width), without gradients."""
    n, (corners, width) = len(from_s), from_corners.shape
    a, spare = (buffer[: n * corners * width].view(n * corners, width) for buffer in buffers)
    torch.add(from_s[:, None, :], from_corners, out=a.view(n, corners, width))
    _replace(network.activation, a)
    for layer in network.layers():
        torch.addmm(layer.bias, a, layer.weight.T, out=spare)
        a, spare = spare, a
        _replace(network.activation, a)
    return (a @ network.last.weight[0]).view(n, corners)


def _replace(activation: Activation, z: torch.Tensor) -> None:
    """Write φ(z) over z."""
    if activation.name in IN_PLACE:
        IN_PLACE[activation.name](z)
        return
    z.copy_(activation(z))
