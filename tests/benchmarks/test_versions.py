"""The lock of the methods' versions: what is committed is current, and when an entry is written or refused."""

from __future__ import annotations

import importlib
import json
import re
import sys

import pytest

import methods
from benchmarks import versions
from benchmarks.running.isolated import Outcome
from benchmarks.versioning import lock_file, small_fits
from benchmarks.versioning.normalised_hash import Normaliser
from benchmarks.versioning.sources import OwnModules
from methods.core import names

COMMAND = "run `python -m benchmarks.versions`"

# ----- the committed lock -----------------------------------------------------------------------------------------


def test_the_committed_lock_is_current(capsys):
    status = versions.check(
        sorted({*methods.METHODS, *lock_file.read()}), methods.METHODS, small_fits.FIELDS, lock_file.LOCK
    )
    assert status == 0, f"methods/versions.json is stale: {COMMAND}. {capsys.readouterr().out}"


def class_of(target):
    """Return the class that "module:Class" names."""
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def test_the_lock_has_the_versions_of_the_classes():
    stated = {name: class_of(target).version for name, target in methods.METHODS.items()}
    assert {name: lock_file.current_version(name) for name in stated} == stated, COMMAND
    assert lock_file.current_version("my_file:MyMethod") is None


def test_versions_read_from_sources_are_those_of_the_classes():
    normaliser = Normaliser(OwnModules())
    for target in methods.METHODS.values():
        assert normaliser.version(target) == class_of(target).version


def test_fields_say_where_labels_come_from():
    """Else the lock would not know on whose version the labels depend."""
    assert set(small_fits.FIELDS) == set(methods.METHODS)
    for name, fields in small_fits.FIELDS.items():
        assert methods.create(name, **fields).params().get("labels") == fields.get("labels")


def test_methods_that_treat_complex_integrals_are_fitted_to_one():
    treating = {name for name, target in methods.METHODS.items() if class_of(target).treats_complex}
    pysecdec = {name for name in treating if name.startswith("pysecdec")}  # which compiles for a minute
    assert set(small_fits.COMPLEX_FIELDS) == treating - pysecdec
    for name, fields in small_fits.COMPLEX_FIELDS.items():
        assert names.parse_spec(fields.get("labels", "none"))[0] == small_fits.FIELDS[name].get("labels", "none")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gauss_legendre", "dense_mlp"])
def test_fits_give_what_the_lock_has(name):
    entry = lock_file.read()[name]
    fits = [{"integral": fit["integral"], "fields": fit["fields"]} for fit in entry["fits"]]
    outcome = small_fits.outcome(methods.METHODS[name], fits)
    assert outcome.status == "ok", outcome.reason
    for fit, found in zip(entry["fits"], outcome.result, strict=True):
        assert small_fits.difference(found["value"], fit["value"]) <= entry["tolerance"]
        assert small_fits.difference(found["error"], fit["error"]) <= entry["error_tolerance"]


# ----- what is written, and what is refused -----------------------------------------------------------------------

FAKE = '''
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fake_parts import factor
from methods.base import Estimate, Method


@dataclass(kw_only=True)
class Fake(Method):
    """A fake."""

    name: ClassVar[str] = "fake"
    source: ClassVar[str] = "none"
    version: ClassVar[int] = 2
    labels: str | None = None
    scale: float = 1.0

    def fit(self, integral, *, budget=None, monitor=None):
        self.integral_ = integral
        return self

    def integrate(self, s):
        return Estimate(self.scale * factor(s).sum(axis=1), 0.1 * np.ones(len(s)), 0)
'''
PARTS = "def factor(s):\n    return 3.0 * s\n"
OTHER = FAKE.replace("from fake_parts import factor", "def factor(s):\n    return s\n")
REGISTRY = {"fake": "fake_method:Fake", "other": "other_method:Fake"}
FIELDS = {"fake": {}, "other": {}}


def forget():
    """Have the fakes read again when they are next imported."""
    for module in ("fake_method", "fake_parts", "other_method"):
        sys.modules.pop(module, None)
    importlib.invalidate_caches()


