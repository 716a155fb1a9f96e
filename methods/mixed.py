"""The mixed derivative ∂^k N/∂x1…∂xk of a fully connected network, and its corner sum.

Let every quantity q in the network carry one coefficient for each subset S of the x_i, q_S = ∂^|S| q / Π_{i∈S} ∂x_i.
These are the coefficients of q(x1 + ε1, …, xk + εk) in the algebra with ε_i² = 0, so that products are

    (a b)_S = Σ_{T ⊆ S} a_T b_{S∖T},

a linear layer acts on each coefficient by itself, and with the last variable split off, q = q' + q'' ε_k, an activation
is

    φ(z' + z'' ε_k) = φ(z') + φ'(z') z'' ε_k,

with all products one variable shorter. For tanh and the sigmoid φ' = c0 + c1 φ + c2 φ², so φ' is carried along by the
same product, and the whole costs about 3^k multiply-adds per neuron, where the set partitions of JHEP appendix B take 3
times (k = 3) to 20 times (k = 6) as long.

notation: N = network, subsets are ordered as binary numbers: bit i of the position tells whether x_{i+1} is in S.
"""

from __future__ import annotations

import itertools
import math

import torch

ACTIVATIONS: dict[str, tuple[float, float, float]] = {"tanh": (1.0, 0.0, -1.0), "sigmoid": (0.0, 1.0, -1.0)}
"""Activation φ -> (c0, c1, c2) of φ' = c0 + c1 φ + c2 φ²."""

CHUNK = 2**18
"""Numbers per layer that the corner sum works on at once, so that memory stays bounded and in cache."""

Coefficients = list[torch.Tensor]


class PrimitiveNetwork(torch.nn.Module):
    """A fully connected network N(s, x) -> (n,), to be read as the primitive of an integrand.

    Parameters
    ----------
    k, m : int
        Number of Feynman parameters x and of kinematic invariants s.
    width, depth : int
        Neurons per hidden layer, and number of hidden layers.
    activation : str
        A name of `ACTIVATIONS`.
    dtype : torch.dtype
        Of weights and results.
    gain : float
        Of the Xavier initialisation: weights are uniform within ±gain·√(6/(n_in + n_out)), biases zero.
    generator : torch.Generator, optional
        Source of the random weights; None is torch's global one.

    Raises
    ------
    ValueError
        For k < 1 or an unknown activation.
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
        if activation not in ACTIVATIONS:
            raise ValueError(f"There is no activation {activation!r}; known: {', '.join(ACTIVATIONS)}.")
        self.k, self.m, self.activation = k, m, activation
        self.first = _linear(k + m, width, dtype, gain, generator)
        self.hidden = torch.nn.ModuleList(_linear(width, width, dtype, gain, generator) for _ in range(depth - 1))
        self.last = _linear(width, 1, dtype, gain, generator)

    def layers(self) -> list[torch.nn.Linear]:
        """Return the hidden layers after the first."""
        return list(self.hidden)  # type: ignore[arg-type]

    def forward(self, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """Return N for s (n, m) and x (n, k): (n,)."""
        return self.last(self._after_first(self.first(torch.cat([x, s], dim=-1)))).squeeze(-1)

    def _after_first(self, z: torch.Tensor) -> torch.Tensor:
        """Return the last hidden layer's activations, given the first layer's z (..., width)."""
        a = getattr(torch, self.activation)(z)
        for layer in self.layers():
            a = getattr(torch, self.activation)(layer(a))
        return a


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
    """Return ∂^k N/∂x1…∂xk for s (n, m) and x (n, k): (n,), differentiable in the weights (JHEP eq. 2.5)."""
    k, first = network.k, network.first
    slopes = first.weight[:, :k].T
    z: Coefficients = [first(torch.cat([x, s], dim=-1))]
    for i in range(k):
        # Only single x_i occur in the first layer: the coefficients of larger subsets are zero.
        z += [slopes[i].expand_as(z[0])] + [torch.zeros_like(z[0])] * (2**i - 1)
    for layer in network.layers():
        a = torch.stack(_activate(z, network.activation))
        z = list((a @ layer.weight.T).unbind())
        z[0] = z[0] + layer.bias
    return _activate(z, network.activation)[-1] @ network.last.weight[0]


def _activate(z: Coefficients, activation: str) -> Coefficients:
    """Return the coefficients of φ(z)."""
    c0, c1, c2 = ACTIVATIONS[activation]
    y = [getattr(torch, activation)(z[0])]
    slope = [c0 + c1 * y[0] + c2 * y[0] * y[0]]
    while len(y) < len(z):
        size = len(y)
        high = _times(slope, z[size : 2 * size])
        if 2 * size < len(z):
            square = _times(y, high)
            slope += [2 * c2 * q if c1 == 0 else c1 * h + 2 * c2 * q for h, q in zip(high, square, strict=True)]
        y += high
    return y


def _times(a: Coefficients, b: Coefficients, add: Coefficients | None = None) -> Coefficients:
    """Return the coefficients of a b (+ add)."""
    if len(a) == 1:
        return [a[0] * b[0] if add is None else torch.addcmul(add[0], a[0], b[0])]
    half = len(a) // 2
    low = _times(a[:half], b[:half], add[:half] if add else None)
    high = _times(a[:half], b[half:], add[half:] if add else None)
    return low + _times(a[half:], b[:half], high)


def corner_sum(network: PrimitiveNetwork, s: torch.Tensor) -> torch.Tensor:
    """Return Σ over the 2^k corners x of (−1)^(k − Σ x_i) N(s, x) for s (n, m): (n,) (JHEP eq. 2.3).

    The corners share the first layer's s-part, and the last layer's bias drops out.
    """
    k, first = network.k, network.first
    corners = torch.tensor(list(itertools.product((0.0, 1.0), repeat=k)), dtype=s.dtype, device=s.device)
    signs = 1 - 2 * ((k - corners.sum(dim=1)) % 2)
    from_corners = corners @ first.weight[:, :k].T
    from_s = torch.nn.functional.linear(s, first.weight[:, k:], first.bias)
    rows = max(1, CHUNK // from_corners.numel())
    sums = [
        torch.tensordot(network._after_first(part[:, None, :] + from_corners), signs, dims=([1], [0]))
        for part in from_s.split(rows)
    ]
    return torch.cat(sums) @ network.last.weight[0]
