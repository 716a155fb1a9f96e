"""Checks of what a method returns, before it is judged: a `Disqualified` says what is wrong with it."""

from __future__ import annotations

import numpy as np

from methods.base import Estimate, HasReplicas, Method


class Disqualified(ValueError):
    """Raised for values that cannot be judged: no arrays, of the wrong shape, or not finite."""


def check_estimate(estimate: Estimate, n: int) -> None:
    """Raise Disqualified unless there are n finite values and n errors, each positive or nan, in NumPy arrays."""
    if not isinstance(estimate, tuple) or len(estimate) != 3:
        raise Disqualified(f"integrate returned a {type(estimate).__name__}; a methods.base.Estimate is due.")
    value, error, n_eval = estimate
    for what, array in (("value", value), ("error", error)):
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fc":
            kind = f"array of {array.dtype}" if isinstance(array, np.ndarray) else type(array).__name__
            raise Disqualified(f"integrate returned {what} as {kind}; a NumPy array of floating-point numbers is due.")
        if array.shape != (n,):
            raise Disqualified(f"integrate returned {what} of shape {array.shape} for {n} points; ({n},) is due.")
    bad = np.flatnonzero(~np.isfinite(value))
    if len(bad):
        raise Disqualified(f"integrate returned {value[bad[0]]} at {len(bad)} of {n} points, first {bad[0]}.")
    if np.iscomplexobj(error) or (error < 0).any():
        raise Disqualified("integrate returned a negative or complex error; one standard deviation is due, or nan.")
    if not isinstance(n_eval, int | np.integer) or n_eval < 0:
        raise Disqualified(f"integrate returned n_eval = {n_eval!r}; a number of evaluations is due.")


def replica_values(method: Method, s: np.ndarray) -> np.ndarray | None:
    """Ask an ensemble for the values of its replicas (n_replicas, n), at s (n, m); None of another method."""
    if not isinstance(method, HasReplicas):
        return None
    found = method.replica_values(s)
    if not isinstance(found, np.ndarray) or found.ndim != 2 or found.shape[1] != len(s) or not np.isfinite(found).all():
        raise Disqualified(f"replica_values returned no finite array of shape (n_replicas, {len(s)}), which is due.")
    return found
