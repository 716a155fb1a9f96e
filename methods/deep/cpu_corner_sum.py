"""The kernel of `corner_kernel.cpp`: the whole corner sum in one call, so that a single point is cheap as well.

Compiled for k, a dtype and an activation when first needed, from the activation's `formula`.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from methods.core import build_cache, kernel_library
from methods.core.kernel_library import TYPES
from methods.deep import cpu_kernels
from methods.deep.activations import Activation

if TYPE_CHECKING:
    from methods.deep.network import PrimitiveNetwork

SOURCE = Path(__file__).with_name("corner_kernel.cpp")

MAX_K = 16
"""Beyond, the first layer's part of the corners outgrows caches."""


@build_cache.remembered
def library(k: int, dtype: torch.dtype, activation: Activation) -> Any:
    """Return a library with the function `corner_sum`; None where it cannot be compiled."""
    if k > MAX_K or dtype not in TYPES or activation.formula is None:
        return None
    scalar = TYPES[dtype]
    includes = {"base.inc": activation.formula, "phi.inc": cpu_kernels.tower_code(activation, 0, "T", scalar)}
    flags = [*kernel_library.vector_flags(), "-lmvec"]
    loaded = kernel_library.load(SOURCE, [f"K={k}", f"T={scalar}"], includes, flags)
    if loaded is None:
        return None
    loaded.corner_sum.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_ssize_t] * 5
    loaded.corner_sum.restype = None
    return loaded


def corner_sum(network: PrimitiveNetwork, s: torch.Tensor) -> torch.Tensor | None:
    """Return the corner sum at s (n, m), without gradients: (n,); None where the kernel cannot do that.

    It takes contiguous memory of a CPU, of one dtype; and there may be no compiler.
    """
    compiled = library(network.k, s.dtype, network.activation)
    if compiled is None or s.ndim != 2 or s.shape[1] != network.m or not len(s):
        return None
    arrays = _arrays(network)
    dtype = s.dtype
    for tensor in (s, *arrays):
        if tensor.dtype is not dtype or not tensor.is_cpu or not tensor.is_contiguous():
            return None
    out = torch.empty(len(s), dtype=dtype)
    try:
        addresses = (ctypes.c_void_p * len(arrays))(*[tensor.data_ptr() for tensor in arrays])
        given, written = s.data_ptr(), out.data_ptr()
    except RuntimeError:  # what torch.func puts in the place of tensors has no memory
        return None
    depth = len(arrays) // 2
    compiled.corner_sum(addresses, given, written, torch.get_num_threads(), len(s), network.m, network.width, depth)
    return out


def _arrays(network: PrimitiveNetwork) -> list[torch.Tensor]:
    """Return weight and bias of all layers, but the last bias.

    Half of a single point's latency would go into looking up attributes of torch's modules, a microsecond each: these
    are the dictionaries where they lie.
    """
    parts = network._modules
    layers = [parts["first"], *parts["hidden"]._modules.values(), parts["last"]]  # type: ignore[union-attr]
    try:
        return [layer._parameters[name] for layer in layers for name in ("weight", "bias")][:-1]  # type: ignore
    except KeyError:  # weights that are computed from others (torch.nn.utils.parametrize) are attributes only
        return [getattr(layer, name) for layer in layers for name in ("weight", "bias")][:-1]