class Bench:
    """A folder with two methods and a lock of them, and the command on it."""

    def __init__(self, folder, capsys):
        self.lock, self._folder, self._capsys = folder / "versions.json", folder, capsys
        self.registry, self.fields = dict(REGISTRY), dict(FIELDS)
        self.fitted, self.noise = [], 0.0
        self.write("fake_method", FAKE)
        self.write("fake_parts", PARTS)
        self.write("other_method", OTHER)
        assert self.update()[0] == 0

    def write(self, module, text):
        (self._folder / f"{module}.py").write_text(text)

    def change(self, module, old, new):
        text = (self._folder / f"{module}.py").read_text()
        assert old in text
        self.write(module, text.replace(old, new))

    def repeat(self, target, fits):
        """Do here what has a process of its own otherwise."""
        forget()
        self.fitted.append(target)
        try:
            return Outcome("ok", None, json.loads(json.dumps(small_fits.outputs(target, fits))))
        except names.InputError as problem:
            return Outcome("failed", str(problem))

    def repeat_otherwise(self, target, fits):
        outcome = self.repeat(target, fits)
        for found in outcome.result or ():
            found["value"] = [number * (1 + self.noise) for number in found["value"]]
        return outcome

    def update(self):
        """Return exit status, what was printed, and the entries of the lock."""
        self.fitted.clear()
        status = versions.update(
            sorted({*self.registry, *lock_file.read(self.lock)}), self.registry, self.fields, self.lock,
            repeat=self.repeat, repeat_otherwise=self.repeat_otherwise,
        )  # fmt: skip
        return status, self._capsys.readouterr().out, lock_file.read(self.lock)


@pytest.fixture
def bench(tmp_path, monkeypatch, capsys, one_thread):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two texts of one second would be taken for one
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # which fits set
    yield Bench(tmp_path, capsys)
    forget()


def test_nothing_is_fitted_where_nothing_changed(bench):
    before = lock_file.read(bench.lock)
    status, printed, lock = bench.update()
    assert (status, bench.fitted, lock) == (0, [], before)
    assert "versions.json is current" in printed


def test_an_entry_has_all_that_a_comparison_needs(bench):
    entry = lock_file.read(bench.lock)["fake"]
    assert (entry["version"], entry["labels_version"], entry["tolerance"]) == (2, None, 1e-9)
    assert [fit["integral"] for fit in entry["fits"]] == list(small_fits.INTEGRALS)
    assert all(len(fit["value"]) == len(fit["error"]) == small_fits.N_POINTS for fit in entry["fits"])


def test_a_harmless_edit_is_accepted_with_the_outputs_as_they_were(bench):
    before = lock_file.read(bench.lock)
    bench.change("fake_parts", "3.0 * s", "(s + s + s) * 1.0")
    status, printed, lock = bench.update()
    assert status == 0
    assert "fake is written" in printed
    assert lock["fake"] == before["fake"] | {"hash": lock["fake"]["hash"]}
    assert lock["fake"]["hash"] != before["fake"]["hash"]
    assert bench.fitted == ["fake_method:Fake"]


@pytest.mark.parametrize(
    ("module", "old", "new", "message"),
    [
        ("fake_parts", "3.0 * s", "3.00001 * s", r"I\(s\) of box1l differs by 3.3e-06.* and I\(s\) of genz"),
        ("fake_method", "0.1 * np", "0.2 * np", "the error of box1l differs by 1.0e"),
        ("fake_method", "0.1 * np", "np.nan * np", "the error of box1l differs by inf"),
    ],
)
def test_a_changed_result_is_refused_and_nothing_written(bench, module, old, new, message):
    before = bench.lock.read_bytes()
    bench.change(module, old, new)
    status, printed, _ = bench.update()
    assert status == 1
    assert bench.lock.read_bytes() == before
    assert re.search(message, printed)
    assert "raise `version` in its class" in printed


def test_a_raised_version_is_accepted_with_its_outputs(bench):
    before = lock_file.read(bench.lock)["fake"]
    bench.change("fake_parts", "3.0 * s", "4.0 * s")
    bench.change("fake_method", "= 2", "= 3")
    status, _, lock = bench.update()
    assert (status, lock["fake"]["version"]) == (0, 3)
    ratios = [a / b for a, b in zip(lock["fake"]["fits"][0]["value"], before["fits"][0]["value"], strict=True)]
    assert ratios == pytest.approx([4 / 3] * len(ratios))


def test_a_lowered_version_is_refused(bench):
    before = bench.lock.read_bytes()
    bench.change("fake_method", "= 2", "= 1")
    status, printed, _ = bench.update()
    assert (status, bench.fitted, bench.lock.read_bytes()) == (1, [], before)
    assert "its version 1 is below 2" in printed


def test_a_new_method_is_accepted_and_one_no_longer_registered_goes(bench):
    bench.registry = {"fake": REGISTRY["fake"], "new": REGISTRY["other"]}
    bench.fields["new"] = {"scale": 2.0}
    status, printed, lock = bench.update()
    assert status == 0
    assert set(lock) == {"fake", "new"}
    assert lock["new"]["fits"][0]["fields"] == {"scale": 2.0}
    assert "other is no longer registered" in printed


def test_a_new_method_without_fields_is_refused(bench):
    bench.registry["new"] = REGISTRY["other"]
    status, printed, lock = bench.update()
    assert status == 1
    assert "new" not in lock
    assert "no line in FIELDS" in printed


def test_a_fit_that_cannot_be_made_is_refused_with_its_reason(bench):
    bench.change(
        "fake_method",
        "    def fit(",
        '    def unsupported(self, integral):\n        return "no compiler"\n\n    def fit(',
    )
    status, printed, _ = bench.update()
    assert status == 1
    assert "fake is refused: its fits cannot be made here: It cannot treat box1l here: no compiler." in printed


