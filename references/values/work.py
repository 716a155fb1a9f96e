"""What is done with a part of the points, in a process of its own: values, or somebody's opinion of them.

Processes find integrals by name, since integrands cannot be sent to them.
"""

from __future__ import annotations

import functools
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

import references
from methods.base import ParametricIntegral
from references.values import quadrature, second_opinions, sums

MAX_EVAL = 1e11
"""Evaluations of the integrand before quadrature gives up on a part: about half an hour; those of box2l take 6e8."""


def pool(jobs: int) -> ProcessPoolExecutor:
    """Return `jobs` processes that know nothing of this one's state."""
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_one_thread)


def by_name(function: str, name: str, s: np.ndarray, *arguments: Any) -> dict[str, Any]:
    """Call `values` or `opinion` for a registered integral."""
    return globals()[function](references.integral(name), s, *arguments)


def values(integral: ParametricIntegral, s: np.ndarray, epsrel: float) -> dict[str, Any]:
    """Return values and errors (n,) by the closed form or by quadrature, and how they were made."""
    start = time.perf_counter()
    if integral.exact is not None:
        value = integral.exact(s)
        error, how = quadrature.ROUNDING * np.abs(value), "Closed form (mpmath)"
    else:
        result = sums.converge(integral, s, epsrel=epsrel / 2, max_eval=MAX_EVAL)
        value, error = result.value, result.error
        how = f"Gauss–Legendre after Möbius maps, two orders (rules such as {result.rule}, NumPy {np.__version__})"
    return _result(value, error, how, start)


def opinion(integral: ParametricIntegral, s: np.ndarray, who: str, epsrel: float) -> dict[str, Any]:
    """Return what `who` says: values and stated errors (n,), and what it took."""
    asked = _prepared(integral, who, epsrel)
    start = time.perf_counter()
    estimate = asked.ask(s)
    return {**_result(estimate.value, estimate.error, asked.how, start), "setup_s": asked.setup_s}


@functools.lru_cache(maxsize=1)
def _prepared(integral: ParametricIntegral, who: str, epsrel: float) -> second_opinions.Opinion:
    """Prepare somebody once for all parts of a table that this process is given."""
    return second_opinions.OPINIONS[who](integral, epsrel)


def _result(value: np.ndarray, error: np.ndarray, how: str, start: float) -> dict[str, Any]:
    seconds = time.perf_counter() - start
    return {"value": value.tolist(), "error": error.tolist(), "how": how, "seconds": seconds}


def _one_thread() -> None:
    """Leave the other cores to the other processes."""
    import torch

    torch.set_num_threads(1)
