"""The harness's monitor, which notes how a method's accuracy grows while it trains, and how its training stands.

Time spent here is no training time, and evaluations made here are not counted. Points lie a constant factor apart in
time, so that long runs have few.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.running import metrics
from methods.base import Diagnosable, TrainsInUpdates

if TYPE_CHECKING:
    from benchmarks.running.evaluation_counter import Meter
    from methods.base import Method
    from references import Truth

POINTS, FACTOR = 200, 1.5
"""Phase-space points that the curve is measured on, and the ratio of successive times on it."""

DIAGNOSTICS_FACTOR = 1.2
"""The same ratio where the method is asked how its training stands: 35 times from 0.1 s to a minute."""


class LearningCurve:
    """The two lists of a record, from now until `end`.

    Attributes
    ----------
    anytime : list of dict
        {fit_s, digits_mean}, where the values are finite, and n_updates of a `methods.base.TrainsInUpdates` that counts
        them while it trains.
    diagnostics : list of dict, optional
        The same, with what the method's `diagnose` returned, the last of them after training; [] where the method is
        no `methods.base.Diagnosable`, None where nobody asks.
    """

    def __init__(self, meter: Meter, truth: Truth, *, diagnostics: bool) -> None:
        self.anytime: list[dict[str, Any]] = []
        self.diagnostics: list[dict[str, Any]] | None = [] if diagnostics else None
        self._meter = meter
        few = np.flatnonzero(truth.uniform)[:POINTS]
        self._s, self._value = truth.s[few], truth.value[few]
        self._paused, self._start = 0.0, time.perf_counter()

    def monitor(self, method: Method) -> None:
        """Note where the method stands, if it is time to."""
        now, n_eval = time.perf_counter(), self._meter.n_eval
        fit_s = now - self._start - self._paused
        if _is_due(self.anytime, fit_s, FACTOR) and (digits := self._digits(method)) is not None:
            self.anytime.append({**_progress(method, fit_s), "digits_mean": digits})
        if self.diagnostics is not None and _is_due(self.diagnostics, fit_s, DIAGNOSTICS_FACTOR):
            self._note_diagnostics(method, self.diagnostics, fit_s)
        self._meter.n_eval = n_eval
        self._paused += time.perf_counter() - now

    def end(self, method: Method) -> float:
        """Return the seconds of training, after it."""
        fit_s, n_eval = time.perf_counter() - self._start - self._paused, self._meter.n_eval
        if self.diagnostics is not None:
            self._note_diagnostics(method, self.diagnostics, fit_s)
        self._meter.n_eval = n_eval
        return fit_s

    def _note_diagnostics(self, method: Method, points: list[dict[str, Any]], fit_s: float) -> None:
        if isinstance(method, Diagnosable):
            points.append({**_progress(method, fit_s), "digits_mean": self._digits(method), **method.diagnose()})

    def _digits(self, method: Method) -> float | None:
        """Return the mean digits, or None where values are not finite."""
        errors = metrics.relative_errors(method.integrate(self._s).value, self._value)
        digits = float(-np.log10(errors).mean())
        return round(digits, 3) if np.isfinite(digits) else None


def _progress(method: Method, fit_s: float) -> dict[str, Any]:
    """Say how long a method has trained, in seconds and, where it counts them, in updates."""
    updates = {"n_updates": method.n_updates_} if isinstance(method, TrainsInUpdates) else {}
    return {"fit_s": round(fit_s, 3), **updates}


def _is_due(points: list[dict[str, Any]], fit_s: float, factor: float) -> bool:
    return not points or fit_s > factor * points[-1]["fit_s"]
