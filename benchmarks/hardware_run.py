"""What `benchmarks.hardware` does in processes of their own: fit and save, count products, load and time."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from pathlib import Path
from typing import Any

import methods
import references
from benchmarks import device_rates, stopwatch
from methods import storage
from methods.base import InputError, Method, ParametricIntegral

COUNTED_BATCH = 32
"""Products are counted in a call of that many points: what a call does once for all points is shared by them."""

NO_PRODUCTS = "the method makes no matrix products in torch, and other work is not counted"


@dataclasses.dataclass(frozen=True)
class Task:
    """A fitted method on a device; plain values, since it travels to another process."""

    integral: str
    method: str
    fields: dict[str, Any]
    """As fitted."""
    on_device: dict[str, Any]
    """Fields that say where to evaluate: device and workers, of a method that has them."""
    device: str
    threads: int
    batches: tuple[int, ...]
    timed_s: float


def describe_integral(spec: str) -> tuple[str, str] | str:
    """Return name and hash of an integral, or what is wrong with it."""
    try:
        integral = references.integral(spec)
    except InputError as problem:
        return str(problem)
    return integral.name, integral.fingerprint()


def unsupported(integral: str, method: str, fields: dict[str, Any]) -> str | None:
    """Return why the method cannot treat the integral, or None where it can."""
    return methods.create(method, **fields).unsupported(references.integral(integral))


def fit(integral: str, method: str, fields: dict[str, Any], threads: int, budget_s: float, path: Path) -> None:
    """Fit on the CPU and write to `path`."""
    stopwatch.limit_threads(threads)
    methods.create(method, **fields).fit(references.integral(integral), budget=budget_s).save(path)


def products(integral: str, method: str, fields: dict[str, Any], path: Path) -> dict[str, float]:
    """Return the operations in matrix products per integral, by precision, of a fitted method evaluated by plain torch.

    Kernels in C++ make the same products out of torch's sight, so this process has no compiler for them.
    """
    found = references.integral(integral)
    fitted = _load(path, method, fields, found, {})
    os.environ["CXX"] = "no-compiler"  # after loading: pySecDec's library needs one
    s = found.sample(COUNTED_BATCH, seed=1)
    fitted.integrate(s)  # what is made once, at the first call, does not count
    counted = device_rates.count_products(lambda: fitted.integrate(s))
    return {precision: flop / COUNTED_BATCH for precision, flop in counted.items()}


def measure(task: Task, path: Path, flop: dict[str, float] | None, rates: dict[str, Any]) -> dict[str, Any]:
    """Return the measured part of the record; raises whatever the method raises, and stopwatch.Shared."""
    with stopwatch.unshared_machine() as alone:
        stopwatch.limit_threads(task.threads)
        integral = references.integral(task.integral)
        method = _load(path, task.method, task.fields, integral, task.on_device)
        stopwatch.require(alone)
        timings = stopwatch.of_batches(
            method.integrate, integral.sample(max(task.batches), seed=1), task.batches,
            device=task.device, timed_s=task.timed_s,
        )  # fmt: skip
    n_bytes = 8 * (integral.m + 2)  # s comes; value and error go
    for timing in timings.values():
        if "median" in timing:
            timing["share"] = device_rates.shares(timing["median"], flop, n_bytes, rates)
    return {"s_per_integral": timings, "bytes_per_integral": n_bytes, "model_bytes": path.stat().st_size}


def _load(
    path: Path, method: str, fields: dict[str, Any], integral: ParametricIntegral, on_device: dict[str, Any]
) -> Method:
    """Return the fitted method with fields changed that say where to evaluate, not what."""
    cls = type(methods.create(method, **fields))
    if not on_device:
        return cls.load(path, integral)
    header, state = storage.read(path)
    header["params"] |= on_device
    with tempfile.TemporaryDirectory() as folder:
        storage.write(Path(folder) / "method", header, state)
        return cls.load(Path(folder) / "method", integral)
