"""A clock for the first part of a training in several parts: plans with its share, and ends where the whole ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from methods.schedule import Clock


class Part(Clock):
    """The first part of a clock's time.

    Where the machine becomes slower after `Schedule` has decided on a number of updates, they can all be made, so that
    this number repeats the run; what comes later has less.

    Parameters
    ----------
    whole : Clock
        The clock.
    share : float
        Share of the time that the part plans with.
    reserve : float
        Seconds of the whole that are nobody's to plan with.
    """

    def __init__(self, whole: Clock, share: float, reserve: float = 0.0) -> None:
        self._whole, self._reserve = whole, reserve
        all_of_it = whole.left - reserve
        self._planned = share * all_of_it
        self._later = all_of_it - self._planned if np.isfinite(all_of_it) else 0.0

    @property
    def left(self) -> float:
        """Seconds left of the part until `Schedule` has decided, after half of it; then of the whole."""
        left = self._whole.left - self._reserve
        part = left - self._later
        return part if part > self._planned / 4 else left

    def show(self, monitor: Callable[[Any], None] | None, method: Any) -> None:
        """Call `monitor`, where there is one, outside the whole's budget and so outside the part's."""
        self._whole.show(monitor, method)
