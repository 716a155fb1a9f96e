"""The search, with methods whose digits and costs are formulas: it finds the cheapest, and says why others are out."""

from __future__ import annotations

import dataclasses
import math
import time

import pytest

from benchmarks.choosing import search
from benchmarks.choosing.candidates import BUDGET, LABELS, SECONDS, TOLERANCE, Candidate
from benchmarks.choosing.pilots import Pilot, Pilots
from benchmarks.choosing.search import Search, Wish

RULE = Candidate("rule", "epsrel", 1e-3, 1e-13, TOLERANCE, coarsest=0.1)
TABLE = Candidate("table", "max_labels", 150, 20_000, LABELS)
LEARNED = Candidate("learned", BUDGET, 3, 600, SECONDS)
REFUSED = Candidate("refused", "epsrel", 1e-3, 1e-13, TOLERANCE)
ALL = (RULE, TABLE, LEARNED, REFUSED)
M = 3


class Formulas:
    """Stands for `Pilots`: what each fit would give is a formula."""

    def __init__(self):
        self.kept, self.budgets = {}, {}

    def made(self, candidate):
        return sorted((p for p in self.kept.values() if p.candidate is candidate), key=lambda p: p.size)

    def pilot(self, candidate, setting, budget_s):
        self.budgets[candidate.method] = budget_s
        self.kept[candidate, setting] = self._measured(candidate, setting, budget_s)
        return self.kept[candidate, setting]

    def _measured(self, candidate, setting, budget_s):
        about = {"candidate": candidate, "setting": setting, "budget_s": budget_s}
        size = candidate.size_of(setting)
        if candidate is REFUSED:
            return Pilot(**about, reason="I(s) is complex")
        digits, preparation_s, us = {
            "rule": (math.log10(size) + 0.5, 0.3, 0.3 * size**0.1),
            "table": (0.9 * size ** (1 / M), 3 + size / 1000, 0.06 + 1e-4 * size),
            "learned": (math.log10(size) + 1, size, 0.6),
        }[candidate.method]
        costs = {"preparation_s": preparation_s, "s_single": 1e-4, "s_per_integral": us * 1e-6, "batch": 1024}
        return Pilot(**about, digits_mean=digits, digits_worst=digits - 1, **costs)


def searched(wish, candidates=ALL, longest_s=20.0):
    told = []
    pilots = Formulas()
    found = Search(pilots, M, wish, longest_s, lambda spec, pilot: told.append((spec, pilot)), candidates)
    found.ask_all(time.monotonic() + 60)
    found.narrow(time.monotonic() + 60)
    return found, pilots, told


@pytest.mark.parametrize(("count", "method"), [(1e3, "rule"), (1e9, "table")])
@pytest.mark.parametrize("digits", [3, 6])
def test_few_values_go_to_a_rule_and_many_to_a_table(count, method, digits):
    found, _, _ = searched(Wish(digits, count))
    winner = found.winner()
    assert winner.measured
    assert winner.candidate.method == method
    assert digits <= winner.digits < digits + 2


def test_the_winner_is_near_the_best_setting_there_is():
    found, pilots, _ = searched(Wish(6, 1e9))
    least = min(
        p.preparation_s + 1e9 * p.s_per_integral
        for n in range(150, 1000)
        if (p := pilots.pilot(TABLE, n, 20.0)).digits_mean >= 6
    )
    assert found.seconds(found.winner()) < 1.25 * least


def test_one_at_a_time_counts_calls_with_one_integral():
    found, _, _ = searched(Wish(3, 1e9, latency=True))
    assert found.seconds(found.winner()) == pytest.approx(1e5, rel=0.01)


def test_no_method_has_too_many_digits():
    found, _, _ = searched(Wish(14, 1e9), candidates=(LEARNED, REFUSED))
    assert found.winner() is None
    first = found.standings()[0]
    assert first.now is not None
    assert "most, at budget=600" in first.reason


def test_where_none_has_the_digits_that_with_most_is_measured():
    small = dataclasses.replace(TABLE, most=1000)
    found, pilots, _ = searched(Wish(12, 1e9), candidates=(small, LEARNED))
    assert found.winner() is None
    assert [pilot.setting for pilot in pilots.made(small)] == [150, 1000]
    assert found.standings()[0].now.digits == pytest.approx(0.9 * 1000 ** (1 / M))


def test_reasons_are_kept():
    found, _, _ = searched(Wish(3, 1e9))
    reasons = {standing.candidate.method: standing.reason for standing in found.standings()}
    assert reasons["refused"] == "I(s) is complex"
    assert not reasons["table"]


def test_training_beyond_the_longest_fit_is_named():
    found, _, _ = searched(Wish(3, 1e9), candidates=(LEARNED,))
    assert found.winner() is None
    assert "to prepare" in found.standings()[0].reason


def test_a_method_gets_no_more_time_than_could_pay():
    _, pilots, _ = searched(Wish(3, 1e3))
    assert pilots.budgets["learned"] == search.SHORTEST_S
    _, pilots, _ = searched(Wish(3, 1e9))
    assert pilots.budgets["learned"] == 20.0


def test_each_pilot_is_told_as_it_begins_and_ends():
    _, pilots, told = searched(Wish(3, 1e3))
    assert len(told) == 2 * len(pilots.kept)
    assert [pilot is None for _, pilot in told] == [True, False] * len(pilots.kept)


def test_time_that_is_over_asks_nobody():
    found = Search(Formulas(), M, Wish(3, 1e3), 20.0, lambda *_: None, ALL)
    found.ask_all(time.monotonic() - 1)
    assert all("not asked" in standing.reason for standing in found.standings())


def test_a_pilot_that_was_cut_short_is_made_again_for_a_wish_that_gives_it_more_time():
    pilots = Formulas()
    for longest_s in (20.0, 3.0):
        cut = Pilot(candidate=TABLE, setting=TABLE.first, budget_s=longest_s, reason="not prepared in time")
        pilots.kept = {(TABLE, TABLE.first): cut}
        found = Search(pilots, M, Wish(6, 1e9), 20.0, lambda *_: None, ALL)
        found.ask_all(time.monotonic() + 60)
        (made,) = pilots.made(TABLE)
        assert (made.reason is None) == (longest_s < 20.0)


def test_of_two_measurements_the_later_digits_and_the_shorter_times_count():
    pilots = Pilots("bubble", None)
    slow = Pilot(candidate=RULE, setting=1e-3, budget_s=1, digits_mean=4.0, preparation_s=2.0, s_per_integral=1e-6)
    pilots.corrected(slow)
    pilots.corrected(dataclasses.replace(slow, digits_mean=3.9, preparation_s=1.0, s_per_integral=5e-6))
    (kept,) = pilots.made(RULE)
    assert (kept.digits_mean, kept.preparation_s, kept.s_per_integral) == (3.9, 1.0, 1e-6)
