"""A chunk of samples on its way through the layers of the mixed derivative, forward and backward, on one thread.

Matrix products are torch's, activations `derivative_kernel.cpp`'s. Forward keeps each layer's z; backward makes
y = φ(z) again, on its way, where its gradient was.

notation: C = 2^k coefficients, W = width, q = samples of a tile · W, P = `slopes` (C, q).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from methods.deep.activations import Activation
from methods.deep.cpu_kernels import Kernels


class Chunk:
    """Samples that pass through the layers together.

    Parameters
    ----------
    kernels : Kernels
        For k, the dtype and the activation.
    activation : Activation
        φ.
    inputs : tensor (samples, k + m)
        x and s; whole tiles.
    z : list of tensors (tiles, C, samples of a tile, W)
        Memory for the coefficients of each hidden layer but the first; of z_∅ the bias is missing.

    Notes
    -----
    Threads wait for Python's lock at each call of torch, views included: views are made once, where they can be.
    """

    def __init__(
        self, kernels: Kernels, activation: Activation, inputs: torch.Tensor, z: Sequence[torch.Tensor]
    ) -> None:
        self._kernels, self._activation, self._inputs = kernels, activation, inputs
        self._tiles, _, tile, self._width = z[0].shape
        self._q = tile * self._width
        self._rows = [layer.view(-1, self._width) for layer in z]
        self._without_bias = [layer[:, 0] for layer in z]
        self._starts: list[torch.Tensor] = []
        """Per hidden layer: z_∅, with the bias (samples, W)."""
        self._bases: list[torch.Tensor] = []
        """Per hidden layer: the values of the activation's base functions at z_∅ (n_base, samples, W)."""

    def forward(
        self, weights: Sequence[torch.Tensor], slopes: torch.Tensor, scratch: torch.Tensor, values: torch.Tensor
    ) -> None:
        """Write the mixed derivative to `values` (samples,).

        Weight matrices are transposed, and `scratch` (rows or more, W) is overwritten.
        """
        first_weight, first_bias, last_weight, *hidden = weights
        y = scratch[: len(self._rows[0])]
        self._start(torch.addmm(first_bias, self._inputs, first_weight))
        self._call("first_forward", 0, slopes, y)
        for layer, (weight, bias, z) in enumerate(zip(hidden[::2], hidden[1::2], self._rows, strict=True), 1):
            torch.mm(y, weight, out=z)
            self._start(self._without_bias[layer - 1] + bias)
            if layer < len(self._rows):
                self._call("hidden_forward", layer, z, y)
        top = torch.empty_like(self._starts[0])
        self._call("last_forward", -1, self._rows[-1], top)
        torch.mv(top, last_weight[:, 0], out=values)

    def backward(
        self,
        given: torch.Tensor,
        weights: Sequence[torch.Tensor],
        slopes: torch.Tensor,
        sums: GradientSums,
        scratch: Sequence[torch.Tensor],
    ) -> None:
        """Add to `sums` what the gradient in the values (samples,) gives; three scratch tensors are overwritten."""
        _, _, last_weight, *hidden = weights
        gz, y, before = (memory[: len(self._rows[0])] for memory in scratch)
        top = torch.outer(given, last_weight[0])
        self._call("last_backward", -1, self._rows[-1], top, gz, sums.biases[-1])
        for layer in reversed(range(len(self._rows))):
            torch.mm(gz, hidden[2 * layer], out=y)
            if layer > 0:
                self._call("hidden_backward", layer, self._rows[layer - 1], y, before, sums.biases[layer - 1])
            else:
                first = torch.empty_like(top)
                self._call("first_backward", 0, slopes, y, first, sums.slopes)
            sums.hidden[layer].addmm_(gz.T, y)
            gz, before = before, gz
        sums.last.addmv_(top.T, given)
        sums.first_weight.addmm_(first.T, self._inputs)
        sums.first_bias += first.sum(dim=0)

    def _call(self, kernel: str, layer: int, *tensors: torch.Tensor) -> None:
        start, base = self._starts[layer], self._bases[layer]
        self._kernels.call(kernel, [start, base, *tensors], self._tiles, self._q)

    def _start(self, z: torch.Tensor) -> None:
        self._starts.append(z)
        base = self._activation.base(z, self._kernels.k + 1)
        self._bases.append(torch.stack(base) if len(base) > 1 else base[0])


class GradientSums:
    """Gradients in the weights, summed over some chunks.

    Attributes
    ----------
    first_weight, first_bias, last, hidden
        As the weights; `hidden` has those of layers after the first.
    biases : list of tensors (q,)
        Of these layers; samples of a tile still apart.
    slopes : tensor (C, q)
        Of the products of the first layer's weights.
    """

    def __init__(self, weights: Sequence[torch.Tensor], slopes: torch.Tensor) -> None:
        first_weight, first_bias, last_weight, *hidden = weights
        self.first_weight, self.first_bias = torch.zeros_like(first_weight), torch.zeros_like(first_bias)
        self.last, self.slopes = torch.zeros_like(last_weight[0]), torch.zeros_like(slopes)
        self.hidden = [torch.zeros_like(weight) for weight in hidden[::2]]
        self.biases = [torch.zeros_like(slopes[0]) for _ in self.hidden]

    def add(self, other: GradientSums) -> None:
        """Add the sums over other chunks."""
        for mine, others in zip(self._all(), other._all(), strict=True):
            mine += others

    def gradients(self, first_weight: torch.Tensor, slopes: torch.Tensor) -> list[torch.Tensor]:
        """All gradients, in the order of the weights."""
        (width, _), q = first_weight.shape, slopes.shape[1]
        g_slopes = self.slopes.view(-1, q // width, width).sum(dim=1)
        g_first, k = self.first_weight.clone(), slopes.shape[0].bit_length() - 1
        g_first[:, :k] += slopes_backward(g_slopes, slopes[:, :width], first_weight)
        biases = [bias.view(-1, width).sum(dim=0) for bias in self.biases]
        hidden = [tensor for pair in zip(self.hidden, biases, strict=True) for tensor in pair]
        return [g_first, self.first_bias, self.last[None], *hidden]

    def _all(self) -> list[torch.Tensor]:
        return [self.first_weight, self.first_bias, self.last, self.slopes, *self.biases, *self.hidden]


def slopes_backward(g: torch.Tensor, products: torch.Tensor, first_weight: torch.Tensor) -> torch.Tensor:
    """Return the gradient of the first layer's weights of x (W, k) from that of `slopes` (…, C, W): (…, W, k)."""
    of_weights = []
    for i in reversed(range(products.shape[0].bit_length() - 1)):
        low, high = g[..., : 2**i, :], g[..., 2**i :, :]
        of_weights.append((high * products[: 2**i]).sum(dim=-2))
        g = low + high * first_weight[:, i]
    return torch.stack(of_weights[::-1], dim=-1)
