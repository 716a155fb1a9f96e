"""The mixed derivative on a GPU: a Triton kernel per activation between torch's matrix products, forward and backward.

Coefficients lie as (2^k, n, W), so that consecutive threads take consecutive neurons, and a linear layer is one matrix
product over 2^k · n rows. The kernels are generated (`methods/deep/gpu_source.py`): a thread loads all coefficients
of a neuron, and what lies between them and its results stays in registers. Forward keeps each layer's z; backward makes
y = φ(z) again, where its gradient was.

Compiling them all, once per machine, takes 1 to 2 s of processor time for k = 3, 4 to 6 s for k = 5 and 8 to 14 s for
k = 6 (less on an idle machine), a third of it before the first result and the rest in the first backward; one variable
more would take three times as long and need more registers than there are, so that beyond MAX_K plain torch computes.
Their speed on a GPU is not measured yet.
With TRITON_INTERPRET=1 Triton's interpreter runs them on a CPU, slowly, for tests.

notation: C = 2^k coefficients, W = width.
"""

from __future__ import annotations

import functools
import importlib.util
import linecache
import os
from typing import TYPE_CHECKING, Any

import torch

from methods.deep import cpu_chunk, cpu_derivative, nilpotent
from methods.deep.activations import Activation
from methods.deep.gpu_source import source
from methods.deep.nilpotent import slopes

if TYPE_CHECKING:
    from methods.deep.network import PrimitiveNetwork

MAX_K = 6
"""In float32 the kernels for k = 6 take all 255 registers of a thread, and no stack (Triton 3.7 for an H100)."""

DTYPES = (torch.float32, torch.float64)

BLOCK = 128
"""Neurons per program: one for each thread of four warps."""


def serves(network: PrimitiveNetwork, inputs: torch.Tensor) -> bool:
    """Tell whether the kernels can do this: on a GPU with Triton, for k up to MAX_K."""
    device = "cpu" if os.environ.get("TRITON_INTERPRET") == "1" else "cuda"
    if inputs.device.type != device or inputs.dtype not in DTYPES or not cpu_derivative.is_ordinary(network, inputs):
        return False
    return network.k <= MAX_K and importlib.util.find_spec("triton") is not None


def mixed_partial(network: PrimitiveNetwork, inputs: torch.Tensor) -> torch.Tensor:
    """Return the mixed derivative at inputs (n, k + m): (n,)."""
    return _MixedPartial.apply(network.activation, network.k, inputs, *cpu_derivative.weights(network))


class Kernels:
    """The kernels for an activation and k variables."""

    def __init__(self, phi: Activation, k: int) -> None:
        self._phi, self._k, text = phi, k, source(phi, k)
        # Triton reads a kernel's text as inspect does, which finds that of no file here.
        name = f"<Triton kernels of {phi.name} for k = {k}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        self.functions: dict[str, Any] = {"__name__": name}
        """Triton's functions by their names, among what else the generated text defines."""
        exec(compile(text, name, "exec"), self.functions)

    def base(self, z: torch.Tensor) -> torch.Tensor:
        """Return the values of the activation's base functions at z: (n_base, *z.shape)."""
        return torch.stack(self._phi.base(z, self._k + 1))

    def run(self, kernel: str, *arrays: torch.Tensor) -> None:
        """Run a kernel on contiguous arrays of planes; the last ones it writes."""
        *_, samples, width = arrays[0].shape
        programs = -(-samples * width // BLOCK)
        with torch.cuda.device_of(arrays[0]):
            self.functions[kernel][programs,](*arrays, samples * width, width, BLOCK=BLOCK, num_warps=BLOCK // 32)


@functools.cache
def kernels(phi: Activation, k: int) -> Kernels:
    """Return the kernels for an activation and k variables, where Triton is installed."""
    return Kernels(phi, k)


class _MixedPartial(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, phi: Activation, k: int, inputs: torch.Tensor, *weights: torch.Tensor) -> torch.Tensor:
        ctx.phi, ctx.k, ctx.kernels = phi, k, kernels(phi, k)
        first_weight, first_bias, last_weight, *hidden = weights
        ctx.depth = 1 + len(hidden) // 2
        products = slopes(first_weight, k)
        z = torch.addmm(first_bias, inputs, first_weight.T)[None]
        bases, zs = [ctx.kernels.base(z[0])], [z]
        y = z.new_empty(2**k, *z.shape[1:])
        ctx.kernels.run("first_forward", bases[0], z, products, y)
        for weight, bias in zip(hidden[::2], hidden[1::2], strict=True):
            z = y @ weight.T
            z[0] += bias
            bases.append(ctx.kernels.base(z[0]))
            zs.append(z)
            if len(zs) < ctx.depth:
                ctx.kernels.run("hidden_forward", bases[-1], z, y)
        top = torch.empty_like(z[0])
        ctx.kernels.run("last_forward", bases[-1], z, top)
        ctx.save_for_backward(inputs, products, top, *weights, *zs, *bases)
        return top @ last_weight[0]

    @staticmethod
    def backward(ctx: Any, given: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, products, top, *saved = ctx.saved_tensors
        weights, zs, bases = saved[: -2 * ctx.depth], saved[-2 * ctx.depth : -ctx.depth], saved[-ctx.depth :]
        if torch.is_grad_enabled():  # create_graph=True: a gradient that can be differentiated again
            again = nilpotent.mixed_partial(ctx.phi, ctx.k, inputs, *weights)
            return None, None, None, *torch.autograd.grad(again, weights, given, create_graph=True)
        first_weight, _, last_weight, *hidden = weights
        g_top = torch.outer(given, last_weight[0])
        gz = torch.empty_like(zs[-1])
        g_hidden: list[torch.Tensor] = []
        ctx.kernels.run("last_backward", bases[-1], zs[-1], g_top, gz)
        for weight, z, base in zip(hidden[-2::-2], zs[-2::-1], bases[-2::-1], strict=True):
            y, before = gz @ weight, torch.empty_like(z)  # y's gradient, which the kernels replace by y
            if len(z) > 1:
                ctx.kernels.run("hidden_backward", base, z, y, y, before)
            else:
                g_products = torch.empty_like(y)
                ctx.kernels.run("first_backward", base, z, products, y, y, before, g_products)
            g_hidden[:0] = [gz.flatten(0, 1).T @ y.flatten(0, 1), gz[0].sum(dim=0)]
            gz = before
        g_first = gz[0].T @ inputs
        g_first[:, : ctx.k] += cpu_chunk.slopes_backward(g_products.sum(dim=1), products, first_weight)
        return None, None, None, g_first, gz[0].sum(dim=0), (given @ top)[None], *g_hidden
