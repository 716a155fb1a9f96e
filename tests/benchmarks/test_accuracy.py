"""The harness from the outside: what the command line does with good, bad and hostile input."""

from __future__ import annotations

import json
import math
import os
import re
import time
from pathlib import Path

import pytest
from isolated_processes import alive, ends

from benchmarks.accuracy import main
from benchmarks.records import folders, run_records
from benchmarks.running import device_rates, machine, suite, whole_suite

ROOT = Path(__file__).resolve().parents[2]

START_LIMIT_S, END_LIMIT_S = 60.0, 15.0
"""For the start of a run, with all imports, and for its end after its suite was killed."""


@pytest.fixture
def run(tmp_path, capsys):
    """Run the command line on a closed-form integral; return exit status, standard output and standard error."""

    def run(*arguments, integral="my_integrals:closed", out=tmp_path, budget="2"):
        options = ["--integral", integral, "--budget", budget, "--out", str(out)]
        status = main([*options, *(part for method in arguments for part in ("--method", method))])
        return status, *capsys.readouterr()

    return run


@pytest.fixture(autouse=True)
def briefly_timed(brief_presets, monkeypatch):
    """Time no longer than three calls per batch: nobody looks at the figures here."""
    monkeypatch.setattr(device_rates, "TIMED_S", 0.0)
    monkeypatch.setattr(device_rates, "SIZES", {"cpu": device_rates.Size(32, 4096)})


def all_records(folder: Path) -> dict[str, dict]:
    found, damaged = run_records.read_all(folder)
    assert not damaged
    return {record["method"]: record for record in found}


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    said = capsys.readouterr().out
    assert "--method my_file:MyMethod,n_samples=1000" in said
    assert "FILE.json:SECTOR" in said


@pytest.mark.parametrize(
    ("integral", "method", "message"),
    [
        (
            "my_integrals:closed",
            "gauss_legendr",
            "There is no method 'gauss_legendr'; known: bayesian_mlp, boosted",
        ),
        ("my_integrals:closed", "gauss_legendre,ordr=3", "There is no field of gauss_legendre 'ordr'"),
        ("my_integrals:closed", "gauss_legendre,order", "'order' in 'gauss_legendre,order' is not of the form"),
        ("my_integrals:closed", "gauss_legendre,epsrel=tiny", "gauss_legendre.epsrel takes a number such as 1e-08"),
        ("my_integrals:closed", "no_such_file:Method", "names the module 'no_such_file', which is not found"),
        ("my_integrals:closed", "broken_methods:Nothing", "There is no attribute of broken_methods 'Nothing'"),
        ("my_integrals:closed", "integrals:product", "is not a method"),
        ("box3l", "gauss_legendre", "There is no integral 'box3l'; known: box1l, "),
        ("my_integrals:nothing", "gauss_legendre", "There is no attribute of my_integrals 'nothing'"),
        ("my_integrals:rough", "gauss_legendre", "rough"),
    ],
)
def test_what_does_not_exist_is_said_in_one_sentence(run, integral, method, message):
    status, out, err = run(method, integral=integral)
    assert status == 2
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1
    assert "Traceback" not in out + err


