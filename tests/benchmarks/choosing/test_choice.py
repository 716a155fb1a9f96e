"""What a choice makes of its checks, with methods whose digits are given: the best that was checked is returned."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import methods
import references
from benchmarks.choosing import direct_values, pilots, ranking
from benchmarks.choosing.candidates import CANDIDATES
from benchmarks.choosing.choice import Chooser, Interrupted
from benchmarks.choosing.direct_values import DirectValues
from benchmarks.choosing.pilots import Pilot, Pilots
from benchmarks.choosing.search import Wish

NAMES = ("gauss_legendre", "learned_contour", "tensor_train", "pysecdec_cuba")
"""Candidates that a tolerance turns, the cheapest first, each with 6.5 digits by its pilot."""


@pytest.fixture
def checked(monkeypatch):
    """Return a function that chooses among methods whose checks find the digits given, or fail for the reason given."""
    values = DirectValues(references.truth("bubble"), "a rule", 1e-9)

    def choose(*found, checking=lambda *_: values):
        by_name = dict(zip(NAMES, found, strict=False))

        def fitted(integral, candidate, setting, budget_s, truth, model=None, judging_s=0.0, judge=None):
            about = {"candidate": candidate, "setting": setting, "budget_s": budget_s}
            digits = 6.5 if model is None else by_name[candidate.method]
            if isinstance(digits, str):
                return Pilot(**about, reason=digits)
            microseconds = 10.0 ** NAMES.index(candidate.method)
            return Pilot(
                **about, digits_mean=digits, digits_worst=digits - 1, preparation_s=1.0, s_single=1e-3,
                s_per_integral=1e-6 * microseconds, values=truth.value,
            )  # fmt: skip

        monkeypatch.setattr(pilots, "fitted", fitted)
        monkeypatch.setattr(Pilots, "ask", lambda *_: None)
        monkeypatch.setattr(direct_values, "judging", lambda *_: values)
        monkeypatch.setattr(direct_values, "checking", checking)
        own = [
            dataclasses.replace(one, most=one.first, coarsest=None)  # one setting each
            for name in NAMES[: len(found)] for one in CANDIDATES if one.method == name
        ]  # fmt: skip
        return Chooser("bubble", 6, 120.0, asked=own).choose(Wish(6, 1e9))

    return choose


def words(choice) -> str:
    return " ".join(ranking.verdict(choice).split())


def test_of_three_that_fail_the_check_the_one_with_most_digits_is_the_choice(checked):
    made = checked(3.0, 5.9, 2.5)
    assert (made.pilot.candidate.method, made.pilot.digits_mean) == ("learned_contour", 5.9)
    assert len(made.failed) == 2
    assert "None of the 3 that were checked has 6 digits on average: learned_contour" in words(made)
    assert "has most, 5.9." in words(made)


def test_a_fit_that_fails_at_the_check_is_neither_the_choice_nor_one_with_zero_digits(checked):
    made = checked(5.9, 3.0, "the process died.")
    assert made.pilot.candidate.method == "gauss_legendre"
    assert "(the process died)" in made.failed[1]
    assert "(0.0 digits)" not in words(made)


def test_the_search_goes_on_after_a_failure(checked):
    made = checked("the process died", 6.2, 6.4)
    assert made.reached
    assert words(made).startswith("Not as expected at fresh points: gauss_legendre")
    assert "Chosen: learned_contour" in words(made)


def test_where_every_check_fails_the_reasons_stand(checked):
    made = checked("the process died", "timed out")
    assert made.method is None
    assert "(timed out)" in words(made)
    assert "could not be fitted again: the process died." in words(made)


def test_a_choice_keeps_how_precise_the_values_are_that_judged_pilots(checked):
    made = checked(6.2)
    assert (made.judge, made.judge_error) == ("a rule", 1e-9)


def test_without_values_to_check_it_the_choice_is_kept_and_says_so(checked, monkeypatch):
    def none(*_):
        raise methods.InputError("No direct rule gives values of bubble to judge by:\n  closed form: it has none.")

    made = checked(6.2, checking=none)
    assert made.pilot.digits_mean == 6.2
    assert not made.reached
    assert made.standings
    said = words(made)
    assert "Chosen: gauss_legendre" in said
    assert "Not checked: " in said
    assert "closed form: it has none." in said
    assert "fresh points it has" not in said


@pytest.mark.parametrize("worst", [False, True])
def test_where_the_worst_point_counts_corners_of_the_box_are_among_the_points(worst, monkeypatch):
    judged = []

    def values(integral, s, *_):
        ones = np.ones(len(s))
        return DirectValues(references.Truth(s, ones, 0 * ones, ones > 0, "a rule"), "a rule", 1e-9)

    def fitted(integral, candidate, setting, budget_s, truth, *_, **__):
        judged.append(truth)
        return Pilot(candidate=candidate, setting=setting, budget_s=budget_s, digits_mean=4.0, digits_worst=4.0)

    monkeypatch.setattr(Pilots, "ask", lambda *_: None)
    monkeypatch.setattr(pilots, "fitted", fitted)
    monkeypatch.setattr(direct_values, "judging", values)
    monkeypatch.setattr(direct_values, "checking", values)
    rule = dataclasses.replace(CANDIDATES[0], most=1e-3, coarsest=None)
    made = Chooser("box1l_4d", 3, 10.0, asked=[rule], worst=worst).choose(Wish(3, 1e4, worst))
    box = references.integral("box1l_4d")
    assert made.n_points == 200 + 100 * worst
    for truth, n in zip(judged, (100, 200), strict=True):
        assert len(truth.s) == n + 100 * worst
        assert truth.uniform.sum() == n
        unit = box.to_unit(truth.s)
        corners = np.unique(np.round(unit[np.all((unit < 1e-9) | (unit > 1 - 1e-9), axis=1)]), axis=0)
        assert len(corners) == (2**box.m if worst else 0)


def test_an_interrupt_has_what_was_measured_until_then(checked):
    def interrupted(*_):
        raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        checked(6.2, 6.4, checking=interrupted)
    text = ranking.interrupted(stopped.value)
    assert "gauss_legendre, epsrel=" in text
    assert "learned_contour, epsrel=" in text


def test_without_any_pilot_a_sentence_names_the_reasons(checked, monkeypatch):
    monkeypatch.setattr(Pilots, "pilot", lambda self, candidate, setting, budget_s: None)
    with pytest.raises(methods.InputError, match="raise --budget: gauss_legendre: not asked"):
        checked(6.2)


@pytest.mark.parametrize("setting", [3, 20])
def test_what_is_said_of_a_method_that_learns_names_its_seconds(setting):
    (learned,) = [one for one in CANDIDATES if one.method == "differential_mlp"]
    pilot = Pilot(candidate=learned, setting=setting, budget_s=20.0, values=np.ones(2))
    assert pilot.title == f"differential_mlp with a budget of {setting} s"
    assert pilot.spec == "differential_mlp"  # what `methods.create` takes
