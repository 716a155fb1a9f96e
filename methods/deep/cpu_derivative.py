"""The mixed derivative on a CPU: compiled activations between torch's matrix products, forward and backward.

Samples are taken in tiles, whose neurons fill whole vectors, so that the coefficients of a hidden layer lie as
[tile][subset][sample][neuron]: the rows of one matrix product, and for the activations of `derivative_kernel.cpp` a
stretch of memory. Some tiles at a time pass through all layers, so that what one step leaves is in cache when the next
one reads it. Forward keeps each layer's z; backward makes y = φ(z) again, on its way, where its gradient was.

notation: C = 2^k coefficients, W = width, q = samples of a tile · W, P = `slopes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from methods.deep import cpu_kernels, nilpotent
from methods.deep.nilpotent import slopes

if TYPE_CHECKING:
    from methods.deep.network import PrimitiveNetwork

CHUNK = 2**17
"""Numbers per layer and thread that pass through the layers together; four times that should fit second-level cache."""


def serves(network: PrimitiveNetwork, inputs: torch.Tensor) -> bool:
    """Tell whether the compiled kernels can do this: a CPU, a compiler, and gradients in the weights at most."""
    if inputs.device.type != "cpu" or not is_ordinary(network, inputs):
        return False
    return cpu_kernels.kernels(network.k, inputs.dtype, network.activation) is not None


def is_ordinary(network: PrimitiveNetwork, inputs: torch.Tensor) -> bool:
    """Tell whether there is work for kernels, in one place and dtype, with gradients in the weights at most."""
    parameters = list(network.parameters())
    if inputs.requires_grad or not len(network.hidden) or not len(inputs):
        return False
    if any(tensor.device != inputs.device or tensor.dtype != inputs.dtype for tensor in parameters):
        return False
    return all(map(_has_memory, (inputs, *parameters)))


def _has_memory(tensor: torch.Tensor) -> bool:
    """Tell tensors from what torch.func puts in their place."""
    try:
        tensor.data_ptr()
    except RuntimeError:
        return False
    return True


def mixed_partial(network: PrimitiveNetwork, inputs: torch.Tensor) -> torch.Tensor:
    """Return the mixed derivative at inputs (n, k + m): (n,)."""
    return _MixedPartial.apply(network, inputs, *weights(network))


def weights(network: PrimitiveNetwork) -> list[torch.Tensor]:
    """Return the weights in the order of this module; the last bias has no part in the derivative."""
    hidden = [tensor for layer in network.layers() for tensor in (layer.weight, layer.bias)]
    return [network.first.weight, network.first.bias, network.last.weight, *hidden]


class Memory:
    """Memory that was used before, by size: fresh memory costs page faults, which take as long as the arithmetic."""

    def __init__(self) -> None:
        self.free: dict[tuple[int, torch.dtype], list[torch.Tensor]] = {}
        """What nobody uses at present, by number of entries and dtype."""

    def take(self, like: torch.Tensor, *shape: int) -> torch.Tensor:
        """Return uninitialised memory of that shape, and the dtype of `like`."""
        size = torch.Size(shape).numel()
        try:
            return self.free[size, like.dtype].pop().view(shape)
        except (KeyError, IndexError):
            self.free.clear()  # the sizes have changed: what is left would stay for ever
            return like.new_empty(size).view(shape)

    def give(self, *tensors: torch.Tensor) -> None:
        """Take back memory that is not used any more."""
        for tensor in tensors:
            self.free.setdefault((tensor.numel(), tensor.dtype), []).append(tensor.view(-1))

    def __deepcopy__(self, memo: dict) -> Memory:
        """Return new ones: a copy of a network has no use for this one's memory."""
        return Memory()


