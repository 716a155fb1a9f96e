"""One command for the minutes with a GPU: it runs where packages are missing, writes to its folder, outlives faults."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time

import pytest
from gpu_sessions import read, session

from benchmarks import gpu
from benchmarks.experiments import gpu as experiment
from benchmarks.gpu_measurements import (
    MEASUREMENTS,
    Measurement,
    carried_methods,
)
from benchmarks.gpu_measurements.session import ROOT, tried
from benchmarks.records import run_records
from benchmarks.running import isolated
from methods.core.budget import Clock

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
    assert faulty["seconds"] < faulty["limit_s"] + 60
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

    def too_large_for_the_host():
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 1 PiB")

    assert tried({"a": 1}, fails, Clock(0.0)) == {"a": 1, "status": "left_out", "reason": "no time was left"}
    assert tried({}, fails, Clock(60.0)) == {"status": "failed", "reason": "ValueError: out of range"}
    assert tried({}, too_large, Clock(60.0))["status"] == "out_of_memory"
    assert tried({}, too_large_for_the_host, Clock(60.0))["status"] == "out_of_memory"
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
