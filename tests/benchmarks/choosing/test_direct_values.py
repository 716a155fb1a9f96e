"""The rule whose values judge: the first that is precise enough, by stubs of the processes in which rules compute."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.choosing import direct_values
from benchmarks.choosing.candidates import CANDIDATES, candidates
from benchmarks.running.isolated import Outcome
from methods.base import InputError

S = np.ones((4, 2))


@pytest.fixture
def rules(monkeypatch):
    """Return a function that sets what rules give, by their names: a relative error, or why they give nothing."""
    asked = []

    def given(found: dict[str, float | str], default: float | str = "it gives nothing.") -> list[str]:
        def call(function, integral, rule, s, epsrel, budget_s, time_limit):
            name = direct_values.rule_name(rule)
            asked.append(name)
            result = found.get(name, default)
            if isinstance(result, str):
                return Outcome("ok", result=result)
            return Outcome("ok", result={"value": np.ones(len(s)), "error": np.full(len(s), result)})

        monkeypatch.setattr(direct_values.calls, "call", call)
        return asked

    return given


def test_the_first_rule_that_is_precise_enough_judges(rules):
    asked = rules({"gauss_legendre": 4e-5, "lattice_qmc": 2.9e-5, direct_values.QUADRATURE: 1e-12})
    found = direct_values.judging("bubble", S, 4, 5.0)
    assert direct_values.rule_name(found.rule) == "lattice_qmc"
    assert found.relative_error == pytest.approx(2.9e-5)
    assert asked == ["gauss_legendre", "lattice_qmc"]


def test_where_no_rule_is_precise_enough_the_most_precise_judges(rules):
    rules({"gauss_legendre": 4e-3, "learned_contour": 1e-3})
    found = direct_values.judging("bubble", S, 4, 5.0)
    assert direct_values.rule_name(found.rule) == "learned_contour"


def test_a_choice_is_checked_by_a_rule_without_a_part_in_it(rules):
    rules({"gauss_legendre": 1e-9, "learned_contour": 1e-9})
    found = direct_values.checking("bubble", S, 4, {"chebyshev", "gauss_legendre"}, 5.0)
    assert (direct_values.rule_name(found.rule), found.independent) == ("learned_contour", True)


def test_a_rule_with_a_part_in_the_choice_checks_it_where_no_other_does(rules):
    rules({"learned_contour": 1e-9})
    found = direct_values.checking("bubble", S, 4, {"learned_contour"}, 5.0)
    assert (direct_values.rule_name(found.rule), found.independent) == ("learned_contour", False)


@pytest.mark.parametrize("parts", [{"gauss_legendre"}, {"pysecdec_qmc"}, {"gauss_legendre", "lattice_qmc"}])
def test_the_reasons_of_all_rules_are_kept(rules, parts):
    rules({}, default="it gives nothing.")
    with pytest.raises(InputError) as raised:
        direct_values.checking("bubble", S, 4, parts, 5.0)
    words = " ".join(str(raised.value).split())
    for name in ("closed form", "lattice_qmc", "quadrature", "learned_contour", "gauss_legendre"):
        assert name in words
    assert words.count("it gives nothing.") == 1


def test_a_line_for_each_reason_fits_a_terminal(rules):
    no_contour = (
        "{} is stuck: no contour was found for it in the seconds given, after a search of many words; raise the budget."
    )
    rules({name: no_contour.format(name) for name in ("gauss_legendre", "lattice_qmc")}, default="timed out")
    with pytest.raises(InputError) as raised:
        direct_values.judging("bubble", S, 4, 5.0)
    lines = str(raised.value).splitlines()
    assert max(map(len, lines)) <= direct_values.LINE
    words = " ".join(" ".join(lines).split())
    assert words.count("no contour was found for it in") == 1
    assert ".." not in words
    assert ".;" not in words


@pytest.mark.parametrize("judge", [direct_values.QUADRATURE, direct_values.EXACT, "lattice_qmc,points=65536,shifts=16"])
def test_any_rule_that_judges_leaves_the_candidates_as_they_are_but_learned_contour(judge):
    assert candidates(judge, 4) is CANDIDATES
