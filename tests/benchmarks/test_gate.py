"""The gate of timing regressions: on asv's result files, and for real on a corner sum that takes twice as long."""

from __future__ import annotations

import json
import math
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from asv import util
from asv.benchmarks import Benchmarks
from asv.config import Config
from asv.results import Results
from asv.runner import BenchmarkResult

from benchmarks import gate

ROOT = Path(__file__).resolve().parents[2]
BASE, HEAD = "b" * 40, "a" * 40
NAN = math.nan
FAST, SLOW = [1.00, 1.01, 1.02, 1.03, 1.04, 1.05, 1.06], [2.00, 2.01, 2.02, 2.03, 2.04, 2.05, 2.06]


@pytest.fixture
def conf(tmp_path):
    """Return asv's configuration of a folder for results."""
    util.write_json(str(tmp_path / "machine" / "machine.json"), {"machine": "machine"}, api_version=1)
    return Config.from_json({"project": "p", "repo": str(tmp_path), "results_dir": str(tmp_path), "branches": ["x"]})


@pytest.fixture
def record(conf, tmp_path):
    """Return a function that writes asv's results of two commits, {name: [samples of a parameter, …]} each."""

    def record(base, head):
        known = {
            name: {
                "name": name, "version": "1", "type": "time", "unit": "seconds", "param_names": ["method"],
                "params": [[f"'{i}'" for i, _ in enumerate(samples)]],
            }
            for name, samples in (base | head).items()
        }  # fmt: skip
        Benchmarks(conf, known.values()).save()
        for commit, measured in ((BASE, base), (HEAD, head)):
            results = Results({"machine": "machine", "python": "3"}, {}, commit, 0, "3", "env", {})
            for name, samples in measured.items():
                single = [s if not isinstance(s, list) else s[0] for s in samples]
                lists = [s if isinstance(s, list) else None for s in samples]
                number = [1 if s else None for s in lists]
                outcome = BenchmarkResult(single, lists, number, 0, "", None)
                results.add_result(known[name], outcome, record_samples=True)
            results.save(str(tmp_path))

    return record


@pytest.fixture
def judge(conf, record):
    """Return a function from the samples of two commits, as `record` takes them, to the gate's verdict."""

    def judge(base, head, **options):
        record(base, head)
        return gate.verdict(conf, "machine", BASE, HEAD, **options)

    return judge


@pytest.fixture
def run_gate(conf, record, tmp_path, monkeypatch):
    """Return a function that runs the command where asv ends with a status, after it measured this, or nothing."""
    (tmp_path / "asv.conf.json").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Config, "load", lambda: conf)
    monkeypatch.setattr("asv.machine.Machine.load", lambda interactive: SimpleNamespace(machine="machine"))
    hashes = {"base": BASE, "head": HEAD}
    monkeypatch.setattr("asv.repo.get_repo", lambda conf: SimpleNamespace(get_hash_from_name=hashes.get))

    def run_gate(status, measured=None):
        def asv(command, **_):
            if "continuous" in command and measured is not None:
                record(*measured)
            return subprocess.CompletedProcess(command, status if "continuous" in command else 0)

        monkeypatch.setattr(subprocess, "run", asv)
        return gate.main(["base", "head"])

    return run_gate


def test_asv_runs_only_what_an_environment_has():
    """Whatever else a command begins with is not found, and nothing is measured."""
    conf = util.load_json(str(ROOT / "asv.conf.json"), js_comments=True)
    commands = [shlex.split(command) for command in (*conf["build_command"], *conf["install_command"])]
    assert len(commands) == 3
    for command in commands:
        assert next(part for part in command if not part.startswith("in-dir=")) == "python"


def test_equal_times_pass(judge):
    assert judge({"time_a": [FAST, SLOW]}, {"time_a": [FAST, SLOW]}) is None


def test_twice_the_time_does_not_pass(judge):
    assert "is worse than bbbbbbbb by more than 1.5 ×" in judge({"time_a": [FAST, FAST]}, {"time_a": [FAST, SLOW]})
    assert judge({"time_a": [FAST]}, {"time_a": [SLOW]}, factor=2.5) is None
    assert judge({"time_a": [SLOW]}, {"time_a": [FAST]}) is None


def test_a_difference_within_the_scatter_passes(judge):
    assert judge({"time_a": [[1.0, 1.1, 2.4, 2.5, 2.6]]}, {"time_a": [[1.0, 1.1, 2.4, 2.5, 2.6]]}) is None
    assert judge({"time_a": [[1.0, 1.1, 2.4, 2.5, 2.6]]}, {"time_a": [[0.9, 1.0, 5.0, 5.0, 5.0]]}) is None


def test_a_larger_error_does_not_pass(judge):
    """`track_…` has one number, without samples."""
    assert judge({"track_rel_err": [1e-9]}, {"track_rel_err": [1e-9]}) is None
    assert "worse" in judge({"track_rel_err": [1e-9]}, {"track_rel_err": [1e-8]})


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ({}, {}),
        ({"time_a": [NAN]}, {"time_a": [NAN]}),
        ({"time_a": [None]}, {"time_a": [FAST]}),
        ({}, {"time_a": [FAST]}),
    ],
)
def test_nothing_measured_in_both_does_not_pass(judge, base, head):
    assert "No benchmark was measured at both bbbbbbbb and aaaaaaaa" in judge(base, head)


