"""What optimisers beyond the gradient need of the mixed derivative D(w) = ∂^k N/∂x1…∂xk at n points: its Jacobian in w.

    per_sample_gradients:  J = ∂D/∂w, (n, P), whole
    weight_jvp:            J v, without J

J comes from the same backward as the gradient; only the sums over samples are left out. J v is the coefficient of ε1 ⋯
εk ε in D(w + ε v), with ε one more variable with ε² = 0 next to the k of `methods/deep/nilpotent.py`, so that it takes
three times as long as D, and the same kernels, for k + 1 variables. (Jᵀ u is an ordinary backward of `mixed_partial`.)
On a GPU only J v has kernels: J, most of whose time goes to writing it, is left to torch.func and plain torch.

Weights and tangents are flat, in the order of `torch.nn.utils.parameters_to_vector(network.parameters())`.

notation: C = 2^k coefficients, W = width, P = number of weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from methods.deep import cpu_derivative, cpu_kernels, gpu_derivative, nilpotent
from methods.deep.cpu_derivative import Evaluation
from methods.deep.network import PrimitiveNetwork, mixed_partial

CHUNK = 2**18
"""Numbers per layer that `weight_jvp` works on at once."""


def per_sample_gradients(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return the gradient in the weights of the mixed derivative at each of s (n, m), x (n, k): (n, P)."""
    inputs = torch.cat([x, s], dim=-1).detach()
    if not cpu_derivative.serves(network, inputs):
        return _per_sample_by_torch(network, s.detach(), x.detach())
    with torch.no_grad():
        weights = cpu_derivative.weights(network)
        evaluation = Evaluation(network, inputs)
        values = evaluation.forward(*weights)
        gradients = _PerSample(evaluation, weights)
        evaluation.backward(torch.ones_like(values), weights, gradients)
        return gradients.all()