@pytest.mark.parametrize(
    "option",
    [
        ["--budget", "-1"], ["--budget", "nan"], ["--budget", "1e308"], ["--repeats", "0"], ["--preset", "huge"],
        ["--device", "gpu"],
    ],
)  # fmt: skip
def test_wrong_arguments_exit_with_2(option, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(option)
    assert exit_.value.code == 2


def test_an_unwritable_folder_is_an_error(run, tmp_path):
    parent = tmp_path / "file"
    parent.write_text("in the way")
    status, _, err = run("gauss_legendre", out=parent / "reports")
    assert status == 2
    assert "Nothing can be written to --out" in err


def test_tables_that_cannot_be_written_are_no_failure_of_a_run(run, tmp_path):
    (tmp_path / "tables.md").mkdir()
    status, _, err = run("broken_methods:Exact")
    assert status == whole_suite.NOT_FINISHED
    assert "The tables could not be written" in err
    assert all_records(tmp_path)["exact"]["status"] == "ok"


def test_a_run_leaves_a_complete_record(run, tmp_path):
    status, out, _ = run("broken_methods:Exact,factor=1.0005")
    assert status == 0
    record = all_records(tmp_path)["exact"]
    assert tuple(record) == run_records.KEYS
    assert record["status"] == "ok"
    assert record["digits_mean"] == pytest.approx(-math.log10(5e-4), abs=1e-6)
    assert record["digits_std"] == pytest.approx(0.0, abs=1e-6)
    assert record["frac_within_1pct"] == record["frac_within_0p1pct"] == 1.0
    assert record["coverage_1sigma"] is None
    assert record["params"] == {"factor": 1.0005}
    assert set(record["by_cornerness"]) == {"0", "1", "2"}
    assert sum(c["n_points"] for c in record["by_cornerness"].values()) > record["n_points"]
    assert record["s_per_integral"]["1"]["p10"] <= record["s_per_integral"]["1"]["p90"]
    assert (record["threads"], record["timed_from"], record["fields"]) == (1, "file", {"factor": 1.0005})
    assert record["machine"] == record["fit_machine"] == machine.name()
    assert record["rates"]["float64"]["gflop_per_s"] > 0
    assert re.search(r"exact.* 3\.3 +0\.0 ", out)
    assert all(len(line) <= 120 or "/" in line for line in out.splitlines())  # folders may be long
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "raw", "tables.md", "tables.csv"}
    assert len(list((tmp_path / "raw").glob("*.npz"))) == 1


def test_finished_runs_are_reused_whatever_their_order_and_force_runs_again(run, tmp_path):
    run("broken_methods:Exact", "gauss_legendre")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    _, _, err = run("gauss_legendre", "broken_methods:Exact")
    assert err.count("reused") == 2
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()} == before
    main(
        [
            "--integral",
            "my_integrals:closed",
            "--budget",
            "2",
            "--out",
            str(tmp_path),
            "--method",
            "gauss_legendre",
            "--force",
        ]
    )
    changed = [path.name for path, mtime in before.items() if path.stat().st_mtime_ns != mtime]
    assert len(changed) == 1
    assert "gauss_legendre" in changed[0]


@pytest.mark.parametrize("change", ["--seed 5", "--budget 3"])
def test_another_identity_is_another_run(run, tmp_path, change):
    fields = "neural_primitive,width=4,n_updates=2"
    run(fields)
    main(
        [
            "--integral",
            "my_integrals:closed",
            "--budget",
            "2",
            "--out",
            str(tmp_path),
            "--method",
            fields,
            *change.split(),
        ]
    )
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_lines_of_progress_tell_settings_of_a_method_apart(run):
    _, _, err = run("broken_methods:Exact", "broken_methods:Exact,factor=2.0", "broken_methods:Raises,factor=3.0")
    assert " × exact: fitted" in err
    assert " × exact,factor=2.0: fitted" in err
    assert " × raises,factor=3.0: failed" in err  # when it ends
    assert " × raises,factor=3.0: RuntimeError" in err  # in the list of what failed


def test_repeats_have_seeds_and_numbers_of_their_own(tmp_path, capsys):
    fields = "neural_primitive,width=4,n_updates=2"
    base = ["--integral", "my_integrals:closed", "--budget", "2", "--out", str(tmp_path), "--method", fields]
    main([*base, "--repeats", "2"])
    assert "× neural_primitive,width=4,n_updates=2 #1: fitted" in capsys.readouterr().err
    found, _ = run_records.read_all(tmp_path)
    assert sorted((r["repeat"], r["seed"]) for r in found) == [(0, 0), (1, 1)]
    assert found[0]["digits_mean"] != found[1]["digits_mean"]
    assert found[0]["params"] == found[1]["params"]


