"""Labels, the values that surrogates learn from: I(s) from a direct method, at a cost that the harness can read.

Every surrogate makes a `LabelSource` inside its `fit`, so it works alone, outside the harness too. The harness counts
the integrand's evaluations, and reads time and number of labels from `LABEL_COSTS`. What it cannot count, because a
direct method evaluates compiled code of its own, it adds:

    evaluations of a fit = counted ones + Σ of `n_uncounted` over LABEL_COSTS
"""

from __future__ import annotations

import contextvars
import dataclasses
import time
from collections.abc import Callable

import numpy as np

import methods
from methods.base import Estimate, InputError, LearnsFromLabels, Method, ParametricIntegral, ReportsDetails
from methods.core.method_spec import parse_spec

LEAST_LABELS = 10
"""Labels that are needed at least, to train and to validate; they are computed first, however long they take."""

NEARBY = 1e-10
"""Distance of a neighbour, as a share of the way to the middle of the box: I(s) is as good as the same there."""

ALIKE = 0.2
"""Values of neighbours differ by less than this many stated errors where labels err alike; where errors are random and
normal, the median of their differences is 0.95."""


@dataclasses.dataclass(frozen=True)
class LabelCost:
    """Cost of computing some labels or, with `n_labels` 0, of preparing the method that computes them."""

    n_labels: int
    seconds: float
    n_eval: int
    """Integrand evaluations, as the direct method reports them."""
    n_uncounted: int
    """Evaluations among `n_eval` that `EVALUATIONS_SEEN` did not see meanwhile."""


LABEL_COSTS: contextvars.ContextVar[list[LabelCost] | None] = contextvars.ContextVar("LABEL_COSTS", default=None)
"""List that costs are noted in: set it to one before `fit`, and read that afterwards. None notes nothing."""

EVALUATIONS_SEEN: contextvars.ContextVar[Callable[[], int]] = contextvars.ContextVar(
    "EVALUATIONS_SEEN", default=lambda: 0
)
"""Number of integrand evaluations counted so far; set together with `LABEL_COSTS` where they are counted."""


class LabelSource:
    """Computes I(s) by one direct method, which is prepared once.

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
        Where `labels` names a surrogate, which would need labels itself, or cannot treat the integral.
    """

    def __init__(
        self, labels: str, integral: ParametricIntegral, *, epsrel: float | None = None, budget: float | None = None
    ) -> None:
        start = time.perf_counter()
        name, fields = parse_spec(labels)
        method = methods.create(name, **fields)
        if isinstance(method, LearnsFromLabels):
            raise InputError(f"{name} learns from labels; they come from a direct method such as gauss_legendre.")
        if reason := method.unsupported(integral):
            raise InputError(f"{name} cannot provide labels for {integral.name}: {reason}.")
        self._require_suitable(method)
        if epsrel is not None and "epsrel" not in fields and "epsrel" in method.params():
            method = dataclasses.replace(method, epsrel=epsrel)  # type: ignore[type-var]
        self.method: Method = method.fit(integral, budget=budget)
        """The direct method, fitted."""
        self.cut_short = isinstance(self.method, ReportsDetails) and bool(self.method.details_.get("cut_short"))
        """Whether the method says that its budget ended its preparation, so that labels are less precise."""
        self.seconds_per_label = 0.0
        """Seconds that each of the last labels took."""
        self._note(0, 0, start, EVALUATIONS_SEEN.get()())

    def compute(self, s: np.ndarray) -> Estimate:
        """Compute I(s) and its error for s (n, m)."""
        start, counted = time.perf_counter(), EVALUATIONS_SEEN.get()()
        estimate = self.method.integrate(s)
        self._note(len(s), estimate.n_eval, start, counted)
        return estimate

    def _require_suitable(self, method: Method) -> None:
        """Raise InputError for a method that cannot give what this source is for, before it is fitted."""

    def _note(self, n_labels: int, n_eval: int, start: float, counted: int) -> None:
        """Note labels whose computation began at `start`, when `counted` evaluations had been counted."""
        seconds = time.perf_counter() - start
        self.seconds_per_label = seconds / n_labels if n_labels else 0.0
        costs = LABEL_COSTS.get()
        if costs is not None:
            n_uncounted = max(0, n_eval - (EVALUATIONS_SEEN.get()() - counted))
            costs.append(LabelCost(n_labels, seconds, n_eval, n_uncounted))


def err_alike(source: LabelSource, s: np.ndarray, value: np.ndarray, error: np.ndarray, middle: np.ndarray) -> bool:
    """Tell whether labels at neighbouring points err by the same, as those of one rule do, and random ones do not.

    Parameters
    ----------
    source : LabelSource
        Where labels come from.
    s, value, error : np.ndarray
        A few points (n, m), and their labels (n,) with the errors that they state.
    middle : np.ndarray
        The middle (m,) of the box, towards which the neighbours lie.
    """
    neighbour, _, _ = source.compute(s + NEARBY * (middle - s))
    with np.errstate(all="ignore"):  # labels that are not finite are refused later
        return bool(np.median(np.abs(neighbour - value)) <= ALIKE * np.median(np.nan_to_num(error)))


def with_label_errors(rms: float, label_error: np.ndarray) -> float:
    """Add to a root mean square residual of labels the errors that they state, (n,) in the same units; nan is none.

    Residuals do not show them where labels err alike: their error is also that of what was fitted to other labels.
    """
    stated = label_error[np.isfinite(label_error)]
    return float(np.hypot(rms, np.sqrt(np.mean(stated**2)))) if len(stated) else rms
