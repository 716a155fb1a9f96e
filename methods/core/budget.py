"""Training within a budget of seconds: the clock, and a learning rate that ends at zero when the time is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

UPDATES_WITHOUT_BUDGET = 6_000
"""About a minute on two cores."""


class Clock:
    """Tells how much of a budget is left; the time that a monitor takes does not count."""

    def __init__(self, budget: float | None) -> None:
        self._end = np.inf if budget is None else time.perf_counter() + budget

    @property
    def left(self) -> float:
        """Seconds left; infinite without a budget."""
        return self._end - time.perf_counter()

    def share(self, share: float) -> float | None:
        """Return seconds, a share of those left, as the budget of another method's `fit`; None without a budget."""
        return max(0.0, share * self.left) if np.isfinite(self.left) else None

    def show(self, monitor: Callable[[Any], None] | None, method: Any) -> None:
        """Call `monitor`, where there is one, outside the budget."""
        if monitor is None:
            return
        start = time.perf_counter()
        monitor(method)
        self._end += time.perf_counter() - start


class Schedule:
    """How long to train: constant learning rate for 10/19 of the updates, then linearly down to zero.

    Where the number of updates is not given, the clock decides it once, when half of the time is over. The second
    phase has nine updates for ten of the first: what is left is for a machine that becomes slower. From then on the
    schedule depends on that number alone, so that the number repeats it.

    Parameters
    ----------
    n_updates : int, optional
        Updates after which the learning rate is zero; None leaves it to the clock.
    clock : Clock
        The clock.
    reserve : float
        Seconds to leave at the end.
    """

    def __init__(self, n_updates: int | None, clock: Clock, reserve: float) -> None:
        timed = np.isfinite(clock.left)
        self.n_updates = n_updates if n_updates or timed else UPDATES_WITHOUT_BUDGET
        self._clock, self._reserve = clock, reserve
        self._half = (clock.left + reserve) / 2

    def factor(self, update: int) -> float:
        """Return the factor on the learning rate of an update, counted from 0."""
        if self.n_updates is None and update % 10 == 0 and self._clock.left < self._half:
            self.n_updates = max(1, update // 10 * 19)
        if self.n_updates is None:
            return 1.0
        constant = self.n_updates * 10 // 19
        return min(1.0, (self.n_updates - update) / (self.n_updates - constant))

    def is_over(self, update: int) -> bool:
        """Tell whether to stop after `update` updates."""
        return update == self.n_updates or self._clock.left < self._reserve
