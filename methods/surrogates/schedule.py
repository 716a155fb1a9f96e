"""A learning rate that falls to zero by the time at which a clock ends the training."""

from __future__ import annotations

from methods.core.budget import Clock

UPDATES_WITHOUT_BUDGET = 6_000
"""Updates of a training without budget: about a minute on two cores."""


class Schedule:
    """A learning rate that is constant for 10/19 of the updates, then falls linearly to zero.

    Where the number of updates is not given, the clock decides it once, when half of the time is over. The second
    phase has nine updates for ten of the first: what is left is for a machine that becomes slower. From then on the
    schedule depends on that number alone, so that the number repeats it.

    Parameters
    ----------
    n_updates : int, optional
        Updates after which the learning rate is zero; None leaves it to the clock.
    clock : Clock
        The time to plan with.
    reserve : float
        Seconds to leave at the end.
    latest : Clock, optional
        When training ends at the latest, where the machine becomes slower after the number was decided: all planned
        updates can then be made, and the number repeats the run. By default that is `clock` too.
    """

    def __init__(self, n_updates: int | None, clock: Clock, reserve: float, latest: Clock | None = None) -> None:
        self.n_updates = n_updates if n_updates or clock.is_limited else UPDATES_WITHOUT_BUDGET
        self._clock, self._latest, self._reserve = clock, latest or clock, reserve
        self._half = (clock.left + reserve) / 2

    def factor(self, update: int) -> float:
        """Factor on the learning rate of an update, counted from 0."""
        if self.n_updates is None and update % 10 == 0 and self._clock.left < self._half:
            self.n_updates = max(1, update // 10 * 19)
        if self.n_updates is None:
            return 1.0
        constant = self.n_updates * 10 // 19
        return min(1.0, (self.n_updates - update) / (self.n_updates - constant))

    def is_over(self, update: int, longest: float = 0.0) -> bool:
        """Tell whether to stop after `update` updates, of which the next may take `longest` seconds."""
        return update == self.n_updates or self._latest.left < self._reserve + longest
