"""What methods, disks and other suites may do to a suite: one run ends, and says why; every other is as it was."""

from __future__ import annotations

import contextvars
import subprocess
import sys
import time
from pathlib import Path

import pytest
from isolated_processes import alive
from machine_locks import is_shared

import references
from benchmarks import accuracy
from benchmarks.accuracy import main
from benchmarks.records import run_records
from benchmarks.running import device_rates, isolated, machine_lock, suite, whole_suite
from benchmarks.running.run import first_stage
from benchmarks.running.task import Task

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def briefly_timed(monkeypatch):
    """Time no longer than three calls per batch: nobody looks at the figures here."""
    monkeypatch.setattr(accuracy, "TIMED_S", 0.0)
    monkeypatch.setattr(device_rates, "TIMED_S", 0.0)
    monkeypatch.setattr(device_rates, "SIZES", {"cpu": device_rates.Size(32, 4096)})


@pytest.fixture
def run(tmp_path, capsys):
    """Run methods of `broken_methods`; return exit status, records by method, and standard error."""

    def run(*names, options=()):
        methods = [part for name in names for part in ("--method", f"broken_methods:{name}")]
        arguments = ["--integral", "my_integrals:closed", "--budget", "2", "--out", str(tmp_path), *options]
        status = main([*arguments, *methods])
        found, damaged = run_records.read_all(tmp_path)
        assert not damaged
        return status, {record["method"]: record for record in found}, capsys.readouterr().err

    return run


