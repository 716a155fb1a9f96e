"""The measurements for a GPU, tried on the CPU, and the tables that are made of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from gpu_sessions import session

from benchmarks import gpu
from benchmarks.experiments import gpu as experiment
from benchmarks.gpu_measurements import (
    carried_methods,
    gpu_tests,
    integrate_times,
    lattice_rules,
    published_training,
)
from benchmarks.page.contents import Contents
from benchmarks.records import run_records
from methods.core.errors import InputError
from methods.papers.primitive_recipes import RECIPES
from methods.published_primitive import PublishedPrimitive

TINY = "published_primitive,n_updates=1,width=4,depth=2,lattice_size=64"


@pytest.fixture
def folder(tmp_path_factory):
    """Return a folder with a short path, as the command asks for."""
    return tmp_path_factory.mktemp("g")


# ----- the measurements -----------------------------------------------------------------------------------------------


@pytest.fixture
def small_recipes(monkeypatch):
    """Have two recipes that are complete within seconds."""
    small = {"width": 8, "depth": 2, "lattice_size": 64}
    for name, n_updates in (("jhep_tanh_i2", 60), ("thesis_gelu", 40)):
        recipe = RECIPES[name]
        changed = {**recipe.printed, **small, "n_updates": n_updates}
        patched = type(recipe)("box1l", recipe.source, recipe.digits, changed, recipe.chosen)
        monkeypatch.setitem(published_training.RECIPES, name, patched)
    monkeypatch.setattr(published_training, "RECIPE_NAMES", ("jhep_tanh_i2", "thesis_gelu"))


def curves(out, seconds):
    entries = list(published_training.measure(session(out, seconds)))
    assert all(entry["status"] == "ok" for entry in entries if entry["kind"] == "estimate")
    return {entry["recipe"]: entry for entry in entries if entry["kind"] == "curve"}


def without_times(curve):
    return {key: value for key, value in curve.items() if key != "train_s"}


def test_training_goes_on_from_a_checkpoint_to_the_same_digits(small_recipes, folder, monkeypatch):
    whole = curves(folder / "whole", 300.0)
    assert [(curve["status"], curve["n_updates"]) for curve in whole.values()] == [("ok", 60), ("ok", 40)]
    assert [point["n_updates"] for point in whole["jhep_tanh_i2"]["points"]] == [25, 50, 60]

    original = PublishedPrimitive.fit

    def interrupted(self, integral, *, budget=None, monitor=None):
        """End as if the time were over after 50 updates of the recipe."""
        short = self.n_updates == 60
        self.n_updates = 50 if short else self.n_updates
        original(self, integral, budget=budget, monitor=monitor)
        self.n_updates = 60 if short else self.n_updates
        return self

    with monkeypatch.context() as patch:
        patch.setattr(PublishedPrimitive, "fit", interrupted)
        first = curves(folder / "parts", 300.0)
    assert (first["jhep_tanh_i2"]["status"], first["jhep_tanh_i2"]["reason"]) == ("partial", "50 of 60 updates")
    assert (first["thesis_gelu"]["status"], first["thesis_gelu"]["reason"]) == ("left_out", "no time was left")
    again = curves(folder / "parts", 300.0)
    assert {name: without_times(curve) for name, curve in again.items()} == {
        name: without_times(curve) for name, curve in whole.items()
    }
    assert again["jhep_tanh_i2"]["train_s"] > first["jhep_tanh_i2"]["train_s"]
    other = published_training.Checkpoint(folder / "parts" / published_training.CHECKPOINT, "cuda")
    assert (other.curves, other.state) == ({}, {})


def test_a_training_that_diverges_is_an_entry_and_the_next_recipe_is_trained(small_recipes, folder, monkeypatch):
    original = PublishedPrimitive.fit

    def diverging(self, integral, *, budget=None, monitor=None):
        original(self, integral, budget=budget, monitor=monitor)
        if self.n_updates == 60:
            raise InputError("The training of published_primitive diverged after 60 updates.")
        return self

    monkeypatch.setattr(PublishedPrimitive, "fit", diverging)
    found = curves(folder / "diverging", 300.0)
    failed = found["jhep_tanh_i2"]
    assert (failed["status"], failed["n_updates"]) == ("failed", 60)
    assert "diverged after 60 updates" in failed["reason"]
    assert [point["n_updates"] for point in failed["points"]] == [25, 50]
    assert found["thesis_gelu"]["status"] == "ok"
    checkpoint = published_training.Checkpoint(folder / "diverging" / published_training.CHECKPOINT, "cpu")
    assert (checkpoint.in_training, checkpoint.state) == (None, {})
    assert curves(folder / "diverging", 300.0) == found


def test_recipes_for_which_no_time_is_left_are_entries(small_recipes, folder):
    entries = list(published_training.measure(session(folder / "short", 0.0)))
    assert [entry["status"] for entry in entries] == ["left_out"] * 4
    measured = result("training", entries)
    assert not gpu.is_finished(measured, "cuda")
    assert "curve thesis_gelu: left_out: no time was left" in map(gpu.line, entries)
    (table,) = experiment.tables([measured])
    curve = {"recipe": "thesis_gelu", "figure": "digits (updates made / printed)"}
    (row,) = [row for row, _ in table.rows if curve.items() <= row.items()]
    assert row["A GPU (2026-12-01, 0123456)"] == "– left_out: no time was left"


def test_estimates_say_what_the_full_length_takes(small_recipes, folder):
    estimate = next(published_training.measure(session(folder / "estimate")))
    assert estimate["full_length_s"] == pytest.approx(60 * estimate["s_per_update"])
    assert estimate["updates_measured"] == 25
    assert "of one of 8 replicas" in gpu.line(estimate)


def test_carried_methods_are_timed_as_records_and_compared_with_the_cpu(folder):
    said, wanted = [], {"box1l": ["broken_methods:Exact", TINY]}
    missing = carried_methods.prepare(folder / "carried", wanted, lambda event, *_: said.append(event))
    assert (missing, said) == (["box1l × exact: it computes on the CPU"], ["begin", "fitted"])
    assert sorted(path.name for path in (folder / "carried").iterdir()) == ["00.fitted", "index.json"]
    (entry,) = integrate_times.measure(session(folder / "out", 30.0, folder / "carried"))
    assert entry["status"] == "ok", entry["reason"]
    record = entry["record"]
    assert entry["max_difference_to_cpu"] < 1e-5
    assert record["flop_per_integral"]["float32"] > 0
    assert (record["timed_from"], record["device"], record["params"]["width"]) == ("file", "cpu", 4)
    assert record["s_per_integral"]["27000"]["median"] > 0
    run_records.write(folder / "records", record)
    assert run_records.read_all(folder / "records")[1] == {}


def test_code_is_known_by_all_its_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(carried_methods, "ROOT", tmp_path)
    found = [carried_methods.source_digest()]
    for name in ("methods/a.py", "references/a.cpp", "benchmarks/a.hpp", "methods/a.toml", "methods/a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")
        found.append(carried_methods.source_digest())
    assert len(set(found)) == 5
    assert found[-1] == found[-2]


def test_a_lattice_has_digits_and_times(folder, monkeypatch):
    monkeypatch.setattr(lattice_rules, "LATTICE_SIZES", (2**10,))
    monkeypatch.setattr(lattice_rules, "INTEGRALS", ("box1l",))
    (entry,) = lattice_rules.measure(session(folder / "out", 10.0))
    assert entry["digits_mean"] > 4
    assert entry["s_per_integral"]["1024"]["median"] > 0


TESTS = """
import pytest

