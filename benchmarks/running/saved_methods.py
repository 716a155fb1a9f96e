"""Fitted methods as files: saved after the fit, loaded for a place, and loaded to count operations."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import methods
import references
from benchmarks.running import device_rates, isolated, isolated_messages
from benchmarks.running.task import Task
from methods.base import Method, ParametricIntegral
from methods.core import storage

COMPARED = 8
"""Points at which a method that was loaded from its file must give the values that it gave before."""

RTOL_OF_LOADED = 1e-6
"""Largest relative difference of those values: rows of networks in float32 differ by rounding from batch to batch."""

COUNTED_BATCH = 32
"""Products are counted in a call of that many points: what a call does once for all points is shared by them."""

NO_PRODUCTS = "the method makes no matrix products in torch, and other work is not counted"


def saved_bytes(method: Method, integral: ParametricIntegral, task: Task) -> int | None:
    """Save the method; return the size of its file, or None where it cannot be saved and loaded again.

    Raises
    ------
    isolated.Infrastructure
        Where the folder of the file cannot be made, or the disk is full.
    """
    try:
        task.model.parent.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        text = f"The folder {task.model.parent} could not be made: {problem.strerror}."
        raise isolated.Infrastructure(text) from problem
    try:
        method.save(task.model)
        loaded = type(method).load(task.model, integral)
        s = integral.sample(COMPARED, seed=1)
        is_same = np.allclose(loaded.integrate(s).value, method.integrate(s).value, rtol=RTOL_OF_LOADED, atol=0)
        size = task.model.stat().st_size
    except OSError as problem:
        task.model.unlink(missing_ok=True)
        if problem.errno in isolated_messages.MACHINE_ERRORS:
            text = f"The fitted method could not be written to {task.model}: {problem.strerror}."
            raise isolated.Infrastructure(text) from problem
        return None
    except Exception:
        # Saving is not what a run is about, and a stranger's method may not know how.
        task.model.unlink(missing_ok=True)
        return None
    if not is_same:
        task.model.unlink(missing_ok=True)
    return size if is_same else None


def load(task: Task, integral: ParametricIntegral, on_place: dict[str, Any]) -> Method:
    """Return the saved method with fields changed that say where to evaluate, not what."""
    cls = type(methods.create(task.method, **task.fields))
    if not on_place:
        return cls.load(task.model, integral)
    header, state = storage.read(task.model)
    header["params"] |= on_place
    with tempfile.TemporaryDirectory() as folder:
        storage.write(Path(folder) / "method", header, state)
        return cls.load(Path(folder) / "method", integral)


def count_products(task: Task) -> dict[str, float]:
    """Return the operations in matrix products per integral, by precision, of the saved method in plain torch.

    Kernels in C++ make the same products out of torch's sight, so this process has no compiler for them.
    """
    from methods.secdec.compiled_method import CompiledMethod

    integral = references.integral(task.integral)
    is_compiled = isinstance(methods.create(task.method, **task.fields), CompiledMethod)
    if not is_compiled:  # pySecDec's library needs a compiler to be loaded
        os.environ["CXX"] = "no-compiler"
    method = load(task, integral, {})
    os.environ["CXX"] = "no-compiler"
    s = integral.sample(COUNTED_BATCH, seed=1)
    method.integrate(s)  # what is made once, at the first call, does not count
    counted = device_rates.count_products(lambda: method.integrate(s))
    return {precision: flop / COUNTED_BATCH for precision, flop in counted.items()}
