"""Quantities with a coefficient for every subset of k variables, in plain torch: products, and activations.

These are polynomials in ε1, …, εk with ε_i² = 0; the mixed derivative (methods/deep/network.py) is the coefficient of
ε1 ⋯ εk.

    (a b)_S = Σ_{T ⊆ S} a_T b_{S∖T}

An activation φ, with its derivatives φ^(j) and the last variable of z split off, z = z' + z'' ε_n, climbs a tower
T_j = φ^(j)(z), one variable at a time:

    T_j(n) = T_j(n − 1) + T_{j+1}(n − 1) z'' ε_n,    T_j(0) = φ^(j)(z_∅),    φ(z) = T_0(k),

in ¾·3^k multiply-adds. A tensor of coefficients is (2^k, …), subsets being ordered as binary numbers: bit i of the
position tells whether x_{i+1} is in S.
"""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterator

import torch

from methods.deep.activations import Activation


def mixed_partial(
    phi: Activation,
    k: int,
    inputs: torch.Tensor,
    first_weight: torch.Tensor,
    first_bias: torch.Tensor,
    last_weight: torch.Tensor,
    *hidden: torch.Tensor,
) -> torch.Tensor:
    """Return the mixed derivative (n,) of a network at inputs (n, k + m).

    `hidden` has weight, bias, weight, bias, … of the layers after the first one.
    """
    layers = layer_outputs(phi, k, inputs, first_weight, first_bias, *hidden)
    (y,) = collections.deque(layers, maxlen=1)  # one at a time takes less memory
    return y[-1] @ last_weight[0]


def layer_outputs(
    phi: Activation,
    k: int,
    inputs: torch.Tensor,
    first_weight: torch.Tensor,
    first_bias: torch.Tensor,
    *hidden: torch.Tensor,
) -> Iterator[torch.Tensor]:
    """Yield the coefficients of each hidden layer's output (2^k, n, W): it with its derivatives in every subset of x.

    In the first layer only single x_i occur, so that y_S = φ^(|S|)(z) Π_{i∈S} w_i.
    """
    z = torch.nn.functional.linear(inputs, first_weight, first_bias)
    derivatives = phi.tower(z, phi.base(z, k), k)
    factors = slopes(first_weight, k)
    y = torch.stack([derivatives[position.bit_count()] * factor for position, factor in enumerate(factors)])
    yield y
    for weight, bias in zip(hidden[::2], hidden[1::2], strict=True):
        z = y @ weight.T
        y = activate(phi, torch.cat([z[:1] + bias, z[1:]]))
        yield y


def slopes(first_weight: torch.Tensor, k: int) -> torch.Tensor:
    """Return Π_{i∈S} of the first layer's weights of x_i: (2^k, W)."""
    products = torch.ones_like(first_weight[:, :1]).T
    for weight in first_weight[:, :k].T:
        products = torch.cat([products, products * weight])
    return products


def activate(phi: Activation, z: torch.Tensor) -> torch.Tensor:
    """Return the coefficients of φ(z) for those of z (2^k, …)."""
    k = len(z).bit_length() - 1
    tower = [derivative[None] for derivative in phi.tower(z[0], phi.base(z[0], k), k)]
    for n in range(k):
        high = z[2**n : 2 ** (n + 1)]
        tower = [torch.cat([t, times(above, high)]) for t, above in itertools.pairwise(tower)]
    return tower[0]


def times(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the coefficients of a b for those of a and b (2^k, …)."""
    if len(a) == 1:
        return a * b
    half = len(a) // 2
    return torch.cat([times(a[:half], b[:half]), times(a[:half], b[half:]) + times(a[half:], b[:half])])
