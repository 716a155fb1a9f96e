"""One command for the minutes with a GPU: it runs where packages are missing, writes to its folder, outlives faults."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks import gpu
from benchmarks.experiments import gpu as experiment
from benchmarks.gpu_measurements import (
    MEASUREMENTS,
    Measurement,
    carried_methods,
    gpu_tests,
    integrate_times,
    lattice_rules,
    published_training,
)
from benchmarks.gpu_measurements.session import ROOT, Session, tried
from benchmarks.page.contents import Contents
from benchmarks.records import run_records
from benchmarks.running import isolated
from methods.core.budget import Clock
from methods.papers.primitive_recipes import RECIPES
from methods.published_primitive import PublishedPrimitive

WITHOUT_PACKAGES = ROOT / "tests" / "helpers" / "without_packages"

FAULTY = Measurement("faulty_measurements", 10.0, "something that goes wrong")

MINUTES_OF_A_BUSY_MACHINE = 4

TINY = "published_primitive,n_updates=1,width=4,depth=2,lattice_size=64"


@pytest.fixture
def folder(tmp_path_factory):
    """Return a folder with a short path, as the command asks for."""
    return tmp_path_factory.mktemp("g")


@pytest.fixture
def environment(monkeypatch):
    """Put back what the command changes in its own process, and in the forkserver's."""
    import tempfile

    for variable in (*gpu.WRITTEN, "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(variable, os.environ.get(variable, ""))
        if not os.environ[variable]:
            monkeypatch.delenv(variable)
    monkeypatch.setattr(tempfile, "tempdir", tempfile.gettempdir())
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def session(out, seconds=60.0, carried=None):
    out.mkdir(parents=True, exist_ok=True)
    return Session("cpu", seconds, out, out, carried)


def snapshot(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


# ----- the command in a stranger's environment ------------------------------------------------------------------------


@pytest.fixture
def tree(folder):
    """Copy what the command needs to a folder without a history, as it travels to a machine."""
    for name in ("methods", "references", "benchmarks", "tests"):
        shutil.copytree(ROOT / name, folder / "tree" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", folder / "tree" / "pyproject.toml")
    return folder / "tree"


def run_in(tree, *arguments, timeout):
    home, temporary = tree.parent / "home", tree.parent / "tmp"
    home.mkdir(exist_ok=True), temporary.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name not in (*gpu.WRITTEN, "XDG_RUNTIME_DIR")}
    done = subprocess.run(
        [sys.executable, "-B", "-m", "benchmarks.gpu", "--device", "cpu", "--out", "../out", *arguments],
        cwd=tree, capture_output=True, text=True, timeout=timeout,
        env=kept | {
            "PYTHONPATH": os.pathsep.join([str(WITHOUT_PACKAGES), str(tree)]), "HOME": str(home),
            "TMPDIR": str(temporary), "OMP_NUM_THREADS": "2",
        },
    )  # fmt: skip
    assert snapshot(home) == snapshot(temporary) == {}
    return done


def test_without_packages_and_without_writing_elsewhere(tree):
    before = snapshot(tree)
    done = run_in(tree, "--seconds", "150", "--part", "rates", "--part", "times", timeout=300)
    assert "ModuleNotFoundError" not in done.stdout + done.stderr
    assert snapshot(tree) == before
    rates, times = (read(tree.parent / "out" / f"{name}.json") for name in ("rates", "times"))
    assert rates["entries"][0]["rates"]["float32"]["gflop_per_s"] > 0
    assert (times["status"], times["commit"]) == ("ok", None)
    assert times["entries"] == [
        {"kind": "record", "status": "left_out", "reason": "no fitted methods were given; see --prepare"}
    ]
    assert {path.name for path in (tree.parent / "out").iterdir()} == {"rates.json", "times.json", "work"}


@pytest.mark.slow
def test_everything_on_a_cpu_in_a_minute(tree):
    carried = tree.parent / "carried"
    carried_methods.prepare(carried, {"box1l": [TINY]}, lambda *_: None)
    before = snapshot(tree)
    # Beside other tests a minute is not enough for all of them: what is missing gets a minute of its own.
    missing: list[str] = []
    for _ in range(MINUTES_OF_A_BUSY_MACHINE):
        wanted = [argument for name in missing[:2] for argument in ("--part", name)]
        done = run_in(tree, "--seconds", "60", "--carried", "../carried", *wanted, timeout=400)
        assert "ModuleNotFoundError" not in done.stdout + done.stderr
        assert snapshot(tree) == before
        found = {name: read(tree.parent / "out" / f"{name}.json") for name in MEASUREMENTS}
        missing = [name for name, result in found.items() if not result["entries"]]
        if not missing:
            break
    for name, result in found.items():
        assert result["status"] in ("ok", "timeout"), (name, result["reason"], result["traceback"])
        assert result["entries"], (name, done.stdout)
        assert not any(entry["status"] == "failed" for entry in result["entries"])
        assert (result["commit"] is None) == (carried_methods.read(carried)[1]["commit"] is None)
    results = sorted(path.name for path in (tree.parent / "out").iterdir() if path.is_file())
    assert len(results) <= 8
    assert sum((tree.parent / "out" / name).stat().st_size for name in results) < 16 * 2**20
    (record,) = [entry["record"] for entry in found["times"]["entries"]]
    assert record["checksum"] == run_records.checksum(record)
    assert [table.title for table in experiment.tables(list(found.values()))]


# ----- failures, limits, resumption -----------------------------------------------------------------------------------


def measured(folder, wanted, seconds=60.0, force=False):
    return gpu.measure(wanted, session(folder), time.monotonic() + seconds, "a CPU", force=force)


@pytest.mark.parametrize(
    ("how", "status", "said"),
    [("raises", "failed", "the kernel misbehaved"), ("dies", "crashed", "SIGABRT"), ("hangs", "timeout", "time limit")],
)
def test_a_measurement_that_goes_wrong_leaves_its_entries_and_the_rest_goes_on(folder, how, status, said, capsys):
    out = folder / how
    isolated.call(os.getpid, time_limit=100.0)  # starts what starts processes, which takes seconds
    rates = MEASUREMENTS["rates"]._replace(weight=30.0)
    results = measured(out, {"faulty": FAULTY, "rates": rates}, seconds=24.0)
    faulty = read(out / "faulty.json")
    assert faulty == json.loads(json.dumps(results["faulty"]))
    assert (faulty["status"], faulty["entries"]) == (status, [{"kind": "first", "status": "ok"}])
    assert said in faulty["reason"]
    assert faulty["seconds"] < faulty["limit_s"] + 5
    if status == "failed":
        assert 'raise RuntimeError("the kernel misbehaved")' in faulty["traceback"]
    assert results["rates"]["entries"][0]["status"] == "ok"
    assert gpu.report(results, 1.0) == 1
    assert said in capsys.readouterr().err


def test_what_is_finished_is_not_measured_again(folder):
    for how, again in (("good", False), ("partial", True)):
        out = folder / how
        first = measured(out, {"faulty": FAULTY})["faulty"]
        assert [entry["kind"] for entry in first["entries"]] == ["first", "second"]
        assert gpu.report({"faulty": first}, 1.0) == 0
        before = (out / "faulty.json").stat().st_mtime_ns
        measured(out, {"faulty": FAULTY})
        assert ((out / "faulty.json").stat().st_mtime_ns > before) == again
        measured(out, {"faulty": FAULTY}, force=True)
        assert (out / "faulty.json").stat().st_mtime_ns > before
        assert not gpu.is_finished(first, "cuda")


def test_a_session_that_gets_less_far_does_not_replace_results(folder, capsys):
    measured(folder / "partial", {"faulty": FAULTY})
    (folder / "partial").rename(folder / "raises")
    results = measured(folder / "raises", {"faulty": FAULTY})
    assert results["faulty"] == read(folder / "raises" / "faulty.json")
    assert [entry["status"] for entry in results["faulty"]["entries"]] == ["ok", "partial"]
    assert "the kernel misbehaved" in capsys.readouterr().out
    forced = measured(folder / "raises", {"faulty": FAULTY}, force=True)
    assert forced["faulty"]["status"] == "failed"


def test_time_that_is_left_over_goes_to_later_measurements(folder):
    results = measured(folder / "good", {"a": FAULTY, "b": FAULTY, "c": FAULTY}, seconds=90.0)
    limits = [results[name]["limit_s"] for name in "abc"]
    assert limits[0] == pytest.approx(30, abs=5)
    assert limits[0] < limits[1] < limits[2]
    assert limits[2] > 60


def test_an_entry_is_left_out_where_no_time_is_left_and_a_failure_is_one():
    def fails():
        raise ValueError("out\nof range")

    def too_large():
        raise RuntimeError("CUDA out of memory. Tried to allocate")

    assert tried({"a": 1}, fails, Clock(0.0)) == {"a": 1, "status": "left_out", "reason": "no time was left"}
    assert tried({}, fails, Clock(60.0)) == {"status": "failed", "reason": "ValueError: out of range"}
    assert tried({}, too_large, Clock(60.0))["status"] == "out_of_memory"
    assert tried({}, lambda: {"s": 1.0}, Clock(60.0)) == {"status": "ok", "reason": None, "s": 1.0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--device", "mps"), "There is no device mps here; give --device cpu"),
        (("--carried", "nowhere"), "There are no fitted methods in nowhere"),
        (("--device", "cpu", "--out", "x" * 80), "characters"),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(arguments, message, folder, environment, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert gpu.main(["--out", "out", *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_wrong_arguments_and_help(capsys):
    for arguments, code in ((["--seconds", "0"], 2), (["--method", "chebyshev"], 2), (["--part", "x"], 2), (["-h"], 0)):
        with pytest.raises(SystemExit) as exit_:
            gpu.main(arguments)
        assert exit_.value.code == code
    assert "--prepare carried" in capsys.readouterr().out


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
    assert list(first) == ["jhep_tanh_i2"]
    assert (first["jhep_tanh_i2"]["status"], first["jhep_tanh_i2"]["reason"]) == ("partial", "50 of 60 updates")
    again = curves(folder / "parts", 300.0)
    assert {name: without_times(curve) for name, curve in again.items()} == {
        name: without_times(curve) for name, curve in whole.items()
    }
    assert again["jhep_tanh_i2"]["train_s"] > first["jhep_tanh_i2"]["train_s"]
    other = published_training.Checkpoint(folder / "parts" / published_training.CHECKPOINT, "cuda")
    assert (other.curves, other.state) == ({}, {})


def test_estimates_say_what_the_full_length_takes(small_recipes, folder):
    estimate = next(published_training.measure(session(folder / "estimate")))
    assert estimate["full_length_s"] == pytest.approx(60 * estimate["s_per_update"])
    assert estimate["updates_measured"] == 25
    assert "of one of 8 replicas" in gpu.line(estimate)


def test_carried_methods_are_timed_as_records_and_compared_with_the_cpu(folder):
    said = []
    missing = carried_methods.prepare(folder / "carried", {"box1l": [TINY]}, lambda event, *_: said.append(event))
    assert (missing, said[-1]) == ([], "fitted")
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
    params = recipe.fields(**carried_methods.AS_PUBLISHED)
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