class _MixedPartial(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, network: PrimitiveNetwork, inputs: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        ctx.evaluation = Evaluation(network, inputs)
        ctx.save_for_backward(inputs, *weights)
        return ctx.evaluation.forward(*weights)

    @staticmethod
    def backward(ctx: Any, given: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, *weights = ctx.saved_tensors
        if torch.is_grad_enabled():  # create_graph=True: a gradient that can be differentiated again
            again = nilpotent.mixed_partial(ctx.evaluation.activation, ctx.evaluation.k, inputs, *weights)
            return None, None, *torch.autograd.grad(again, weights, given, create_graph=True)
        gradients = Gradients(ctx.evaluation, weights)
        ctx.evaluation.backward(given, weights, gradients)
        return None, None, *gradients.all()


class Evaluation:
    """The mixed derivative at some points, and what its gradient needs.

    Parameters
    ----------
    network : PrimitiveNetwork
        Gives all but the weights.
    inputs : tensor (n, k + m)
        x and s.

    Attributes
    ----------
    z : list of tensors
        Per hidden layer but the first: all coefficients (tiles, C, q); of z_∅ the bias is missing.
    starts, bases : lists of lists of tensors
        Per hidden layer and chunk: z_∅ (tiles, q), and the activation's base functions there (n_base, tiles, q).
    """

    def __init__(self, network: PrimitiveNetwork, inputs: torch.Tensor) -> None:
        # First what `__del__` reads, which runs where the rest fails, too.
        self._memory, self.z = network.memory, list[torch.Tensor]()
        kernels = cpu_kernels.kernels(network.k, inputs.dtype, network.activation)
        if kernels is None:
            raise RuntimeError("There are no compiled kernels for this network; ask `serves` first.")
        self._kernels, self.activation = kernels, network.activation
        self.k, self.n, self.width, self.threads = network.k, len(inputs), network.width, torch.get_num_threads()
        self.tile = cpu_kernels.tile(self.width, inputs.dtype)
        self.tiles = -(-self.n // self.tile)
        self.q = self.tile * self.width
        self.inputs = torch.nn.functional.pad(inputs, (0, 0, 0, self.tiles * self.tile - self.n))
        self.step = min(self.tiles, max(1, self.threads * CHUNK // (2**self.k * self.q)))
        self.chunks = [slice(i, min(i + self.step, self.tiles)) for i in range(0, self.tiles, self.step)]
        self.starts: list[list[torch.Tensor]] = [[] for _ in range(len(network.hidden) + 1)]
        self.bases: list[list[torch.Tensor]] = [[] for _ in self.starts]

    def __del__(self) -> None:
        """Hand the memory on, once no backward can ask for it any more."""
        self._memory.give(*self.z)

    def coefficients(self, tiles: int) -> torch.Tensor:
        """Return memory for the coefficients of a layer."""
        return self._memory.take(self.inputs, tiles, 2**self.k, self.q)

    def rows(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return coefficients or samples as rows of neurons."""
        return tensor.view(-1, self.width)

    def forward(
        self, first_weight: torch.Tensor, first_bias: torch.Tensor, last_weight: torch.Tensor, *hidden: torch.Tensor
    ) -> torch.Tensor:
        """Return the mixed derivative (n,)."""
        # One row of slopes per sample of a tile, as the kernels read them.
        self.slopes = slopes(first_weight, self.k).repeat(1, self.tile)
        self.z = [self.coefficients(self.tiles) for _ in hidden[::2]]
        scratch = self.coefficients(self.step)
        top = self.inputs.new_empty(self.tiles, self.q)
        first = torch.addmm(first_bias, self.inputs, first_weight.T).view(self.tiles, self.q)
        for index, chunk in enumerate(self.chunks):
            y = scratch[: chunk.stop - chunk.start]
            self._start(0, first[chunk])
            self.call("first_forward", 0, index, self.slopes, y)
            for layer, (weight, bias, z) in enumerate(zip(hidden[::2], hidden[1::2], self.z, strict=True), 1):
                torch.mm(self.rows(y), weight.T, out=self.rows(z[chunk]))
                self._start(layer, (z[chunk, 0].view(-1, self.tile, self.width) + bias).view(-1, self.q))
                if layer < len(self.z):
                    self.call("hidden_forward", layer, index, z[chunk], y)
            self.call("last_forward", -1, index, self.z[-1][chunk], top[chunk])
        self._memory.give(scratch)
        return (self.rows(top) @ last_weight[0])[: self.n]

    def backward(self, given: torch.Tensor, weights: Sequence[torch.Tensor], gradients: Gradients) -> None:
        """Hand to `gradients` what each layer gave and what its gradient is, from that of the result (n,)."""
        _, _, last_weight, *hidden = weights
        g = torch.nn.functional.pad(given, (0, self.tiles * self.tile - self.n))
        top = (g[:, None] * last_weight).view(self.tiles, self.q)
        scratch = [self.coefficients(self.step) for _ in range(3)]
        for index, chunk in enumerate(self.chunks):
            gz, y, before = (part[: chunk.stop - chunk.start] for part in scratch)
            self.call("last_backward", -1, index, self.z[-1][chunk], top[chunk], gz, gradients.biases[-1])
            for layer in reversed(range(len(self.z))):
                torch.mm(self.rows(gz), hidden[2 * layer], out=self.rows(y))
                if layer > 0:
                    z = self.z[layer - 1][chunk]
                    self.call("hidden_backward", layer, index, z, y, before, gradients.biases[layer - 1])
                else:
                    gradients.first(chunk, index, y)
                gradients.hidden(layer, chunk, gz, y)
                gz, before = before, gz
        gradients.last(g, self.rows(top))
        self._memory.give(*scratch)

    def call(self, kernel: str, layer: int, index: int, *tensors: torch.Tensor) -> None:
        """Call a kernel on a layer, for the chunk of that index."""
        start = self.starts[layer][index]
        self._kernels.call(kernel, [start, self.bases[layer][index], *tensors], self.threads, len(start), self.q)

    def _start(self, layer: int, z: torch.Tensor) -> None:
        self.starts[layer].append(z)
        base = self.activation.base(z, self.k + 1)
        self.bases[layer].append(torch.stack(base) if len(base) > 1 else base[0])


class Gradients:
    """Sums over all samples of the gradients of the weights.

    Attributes
    ----------
    biases : tensor (n_layers − 1, threads, q)
        Of the hidden layers but the first.
    """

    def __init__(self, evaluation: Evaluation, weights: Sequence[torch.Tensor]) -> None:
        self._evaluation = e = evaluation
        self._first_weight, self._last_weight = weights[0], torch.zeros_like(weights[2])
        self._hidden = [torch.zeros_like(weight) for weight in weights[3::2]]
        self._first = e.inputs.new_empty(e.tiles, e.q)
        self._slopes = e.inputs.new_zeros(e.threads, *e.slopes.shape)
        self.biases = e.inputs.new_zeros(len(self._hidden), e.threads, e.q)

    def last(self, g: torch.Tensor, top: torch.Tensor) -> None:
        """Add for the last weight: the result's gradient (n,) and what the last hidden layer gave (n, W)."""
        torch.mv(top.T, g, out=self._last_weight[0])

    def hidden(self, layer: int, chunk: slice, gz: torch.Tensor, y: torch.Tensor) -> None:
        """Add for a hidden layer: z's gradient, and what the layer before it gave."""
        self._hidden[layer].addmm_(self._evaluation.rows(gz).T, self._evaluation.rows(y))

    def first(self, chunk: slice, index: int, gy: torch.Tensor) -> None:
        """Add for the first layer, given the gradient of what it gave, and write over it what it gave."""
        self._evaluation.call("first_backward", 0, index, self._evaluation.slopes, gy, self._first[chunk], self._slopes)

    def all(self) -> list[torch.Tensor]:
        """Return all gradients, in the order of `weights`."""
        e, first = self._evaluation, self._evaluation.rows(self._first)
        g_slopes = self._slopes.sum(dim=0).view(-1, e.tile, e.width).sum(dim=1)
        g_first = first.T @ e.inputs
        g_first[:, : e.k] += slopes_backward(g_slopes, e.slopes[:, : e.width], self._first_weight)
        biases = self.biases.view(len(self._hidden), -1, e.width).sum(dim=1)
        hidden = [tensor for pair in zip(self._hidden, biases, strict=True) for tensor in pair]
        return [g_first, first.sum(dim=0), self._last_weight, *hidden]


def slopes_backward(g: torch.Tensor, products: torch.Tensor, first_weight: torch.Tensor) -> torch.Tensor:
    """Return the gradient of the first layer's weights of x (W, k) from that of `slopes` (…, C, W): (…, W, k)."""
    of_weights = []
    for i in reversed(range(products.shape[0].bit_length() - 1)):
        low, high = g[..., : 2**i, :], g[..., 2**i :, :]
        of_weights.append((high * products[: 2**i]).sum(dim=-2))
        g = low + high * first_weight[:, i]
    return torch.stack(of_weights[::-1], dim=-1)
