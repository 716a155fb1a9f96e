"""Clocks for the first part of a training in several parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from methods.core.budget import Clock


class Part(Clock):
    """The first part of a clock's time; what comes later has the rest.

    Parameters
    ----------
    whole : Clock
        The clock.
    share : float
        Share of the time that is the part's.
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
        """Seconds left of the part."""
        return self._whole.left - self._reserve - self._later

    def show(self, monitor: Callable[[Any], None] | None, method: Any) -> None:
        """Call `monitor`, where there is one, outside the whole's budget and so outside the part's."""
        self._whole.show(monitor, method)


class ExtendedPart(Part):
    """A part that plans with its share and ends where the whole ends, for a linear schedule.

    Where the machine becomes slower after `Schedule` has decided on a number of updates, they can all be made, so that
    this number repeats the run; what comes later has less.
    """

    @property
    def left(self) -> float:
        """Seconds left of the part until `Schedule` has decided, after half of it; then of the whole."""
        part = super().left
        return part if part > self._planned / 4 else part + self._later
