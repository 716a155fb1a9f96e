"""The mixed derivative on a CPU: compiled activations between torch's matrix products, forward and backward.

Samples are taken in tiles, whose neurons fill whole vectors, so that the coefficients of a hidden layer lie as
[tile][subset][sample][neuron]: the rows of one matrix product, and for the activations of `derivative_kernel.cpp` a
stretch of memory. A chunk, some tiles, passes through all layers on one thread (`methods/deep/cpu_chunk.py`), so that
what one step leaves is in the thread's cache when the next one reads it, and no thread waits for another before the
last chunk: where a core is busy with something else, the other threads take more chunks.

Gradients are summed in blocks of chunks, and then over blocks, always in this order: whichever thread comes first, and
however many there are, the result is the same bit by bit. (A single chunk has the threads of torch's products.)

Milliseconds of a step by two threads, on two cores of an AMD EPYC, alone and beside one busy process:

    k, layers × width, samples                       3, 4 × 100, 4096     6, 4 × 30, 1024
    a barrier after each product and activation          88    208            32    144
    the same with OMP_WAIT_POLICY=passive               109    139            61     75
    a chunk per thread, as here                          77    121            37     49

So what costs is the spinning of threads at barriers, on a core that another could use. OpenMP's setting against it is
one of the whole process, and too slow alone.

notation: C = 2^k coefficients, W = width, q = samples of a tile · W.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch

from methods.deep import cpu_kernels, nilpotent
from methods.deep.cpu_chunk import Chunk, GradientSums
from methods.deep.nilpotent import slopes

if TYPE_CHECKING:
    from methods.deep.network import PrimitiveNetwork

CHUNK = 2**18
"""Most numbers per layer that pass through the layers together. Four times half of that fit the second-level cache of
some processors, but threads wait for Python's lock between calls: on two threads of an AMD EPYC a step with 2^17, 2^18
and 2^19 numbers took 53.9, 48.2 and 47.7 ms for k = 4, 3 × 64, and 94.6, 77.0 and 80.7 ms beside a busy process."""

BLOCKS = 32
"""Most sums of gradients that are made side by side: more would not balance threads better, and each takes memory."""

ROWS_PER_WIDTH = 4
"""A block has at least so many rows per neuron, so that its gradients, W² per layer, take a quarter of z's memory."""


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
        return None, None, *ctx.evaluation.backward(given, weights)


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
        Per hidden layer but the first: all coefficients (tiles, C, samples of a tile, W); of z_∅ the
        bias is missing.
    chunks : list of Chunk
        All samples, in order.
    """

    def __init__(self, network: PrimitiveNetwork, inputs: torch.Tensor) -> None:
        # First what `__del__` reads, which runs where the rest fails, too.
        self._memory, self.z = network.memory, list[torch.Tensor]()
        kernels = cpu_kernels.kernels(network.k, inputs.dtype, network.activation)
        if kernels is None:
            raise RuntimeError("There are no compiled kernels for this network; ask `serves` first.")
        self._kernels, self.activation = kernels, network.activation
        self.k, self.n, self.width = network.k, len(inputs), network.width
        self._tile = cpu_kernels.tile(self.width, inputs.dtype)
        tiles = -(-self.n // self._tile)
        self._inputs = torch.nn.functional.pad(inputs, (0, 0, 0, tiles * self._tile - self.n))
        self.z = [self._coefficients(tiles) for _ in network.hidden]
        count = -(-tiles // max(1, CHUNK // (2**self.k * self._tile * self.width)))
        self._step = -(-tiles // count)
        chunked_z = [z.split(self._step) for z in self.z]
        self.chunks = [
            Chunk(kernels, self.activation, samples, z)
            for samples, *z in zip(self._inputs.split(self._step * self._tile), *chunked_z, strict=True)
        ]

    def __del__(self) -> None:
        """Hand the memory on, once no backward can ask for it any more."""
        self._memory.give(*self.z)

    def forward(self, *weights: torch.Tensor) -> torch.Tensor:
        """Compute the mixed derivative (n,)."""
        transposed = [weight.detach().T if weight.ndim == 2 else weight.detach() for weight in weights]
        # One row of slopes per sample of a tile, as the kernels read them.
        self._slopes = slopes(weights[0].detach(), self.k).repeat(1, self._tile)
        values = self._inputs.new_empty(len(self._inputs))
        outputs = values.split(self._step * self._tile)

        def forward(index: int, y: torch.Tensor) -> None:
            self.chunks[index].forward(transposed, self._slopes, y, outputs[index])

        self._on_threads(forward, len(self.chunks), 1)
        return values[: self.n]

    def backward(self, given: torch.Tensor, weights: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Compute the gradients in all weights, in their order, from that in the result (n,)."""
        padded = torch.nn.functional.pad(given, (0, len(self._inputs) - self.n))
        gradients = padded.split(self._step * self._tile)
        blocks = self._blocks()
        sums = [GradientSums(weights, self._slopes) for _ in blocks]

        def backward(index: int, *scratch: torch.Tensor) -> None:
            for chunk in blocks[index]:
                self.chunks[chunk].backward(gradients[chunk], weights, self._slopes, sums[index], scratch)

        self._on_threads(backward, len(blocks), 3)
        total, *others = sums
        for other in others:
            total.add(other)
        return total.gradients(weights[0], self._slopes)

    def _blocks(self) -> list[range]:
        """Divide the chunks for the sums of gradients, whatever the number of threads."""
        rows, n = len(self._inputs) * 2**self.k, len(self.chunks)
        count = max(1, min(n, BLOCKS, rows // (ROWS_PER_WIDTH * self.width)))
        return [range(n * i // count, n * (i + 1) // count) for i in range(count)]

    def _on_threads(self, work: Callable[..., None], count: int, layers: int) -> None:
        """Call work(0, …), …, work(count − 1, …) on torch's number of threads, with memory for so many layers."""
        threads = torch.get_num_threads() if count > 1 else 1
        scratch = [[self._chunk_rows() for _ in range(layers)] for _ in range(min(threads, count))]

        def with_scratch(index: int) -> None:
            mine = scratch.pop()
            work(index, *mine)
            scratch.append(mine)

        self._kernels.on_threads(with_scratch, count, threads)
        self._memory.give(*itertools.chain(*scratch))

    def _chunk_rows(self) -> torch.Tensor:
        """Take memory for the coefficients of a layer of a chunk, as rows of neurons."""
        return self._coefficients(self._step).view(-1, self.width)

    def _coefficients(self, tiles: int) -> torch.Tensor:
        """Take memory for the coefficients of a layer."""
        return self._memory.take(self._inputs, tiles, 2**self.k, self._tile, self.width)
