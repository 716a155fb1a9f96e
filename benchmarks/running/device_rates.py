"""Rates of a device, of matrix products and of its memory, measured; and what a call asks of them.

    product rate  2 n³ / seconds of torch.matmul of two n × n matrices, TF32 off          [GFLOP/s]
    bandwidth     3 × bytes / seconds of the triad a = b + q c, of arrays beyond caches    [GB/s]

A call that multiplies matrices with p floating-point operations, and is given and gives back q bytes, cannot take less
than p / product rate, nor q / bandwidth: the share of a bound is that time over the measured one (the roofline model).
Both are lower bounds of what a device does, since functions, and traffic of intermediate results, are not counted.

Papers: Williams, Waterman & Patterson, Commun. ACM 52 (2009) 65; McCalpin, IEEE TCCA Newsletter (1995), STREAM.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.running import stopwatch

if TYPE_CHECKING:
    from methods.base import ParametricIntegral

KINDS = ("cpu", "cuda", "mps", "xpu")
"""Devices, as torch names them; of several of a kind the first."""

PRECISIONS = ("float32", "float64")


class Size(NamedTuple):
    """Rows of the matrices, and elements of the triad's arrays (float32)."""

    n: int
    elements: int


SIZES = {"cpu": Size(1024, 2**25)} | dict.fromkeys(KINDS[1:], Size(8192, 2**28))
"""Large enough for nearly the full rate, and small enough to be measured with every suite, in a second on a CPU. STREAM
asks for arrays four times the last cache: 128 MiB do for 32 MiB of it."""

TIMED_S = 0.2
"""Seconds of calls per rate."""


def found() -> dict[str, str | None]:
    """Return {kind: name of the device, or None where there is none}; initialises GPUs, so not in a process to fork."""
    return {kind: device_name(kind) for kind in KINDS}


def device_name(device: str) -> str | None:
    """Return the name of a device, as torch names it, or None where there is none."""
    import torch

    from benchmarks.running import machine

    names: dict[str, Callable[[], str | None]] = {
        "cpu": machine.cpu_name,
        "cuda": lambda: torch.cuda.get_device_name(device) if torch.cuda.is_available() else None,
        "mps": lambda: "Apple GPU" if torch.backends.mps.is_available() else None,
        "xpu": lambda: torch.xpu.get_device_name(device) if torch.xpu.is_available() else None,
    }
    return names[device.partition(":")[0]]()


def measure(device: str, threads: int, size: Size, timed_s: float) -> dict[str, Any]:
    """Measure the rates; in a process of its own, while nothing else runs on the machine.

    Returns
    -------
    dict
        {name, n, elements, float32, float64: {gflop_per_s} or {reason}, triad: {gb_per_s}}.
    """
    import torch

    size = Size(*size)
    stopwatch.limit_threads(threads)
    torch.set_float32_matmul_precision("highest")  # no TF32
    products = {precision: product_rate(precision, device, size.n, timed_s) for precision in PRECISIONS}
    a, b, c = (torch.ones(size.elements, dtype=torch.float32, device=device) for _ in range(3))
    seconds = _median(lambda: torch.add(b, c, alpha=0.5, out=a), device, timed_s)
    bandwidth = {"gb_per_s": 3 * a.nbytes / seconds / 1e9}
    return {"name": device_name(device), "n": size.n, "elements": size.elements, **products, "triad": bandwidth}


def product_rate(precision: str, device: str, n: int, timed_s: float) -> dict[str, Any]:
    """Measure {gflop_per_s} of torch.matmul of two n × n matrices, or say {reason} where the device has no such."""
    import torch

    try:
        left, right = torch.rand(2, n, n, dtype=getattr(torch, precision), device=device)
    except (TypeError, RuntimeError) as problem:  # mps has no float64
        return {"reason": f"{device} has no {precision}: {problem}"}
    return {"gflop_per_s": 2 * n**3 / _median(lambda: left @ right, device, timed_s) / 1e9}


def _median(call: Callable[[], Any], device: str, timed_s: float) -> float:
    return statistics.median(stopwatch.call_seconds(call, device=device, timed_s=timed_s))


def count_products(call: Callable[[], Any]) -> dict[str, int]:
    """Return the floating-point operations in torch's matrix products of a call, by precision ("float32", …).

    Products of a matrix and a vector count too, as torch's own counter leaves them out.
    """
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import flop_registry

    formulas = {**flop_registry, torch.ops.aten.mv: lambda matrix, _, out_val: 2 * matrix.numel()}
    counted: Counter[str] = Counter()

    class Counting(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs, operator = kwargs or {}, func._overloadpacket
            if operator in formulas:
                out = func(*args, **kwargs)
                counted[str(out.dtype).removeprefix("torch.")] += formulas[operator](*args, **kwargs, out_val=out)
                return out
            with self:  # in inference mode a linear layer arrives whole
                out = func.decompose(*args, **kwargs)
            return func(*args, **kwargs) if out is NotImplemented else out

    with Counting():
        call()
    return dict(counted)


def call_bytes(integral: ParametricIntegral) -> int:
    """Return the bytes per integral that a call is given, s, and gives back, I(s), complex or real, and its error."""
    value = 16 if integral.is_complex else 8
    return 8 * integral.m + value + 8


def shares(
    seconds: float, flop: dict[str, float] | None, n_bytes: float, rates: dict[str, Any]
) -> dict[str, float | None]:
    """Return {of_product_rate, of_bandwidth}: the least time by either bound over `seconds`.

    `flop` are operations by precision; None, or a precision without a rate, gives None.
    """
    known = flop is not None and all("gflop_per_s" in rates.get(precision, {}) for precision in flop)
    products_s = sum(number / rates[p]["gflop_per_s"] / 1e9 for p, number in flop.items()) if known and flop else None
    return {
        "of_product_rate": products_s / seconds if products_s is not None else None,
        "of_bandwidth": n_bytes / rates["triad"]["gb_per_s"] / 1e9 / seconds,
    }
