"""How surrogates buy the values that they learn from: I(s) from a direct method, at a cost the harness can meter.

Every surrogate opens a `Shop` inside its `fit`, so it works alone, outside the harness too. The harness counts the
integrand's evaluations, and reads time and number of labels from `PURCHASES`, where each purchase is noted.

A direct method that has one more function, beside those of `methods.base.Method`, sells derivatives too:

    integrate_with_gradient(s) -> (Estimate, ∂I/∂s (n, m))
"""

from __future__ import annotations

import contextvars
import dataclasses
import time

import numpy as np

import methods
from methods import lookup
from methods.base import Estimate, InputError, ParametricIntegral


@dataclasses.dataclass(frozen=True)
class Purchase:
    """One purchase of labels."""

    n_labels: int
    seconds: float
    n_eval: int
    """Integrand evaluations, as the direct method reports them."""


PURCHASES: contextvars.ContextVar[list[Purchase] | None] = contextvars.ContextVar("PURCHASES", default=None)
"""Where purchases are noted while somebody meters: set it to a list, and read that after `fit`."""


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

    Raises
    ------
    InputError
        Where `labels` names a surrogate, which would have to buy labels itself, or cannot treat the integral.
    """

    def __init__(self, labels: str, integral: ParametricIntegral, *, epsrel: float | None = None) -> None:
        start = time.perf_counter()
        name, fields = lookup.parse_spec(labels)
        method = methods.create(name, **fields)
        if hasattr(method, "labels"):
            raise InputError(f"{name} learns from labels; they come from a direct method such as gauss_legendre.")
        if reason := method.unsupported(integral):
            raise InputError(f"{name} cannot provide labels for {integral.name}: {reason}.")
        if epsrel is not None and "epsrel" not in fields and hasattr(method, "epsrel"):
            method = dataclasses.replace(method, epsrel=epsrel)  # type: ignore[type-var]
        self._method = method.fit(integral)
        self.seconds_per_label = 0.0
        """What the last purchase cost per label."""
        _note(Purchase(0, time.perf_counter() - start, 0))

    def buy(self, s: np.ndarray) -> Estimate:
        """Return I(s) and its error for s (n, m)."""
        start = time.perf_counter()
        estimate = self._method.integrate(s)
        self._charge(len(s), time.perf_counter() - start, estimate.n_eval)
        return estimate

    def buy_with_gradient(self, s: np.ndarray) -> tuple[Estimate, np.ndarray]:
        """Return I(s), its error, and ∂I/∂s (n, m); a label with its derivatives counts as one label.

        Raises
        ------
        InputError
            Where the method gives no derivatives.
        """
        method = self._method
        if not hasattr(method, "integrate_with_gradient"):
            raise InputError(f"{method.name} gives no derivatives of I(s); buy labels from gauss_legendre for them.")
        start = time.perf_counter()
        estimate, gradient = method.integrate_with_gradient(s)
        self._charge(len(s), time.perf_counter() - start, estimate.n_eval)
        return estimate, gradient

    def _charge(self, n_labels: int, seconds: float, n_eval: int) -> None:
        self.seconds_per_label = seconds / max(1, n_labels)
        _note(Purchase(n_labels, seconds, n_eval))


def buy(labels: str, integral: ParametricIntegral, s: np.ndarray, *, epsrel: float | None = None) -> np.ndarray:
    """Return I(s) (n,) for s (n, m) from the direct method `labels`: a `Shop` for a single purchase."""
    return Shop(labels, integral, epsrel=epsrel).buy(s).value


def _note(purchase: Purchase) -> None:
    purchases = PURCHASES.get()
    if purchases is not None:
        purchases.append(purchase)
