"""A method on one integral, as the checks of the contract are given it, and what they raise where it breaks a rule."""

from __future__ import annotations

import copy
import functools
import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from methods.base import Method, ParametricIntegral

ROW_RTOL = {"float64": 1e-6, "float32": 1e-5}
"""Largest relative difference of a row from the same row in a batch, by the precision in which a method evaluates:
matrix products sum in another order. A published_primitive in float32, whose corner sum cancels, differs by 4e-6."""


class Broken(Exception):
    """Raised by a check whose sentence does not hold; the message is the reason."""


class Fit(NamedTuple):
    """A fit, and what was noticed around it."""

    method: Method
    returned: Any
    params_before: dict[str, Any]
    seconds: float
    changed: list[str]
    """Parts of the global state that are different after it."""


class Subject:
    """A method on one integral, fitted once, when a check first asks for that.

    Parameters
    ----------
    cls : type
        The class.
    make : callable
        Makes an unfitted method of it.
    integral : ParametricIntegral
        The integral.
    budget : float, optional
        Seconds that the fit may use.
    row_rtol : float, optional
        By how much a row may differ from the same row in a batch; by default what `ROW_RTOL` says.
    """

    def __init__(
        self, cls: type, make: Callable[[], Method], integral: ParametricIntegral, budget: float | None = None,
        row_rtol: float | None = None,
    ) -> None:  # fmt: skip
        self.cls, self.make, self.integral, self.budget, self._row_rtol = cls, make, integral, budget, row_rtol

    @functools.cached_property
    def fit(self) -> Fit:
        """The method after its fit."""
        method = self.make()
        before, params = global_state(), copy.deepcopy(method.params())
        start = time.perf_counter()
        returned = method.fit(self.integral, budget=self.budget)
        seconds = time.perf_counter() - start
        return Fit(method, returned, params, seconds, changes(before, global_state()))

    @property
    def method(self) -> Method:
        """The fitted method."""
        return self.fit.method

    @property
    def row_rtol(self) -> float:
        """Largest relative difference of a row from the same row in a batch."""
        return self._row_rtol or ROW_RTOL.get(self.method.precision, ROW_RTOL["float64"])

    def points(self, n: int) -> np.ndarray:
        """Draw n phase-space points (n, m), the same ones each time."""
        return self.integral.sample(n, seed=4)


def global_state() -> dict[str, Any]:
    """Everything outside a method that it must leave as it is, by name."""
    import torch

    of_numpy = np.random.get_state(legacy=False)  # noqa: NPY002
    return {
        "the random state of Python": random.getstate(),
        "the random state of NumPy": (of_numpy["state"]["key"].tobytes(), of_numpy["state"]["pos"]),
        "the random state of torch": torch.get_rng_state().numpy().tobytes(),
        "the default dtype of torch": torch.get_default_dtype(),
    }


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names of the entries that differ."""
    return [name for name in before if before[name] != after[name]]


def require(holds: bool, reason: str) -> None:
    """Raise Broken with `reason` unless it holds."""
    if not holds:
        raise Broken(reason)