def test_nothing_measured_of_what_was_asked_for_does_not_pass(judge):
    both = {"time_a": [FAST], "time_b": [FAST]}
    assert judge(both, both, bench=["time_b"]) is None
    assert "No benchmark" in judge(both, both, bench=["time_c"])


def test_parameters_that_were_not_asked_for_are_not_judged(judge):
    before, after = {"time_a": [FAST, FAST]}, {"time_a": [FAST, NAN]}
    assert judge(before, after, bench=["time_a.*'0'"]) is None
    assert "time_a('1') was measured" in judge(before, after, bench=["time_a"])
    assert judge(before, {"time_a": [FAST, SLOW]}, bench=["'0'"]) is None


def test_a_failure_at_the_first_commit_alone_passes(judge):
    assert judge({"time_a": [FAST], "time_b": [None]}, {"time_a": [FAST], "time_b": [FAST]}) is None


def test_results_of_an_earlier_run_do_not_pass(run_gate, capsys):
    both = {"time_a": [FAST]}, {"time_a": [FAST]}
    assert run_gate(0, both) == 0
    time.sleep(0.01)  # asv notes milliseconds
    assert run_gate(0) == 1
    assert "No benchmark was measured" in capsys.readouterr().err


def test_a_failure_at_the_first_commit_hides_no_other_end_of_asv(run_gate, capsys):
    measured = {"time_a": [FAST], "time_b": [None]}, {"time_a": [FAST], "time_b": [FAST]}
    assert run_gate(gate.SOME_FAILED, measured) == 0
    assert "1 benchmarks failed at bbbbbbbb and are not compared: time_b('0')" in capsys.readouterr().out
    assert run_gate(1, measured) == 1
    assert "asv continuous ended with exit status 1" in capsys.readouterr().err
    assert run_gate(gate.SOME_FAILED, ({"time_a": [FAST]}, {"time_a": [FAST]})) == 1


def test_a_commit_is_not_compared_with_itself(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 0))
    monkeypatch.setattr("asv.repo.get_repo", lambda conf: SimpleNamespace(get_hash_from_name=lambda name: BASE))
    assert gate.main(["main"]) == 2
    assert "are one commit" in capsys.readouterr().err


def test_a_failure_does_not_pass(judge):
    said = judge({"time_a": [FAST], "time_b": [FAST, None]}, {"time_a": [FAST], "time_b": [FAST, None]})
    assert said.startswith("1 benchmarks failed at aaaaaaaa, time_b('1') first")


@pytest.mark.parametrize("after", [{"time_a": [FAST]}, {"time_a": [FAST], "time_b": [NAN]}])
def test_what_is_measured_no_more_does_not_pass(judge, after):
    assert "time_b('0') was measured at bbbbbbbb but not at aaaaaaaa" in judge(
        {"time_a": [FAST], "time_b": [FAST]}, after
    )


# ----- for real -------------------------------------------------------------------------------------------------------


def git(folder, *arguments):
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x", "-c", "commit.gpgsign=false", *arguments],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


SUITE = """
from benchmarks.regressions.deep import SHAPES, MixedPartial

MixedPartial.params = (tuple(SHAPES)[:1],)
MixedPartial.repeat = (5, 20, 0.5)
"""
"""One shape for half a second each time, in place of all benchmarks."""

TWICE = """
_once = corner_sum


def corner_sum(network, s):
    _once(network, s)
    return _once(network, s)
"""


@pytest.fixture
def project(tmp_path):
    """Return a repository of this project with two more commits: one changes nothing, one doubles the corner sum."""
    folder = tmp_path / "project"
    for package in ("methods", "references", "benchmarks"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tests" / "helpers" / "asv_linked.py", folder)
    (folder / "suite").mkdir()
    (folder / "suite" / "__init__.py").touch()
    (folder / "suite" / "small.py").write_text(SUITE)
    conf = util.load_json(str(ROOT / "asv.conf.json"), js_comments=True)
    conf |= {"environment_type": "linked", "plugins": [".asv_linked"], "benchmark_dir": "suite"}
    (folder / "asv.conf.json").write_text(json.dumps(conf))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "as it is")
    git(folder, "tag", "base")
    git(folder, "commit", "-qm", "the same", "--allow-empty")
    git(folder, "tag", "same")
    with (folder / "methods" / "deep" / "network.py").open("a") as file:
        file.write(TWICE)
    git(folder, "commit", "-qam", "a corner sum that takes twice as long")
    return folder


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_corner_sum_that_takes_twice_as_long_is_caught(project, tmp_path):
    def run(*arguments, module="benchmarks.gate"):
        home = tmp_path / "home"  # asv keeps its description of the machine there
        home.mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, "-m", module, *arguments], cwd=project, text=True, capture_output=True,
            env={**os.environ, "PYTHONPATH": str(project), "HOME": str(home), "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    slower = run("base", "main", "--bench", "time_corner_sum")
    assert slower.returncode == 1, slower.stdout + slower.stderr
    assert "is worse than" in slower.stderr
    same = run("base", "same", "--bench", "time_corner_sum")
    assert same.returncode == 0, same.stdout + same.stderr
    assert "passes against" in same.stdout
    nothing = run("base", "same", "--bench", "no_such_benchmark")
    assert nothing.returncode == 1
    assert "No benchmark was measured" in nothing.stderr
    published = run("publish", module="asv")
    assert published.returncode == 0, published.stdout + published.stderr
    assert (project / ".asv" / "html" / "index.html").exists()
