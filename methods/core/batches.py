"""Calls of `integrate` for very many points, in batches, so that their memory does not grow with the number of points.

A method works with some arrays as long as s: a copy of s, its coordinates, and values before they are scaled back. For
10⁷ points of three invariants these took 300 MiB (tables) to 1.1 GiB (tensor rules) beside input and output.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from methods.core.errors import InputError

ROWS = 2**16
"""Points of a batch: 8 MiB where a method has 120 bytes for each, as tensor rules, and 170 MiB where it has 2,760, as
vegas. Smaller calls are left as they are."""


def in_batches(integrate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return `integrate` of a method, s (n, m) -> Estimate, which treats many points in batches.

    A list, table or tensor becomes an array first, as `ParametricIntegral.check` makes it.
    """

    @functools.wraps(integrate)
    def batched(self: Any, s: Any) -> Any:
        if not isinstance(s, np.ndarray):
            s = self.integral_.check(s)
        if s.ndim != 2 or len(s) <= ROWS:
            return integrate(self, s)
        try:
            return _joined(lambda rows: integrate(self, s[rows]), len(s))
        except InputError:
            self.integral_.check(s)  # which says the row among all points, not among those of the batch
            raise

    return batched


def _joined(integrate: Callable[[slice], Any], n: int) -> Any:
    """Return the Estimate of n points from those of their batches."""
    first = integrate(slice(0, ROWS))
    value, error, n_eval = np.empty(n, first.value.dtype), np.empty(n, first.error.dtype), first.n_eval
    value[:ROWS], error[:ROWS] = first.value, first.error
    for start in range(ROWS, n, ROWS):
        rows = slice(start, start + ROWS)
        value[rows], error[rows], spent = integrate(rows)
        n_eval += spent
    return type(first)(value, error, n_eval)
