"""The mixed derivative on a CPU: compiled activations between torch's matrix products, forward and backward.

Samples are taken in tiles, whose neurons fill whole vectors, so that the coefficients of a hidden layer lie as
[tile][subset][sample][neuron]: the rows of one matrix product, and for the activations of `mixed_kernel.cpp` a stretch
of memory. Some tiles at a time pass through all layers, so that what one step leaves is in cache when the next one
reads it. Forward keeps each layer's z; backward makes y = φ(z) again, on its way, where its gradient was.

notation: C = 2^k coefficients, W = width, q = samples of a tile · W, P = `slopes`, the products over subsets of the
first layer's weights of x.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable

from methods import mixed_cpu

if TYPE_CHECKING:
    from methods.mixed import PrimitiveNetwork

CHUNK = 2**17
"""Numbers per layer and thread that pass through the layers together; four times that should fit second-level cache."""


def serves(network: PrimitiveNetwork, inputs: torch.Tensor) -> bool:
    """Tell whether the compiled kernels can do this: a CPU, a compiler, and gradients in the weights at most."""
    parameters = list(network.parameters())
    if inputs.requires_grad or not len(network.hidden) or not len(inputs):
        return False
    if any(tensor.device.type != "cpu" or tensor.dtype != inputs.dtype for tensor in (inputs, *parameters)):
        return False
    if not all(map(_has_memory, (inputs, *parameters))):
        return False
    return mixed_cpu.kernels(network.k, inputs.dtype, network.activation) is not None


def _has_memory(tensor: torch.Tensor) -> bool:
    """Tell tensors from what torch.func puts in their place."""
    try:
        tensor.data_ptr()
    except RuntimeError:
        return False
    return True


def mixed_partial(network: PrimitiveNetwork, inputs: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
    """Return the mixed derivative at inputs (n, k + m), given the first layer's slopes (C, W): (n,)."""
    return _MixedPartial.apply(network, inputs, slopes, *weights(network))


def weights(network: PrimitiveNetwork) -> list[torch.Tensor]:
    """Return the weights in the order in which they are used here; the last bias has no part in the derivative."""
    hidden = [tensor for layer in network.layers() for tensor in (layer.weight, layer.bias)]
    return [network.first.weight, network.first.bias, network.last.weight, *hidden]


class Buffers:
    """Memory that was used before, by size: fresh memory costs page faults, which take as long as the arithmetic."""

    def __init__(self) -> None:
        self._free: dict[tuple[int, torch.dtype], list[torch.Tensor]] = {}

    def take(self, like: torch.Tensor, *shape: int) -> torch.Tensor:
        """Return uninitialised memory of that shape, and the dtype of `like`."""
        size = torch.Size(shape).numel()
        try:
            return self._free[size, like.dtype].pop().view(shape)
        except (KeyError, IndexError):
            return like.new_empty(size).view(shape)

    def give(self, *tensors: torch.Tensor) -> None:
        """Take back memory that is not used any more."""
        for tensor in tensors:
            self._free.setdefault((tensor.numel(), tensor.dtype), []).append(tensor.view(-1))

    def __deepcopy__(self, memo: dict) -> Buffers:
        """Return new ones: a copy of a network has no use for this one's memory."""
        return Buffers()


class _MixedPartial(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, network: PrimitiveNetwork, inputs: torch.Tensor, slopes: torch.Tensor, *weights: torch.Tensor
    ) -> torch.Tensor:
        ctx.chunks = chunks(network, inputs, slopes)
        ctx.save_for_backward(slopes, *weights)
        return torch.cat([chunk.forward(*weights) for chunk in ctx.chunks])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, given: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        slopes, *weights = ctx.saved_tensors
        gradients = Gradients(slopes, weights)
        for chunk, part in zip(ctx.chunks, given.split([chunk.n for chunk in ctx.chunks]), strict=True):
            chunk.backward(part, weights, gradients)
        return None, None, *gradients.all()