def test_what_a_method_reports_is_not_executed(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, found, _ = run("Infiltrates", "Exact")
    assert status == 0
    assert found["infiltrates"]["details"] == {"text": "harmless"}
    assert not (tmp_path / "executed").exists()


@pytest.mark.slow
def test_a_daemon_of_a_run_ends_with_it_and_keeps_nobody_waiting(run, tmp_path):
    status, found, _ = run(f"Daemonises,pid_file={tmp_path / 'pid'}", "Exact")
    assert status == 0
    assert {record["status"] for record in found.values()} == {"ok"}
    assert not alive(int((tmp_path / "pid").read_text()))
    assert not is_shared()


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from benchmarks import accuracy
sys.exit(accuracy.main(sys.argv[1:]))
"""
"""The command line where no file may become larger than so many bytes: writing fails as on a full disk."""


@pytest.mark.slow
def test_a_full_disk_ends_the_suite_with_a_sentence_and_no_half_files(tmp_path):
    arguments = ["--integral", "bubble", "--method", "gauss_legendre", "--budget", "1", "--points", "20"]
    command = [sys.executable, "-c", LIMITED, "1000", *arguments, "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == whole_suite.NOT_FINISHED
    assert "Traceback" not in done.stdout + done.stderr
    assert "Finished runs are kept" in done.stderr
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(path.stat().st_size for path in left)
    assert not [path for path in left if "partial" in path.name]


def test_a_folder_that_cannot_be_made_is_no_failure_of_the_method(tmp_path):
    (tmp_path / "fitted").write_text("in the way")
    integral = "my_integrals:closed"
    truth = references.truth_of(references.integral(integral))
    raw, model = tmp_path / "raw", tmp_path / "fitted" / "model"
    task = Task(integral, "broken_methods:Exact", {}, 2.0, truth, raw, model, (1,), 0.0)
    with pytest.raises(isolated.Infrastructure, match="fitted could not be made"):
        contextvars.copy_context().run(next, first_stage(task))


def test_what_the_harness_cannot_write_is_no_failure_of_the_method(run, tmp_path):
    (tmp_path / "raw").write_text("in the way")
    status, found, err = run("Exact")
    assert status == 1
    assert found["exact"]["status"] == "infrastructure"
    assert "values could not be written" in found["exact"]["reason"]
    assert "infrastructure" in err
    (tmp_path / "raw").unlink()
    status, found, _ = run("Exact")
    assert (status, found["exact"]["status"]) == (0, "ok")


def test_infrastructure_is_tried_again(run, monkeypatch):
    tries = []

    class SecondTime(isolated.Process):
        def outcome(self, *arguments):
            tries.append(self)
            return isolated.Outcome("infrastructure", "it died") if len(tries) == 1 else super().outcome(*arguments)

    monkeypatch.setattr(suite, "Process", SecondTime)
    status, found, _ = run("Exact")
    assert (status, found["exact"]["status"]) == (0, "ok")
    assert len(tries) == 2


@pytest.mark.parametrize(("n_lost", "n_tries", "status"), [(1, 2, "ok"), (99, suite.ATTEMPTS, "infrastructure")])
def test_a_timing_that_the_infrastructure_ended_is_tried_again(run, monkeypatch, n_lost, n_tries, status):
    tries, call = [], isolated.call

    def at_first_lost(function, *arguments, **options):
        if function.__name__ == "timed_from_file":
            tries.append(function)
            if len(tries) <= n_lost:
                return isolated.Outcome("infrastructure", "it died")
        return call(function, *arguments, **options)

    monkeypatch.setattr(isolated, "call", at_first_lost)
    _, found, _ = run("Exact")
    assert (found["exact"]["status"], len(tries)) == (status, n_tries)
    assert (found["exact"]["s_per_integral"] is not None) == (status == "ok")


def test_points_changed_in_place_are_noticed(run):
    status, found, _ = run("InPlace", "Exact")
    assert status == 1
    assert "integrate changed the points" in found["in_place"]["reason"]
    assert found["exact"]["digits_mean"] > 15


def test_a_tensor_is_called_a_tensor(run):
    _, found, _ = run("Tensor")
    assert "integrate returned value as Tensor; a NumPy array" in found["tensor"]["reason"]
    assert "Tensor" in found["tensor"]["traceback"]


def test_reports_of_the_wrong_kind_end_their_own_run(run):
    status, found, _ = run("TextForSeconds", "Exact")
    assert status == 1
    assert "Key setup_s of a record must hold an object of numbers" in found["text_for_seconds"]["reason"]
    assert found["exact"]["status"] == "ok"


def test_huge_reports_and_reasons_are_capped(run, tmp_path):
    _, found, _ = run("HugeDetails", "HugeReason", "Talks")
    assert found["huge_details"]["details"] == {"left_out": "details of 50,000,015 characters; 262,144 fit"}
    assert len(found["huge_reason"]["reason"]) <= 2_000
    assert len(found["talks"]["reason"]) <= 2_000
    assert "and the last words" in found["talks"]["reason"] + found["talks"]["traceback"]
    assert all(path.stat().st_size < 200_000 for path in (tmp_path / "runs").iterdir())


@pytest.mark.parametrize("name", ["Unsavable", "Forgets"])
def test_what_cannot_be_saved_is_timed_in_its_fit_s_process(run, name):
    status, found, _ = run(name, "Exact", options=["--jobs", "2"])
    record = found[name.lower()]
    assert (status, record["status"], record["timed_from"], record["model_bytes"]) == (0, "ok", "fit", None)
    assert all("median" in timing for timing in record["s_per_integral"].values())
    assert found["exact"]["timed_from"] == "file"


@pytest.mark.slow
def test_a_second_suite_in_the_folder_is_refused(run, tmp_path, capsys):
    with machine_lock.folder(tmp_path):
        arguments = ["--integral", "my_integrals:closed", "--method", "broken_methods:Exact", "--out", str(tmp_path)]
        assert main(arguments) == 2
    assert "Another suite" in capsys.readouterr().err
    assert run("Exact")[0] == 0


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1.0, 2.5])
def test_an_interrupted_suite_goes_on(tmp_path, seconds):
    """What was fitted is not fitted again, and what was timed is not timed again."""
    arguments = ["--integral", "bubble", "--budget", "2", "--out", str(tmp_path), "--jobs", "1"]
    arguments += ["--method", "gauss_legendre", "--method", "chebyshev", "--method", "lattice_qmc"]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.accuracy", *arguments], cwd=ROOT)
    while not list(tmp_path.glob("runs/*.json")) and process.poll() is None:
        time.sleep(0.05)
    time.sleep(seconds)
    process.kill()
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*.json")}
    kept = {path: run_records.read(path) for path in before}
    complete = [path for path, record in kept.items() if record["s_per_integral"] is not None]
    assert main(arguments) == 0
    found, damaged = run_records.read_all(tmp_path)
    assert not damaged
    assert len(found) == 3
    assert all(record["status"] == "ok" and record["s_per_integral"] for record in found)
    assert all(run_records.read(path)["fit_s"] == record["fit_s"] for path, record in kept.items())
    assert all(path.stat().st_mtime_ns == before[path] for path in complete)
    assert not (tmp_path / "fitted").exists()


def test_fewer_points_on_request_are_another_run(run):
    _, found, _ = run("Exact", options=["--points", "50"])
    assert (found["exact"]["points"], found["exact"]["n_points"]) == (50, 50)
    assert sum(part["n_points"] for part in found["exact"]["by_edge"].values()) == 60  # 200 others of 1,000
    status, _, err = run("Exact", options=["--points", "5000"])
    assert status == 2
    assert "the 1000 uniform points of the truth" in err


@pytest.mark.parametrize("n", [1, 10, 2000])
def test_limited_truths_keep_their_shares(n):
    from benchmarks.running import plan

    truth = references.truth("box1l")
    few = plan.limited(truth, n)
    assert few.uniform.sum() == n
    assert (~few.uniform).sum() == -(-400 * n // 2000)
    assert {tuple(s) for s in few.s} <= {tuple(s) for s in truth.s}


def test_a_stranger_s_edited_method_is_run_again(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "a_helper.py").write_text("FACTOR = 1.001\n")
    (tmp_path / "a_stranger.py").write_text(
        "import a_helper\nfrom broken_methods import Exact\n\n\nclass Mine(Exact):\n    name = 'mine'\n\n"
        "    def integrate(self, s):\n        value, error, n = super().integrate(s)\n"
        "        return type(super().integrate(s))(a_helper.FACTOR * value, error, n)\n"
    )
    out = tmp_path / "out"
    arguments = ["--integral", "my_integrals:closed", "--method", "a_stranger:Mine", "--budget", "2", "--out", str(out)]
    digits = []
    for factor in ("1.001", "1.001", "1.1"):
        (tmp_path / "a_helper.py").write_text(f"FACTOR = {factor}\n")
        assert main(arguments) == 0
        (record,), _ = run_records.read_all(out)
        digits.append((capsys.readouterr().err.count(": reused"), round(record["digits_mean"])))
    assert digits == [(0, 3), (1, 3), (0, 1)]


def test_threads_are_limited_in_every_library():
    outcome = isolated.call(_threads_after_limiting, time_limit=60)
    assert outcome.status == "ok"
    assert set(outcome.result) == {1}


def _threads_after_limiting() -> list[int]:
    import numpy as np
    import threadpoolctl
    import torch

    from benchmarks.running import stopwatch

    stopwatch.limit_threads(1)
    np.ones((500, 500)) @ np.ones((500, 500))
    return [torch.get_num_threads(), *(pool["num_threads"] for pool in threadpoolctl.threadpool_info())]
