"""The text of a choice: within a terminal's width, with the reasons, and plain where nothing has the digits."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.choosing import ranking
from benchmarks.choosing.candidates import CANDIDATES
from benchmarks.choosing.choice import Choice
from benchmarks.choosing.extrapolation import measured
from benchmarks.choosing.pilots import Pilot
from benchmarks.choosing.search import Standing, Wish

RULE, CONTOUR, LATTICE = CANDIDATES[:3]


def choice(**changes) -> Choice:
    pilot = Pilot(
        candidate=RULE, setting=1e-6, budget_s=20.0, digits_mean=6.8, digits_worst=5.7, preparation_s=0.3,
        s_single=2e-4, s_per_integral=3e-6, batch=1024, values=np.ones(200), saved=True,
    )  # fmt: skip
    now = measured(pilot, False)
    long_reason = "the process died " + 20 * "and said something about it " + "at last"
    standings = [
        Standing(RULE, now, now, now, ""),
        Standing(CONTOUR, now._replace(candidate=CONTOUR), None, None, "most, at epsrel=1e-13"),
        Standing(LATTICE, None, None, None, long_reason),
    ]
    made = Choice(
        integral="box1l", wish=Wish(6, 1e8), reached=True, spec=pilot.spec, pilot=pilot, total_s=300.3,
        rule="lattice_qmc", rule_error=1e-9, independent=True, judge="gauss_legendre", judge_error=1e-8,
        n_points=200, share_within=0.94,
        standings=standings, failed=(), method=None,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def test_a_choice_says_what_was_chosen_and_how_it_was_checked():
    text = ranking.text(choice())
    assert "Chosen: gauss_legendre,max_nodes=2000000,epsrel=1e-06, 5 min in all." in text
    assert "200 fresh points" in text
    assert "94 % are within" in text
    assert max(map(len, text.splitlines())) <= ranking.WIDTH


def test_reasons_stand_where_there_are_no_values():
    text = ranking.text(choice())
    assert "Without values:\nlattice_qmc: the process died" in text
    assert "most, at epsrel=1e-13" in text


def test_one_reason_of_several_methods_stands_once():
    standings = [
        Standing(candidate, None, None, None, f"I(s) is complex, and {candidate.method} treats real integrals only")
        for candidate in (RULE, LATTICE)
    ]
    text = ranking.text(choice(standings=standings))
    assert "gauss_legendre, lattice_qmc: I(s) is complex, and it treats real integrals only." in text


def test_it_is_plain_where_nothing_has_the_digits():
    text = ranking.text(choice(reached=False, wish=Wish(9, 1e8)))
    assert "Nothing that was tried has 9 digits on average" in text
    assert "has most, 6.8" in text
    assert "Chosen" not in text


def test_digits_that_are_just_too_few_are_not_rounded_up():
    pilot = dataclasses.replace(choice().pilot, digits_mean=5.97, digits_worst=4.96)
    now = measured(pilot, False)
    text = " ".join(
        ranking.text(choice(pilot=pilot, reached=False, standings=[Standing(RULE, now, now, now, "")])).split()
    )
    assert "has most, 5.9." in text
    assert "5.9 digits on average and 4.9 at the worst" in text
    assert "6.0" not in text


def test_the_worst_is_that_of_so_many_points():
    text = " ".join(ranking.text(choice(wish=Wish(6, 1e8, worst=True), n_points=300, reached=False)).split())
    assert "box1l: 6 digits at the worst of 300 points, 1e+08 values" in text
    assert "has 6 digits at the worst of 300 points: gauss" in text
    assert "at the worst point" not in text


def test_single_values_are_those_of_python_calls():
    text = ranking.text(choice(wish=Wish(6, 1e8, worst=True, latency=True)))
    assert "one at a time in Python calls (an exported header takes less)" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= ranking.WIDTH


def test_why_a_method_cannot_be_saved_is_said():
    pilot = dataclasses.replace(choice().pilot, saved=False, not_saved="TypeError: it holds a process.")
    assert "gauss_legendre cannot be saved: TypeError: it holds a process." in ranking.text(choice(pilot=pilot))


def test_winners_that_the_check_found_wanting_are_named():
    assert "Not as expected at fresh points: rbf (2.7 digits)." in ranking.text(choice(failed=("rbf (2.7 digits)",)))


def test_a_method_that_learns_is_named_with_its_seconds():
    (learned,) = [one for one in CANDIDATES if one.method == "differential_mlp"]
    pilot = dataclasses.replace(choice().pilot, candidate=learned, setting=20.0)
    assert "Chosen: differential_mlp with a budget of 20 s, 5 min in all." in ranking.text(choice(pilot=pilot))
    assert "differential_mlp with a budget of 20 s has most" in ranking.text(choice(pilot=pilot, reached=False))


def test_a_rule_with_a_part_in_the_choice_is_no_independent_check():
    assert "had a part" in ranking.text(choice(independent=False))
    assert "had a part" not in ranking.text(choice())


def test_a_check_that_is_too_coarse_says_so():
    assert "more digits may be there" in " ".join(ranking.text(choice(rule_error=1e-5)).split())


def test_digits_that_the_judge_does_not_have_are_at_least_its_own():
    coarse = dataclasses.replace(choice().pilot, judge_error=2e-6)
    now = measured(coarse, False)
    text = ranking.text(choice(standings=[Standing(RULE, now, now, now, "")], judge_error=2e-6))
    row = next(line for line in text.splitlines() if line.startswith("gauss_legendre,"))
    assert row.count("≥ 5.6") == 2
    assert "≥" not in ranking.text(choice())


def test_the_judge_of_pilots_is_named_and_so_is_one_that_is_too_coarse():
    words = " ".join(ranking.text(choice()).split())
    assert "Pilots were judged by gauss_legendre, known to 1e-08." in words
    assert "cannot be seen by its pilots" not in words
    assert "cannot be seen by its pilots" in " ".join(ranking.text(choice(judge_error=2e-6)).split())


def test_digits_now_are_those_of_the_setting_that_the_row_names():
    now = measured(choice().pilot, False)
    best = now._replace(setting=1e-4, digits=6.3, measured=False)
    text = ranking.text(choice(standings=[Standing(RULE, now, best, best, "")]))
    row = next(line for line in text.splitlines() if "epsrel=0.0001" in line)
    assert "6.8" not in row
    assert "6.3" in row


@pytest.mark.parametrize(
    ("total_s", "words"), [(12.34, "12.3 s"), (7200.0, "2 h"), (9e4 * 10, "10.4 d"), (1e11, "3.2e+03 years")]
)
def test_seconds_are_written_in_the_unit_that_suits_them(total_s, words):
    assert f"{words} in all" in ranking.text(choice(total_s=total_s))
