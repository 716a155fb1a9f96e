"""The rule that judged a choice is named in the saved method, and in files that are exported from it."""

from __future__ import annotations

import numpy as np
import pytest

import methods
import references
from benchmarks.choosing import pilot_run
from benchmarks.choosing.direct_values import DirectValues
from methods.export.description import describe

RULE = "learned_contour,max_nodes=100000,epsrel=1e-05"


@pytest.mark.parametrize("independent", [True, False])
def test_saved_digits_say_who_judged_them_and_whether_it_had_a_part(independent, tmp_path):
    truth = references.truth("bubble")
    judge = DirectValues(truth, RULE, 3e-6, independent).judge()
    path, fields = tmp_path / "bubble.model", {"n_labels": 20, "labels": "label_methods:Exact"}
    pilot_run.fit_and_measure("bubble", "rbf", fields, 5.0, truth, path, judge)
    loaded = methods.load(path)
    assert loaded.measured_ | {"judge": RULE, "judge_error": 3e-6, "independent": independent} == loaded.measured_
    exported = describe(loaded).digits
    assert f"judged by {RULE}" in exported
    assert ("which had a part in it" in exported) is not independent


def test_exported_digits_are_rounded_down():
    method = methods.create("gauss_legendre", order=4)
    method.integral_ = references.integral("bubble")
    method.measured_ = {"mean": 5.97, "worst": 4.99, "points": 9, "integral": method.integral_.fingerprint()}
    assert describe(method).digits == "5.9 on average, 4.9 at worst of 9 points"


def test_digits_are_averaged_over_uniform_points_and_the_worst_is_of_all():
    truth = references.truth("bubble")
    inside = np.arange(len(truth.s)) > 0
    wrong = truth._replace(value=np.where(inside, truth.value, 2 * truth.value), uniform=inside)
    found = pilot_run.fit_and_measure("bubble", "gauss_legendre", {}, 5.0, wrong, None)
    assert found["digits_worst"] == pytest.approx(0.3, abs=0.01)
    assert found["digits_mean"] > 5


def test_the_reason_why_a_method_cannot_be_saved_is_kept(monkeypatch, tmp_path):
    def save(self, path):
        raise TypeError("it holds a process")

    monkeypatch.setattr(type(methods.create("gauss_legendre")), "save", save)
    truth = references.truth("bubble")
    found = pilot_run.fit_and_measure("bubble", "gauss_legendre", {}, 5.0, truth, tmp_path / "model")
    assert not found["saved"]
    assert found["not_saved"] == "TypeError: it holds a process"