@pytest.mark.MARK
def test_good():
    assert True

@pytest.mark.MARK
def test_bad():
    assert 1 + 1 == 3

@pytest.mark.MARK
@pytest.mark.skipif(True, reason="needs a CUDA device")
def test_left_out():
    raise AssertionError

def test_unmarked():
    raise AssertionError
""".replace("MARK", "gpu")


def test_outcomes_of_tests_are_told_apart(folder):
    path = folder / "test_some.py"
    path.write_text(TESTS)
    found = gpu_tests.outcomes([str(path)], session(folder / "out"), 120.0)
    assert (found["status"], found["n_passed"], found["n_failed"]) == ("failed", 1, 1)
    # Names begin with the folder where that is beside the project's.
    ((name, said),) = found["failed"].items()
    assert name.endswith("test_some::test_bad")
    assert "assert (1 + 1) == 3" in said
    ((name, said),) = found["skipped"].items()
    assert name.endswith("test_some::test_left_out")
    assert said == "needs a CUDA device"
    path.write_text(TESTS.replace("@pytest.mark.gpu\ndef", "def"))
    skipped = gpu_tests.outcomes([str(path)], session(folder / "out"), 120.0)
    assert (skipped["status"], skipped["n_passed"], skipped["n_failed"]) == ("left_out", 0, 0)
    ended = gpu_tests.outcomes([str(path)], session(folder / "out"), 0.01)
    assert (ended["status"], ended["reason"]) == ("timeout", "the tests were ended after 0 s")


def test_outcomes_before_the_tests_were_ended():
    said = (
        "tests/a/test_b.py::test_one PASSED                   [ 10%]\n"
        "[gw1] [ 20%] FAILED tests/a/test_b.py::test_two[3-dtype0] \n"
        "tests/a/test_b.py::test_three SKIPPED (needs a GPU)  [ 30%]\ntests/a/test_b.py::test_four "
    )
    found = gpu_tests.spoken(said)
    assert (found["n_passed"], list(found["failed"])) == (1, ["tests/a/test_b.py::test_two[3-dtype0]"])
    assert list(found["skipped"]) == ["tests/a/test_b.py::test_three"]


def test_the_files_with_marked_tests_are_found():
    assert {"tests/methods/deep/test_mixed_triton.py", "tests/benchmarks/test_hardware.py"} <= set(gpu_tests.files())


# ----- the tables -----------------------------------------------------------------------------------------------------


def result(measurement, entries, device="A GPU", **changed):
    return {
        "measurement": measurement, "device": "cuda", "device_name": device, "machine": "M", "commit": "0123456789",
        "dirty": False, "date_utc": "2026-12-01T10:00:00+00:00", "status": "ok", "reason": None, "traceback": None,
        "seconds": 1.0, "limit_s": 2.0, "entries": entries,
    } | changed  # fmt: skip


def step(contender, seconds):
    shape = {"k": 3, "depth": 4, "width": 100, "batch": 100_000}
    return {"kind": "step", "contender": contender, "status": "ok", "reason": None, "s": seconds, **shape}


def test_nothing_is_shown_while_nothing_is_measured():
    assert experiment.tables([]) == []


def test_steps_have_a_column_per_device_and_ratios_to_its_own_products():
    failed = step("nested jvp", 1.0) | {"status": "out_of_memory", "reason": "too large"}
    (table,) = experiment.tables([
        result("steps", [step("products", 0.010), step("this", 0.018), failed]),
        result("steps", [step("products", 0.005), step("this", 0.015)], "Another"),
    ])  # fmt: skip
    shown = {
        row["way"]: [row["A GPU (2026-12-01, 0123456)"], row["Another (2026-12-01, 0123456)"]] for row, _ in table.rows
    }
    assert shown["this"] == ["18 (1.80 ×)", "15 (3.00 ×)"]
    assert shown["nested jvp"] == ["– out_of_memory: too large", ""]


def test_partial_curves_are_called_partial():
    curve = {
        "kind": "curve", "recipe": "jhep_tanh_i1", "status": "partial", "reason": "500 of 160,000 updates",
        "n_updates": 500, "n_updates_printed": 160_000, "points": [{"n_updates": 500, "digits_mean": 1.234}],
    }  # fmt: skip
    complete = curve | {"recipe": "jhep_tanh_i2", "status": "ok", "n_updates": 40_000, "n_updates_printed": 40_000}
    (table,) = experiment.tables([result("training", [curve, complete])])
    shown = {row["recipe"]: row["A GPU (2026-12-01, 0123456)"] for row, _ in table.rows}
    assert shown == {"jhep_tanh_i1": "1.23 (500 / 160,000, partial)", "jhep_tanh_i2": "1.23 (40,000 / 40,000)"}


def test_the_papers_networks_stand_beside_what_the_papers_say():
    from sample_records import full

    recipe = RECIPES["thesis_gelu"]
    params = recipe.fields(**experiment.AS_PUBLISHED)
    timings = {"1": {"median": 1e-3, "p10": 1e-3, "p90": 1e-3}, "27000": {"median": 2e-7, "p10": 1e-7, "p90": 3e-7}}
    record = full(method="published_primitive", integral="box1l", params=params, s_per_integral=timings)
    made = experiment.tables([result("times", [{"kind": "record", "status": "ok", "record": record}])])
    papers = made[0]
    rows = {row["batch"]: row for row, _ in papers.rows}
    assert rows["27000"]["published µs"] == "50"
    assert rows["27000"]["A GPU (2026-12-01, 0123456)"] == "0.2"
    assert rows["1000000"]["A GPU (2026-12-01, 0123456)"] == "– not timed"
    assert any("µs per integral" in table.title for table in made[1:])


def test_tests_that_were_skipped_did_not_pass():
    entry = {
        "kind": "tests",
        "status": "left_out",
        "reason": "none was run",
        "n_passed": 0,
        "n_failed": 0,
        "skipped": {"a": ""},
    }
    (table,) = experiment.tables([result("tests", [entry])])
    assert table.rows[0][0]["A GPU (2026-12-01, 0123456)"] == "0 passed, 0 failed, 1 skipped – none was run"


def test_the_report_reads_every_device(tmp_path):
    for device in ("one", "two"):
        path = tmp_path / "published" / "gpu" / device / "steps.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(result("steps", [step("products", 0.01)], device)))
    contents = Contents.published(tmp_path)
    found = contents.measured("gpu")
    assert [content["device_name"] for content in found] == ["one", "two"]
    assert Contents.published(Path(tmp_path / "elsewhere")).measured("gpu") == []
    assert np.isfinite(found[0]["entries"][0]["s"])