def test_every_kind_of_failure_is_a_row_and_harms_no_other_run(run, tmp_path, monkeypatch):
    monkeypatch.setattr(suite, "GRACE_S", 12.0)
    pid_file = tmp_path / "child"
    status, out, err = run(
        "broken_methods:Raises",
        "broken_methods:WrongShape",
        "broken_methods:ReturnsNaN",
        "broken_methods:Aborts",
        f"broken_methods:Sleeps,pid_file={pid_file}",
        "broken_methods:RunsOutOfMemory",
        "broken_methods:Exact",
    )
    assert status == 1
    found = all_records(tmp_path)
    assert {name: record["status"] for name, record in found.items()} == {
        "raises": "failed",
        "wrong_shape": "failed",
        "returns_nan": "failed",
        "aborts": "crashed",
        "sleeps": "timeout",
        "runs_out_of_memory": "out_of_memory",
        "exact": "ok",
    }
    reasons = {name: record["reason"] for name, record in found.items()}
    assert "the training diverged" in reasons["raises"]
    assert "value of shape" in reasons["wrong_shape"]
    assert "nan at 1 of" in reasons["returns_nan"]
    assert "SIGABRT" in reasons["aborts"]
    assert "std::domain_error" in reasons["aborts"]
    assert "time limit of 16 s" in reasons["sleeps"]
    assert "6 of 7 runs did not finish" in err
    for name in reasons:
        assert name in out
    assert not alive(int(pid_file.read_text()))


def test_failed_runs_are_tried_again(run, tmp_path):
    run("broken_methods:Raises")
    _, _, err = run("broken_methods:Raises")
    assert "reused" not in err


def test_a_truncated_record_is_run_again(run, tmp_path):
    run("gauss_legendre")
    (path,) = (tmp_path / "runs").iterdir()
    path.write_text(path.read_text()[:500])
    status, _, err = run("gauss_legendre")
    assert status == 0
    assert "reused" not in err
    assert json.loads(path.read_text())["status"] == "ok"


def test_a_foreign_file_among_the_records_is_named_and_left_out(run, tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "broken.json").write_text("{")
    status, _, err = run("gauss_legendre")
    assert status == 0
    assert "broken.json is left out: Expecting" in err


def test_what_a_method_reports_ends_its_own_run_only(run, tmp_path):
    status, _, _ = run("broken_methods:OddDetails", "broken_methods:Exact")
    assert status == 1
    found = all_records(tmp_path)
    assert {name: record["status"] for name, record in found.items()} == {"odd_details": "failed", "exact": "ok"}
    assert "not JSON serializable" in found["odd_details"]["reason"]


def test_zeros_of_the_integral_do_no_harm(run, tmp_path):
    status, _, _ = run("gauss_legendre", "chebyshev", integral="my_integrals:with_zeros")
    assert status == 0
    assert all(record["status"] == "ok" for record in all_records(tmp_path).values())


def test_seeds_and_repeats_contradict(tmp_path):
    arguments = ["--integral", "my_integrals:closed", "--out", str(tmp_path), "--repeats", "2"]
    assert main([*arguments, "--method", "neural_primitive,seed=1"]) == 2


def test_unsupported_is_a_row_and_no_failure(run, tmp_path):
    status, out, _ = run("pysecdec_qmc", integral="my_integrals:no_symbols")
    assert status == 0
    assert all_records(tmp_path)["pysecdec_qmc"]["status"] == "unsupported"
    assert "unsupported:" in out


def test_evaluations_are_counted_by_the_harness(run, tmp_path):
    run("gauss_legendre,order=5,a=1.0")
    record = all_records(tmp_path)["gauss_legendre"]
    assert record["n_eval_per_integral"] == 5**2 + 3**2  # the rule, and that of half its order
    assert record["n_eval_source"] == "counted"


