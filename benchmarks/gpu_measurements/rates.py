"""What the device can do: `device_rates`, and matrix products in the precisions in which no method computes.

TF32 rounds the factors of float32 products to ten bits; it is off everywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.gpu_measurements.session import Entry, Session, tried
from benchmarks.running import device_rates, machine

LOWER = ("bfloat16", "float16")


def measure(session: Session) -> Iterator[Entry]:
    """Yield the rates that records have, under "rates", then one entry for each other precision."""
    device, clock = session.device, session.clock()
    size = device_rates.SIZES[device.partition(":")[0]]
    threads = machine.n_cpus()
    rates = device_rates.measure(device, threads, size, device_rates.TIMED_S)
    yield {"kind": "rates", "status": "ok", "threads": threads, "rates": rates}
    if device == "cpu":
        return  # most have no such products, and take ten seconds for one by other means
    if device.startswith("cuda"):
        yield tried(_entry("TF32", size.n), lambda: _in_tf32(device, size.n), clock)
    for precision in LOWER:
        yield tried(_entry(precision, size.n), lambda p=precision: _rate(p, device, size.n), clock)


def _entry(precision: str, n: int) -> Entry:
    return {"kind": "products", "precision": precision, "n": n}


def _rate(precision: str, device: str, n: int) -> dict[str, Any]:
    return device_rates.product_rate(precision, device, n, device_rates.TIMED_S)


def _in_tf32(device: str, n: int) -> dict[str, Any]:
    import torch

    torch.set_float32_matmul_precision("high")
    try:
        return _rate("float32", device, n)
    finally:
        torch.set_float32_matmul_precision("highest")
