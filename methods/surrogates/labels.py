"""How surrogates buy the values that they learn from: I(s) from a direct method, at a cost the harness can meter.

Every surrogate opens a `Shop` inside its `fit`, so it works alone, outside the harness too. The harness counts the
integrand's evaluations, and reads time and number of labels from `PURCHASES`, where each purchase is noted. What it
cannot count, because a label method evaluates compiled code of its own, it adds:

    evaluations of a fit = counted ones + Σ over purchases of `n_uncounted`
"""

from __future__ import annotations

import contextvars
import dataclasses
import time
from collections.abc import Callable

import numpy as np

import methods
from methods.base import Estimate, InputError, LearnsFromLabels, ParametricIntegral, ReportsDetails
from methods.core import names


@dataclasses.dataclass(frozen=True)
class Purchase:
    """One purchase of labels."""

    n_labels: int
    seconds: float
    n_eval: int
    """Integrand evaluations, as the direct method reports them."""
    n_uncounted: int
    """Those of them that `COUNTED` did not see during the purchase."""


PURCHASES: contextvars.ContextVar[list[Purchase] | None] = contextvars.ContextVar("PURCHASES", default=None)
"""Where purchases are noted while somebody meters: set it to a list, and read that after `fit`."""

COUNTED: contextvars.ContextVar[Callable[[], int]] = contextvars.ContextVar("COUNTED", default=lambda: 0)
"""Tells how many integrand evaluations have been counted so far: who counts them sets it together with `PURCHASES`."""


class Shop:
    """Sells I(s) from one direct method, which is prepared once.

    Parameters
    ----------
    labels : str
        A direct method as on the command line, e.g. ``"gauss_legendre"`` or ``"pysecdec_qmc,epsrel=1e-6"``.
    integral : ParametricIntegral
        The integral.
    epsrel : float, optional
        The relative error wanted, for a method with a field ``epsrel`` that `labels` leaves open.
    budget : float, optional
        Seconds that the method may take to prepare itself; None sets no limit.

    Raises
    ------
    InputError
        Where `labels` names a surrogate, which would have to buy labels itself, or cannot treat the integral.
    """

    def __init__(
        self, labels: str, integral: ParametricIntegral, *, epsrel: float | None = None, budget: float | None = None
    ) -> None:
        start = time.perf_counter()
        name, fields = names.parse_spec(labels)
        method = methods.create(name, **fields)
        if isinstance(method, LearnsFromLabels):
            raise InputError(f"{name} learns from labels; they come from a direct method such as gauss_legendre.")
        if reason := method.unsupported(integral):
            raise InputError(f"{name} cannot provide labels for {integral.name}: {reason}.")
        if epsrel is not None and "epsrel" not in fields and "epsrel" in method.params():
            method = dataclasses.replace(method, epsrel=epsrel)  # type: ignore[type-var]
        self._method = method.fit(integral, budget=budget)
        self.cut_short = isinstance(self._method, ReportsDetails) and bool(self._method.details_.get("cut_short"))
        """Whether the method says that its budget ended its preparation, so that labels are less precise."""
        self.seconds_per_label = 0.0
        """What the last purchase cost per label."""
        self._note(0, 0, start, COUNTED.get()())

    def buy(self, s: np.ndarray) -> Estimate:
        """Return I(s) and its error for s (n, m)."""
        start, counted = time.perf_counter(), COUNTED.get()()
        estimate = self._method.integrate(s)
        self._note(len(s), estimate.n_eval, start, counted)
        return estimate

    def _note(self, n_labels: int, n_eval: int, start: float, counted: int) -> None:
        """Note a purchase that began at `start`, when `counted` evaluations had been counted."""
        seconds = time.perf_counter() - start
        self.seconds_per_label = seconds / n_labels if n_labels else 0.0
        purchases = PURCHASES.get()
        if purchases is not None:
            n_uncounted = max(0, n_eval - (COUNTED.get()() - counted))
            purchases.append(Purchase(n_labels, seconds, n_eval, n_uncounted))


def buy(
    labels: str, integral: ParametricIntegral, s: np.ndarray, *, epsrel: float | None = None,
    budget: float | None = None,
) -> np.ndarray:  # fmt: skip
    """Return I(s) (n,) for s (n, m) from the direct method `labels`: a `Shop` for a single purchase."""
    return Shop(labels, integral, epsrel=epsrel, budget=budget).buy(s).value
