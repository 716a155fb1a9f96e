"""How surrogates buy the values that they learn from: I(s) from a direct method, at a cost the harness can meter.

Every surrogate calls `buy` inside its `fit`, so it works alone, outside the harness too. The harness replaces the
integral by one that counts its evaluations, and `PURCHASES` by a list of its own.
"""

from __future__ import annotations

import contextvars
import dataclasses
import time

import numpy as np

import methods
from methods import lookup
from methods.base import InputError, ParametricIntegral


@dataclasses.dataclass(frozen=True)
class Purchase:
    """One call of `buy`: how many labels, and what they cost."""

    n_labels: int
    seconds: float
    n_eval: int
    """Evaluations as the direct method reports them."""


PURCHASES: contextvars.ContextVar[list[Purchase] | None] = contextvars.ContextVar("PURCHASES", default=None)
"""Where purchases are noted while somebody meters: set to a list, read it after `fit`."""


def buy(labels: str, integral: ParametricIntegral, s: np.ndarray, *, epsrel: float | None = None) -> np.ndarray:
    """Return I(s) (n,) for s (n, m) from the direct method `labels`.

    Parameters
    ----------
    labels : str
        A direct method as on the command line, e.g. ``"gauss_legendre"`` or ``"pysecdec_qmc,epsrel=1e-6"``.
    epsrel : float, optional
        The relative error the labels should have, for a method with a field ``epsrel`` that `labels` leaves open.

    Raises
    ------
    InputError
        Where `labels` names a surrogate, which would have to buy labels itself, or cannot treat the integral.
    """
    start = time.perf_counter()
    name, fields = lookup.parse_spec(labels)
    method = methods.create(name, **fields)
    if hasattr(method, "labels"):
        raise InputError(f"{name} learns from labels itself; labels come from a direct method such as gauss_legendre.")
    if reason := method.unsupported(integral):
        raise InputError(f"{name} cannot provide labels for {integral.name}: {reason}")
    if epsrel is not None and "epsrel" not in fields and hasattr(method, "epsrel"):
        method = dataclasses.replace(method, epsrel=epsrel)  # type: ignore[type-var]
    estimate = method.fit(integral).integrate(s)
    purchases = PURCHASES.get()
    if purchases is not None:
        purchases.append(Purchase(len(s), time.perf_counter() - start, estimate.n_eval))
    return estimate.value
