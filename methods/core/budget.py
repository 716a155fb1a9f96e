"""The clock of a fit: how many of its seconds are left, and which part of them a step of it may take."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any, Self

import numpy as np


class Clock:
    """The seconds that a fit may still take; those of a monitor do not count.

    Parts of a clock are clocks themselves: `share` is its beginning, `reserve` leaves out its end.

    Parameters
    ----------
    budget : float, optional
        Seconds from now on; None sets no limit.
    """

    def __init__(self, budget: float | None) -> None:
        self._monitored_s = [0.0]  # a list, so that all parts of a clock see one number
        self._end = self._now() + (np.inf if budget is None else budget)

    @property
    def left(self) -> float:
        """Seconds left, negative once they are over; infinite without a limit."""
        return self._end - self._now()

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit."""
        return bool(np.isfinite(self._end))

    @property
    def budget(self) -> float | None:
        """Seconds left as the budget of another method's `fit`: at least zero, and None without a limit."""
        return max(0.0, self.left) if self.is_limited else None

    def share(self, share: float) -> Self:
        """Make a clock of this share, above zero, of the seconds left, beginning now."""
        return self._until(self._now() + share * self.left)

    def reserve(self, seconds: float) -> Self:
        """Make a clock that ends so many seconds before this one."""
        return self._until(self._end - seconds)

    def show(self, monitor: Callable[[Any], None] | None, method: Any) -> None:
        """Call `monitor`, where there is one, outside the budget."""
        if monitor is None:
            return
        start = time.perf_counter()
        monitor(method)
        self._monitored_s[0] += time.perf_counter() - start

    def _now(self) -> float:
        """Seconds of the process less those of monitors."""
        return time.perf_counter() - self._monitored_s[0]

    def _until(self, end: float) -> Self:
        part = copy.copy(self)
        part._end = end
        return part