def _per_sample_by_torch(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    def value(weights: dict[str, torch.Tensor], s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(_Mixed(network), weights, (s[None], x[None]))[0]

    weights = {f"network.{name}": value.detach() for name, value in network.named_parameters()}
    gradients = torch.func.vmap(torch.func.grad(value), in_dims=(None, 0, 0))(weights, s, x)
    return torch.cat([gradient.flatten(start_dim=1) for gradient in gradients.values()], dim=1)


class _Mixed(torch.nn.Module):
    """`mixed_partial` as a module, as functional_call wants it."""

    def __init__(self, network: PrimitiveNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, s: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return mixed_partial(self.network, s, x)


class _PerSample(cpu_derivative.Gradients):
    """As `Gradients`, for each sample by itself."""

    def __init__(self, evaluation: Evaluation, weights: Sequence[torch.Tensor]) -> None:
        super().__init__(evaluation, weights)
        n = evaluation.tiles * evaluation.tile
        self._of: dict[str, torch.Tensor] = {}
        widths = {"first": evaluation.inputs.shape[1]} | {f"{i}": evaluation.width for i in range(len(self._hidden))}
        for name, width in widths.items():
            self._of[f"{name}.weight"] = evaluation.inputs.new_empty(n, evaluation.width, width)
            self._of[f"{name}.bias"] = evaluation.inputs.new_empty(n, evaluation.width)
        self._of["last.weight"] = evaluation.inputs.new_empty(n, evaluation.width)
        self._of["last.bias"] = evaluation.inputs.new_zeros(n, 1)

    def _samples(self, chunk: slice) -> slice:
        tile = self._evaluation.tile
        return slice(chunk.start * tile, chunk.stop * tile)

    def _per_sample(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return coefficients (tiles, C, q) as (n, C, W)."""
        e = self._evaluation
        return tensor.view(len(tensor), -1, e.tile, e.width).transpose(1, 2).reshape(len(tensor) * e.tile, -1, e.width)

    def last(self, g: torch.Tensor, top: torch.Tensor) -> None:
        self._of["last.weight"].copy_(top)

    def hidden(self, layer: int, chunk: slice, gz: torch.Tensor, y: torch.Tensor) -> None:
        rows, g = self._samples(chunk), self._per_sample(gz)
        torch.bmm(g.transpose(1, 2), self._per_sample(y), out=self._of[f"{layer}.weight"][rows])
        self._of[f"{layer}.bias"][rows] = g[:, 0]

    def first(self, chunk: slice, index: int, gy: torch.Tensor) -> None:
        e, rows, given = self._evaluation, self._samples(chunk), self._per_sample(gy).clone()
        super().first(chunk, index, gy)
        g, products = e.rows(self._first[chunk]), e.slopes[:, : e.width]
        z = e.rows(e.starts[0][index])
        derivatives = e.activation.tower(z, e.activation.base(z, e.k), e.k)
        for position in range(len(products)):
            given[:, position] *= derivatives[position.bit_count()]
        weight = self._of["first.weight"][rows]
        torch.mul(g[:, :, None], e.inputs[rows][:, None, :], out=weight)
        weight[..., : e.k] += cpu_derivative.slopes_backward(given, products, self._first_weight)
        self._of["first.bias"][rows] = g

    def all(self) -> torch.Tensor:  # type: ignore[override]
        return torch.cat([part.flatten(start_dim=1) for part in self._of.values()], dim=1)[: self._evaluation.n]


def weight_jvp(network: PrimitiveNetwork, s: torch.Tensor, x: torch.Tensor, tangents: torch.Tensor) -> torch.Tensor:
    """Return the derivative of the mixed derivative at s (n, m), x (n, k) along tangents (P,) of the weights: (n,)."""
    n_weights = sum(weight.numel() for weight in network.parameters())
    if tangents.shape != (n_weights,):
        raise ValueError(f"The tangents have shape {tuple(tangents.shape)}; this network has {n_weights} weights.")
    parts = tangents.split([weight.numel() for weight in network.parameters()])
    along = {name: part.view_as(w) for (name, w), part in zip(network.named_parameters(), parts, strict=True)}
    inputs = torch.cat([x, s], dim=-1)
    tile = cpu_kernels.tile(network.width, inputs.dtype)
    n = max(tile, CHUNK // (2 ** (network.k + 1) * network.width) // tile * tile)
    with torch.no_grad():
        return torch.cat([_Jvp(network, along, part).value() for part in inputs.split(n)])


class _Jvp:
    """`weight_jvp` of some points; coefficients lie as (tiles, 2C, samples of a tile, W), with ε the last variable."""

    def __init__(self, network: PrimitiveNetwork, along: dict[str, torch.Tensor], inputs: torch.Tensor) -> None:
        self._network, self._along, self._n = network, along, len(inputs)
        self._kernels = None
        self._without_tiles = nilpotent.activate
        if gpu_derivative.serves(network, inputs, network.k + 1):
            self._without_tiles = gpu_derivative.activate
        elif cpu_derivative.serves(network, inputs):
            self._kernels = cpu_kernels.kernels(network.k + 1, inputs.dtype, network.activation)
        self._tile = max(1, self._n) if self._kernels is None else cpu_kernels.tile(network.width, inputs.dtype)
        tiles = -(-self._n // self._tile)
        self._inputs = torch.nn.functional.pad(inputs, (0, 0, 0, tiles * self._tile - self._n))
        self._shape = (tiles, 2 ** (network.k + 1), self._tile, network.width)

    def value(self) -> torch.Tensor:
        network, half = self._network, self._shape[1] // 2
        y = self._activate(self._first())
        for i, layer in enumerate(network.layers()):
            z = torch.nn.functional.linear(y, layer.weight)
            z[:, half:] += torch.nn.functional.linear(y[:, :half], self._along[f"hidden.{i}.weight"])
            z[:, 0] += layer.bias
            z[:, half] += self._along[f"hidden.{i}.bias"]
            y = self._activate(z)
        jvp = y[:, -1] @ network.last.weight[0] + y[:, half - 1] @ self._along["last.weight"][0]
        return jvp.reshape(-1)[: self._n]

    def _first(self) -> torch.Tensor:
        """Return the first layer's z: constants, and terms in single x_i, in ε, and in ε x_i."""
        first, along, (tiles, n_coefficients, *rest) = self._network.first, self._along, self._shape
        z = self._inputs.new_zeros(self._shape)
        for start, weight, bias in (
            (0, first.weight, first.bias),
            (n_coefficients // 2, along["first.weight"], along["first.bias"]),
        ):
            z[:, start] = torch.nn.functional.linear(self._inputs, weight, bias).view(tiles, *rest)
            for i in range(self._network.k):
                z[:, start + 2**i] = weight[:, i]
        return z

    def _activate(self, z: torch.Tensor) -> torch.Tensor:
        phi, k = self._network.activation, self._network.k + 1
        if self._kernels is None:
            return self._without_tiles(phi, z.transpose(0, 1)).transpose(0, 1)
        start, y = z[:, 0].contiguous(), torch.empty_like(z)
        base = torch.stack([*phi.base(start, k + 1)])
        numbers = self._tile * self._network.width
        self._kernels.call("hidden_forward", [start, base, z, y], torch.get_num_threads(), len(z), numbers)
        return y