def test_labels_are_metered(run, tmp_path):
    run("chebyshev")
    record = all_records(tmp_path)["chebyshev"]
    assert 0 < record["label_s"] <= record["fit_s"]
    assert record["n_eval_fit"] > 1000
    assert record["n_eval_per_integral"] == 0


def test_sums_over_nodes_that_move_are_counted(run, tmp_path):
    run("learned_contour,order=6")
    record = all_records(tmp_path)["learned_contour"]
    assert record["n_eval_source"] == "counted"
    assert record["n_eval_per_integral"] >= 6**2
    assert record["n_eval_fit"] > 1e5  # of the map's fit, and of trials of orders


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_any_number_of_jobs_gives_all_timings(tmp_path, jobs):
    methods = [f"broken_methods:Sleepy,factor={factor}" for factor in (1.0, 1.1)]
    arguments = ["--integral", "my_integrals:closed", "--budget", "2", "--out", str(tmp_path), "--jobs", jobs]
    assert main([*arguments, *(part for method in methods for part in ("--method", method))]) == 0
    found, _ = run_records.read_all(tmp_path)
    assert len(found) == 2
    assert all("median" in timing for record in found for timing in record["s_per_integral"].values())


def test_the_smoke_preset_runs(tmp_path):
    assert main(["--preset", "smoke", "--out", str(tmp_path)]) == 0
    assert all(record["digits_mean"] > 9 for record in all_records(tmp_path).values())


def test_the_dry_run_needs_no_published_records(tmp_path, capsys, monkeypatch):
    """An installed package has none."""
    monkeypatch.setattr(folders, "PUBLISHED", tmp_path / "reports" / "published")
    assert main(["--preset", "smoke", "--dry-run", "--out", str(tmp_path)]) == 0
    assert "box1l" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "finished"),
    [((), "1"), (("--repeats", "2"), "1"), (("--diagnostics",), "0"), (("--seed", "5"), "0"), (("--force",), "0")],
)
def test_the_dry_run_counts_what_the_suite_would_reuse(run, tmp_path, capsys, options, finished):
    run("broken_methods:Exact,factor=2.0")
    arguments = ["--integral", "my_integrals:closed", "--method", "broken_methods:Exact,factor=2.0", "--budget", "2"]
    assert main([*arguments, "--out", str(tmp_path), *options, "--dry-run"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("all ")]
    assert line.split()[1:4] == ["2" if "--repeats" in options else "1", finished, "0"]


@pytest.mark.slow
def test_a_run_dies_with_its_suite(tmp_path):
    """Killing the suite at any moment leaves no process behind. It waits for no other suite of this machine."""
    import subprocess
    import sys

    locks = tmp_path / "locks"
    locks.mkdir()
    errors = tmp_path / "stderr"
    pid_file = tmp_path / "child"
    arguments = ["--integral", "my_integrals:closed", "--budget", "60", "--out", str(tmp_path)]
    method = f"broken_methods:Sleeps,pid_file={pid_file}"
    path = os.pathsep.join([str(ROOT / "tests" / "helpers"), str(ROOT)])
    with errors.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.accuracy", *arguments, "--method", method],
            env=os.environ | {"PYTHONPATH": path, "LOOPMARK_LOCKS": str(locks)},
            stdout=subprocess.DEVNULL,
            stderr=file,
        )
    deadline = time.monotonic() + START_LIMIT_S
    while not (pid_file.exists() and pid_file.read_text()):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"The run did not begin; the suite said: {errors.read_text()}")
        time.sleep(0.1)
    run_pid = int(Path(f"/proc/{pid_file.read_text()}/stat").read_text().split()[3])
    process.kill()
    process.wait()
    assert ends(run_pid, END_LIMIT_S), errors.read_text()
    # Its supervisor ends it, which may take a moment longer.
    assert ends(int(pid_file.read_text()), END_LIMIT_S), errors.read_text()
