"""The command that chooses a method: what it refuses, what it finds, and that it reads no records."""

from __future__ import annotations

import ast
import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import methods
import references
from benchmarks import choose
from benchmarks.choosing import choice, direct_values, pilot_run, pilots
from benchmarks.choosing.candidates import CANDIDATES, candidates
from benchmarks.choosing.search import Wish
from methods.base import ParametricIntegral
from methods.core.storage import StorageError

ROOT = Path(__file__).resolve().parents[2]

BASE = ["--integral", "bubble", "--digits", "3", "--count", "1e6"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--digits", "0"], "digits is 0"),
        (["--digits", "40"], "digits is 40"),
        (["--count", "-1"], "count is -1"),
        (["--count", "nan"], "count is nan"),
        (["--count", "inf"], "count is inf; give a finite number above 0."),
        (["--budget", "0"], "budget is 0"),
        (["--integral", "bubbel"], "bubble"),
        (["--save", "no/such/folder/model"], "in a folder that you can write to"),
    ],
)
def test_wrong_arguments_are_named(arguments, complaint, capsys):
    assert choose.main([*BASE, *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_arguments_that_are_no_numbers_exit_with_two(capsys):
    with pytest.raises(SystemExit) as ended:
        choose.main([*BASE, "--digits", "many"])
    assert ended.value.code == 2


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit):
        choose.main(["--help"])
    assert "--integral box1l --digits 4" in capsys.readouterr().out


def test_every_registered_method_is_a_candidate():
    assert {candidate.method for candidate in CANDIDATES} == set(methods.METHODS)


def test_labels_come_from_learned_contours_where_these_have_to_judge():
    found = {one.method: one.spec(one.first) for one in candidates("learned_contour,epsrel=1e-05", 4)}
    assert set(found) == set(methods.METHODS)
    labels = "labels=(learned_contour,epsrel=1e-05,max_nodes=2000000)"
    assert found["chebyshev"] == f"chebyshev,{labels},max_labels=150"
    assert found["differential_mlp"] == f"differential_mlp,{labels}"
    assert found["learned_contour"] == "learned_contour,max_nodes=2000000,epsrel=0.001"
    assert candidates("gauss_legendre,max_nodes=2000000", 4) is CANDIDATES
    assert candidates("closed form", 4) is CANDIDATES


@pytest.mark.parametrize("candidate", CANDIDATES, ids=lambda candidate: candidate.method)
def test_a_candidate_names_fields_that_its_method_has(candidate):
    try:
        cls = type(methods.create(candidate.method))
    except methods.InputError as problem:
        if "which is not installed" not in str(problem):
            raise
        pytest.skip(str(problem))
    assert set(candidate.fields_at(candidate.first)) <= {field.name for field in dataclasses.fields(cls)}


def test_a_rule_has_no_part_in_a_table_of_another():
    assert direct_values.parts_of("chebyshev", {}, is_complex=False) == {"chebyshev", "gauss_legendre"}
    assert direct_values.parts_of("lattice_qmc", {}, is_complex=False) == {"lattice_qmc"}


def test_rules_on_the_same_contours_have_a_part_in_one_another():
    both = {"gauss_legendre", "lattice_qmc"}
    assert direct_values.parts_of("chebyshev", {}, is_complex=True) == {"chebyshev", *both}
    assert direct_values.parts_of("lattice_qmc", {}, is_complex=True) == both
    assert direct_values.parts_of("learned_contour", {}, is_complex=True) == {"learned_contour"}


@pytest.mark.parametrize(
    ("exact", "said"), [(lambda s: 1.1 / s[:, 0], "but quadrature gives"), (lambda s: 1 / s, "it returned shape")]
)
def test_a_wrong_closed_form_judges_nothing(exact, said, monkeypatch):
    integral = ParametricIntegral.from_expression(
        name="wrong", variables=("x1",), parameters=("s1",), expression="1/s1", low=(1.0,), high=(2.0,), exact=exact
    )
    monkeypatch.setattr(references, "integral", lambda spec: integral)
    assert said in direct_values.values("wrong", direct_values.EXACT, integral.sample(5, seed=1), 1e-6, 5.0)


def test_direct_rules_agree_with_the_truth():
    truth = references.truth("bubble")
    for rule in (direct_values.QUADRATURE, "lattice_qmc,points=512", "gauss_legendre"):
        found = direct_values.values("bubble", rule, truth.s, 1e-8, 5.0)
        np.testing.assert_allclose(found["value"], truth.value, rtol=1e-7)


def test_a_rule_that_cannot_says_why():
    s = references.truth("box1l_physical").s[:2]
    assert "real axis" in direct_values.values("box1l_physical", direct_values.QUADRATURE, s, 1e-8, 5.0)


def test_what_is_saved_has_its_digits_and_formula_and_refuses_another_integral(tmp_path):
    truth, path = references.truth("bubble"), tmp_path / "bubble.model"
    fields = {"n_labels": 20, "labels": "label_methods:Exact"}
    found = pilot_run.fit_and_measure("bubble", "rbf", fields, 5.0, truth, path)
    assert found["saved"]
    loaded = methods.load(path)
    bubble = references.integral("bubble")
    assert loaded.measured_ == {
        "mean": found["digits_mean"], "worst": found["digits_worst"], "points": len(truth.s),
        "integral": bubble.fingerprint(),
    }  # fmt: skip
    np.testing.assert_allclose(loaded.integrate(truth.s).value, found["values"], rtol=1e-12)
    with pytest.raises(StorageError, match=r"holds the integral bubble \[\w+\], but another bubble"):
        methods.load(path, dataclasses.replace(bubble, high=(-2.0,)))


def test_no_module_of_a_choice_reads_records():
    """Only the comparison with records does, and nothing of a choice imports that."""
    for path in [ROOT / "benchmarks/choose.py", *(ROOT / "benchmarks/choosing").glob("*.py")]:
        if path.name.startswith("agreement"):
            continue
        imported = [
            name
            for node in ast.walk(ast.parse(path.read_text()))
            for name in (
                [alias.name for alias in node.names] if isinstance(node, ast.Import)
                else [f"{node.module}.{alias.name}" for alias in node.names] if isinstance(node, ast.ImportFrom)
                else []
            )
        ]  # fmt: skip
        assert not [name for name in imported if name.startswith("benchmarks.records") or "agreement" in name], path


@pytest.mark.slow
def test_with_records_hidden_the_command_chooses_and_saves(tmp_path):
    """A copy of the packages alone, without reports, does all of it."""
    for package in ("methods", "references", "benchmarks"):
        shutil.copytree(ROOT / package, tmp_path / package)
    command = [sys.executable, "-m", "benchmarks.choose", *BASE, "--budget", "40", "--save", "bubble.model"]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Chosen: " in done.stdout
    truth = references.truth("bubble")
    value = methods.load(tmp_path / "bubble.model").integrate(truth.s).value
    assert np.mean(-np.log10(np.maximum(abs(value / truth.value - 1), 1e-17))) > 3


@pytest.mark.slow
def test_the_function_chooses_for_somebody_elses_integral_too():
    made = choose.choose("my_integrals:closed", digits=4, count=1e4, budget=30)
    assert made.reached
    assert made.method.measured_["mean"] >= 4
    assert made.method.measured_["points"] == choice.CHECKED


@pytest.mark.slow
def test_nothing_has_fourteen_digits_after_a_moment():
    asked = [candidate for candidate in CANDIDATES if candidate.method == "rbf"]
    made = choice.Chooser("bubble", 14, 20.0, asked=asked).choose(Wish(14, 1e4))
    assert not made.reached
    assert made.pilot.digits_mean > 3


@pytest.mark.slow
def test_a_fit_without_end_is_a_reason():
    (sampling,) = [candidate for candidate in CANDIDATES if candidate.method == "scipy_qmc"]
    made = pilots.fitted("box2l", sampling, 2.0**20, 0.1, references.truth("box2l"))
    assert made.reason