def test_one_refusal_does_not_stop_the_others(bench):
    bench.change("fake_parts", "3.0 * s", "4.0 * s")
    bench.change("other_method", "return s\n", "return 1.0 * s\n")
    before = lock_file.read(bench.lock)
    status, _, lock = bench.update()
    assert status == 1
    assert lock["fake"] == before["fake"]
    assert lock["other"]["hash"] != before["other"]["hash"]


def test_a_tolerance_is_ten_times_what_rounding_changes(bench):
    bench.noise = 3e-6
    bench.change("fake_method", "= 2", "= 3")
    _, _, lock = bench.update()
    assert lock["fake"]["tolerance"] == pytest.approx(3e-5)
    bench.noise = 0.0
    bench.change("fake_parts", "3.0 * s", "3.00006 * s")
    assert bench.update()[0] == 0
    bench.change("fake_parts", "3.00006 * s", "3.0002 * s")
    assert bench.update()[0] == 1


def test_fits_that_rounding_alone_changes_are_refused(bench):
    bench.noise = 0.01
    bench.change("fake_method", "= 2", "= 3")
    status, printed, _ = bench.update()
    assert status == 1
    assert "rounding alone changes its fits by 1e-02" in printed


def test_other_fields_are_fitted_where_those_of_the_lock_still_agree(bench):
    bench.fields["fake"] = {"scale": 5.0}
    status, _, lock = bench.update()
    assert (status, lock["fake"]["fits"][0]["fields"]) == (0, {"scale": 5.0})
    bench.fields["fake"] = {"scale": 6.0}
    bench.change("fake_parts", "3.0 * s", "4.0 * s")
    status, _, lock = bench.update()
    assert (status, lock["fake"]["fits"][0]["fields"]) == (1, {"scale": 5.0})


def test_other_results_are_due_after_the_method_of_the_labels_has_another_version(bench):
    bench.fields["fake"] = {"labels": "other"}
    assert bench.update()[2]["fake"]["labels_version"] == 2
    bench.change("other_method", "= 2", "= 3")
    status, _, lock = bench.update()
    assert (status, lock["fake"]["labels_version"]) == (0, 3)
    assert bench.fitted.count("fake_method:Fake") == 2  # measured anew, not compared


@pytest.mark.parametrize("edit", [None, ("fake_parts", "3.0", "4.0"), ("fake_method", "= 2", "= 3")])
def test_check_lists_what_is_stale_and_fits_nothing(bench, capsys, edit):
    if edit:
        bench.change(*edit)
    before, bench.fitted = bench.lock.read_bytes(), []
    status = versions.check(sorted(REGISTRY), REGISTRY, bench.fields, bench.lock)
    assert (status, bench.fitted, bench.lock.read_bytes()) == (int(edit is not None), [], before)
    assert ("fake has" in capsys.readouterr().out) == (edit is not None)


def test_only_what_was_looked_at_is_said_to_be_current(bench, capsys):
    for chosen, said in ((["fake"], "versions.json is current for fake.\n"), (REGISTRY, "versions.json is current.\n")):
        assert versions.check(list(chosen), REGISTRY, bench.fields, bench.lock) == 0
        assert capsys.readouterr().out == said


def test_unknown_methods_are_refused_with_those_that_are_known(capsys):
    with pytest.raises(SystemExit) as refusal:
        versions.main(["--method", "gauss"])
    assert refusal.value.code == 2
    assert "known: bayesian_mlp" in capsys.readouterr().err


# ----- the fits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "old", "difference"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0),
        ([1.0, 2.2], [1.0, 2.0], 0.1),
        ([None, -1.0], [None, -2.0], 0.5),
        ([None], [1.0], float("inf")),
        ([1.0], [1.0, 2.0], float("inf")),
        ([0.5], [0.0], 0.5),
        ([0.0], [0.0], 0.0),
    ],
)
def test_differences_are_relative_and_none_equals_none_alone(new, old, difference):
    assert small_fits.difference(new, old) == pytest.approx(difference)


@pytest.mark.slow
def test_fits_in_the_other_interpreter_say_what_went_wrong():
    fits = [{"integral": "box1l", "fields": {"order": 4, "a": 2.0}}]
    target = methods.METHODS["gauss_legendre"]
    here, there = small_fits.outcome(target, fits), small_fits.outcome_rounded_otherwise(target, fits)
    assert (here.status, there.status) == ("ok", "ok")
    assert small_fits.difference(here.result[0]["value"], there.result[0]["value"]) < 1e-12
    failed = small_fits.outcome_rounded_otherwise(target, [{"integral": "box1l", "fields": {"ordr": 4}}])
    assert failed.status == "failed"
    assert "There is no field of" in failed.reason
