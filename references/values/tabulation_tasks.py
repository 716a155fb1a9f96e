"""Tasks of a table for processes of their own, some points at a time: true values, or values that check them.

Processes find registered integrals by name, since integrands cannot be sent to them.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from methods.base import ParametricIntegral
from references.integrals import catalogue
from references.values import arcs, dispersion, map_rules, quadrature, second_opinions, sums

PACKAGES = ("numpy", "scipy", "sympy", "mpmath", "torch", "pysecdec")
"""Packages that decide values: a worker of a cluster must have the same versions, and with others unfinished work
starts anew."""

MAX_EVAL = 1e11
"""Evaluations of the integrand before quadrature gives up on a task: about half an hour; those of box2l take 6e8."""


def pool(jobs: int) -> ProcessPoolExecutor:
    """Start `jobs` processes that know nothing of this one's state, and end when it ends, however it ends."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(os.getpid(),))


def by_name(function: str, name: str, s: np.ndarray, *arguments: Any) -> dict[str, Any]:
    """Call `values` or `independent_values` for a registered integral."""
    return globals()[function](catalogue.integral(name), s, *arguments)


def values(integral: ParametricIntegral, s: np.ndarray, epsrel: float, maker: str) -> dict[str, Any]:
    """Return values and errors (n,) by the closed form or by one of MAKERS, and how they were made."""
    start = time.perf_counter()
    if integral.exact is not None:
        value = integral.exact(s)
        return _result(value, quadrature.ROUNDING * np.abs(value), "Closed form (mpmath)", start)
    return _result(*MAKERS[maker](integral, s, epsrel), start)


def _by_quadrature(integral: ParametricIntegral, s: np.ndarray, epsrel: float) -> tuple[np.ndarray, np.ndarray, str]:
    found = sums.converge(integral, s, epsrel=epsrel / 2, max_eval=MAX_EVAL)
    how = f"Gauss–Legendre after Möbius maps, two orders (rules such as {found.rule}, NumPy {np.__version__})"
    return found.value, found.error, how


def _on_arcs(integral: ParametricIntegral, s: np.ndarray, epsrel: float) -> tuple[np.ndarray, np.ndarray, str]:
    found = arcs.converge(integral, s, epsrel=epsrel / 2)
    how = f"Gauss–Legendre on complex arcs, two orders of up to {found.order} nodes per axis on each of two contours"
    return found.value, found.error, f"{how} ({found.contours})"


def _by_dispersion(integral: ParametricIntegral, s: np.ndarray, epsrel: float) -> tuple[np.ndarray, np.ndarray, str]:
    value = dispersion.values(dispersion.arguments(integral, s))
    return value, dispersion.ERROR * np.abs(value), "Cutkosky's rule and a dispersion relation (mpmath)"


def _on_maps(integral: ParametricIntegral, s: np.ndarray, epsrel: float) -> tuple[np.ndarray, np.ndarray, str]:
    found = map_rules.converge(integral, s, epsrel=epsrel)
    how = (
        "Gauss–Legendre on complex triangular maps fitted at each point, two axis orders that agree, by compiled sums; "
        "beyond the digits of pySecDec they rest on our own maps alone"
    )
    return found.value, found.error, how


MAKERS = {"quadrature": _by_quadrature, "arcs": _on_arcs, "dispersion": _by_dispersion, "maps": _on_maps}
"""What makes values, by the names that table plans use."""


def independent_values(integral: ParametricIntegral, s: np.ndarray, checker: str, epsrel: float) -> dict[str, Any]:
    """Compute values and stated errors (n,) by an independent method, and note what they took."""
    prepared = prepared_checker(integral, checker, epsrel)
    start = time.perf_counter()
    estimate = prepared.values(s)
    return {**_result(estimate.value, estimate.error, prepared.how, start), "setup_s": prepared.setup_s}


@functools.lru_cache(maxsize=1)
def prepared_checker(integral: ParametricIntegral, checker: str, epsrel: float) -> second_opinions.Checker:
    """Prepare an independent method once for all points of a table that this process is given."""
    return second_opinions.CHECKERS[checker](integral, epsrel)


def _result(value: np.ndarray, error: np.ndarray, how: str, start: float) -> dict[str, Any]:
    seconds = time.perf_counter() - start
    return {"value": to_json(value), "error": error.tolist(), "how": how, "seconds": seconds}


def to_json(value: np.ndarray) -> Any:
    """Turn values (n,) into what JSON can hold: real and imaginary parts of complex ones as two lists."""
    return [value.real.tolist(), value.imag.tolist()] if np.iscomplexobj(value) else value.tolist()


def from_json(content: Any, *, is_complex: bool) -> np.ndarray:
    """Turn back what `to_json` made."""
    return np.array(content[0]) + 1j * np.array(content[1]) if is_complex else np.array(content)


def _begin(parent: int) -> None:
    """Leave the other cores to the other processes, and stay no longer than the process that asks for the work."""
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: int) -> None:
    """End this process soon after its parent, which a killed one cannot ask for."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