def chunks(network: PrimitiveNetwork, inputs: torch.Tensor, slopes: torch.Tensor) -> list[Chunk]:
    """Return the parts of the inputs (n, k + m) that pass through the layers together."""
    tile = mixed_cpu.tile(network.width, inputs.dtype)
    tiles = max(1, torch.get_num_threads() * CHUNK // (slopes.numel() * tile))
    # One row of slopes per sample of a tile, as the kernels read them.
    rows = slopes.detach().repeat(1, tile)
    return [Chunk(network, part, rows, tile) for part in inputs.split(tiles * tile)]


class Chunk:
    """Some samples on their way forward and back.

    Parameters
    ----------
    network : PrimitiveNetwork
        Gives the activation and the memory.
    inputs : tensor (n, k + m)
        x and s.
    slopes : tensor (C, q)
        P for each sample of a tile.
    tile : int
        Samples of a tile.

    Attributes
    ----------
    z : list of tensors
        Per hidden layer but the first: all coefficients (tiles, C, q); of z_∅ the bias is missing.
    starts : list of tensors
        Per hidden layer: z_∅ (tiles, q).
    bases : list of tensors
        Per hidden layer: what the activation's base functions are there (n_base, tiles, q).
    """

    def __init__(self, network: PrimitiveNetwork, inputs: torch.Tensor, slopes: torch.Tensor, tile: int) -> None:
        kernels = mixed_cpu.kernels(network.k, inputs.dtype, network.activation)
        if kernels is None:
            raise RuntimeError("There are no compiled kernels for this network; ask `serves` first.")
        self.n, self.tile, self.width, self.slopes = len(inputs), tile, network.width, slopes
        self.tiles = -(-self.n // tile)
        self.inputs = torch.nn.functional.pad(inputs, (0, 0, 0, self.tiles * tile - self.n))
        self._k, self._activation, self._kernels, self._buffers = network.k, network.activation, kernels, network.buffers
        self.z: list[torch.Tensor] = []
        self.starts: list[torch.Tensor] = []
        self.bases: list[torch.Tensor] = []

    def __del__(self) -> None:
        """Hand the memory on, once no backward can ask for it any more."""
        self._buffers.give(*self.z)

    def coefficients(self) -> torch.Tensor:
        """Return memory for the coefficients of a layer."""
        return self._buffers.take(self.inputs, self.tiles, len(self.slopes), self.tile * self.width)

    def rows(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return coefficients or samples as rows of neurons."""
        return tensor.view(-1, self.width)

    def forward(
        self, first_weight: torch.Tensor, first_bias: torch.Tensor, last_weight: torch.Tensor, *weights: torch.Tensor
    ) -> torch.Tensor:
        """Return the mixed derivative (n,)."""
        y, top = self.coefficients(), self.inputs.new_empty(self.tiles * self.tile, self.width)
        self._start(torch.addmm(first_bias, self.inputs, first_weight.T).view(self.tiles, -1))
        self.call("first_forward", 0, self.slopes, y)
        for weight, bias in zip(weights[::2], weights[1::2], strict=True):
            z = self.coefficients()
            torch.mm(self.rows(y), weight.T, out=self.rows(z))
            self.z.append(z)
            self._start(z[:, 0] + bias.repeat(self.tile))
            if 2 * len(self.z) < len(weights):
                self.call("hidden_forward", -1, z, y)
        self._buffers.give(y)
        self.call("last_forward", -1, z, top)
        return (top @ last_weight[0])[: self.n]

    def backward(self, given: torch.Tensor, weights: Sequence[torch.Tensor], gradients: Gradients) -> None:
        """Hand to `gradients` what each layer gave and what its gradient is, from that of the result (n,)."""
        _, _, last_weight, *hidden = weights
        g = torch.nn.functional.pad(given, (0, self.tiles * self.tile - self.n))
        gz, y, top = self.coefficients(), self.coefficients(), g[:, None] * last_weight
        self.call("last_backward", -1, self.z[-1], top, gz)
        gradients.last(g, top)
        for layer in reversed(range(len(self.z))):
            torch.mm(self.rows(gz), hidden[2 * layer], out=self.rows(y))
            before = self.coefficients()
            if layer > 0:
                self.call("hidden_backward", layer, self.z[layer - 1], y, before)
            else:
                gradients.first(self, y)
            gradients.hidden(layer, self, gz, y)
            self._buffers.give(gz)
            gz = before
        self._buffers.give(gz, y)

    def call(self, kernel: str, layer: int, *tensors: torch.Tensor) -> None:
        """Call a kernel on a layer."""
        given = [self.starts[layer], self.bases[layer], *tensors]
        self._kernels.call(kernel, given, self.tiles, self.tile * self.width)

    def _start(self, z: torch.Tensor) -> None:
        self.starts.append(z)
        base = self._activation.base(z, self._k + 1)
        self.bases.append(torch.stack(base) if len(base) > 1 else base[0].contiguous())


class Gradients:
    """Sums over all samples of the gradients of the slopes, and of the weights in the order of `weights`."""

    def __init__(self, slopes: torch.Tensor, weights: Sequence[torch.Tensor]) -> None:
        self._threads = torch.get_num_threads()
        self._slopes = torch.zeros_like(slopes)
        self._first_weight, self._first_bias, self._last, *self._hidden = map(torch.zeros_like, weights)

    def all(self) -> list[torch.Tensor]:
        """Return all gradients."""
        return [self._slopes, self._first_weight, self._first_bias, self._last, *self._hidden]

    def last(self, g: torch.Tensor, top: torch.Tensor) -> None:
        """Add for the last weight: the result's gradient (n,) and what the last hidden layer gave (n, W)."""
        self._last.add_(g @ top)

    def hidden(self, layer: int, chunk: Chunk, gz: torch.Tensor, y: torch.Tensor) -> None:
        """Add for a hidden layer: z's gradient, and what the layer before it gave."""
        self._hidden[2 * layer].addmm_(chunk.rows(gz).T, chunk.rows(y))
        self._hidden[2 * layer + 1].add_(gz[:, 0].sum(dim=0).view(chunk.tile, chunk.width).sum(dim=0))

    def first(self, chunk: Chunk, gy: torch.Tensor) -> None:
        """Add for the first layer, given the gradient of what it gave, and write over it what it gave."""
        g_slopes = chunk.inputs.new_zeros(self._threads, *chunk.slopes.shape)
        gz = torch.empty_like(chunk.starts[0])
        chunk.call("first_backward", 0, chunk.slopes, gy, gz, g_slopes)
        self._slopes.add_(g_slopes.sum(dim=0).view(-1, chunk.tile, chunk.width).sum(dim=1))
        self._first_weight.addmm_(chunk.rows(gz).T, chunk.inputs)
        self._first_bias.add_(chunk.rows(gz).sum(dim=0))
