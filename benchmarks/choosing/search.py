"""The search for the cheapest method: measure what looks cheapest, until what looks cheapest has been measured.

    seconds in all = preparation + count · seconds per integral

Each method is asked by one pilot first. From then on its knob has a setting that is expected to give the digits
(`extrapolation.py`), and the method with the least expected seconds is fitted at that setting, which corrects what is
expected of it. Where none is expected to be cheaper than one that was measured, by a factor of WORTH, the search ends.
Where none is expected to give the digits, that with most is measured instead, to say what the best is.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence

from benchmarks.choosing import extrapolation
from benchmarks.choosing.candidates import CANDIDATES, Candidate
from benchmarks.choosing.extrapolation import Forecast
from benchmarks.choosing.pilots import Pilot, Pilots

WORTH = 1.25
"""Factor by which a setting must be expected to be cheaper than a measured one to be tried."""

GAIN = 0.5
"""Digits that a setting must be expected to have beyond all that was measured to be tried where none has enough."""

ROUNDED = 0.1
"""Digits that an expected setting may lack since settings are rounded; it aims at a few more (`MARGIN`)."""

SHORTEST_S = 3.0
"""Seconds that each first pilot may take, however cheap the best method is by then."""

HOPELESS = 2.0
"""A first pilot gets this many times the seconds that the best method takes in all, and is ended soon after."""

NOT_ASKED = "not asked: the time for pilots was over; a larger --budget has more"
"""The reason of a candidate without a pilot."""

Told = Callable[[str, Pilot | None], None]
"""Gets the title of a fit as it begins, and None; and again, with its pilot, as it ends."""


@dataclasses.dataclass(frozen=True)
class Wish:
    """What is wanted of a method.

    Parameters
    ----------
    digits : float
        On average over the points or, with `worst`, at the worst of them.
    count : float
        Integrals to compute.
    worst : bool
        Whether each point counts.
    latency : bool
        Whether integrals are computed one at a time.
    """

    digits: float
    count: float
    worst: bool = False
    latency: bool = False


@dataclasses.dataclass(frozen=True)
class Standing:
    """Where a candidate stands after its pilots.

    Parameters
    ----------
    candidate : Candidate
        The method.
    now : Forecast, optional
        The pilot with the digits that takes least time or, where none has them, that with most; None without a pilot.
    best : Forecast, optional
        The setting that takes least time in all, measured or expected; None where none has the digits.
    most : Forecast, optional
        Where none has them, what is expected of the largest setting.
    reason : str
        Why it is out, or has no figures; empty where there is nothing to say.
    """

    candidate: Candidate
    now: Forecast | None
    best: Forecast | None
    most: Forecast | None
    reason: str


class Search:
    """A search among the candidates for one integral with m kinematic invariants.

    Parameters
    ----------
    pilots : Pilots
        Makes the fits; those that were made for another wish serve this one.
    m : int
        Kinematic invariants.
    wish : Wish
        What is wanted.
    longest_s : float
        Seconds of preparation that a method may take.
    told : callable
        Is told of each pilot.
    candidates : sequence of Candidate
        The methods that are asked, in this order.
    """

    def __init__(
        self, pilots: Pilots, m: int, wish: Wish, longest_s: float, told: Told,
        candidates: Sequence[Candidate] = CANDIDATES,
    ) -> None:  # fmt: skip
        self._pilots, self._m, self._wish, self._longest_s, self._told = pilots, m, wish, longest_s, told
        self._candidates = candidates

    def ask_all(self, deadline: float) -> None:
        """Make the first pilot of each candidate until the deadline, as `time.monotonic` counts.

        One that failed for another wish is made again where this wish gives it more seconds.
        """
        for candidate in self._candidates:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            budget_s = min(self._longest_s, max(SHORTEST_S, HOPELESS * self._least_seconds()), left + SHORTEST_S)
            made = self._pilots.made(candidate)
            if not any(pilot.reason is None or pilot.budget_s >= budget_s for pilot in made):
                self._fit(candidate, candidate.first, budget_s)

    def narrow(self, deadline: float) -> None:
        """Measure what looks cheapest, or has most digits, until it has been measured, or the deadline passes."""
        while time.monotonic() < deadline:
            best = self.winner() or self._most_promising()
            if best is None or best.measured:
                return
            self._fit(best.candidate, best.setting, self._longest_s)  # a failure takes this setting out

    def standings(self) -> list[Standing]:
        """List where the candidates stand, those that take least time in all first, then those with most digits."""
        found = [self._standing(candidate) for candidate in self._candidates]
        return sorted(found, key=self._order)

    def winner(self) -> Forecast | None:
        """Return the setting that takes least time in all, measured or expected; None where none has the digits."""
        first = self.standings()[0]
        return first.best

    def _most_promising(self) -> Forecast | None:
        """Return the setting that is expected to have most digits, where those are more than any measured one has."""
        standings = self.standings()
        most = [
            standing.most for standing in standings
            if standing.most is not None and not standing.most.measured
            and standing.most.preparation_s <= self._longest_s
            and all(pilot.setting != standing.most.setting for pilot in self._pilots.made(standing.candidate))
        ]  # fmt: skip
        known = max((standing.now.digits for standing in standings if standing.now is not None), default=0.0)
        best = max(most, key=lambda forecast: forecast.digits, default=None)
        return best if best is not None and best.digits > known + GAIN else None

    def seconds(self, forecast: Forecast) -> float:
        """Seconds that a setting takes for all integrals of the wish."""
        return forecast.seconds(self._wish.count, self._wish.latency)

    def _fit(self, candidate: Candidate, setting: float, budget_s: float) -> Pilot:
        self._told(candidate.title(setting), None)
        pilot = self._pilots.pilot(candidate, setting, budget_s)
        self._told(candidate.title(setting), pilot)
        return pilot

    def _least_seconds(self) -> float:
        """Seconds that the best method so far takes in all; infinite where none has the digits."""
        best = self.winner()
        return float("inf") if best is None else self.seconds(best)

    def _standing(self, candidate: Candidate) -> Standing:
        wish, made = self._wish, self._pilots.made(candidate)
        good = [pilot for pilot in made if pilot.reason is None]
        if not good:
            reason = str(made[-1].reason) if made else NOT_ASKED
            return Standing(candidate, None, None, None, reason)
        known = [extrapolation.measured(pilot, wish.worst) for pilot in good]
        enough = [forecast for forecast in known if forecast.digits >= wish.digits]
        now = min(enough, key=self.seconds) if enough else max(known, key=lambda forecast: forecast.digits)
        further = extrapolation.expected(good, wish.digits, wish.worst, self._m)
        if further is None:
            return Standing(candidate, now, now if enough else None, now, "" if enough else "digits are saturated")
        reason = self._problem(further, made)
        if not reason and (not enough or WORTH * self.seconds(further) < self.seconds(now)):
            return Standing(candidate, now, further, further, "")
        return Standing(candidate, now, now if enough else None, further, "" if enough else reason)

    def _problem(self, further: Forecast, made: Sequence[Pilot]) -> str:
        """Say, in the few words that fit a row, why an expected setting is not to be tried; empty where it is."""
        candidate = further.candidate
        if further.digits < self._wish.digits - ROUNDED:
            return f"most, at {candidate.knob}={further.setting:.10g}"
        if further.preparation_s > self._longest_s:
            return f"needs {further.preparation_s:.0f} s to prepare"
        for pilot in made:
            if pilot.setting == further.setting:
                return pilot.reason or "fewer digits than expected"
        return ""

    def _order(self, standing: Standing) -> tuple[float, float]:
        if standing.best is not None:
            return 0.0, self.seconds(standing.best)
        return (1.0, -standing.now.digits) if standing.now is not None else (2.0, 0.0)
