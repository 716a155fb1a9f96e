"""Pilot fits of one integral, each in a process of its own: a crash or a fit without end is a reason, and no more.

Pilots are made one after the other, so that each has the machine to itself as far as we decide.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import references
from benchmarks.choosing import calls, pilot_run
from benchmarks.choosing.candidates import Candidate

REFUSALS_LIMIT_S = 60.0
"""Seconds in which all methods say whether they treat an integral; where they do not, pilots find out."""

TIMES = ("preparation_s", "s_single", "s_per_integral")
"""What takes longer where others use the machine."""

GRACE_S = 8.0
"""Seconds beyond the budget in which a pilot is judged and timed; then it is ended."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pilot:
    """A fit that was tried, and what was measured of it.

    Parameters
    ----------
    candidate : Candidate
        The method.
    setting : float
        Of its knob.
    budget_s : float
        Seconds of preparation that it was given.
    reason : str, optional
        Why nothing was measured; None where all below was.
    digits_mean, digits_worst : float
        Digits at the points that judge it, on average and at the worst of them.
    preparation_s : float
        Seconds of preparation.
    s_single, s_per_integral : float
        Seconds of a call with one integral, and per integral in calls with `batch` of them.
    batch : int
        The largest batch that was timed.
    values : array (n,)
        Its values at those points.
    saved : bool
        Whether it was saved.
    not_saved : str
        Why it could not be saved, where that was tried.
    judge_error : float
        Root mean square of the relative errors of the values that judged it.
    """

    candidate: Candidate
    setting: float
    budget_s: float
    reason: str | None = None
    digits_mean: float = 0.0
    digits_worst: float = 0.0
    preparation_s: float = 0.0
    s_single: float = 0.0
    s_per_integral: float = 0.0
    batch: int = 1
    values: np.ndarray | None = dataclasses.field(default=None, repr=False, compare=False)
    saved: bool = False
    not_saved: str = ""
    judge_error: float = 0.0

    @property
    def size(self) -> float:
        """The size that its setting means."""
        return self.candidate.size_of(self.setting)

    @property
    def spec(self) -> str:
        """The method with its fields, as on the command line."""
        return self.candidate.spec(self.setting)

    @property
    def title(self) -> str:
        """The method with its fields and, where it learns, its seconds of preparation."""
        return self.candidate.title(self.setting)


class Pilots:
    """Makes pilot fits of one integral, and remembers them.

    Parameters
    ----------
    integral : str
        As on the command line.
    truth : references.Truth
        Points, and the values there that judge pilots.
    judge : dict, optional
        What is known of the rule behind these values, as of `DirectValues.judge`.
    """

    def __init__(self, integral: str, truth: references.Truth, judge: Mapping[str, Any] | None = None) -> None:
        self._integral, self._truth, self._judge = integral, truth, judge
        self._made: dict[tuple[Candidate, float], Pilot] = {}

    def made(self, candidate: Candidate) -> list[Pilot]:
        """List the pilots of a candidate, by the size of their setting."""
        return sorted((p for p in self._made.values() if p.candidate is candidate), key=lambda pilot: pilot.size)

    def pilot(self, candidate: Candidate, setting: float, budget_s: float) -> Pilot:
        """Make a pilot; one that was made before is returned, unless it failed with a smaller budget."""
        known = self._made.get((candidate, setting))
        if known is None or (known.reason is not None and budget_s > known.budget_s):
            self._made[candidate, setting] = fitted(
                self._integral, candidate, setting, budget_s, self._truth, judge=self._judge
            )  # fmt: skip
        return self._made[candidate, setting]

    def ask(self, candidates: Sequence[Candidate]) -> None:
        """Ask which candidates do not treat the integral, and remember why, as of a pilot."""
        wanted = [(candidate.method, candidate.fields_at(candidate.first)) for candidate in candidates]
        outcome = calls.call(pilot_run.refusals, self._integral, wanted, time_limit=REFUSALS_LIMIT_S)
        for candidate in candidates:
            if reason := (outcome.result or {}).get(candidate.method):
                self._made[candidate, candidate.first] = Pilot(
                    candidate=candidate, setting=candidate.first, budget_s=math.inf, reason=reason
                )

    def corrected(self, checked: Pilot) -> Pilot:
        """Remember and return a later measurement of a setting: of times the shorter one, as others lengthen them."""
        known = self._made.get((checked.candidate, checked.setting))
        if known is not None and known.reason is None and checked.reason is None:
            shorter = {name: min(getattr(known, name), getattr(checked, name)) for name in TIMES}
            checked = dataclasses.replace(checked, **shorter)
        self._made[checked.candidate, checked.setting] = checked
        return checked


def fitted(
    integral: str, candidate: Candidate, setting: float, budget_s: float, truth: references.Truth,
    model: Path | None = None, judging_s: float = 0.0, judge: Mapping[str, Any] | None = None,
) -> Pilot:  # fmt: skip
    """Fit a method in a process of its own, judge it by `truth`, time it, and save it as `model`.

    What is known of the rule behind `truth`, `judge` as of `DirectValues.judge`, is saved with the digits.
    It is ended GRACE_S after its budget, and `judging_s` later where judging is known to take these.
    """
    seconds = setting if candidate.learns else budget_s
    arguments = (integral, candidate.method, candidate.fields_at(setting), seconds, truth, model, judge)
    limit_s = max(seconds, budget_s) + GRACE_S + judging_s
    outcome = calls.call(pilot_run.fit_and_measure, *arguments, time_limit=limit_s)
    judge_error = judge["judge_error"] if judge else 0.0
    about: dict[str, Any] = {
        "candidate": candidate, "setting": setting, "budget_s": budget_s, "judge_error": judge_error,
    }  # fmt: skip
    if outcome.status == "timeout":
        return Pilot(**about, reason=f"not prepared, judged and timed within {limit_s:.0f} s")
    if outcome.status != "ok":
        return Pilot(**about, reason=(outcome.reason or outcome.status).removeprefix("InputError: "))
    if candidate.learns and "preparation_s" in outcome.result:
        outcome.result["preparation_s"] = max(setting, outcome.result["preparation_s"])
    return Pilot(**about, **outcome.result)
