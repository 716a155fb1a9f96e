"""A choice from beginning to end: values that judge, pilots, the winner's fit, and its check on fresh points.

The winner is fitted again, in a process of its own, and judged at points that no pilot saw, by a direct rule that had
no part in it. Where it has fewer digits there than wanted, these count from then on, and the search goes on with the
next candidate, or another setting of the same. If none of those that were checked has the digits, the one with most of
them there is the choice.
"""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import methods
import references
from benchmarks.choosing import direct_values, extrapolation, pilots
from benchmarks.choosing.candidates import Candidate, candidates
from benchmarks.choosing.direct_values import DirectValues
from benchmarks.choosing.extrapolation import Forecast
from benchmarks.choosing.pilots import Pilot, Pilots
from benchmarks.choosing.search import Search, Standing, Told, Wish
from methods.core.digits import rounded_down
from references.values import test_points

POINTS, CHECKED = 100, 200
"""Points at which pilots are judged, and fresh ones at which the winner is checked."""

WORST_POINTS = 100
"""Further points at corners, edges and faces of the box, for pilots and the check, where the worst point counts: what
is fitted to points inside is mostly worst there. A fit of 150 labels to box1l_4d has 3.86 digits at the worst of 200
points inside, and 3.32 at the worst corner."""

POINTS_SEED, CHECKED_SEED = 11, 12
"""Seeds of both."""

LONGEST, ASKING, NARROWING = 1 / 6, 0.5, 0.75
"""Shares of the budget: what a single fit may take, and when the first pilots, and all pilots, have to be done. The
rest is for the winner's fit."""

JUDGING = 1 / 3
"""Seconds that the rule behind the values that judge may prepare itself, as a share of the budget: mostly few."""

ATTEMPTS = 3
"""Winners that are checked, at most."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """A method for an integral, fitted and checked, and where the others stand.

    Parameters
    ----------
    integral : str
        As it was asked for.
    wish : Wish
        What was wanted.
    reached : bool
        Whether the digits are those wanted, by the check.
    spec : str
        The method with its fields, as on the command line.
    pilot : Pilot
        What was measured of it, at the points of the check.
    total_s : float
        Seconds for all integrals, preparation included.
    rule : str
        The direct rule that checked it.
    rule_error : float
        Root mean square of the relative errors that this rule states.
    independent : bool
        Whether this rule had no part in the method.
    judge : str
        The direct rule that judged pilots.
    judge_error : float
        Root mean square of the relative errors that it states.
    n_points : int
        The points at which it was checked, those at corners and edges of the box included.
    share_within : float
        Share of the fresh points with a relative error of at most 10^-digits.
    standings : list of Standing
        All candidates, the best first.
    failed : list of str
        The other winners that were checked, with their digits there, or why they could not be fitted again.
    not_checked : str
        Why no rule gives values at fresh points, so that the digits are those at the points that judge pilots, and
        count as not reached; empty where the check was made.
    method : methods.Method, optional
        The fitted method; None where it cannot be saved, and so not leave the process of its fit.
    """

    integral: str
    wish: Wish
    reached: bool
    spec: str
    pilot: Pilot
    total_s: float
    rule: str
    rule_error: float
    independent: bool
    judge: str
    judge_error: float
    n_points: int
    share_within: float
    standings: Sequence[Standing]
    failed: Sequence[str]
    method: methods.Method | None = dataclasses.field(repr=False)
    not_checked: str = ""


class Interrupted(KeyboardInterrupt):
    """Raised where the choice for a wish is interrupted, with where the candidates stand."""

    def __init__(self, integral: str, wish: Wish, standings: Sequence[Standing]) -> None:
        super().__init__()
        self.integral, self.wish, self.standings = integral, wish, standings


class Chooser:
    """Makes choices for one integral; what pilots have shown serves all of them.

    Parameters
    ----------
    integral : str
        A registered name, a file of ``references.from_loop``, or module:attribute.
    digits : float
        The most that will be wanted: the values that judge pilots are asked for a tenth of this relative error.
    budget_s : float
        Seconds for the fits of a choice; the values that judge, and those that check, come on top.
    told : callable, optional
        Is told of each fit, as `Search` says.
    asked : sequence of Candidate, optional
        The methods that are asked; None asks all.
    worst : bool
        Whether the worst point will count: points at corners and edges of the box join then.

    Attributes
    ----------
    truth : references.Truth
        The points and values that judge pilots.

    Raises
    ------
    InputError
        For an integral that is not there, or that no direct rule treats.
    """

    def __init__(
        self, integral: str, digits: float, budget_s: float, told: Told | None = None,
        asked: Sequence[Candidate] | None = None, worst: bool = False,
    ) -> None:  # fmt: skip
        self._spec, self._budget_s, self._worst = integral, budget_s, worst
        self._told: Told = told or (lambda _spec, _pilot: None)
        self._integral = references.integral(integral)
        s = self._points(POINTS, POINTS_SEED)
        self._judging = _of_uniform(direct_values.judging(integral, s, digits, JUDGING * budget_s), POINTS)
        self.truth = self._judging.truth
        self._candidates = candidates(self._judging.rule, digits) if asked is None else asked
        self._pilots = Pilots(integral, self.truth, self._judging.judge())
        self._pilots.ask(self._candidates)
        self._checks: dict[tuple[frozenset[str], float], tuple[DirectValues, str]] = {}

    def choose(self, wish: Wish) -> Choice:
        """Search, fit and check; `Interrupted` has what was measured until then."""
        search = Search(self._pilots, self._integral.m, wish, LONGEST * self._budget_s, self._told, self._candidates)
        try:
            return self._chosen(search, wish)
        except KeyboardInterrupt as stop:
            raise Interrupted(self._spec, wish, search.standings()) from stop

    def _chosen(self, search: Search, wish: Wish) -> Choice:
        start = time.monotonic()
        search.ask_all(start + ASKING * self._budget_s)
        search.narrow(start + NARROWING * self._budget_s)
        checked: list[Choice] = []
        while True:
            winner = search.winner()
            best = winner or _most_digits(search)
            if best is None or any((best.candidate, best.setting) == _fit_of(choice) for choice in checked):
                break
            checked.append(self._checked(search, wish, best))
            # Another candidate would be no better known where no rule can check.
            is_last = checked[-1].pilot.reason is None and (winner is None or bool(checked[-1].not_checked))
            if checked[-1].reached or is_last or len(checked) == ATTEMPTS:
                break
            search.narrow(time.monotonic() + LONGEST * self._budget_s)
        if not checked:
            reasons = "; ".join(f"{one.candidate.method}: {one.reason}" for one in search.standings())
            raise methods.InputError(f"No method gave any value within the budget; raise --budget: {reasons}.")
        most = max(checked, key=_checked_digits)
        failed = tuple(_failure(choice) for choice in checked if choice is not most)
        return dataclasses.replace(most, standings=search.standings(), failed=failed)

    def _checked(self, search: Search, wish: Wish, best: Forecast) -> Choice:
        """Fit a setting, check it on fresh points, and have the search believe what the check found."""
        candidate, setting = best.candidate, best.setting
        parts = self._parts(candidate, setting)
        values, not_checked = self._values(parts, wish.digits)
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "model"
            self._told(f"{candidate.title(setting)}, to be checked", None)
            longest_s, judging_s = LONGEST * self._budget_s, len(values.truth.s) * best.s_per_integral
            pilot = pilots.fitted(
                self._spec, candidate, setting, longest_s, values.truth, model, judging_s, values.judge()
            )  # fmt: skip
            pilot = self._pilots.corrected(pilot)
            self._told(f"{candidate.title(setting)}, checked", pilot)
            method = methods.load(model, self._integral) if pilot.saved else None
        has_digits = pilot.reason is None and extrapolation.digits_of(pilot, wish.worst) >= wish.digits
        return Choice(
            integral=self._spec, wish=wish, reached=has_digits and not not_checked, spec=pilot.spec, pilot=pilot,
            total_s=search.seconds(extrapolation.measured(pilot, wish.worst)), rule=values.rule,
            rule_error=values.relative_error, independent=values.independent,
            judge=self._judging.rule, judge_error=self._judging.relative_error,
            n_points=len(values.truth.s),
            share_within=_share_within(pilot, values.truth, wish.digits),
            standings=search.standings(), failed=(), method=method, not_checked=not_checked,
        )  # fmt: skip

    def _points(self, n: int, seed: int) -> np.ndarray:
        """Draw n points, and WORST_POINTS more at edges of the box where the worst point counts."""
        s = self._integral.sample(n, seed)
        if not self._worst:
            return s
        at_edges, _ = test_points.draw(self._integral, 0, seed, WORST_POINTS)
        return np.concatenate([s, at_edges])

    def _parts(self, candidate: Candidate, setting: float) -> frozenset[str]:
        """Return the methods that have a part in a fit."""
        fields = candidate.fields_at(setting)
        return frozenset(direct_values.parts_of(candidate.method, fields, is_complex=self._integral.is_complex))

    def _values(self, parts: frozenset[str], digits: float) -> tuple[DirectValues, str]:
        """Values at fresh points by a rule without these parts, computed once for each of them and digits.

        Where no rule gives any, they are those that judge pilots, and the text says why.
        """
        if (parts, digits) not in self._checks:
            s = self._points(CHECKED, CHECKED_SEED)
            self._told("values that check the choice", None)
            try:
                checking = direct_values.checking(self._spec, s, digits, parts, self._budget_s / 2)
                found = _of_uniform(checking, CHECKED), ""
            except methods.InputError as problem:
                independent = direct_values.rule_name(self._judging.rule) not in parts
                found = self._judging._replace(independent=independent), str(problem)
            self._checks[parts, digits] = found
        return self._checks[parts, digits]


def _of_uniform(values: DirectValues, n: int) -> DirectValues:
    """Mark the first n points as those drawn uniformly, over which digits are averaged."""
    return values._replace(truth=values.truth._replace(uniform=np.arange(len(values.truth.s)) < n))


def _most_digits(search: Search) -> Forecast | None:
    """Return the pilot with most digits, where none has those wanted; None without any."""
    known = [standing.now for standing in search.standings() if standing.now is not None]
    return max(known, key=lambda forecast: forecast.digits, default=None)


def _fit_of(choice: Choice) -> tuple[Candidate, float]:
    return choice.pilot.candidate, choice.pilot.setting


def _checked_digits(choice: Choice) -> tuple[bool, float]:
    """Return whether the fit succeeded, and its digits at the points of the check: the best choice has the largest."""
    return choice.pilot.reason is None, extrapolation.digits_of(choice.pilot, choice.wish.worst)


def _failure(choice: Choice) -> str:
    """Say how many digits a checked winner has, or why it has none."""
    reason = choice.pilot.reason
    digits = f"{rounded_down(extrapolation.digits_of(choice.pilot, choice.wish.worst))} digits"
    return f"{choice.pilot.title} ({digits if reason is None else reason.rstrip('.')})"


def _share_within(pilot: Pilot, truth: references.Truth, digits: float) -> float:
    if pilot.values is None:
        return 0.0
    return float(np.mean(np.abs(pilot.values - truth.value) <= 10**-digits * np.abs(truth.value)))
