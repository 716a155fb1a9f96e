"""All published experiments again: what there is to do, in which order, and what is said of it."""

from __future__ import annotations

import signal

import pytest
from sample_records import hardware_record

from benchmarks import experiments, results
from benchmarks.experiments import devices
from benchmarks.experiments.result_steps import LEFT_OUT, ON_REQUEST, STEP_MINUTES, STEPS, Step
from benchmarks.records import run_records
from benchmarks.records.folders import PUBLISHED
from benchmarks.running import machine, whole_suite
from methods.core import names

# Modules that end at once with exit status 0, 1 and 2 whatever `--out` they are given.
FINE = Step(command=("this",), published="fine", minutes=3)
FAILS = Step(command=("no_such_module",), published="fails", minutes=2)
REFUSES = Step(command=("json.tool",), published="refuses", minutes=1)


def test_every_preset_is_a_step_or_left_out_with_a_reason():
    presets = {step.preset for step in (*STEPS.values(), *ON_REQUEST.values())}
    assert presets | set(LEFT_OUT) >= set(experiments.PRESETS)
    assert set(STEPS).isdisjoint(LEFT_OUT)
    assert set(ON_REQUEST) <= set(LEFT_OUT)
    sources = {experiments.load(name).source for name in experiments.EXPERIMENTS}
    folders = {source for source in sources if "*" not in source}
    assert {step.published for step in STEPS.values()} <= folders | {"hardware"}


def test_a_step_knows_its_command_line(tmp_path):
    line = STEPS["paper_short"].arguments(tmp_path, 2)
    assert line[1:] == [
        *("-m", "benchmarks.accuracy", "--preset", "paper_short", "--jobs", "2", "--out", str(tmp_path / "recipes")),
        *("--budget", "180", "--diagnostics"),
    ]
    assert ON_REQUEST["mixed_speed"].arguments(tmp_path, 2)[-2:] == ["--out", str(tmp_path)]
    assert "--jobs" not in ON_REQUEST["mixed_speed"].arguments(tmp_path, 2)
    hardware = STEPS["hardware"].arguments(tmp_path, 2)
    assert hardware[1:] == ["-m", "benchmarks.hardware", "--jobs", "2", "--out", str(tmp_path / "hardware")]


def test_the_dry_run_says_runs_minutes_and_what_is_left_out(tmp_path, capsys):
    steps = {"smoke": Step(preset="smoke", published="smoke"), "fine": FINE}
    assert results.main(["--dry-run", "--out", str(tmp_path)], steps) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:4] == ["smoke", "smoke", "2", "0"]
    assert lines[2].split() == ["fine", "fine", "–", "–", "3.0"]
    assert any(line.startswith("  full: ") for line in lines)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("default")
def test_steps_follow_one_another_and_each_says_how_to_commit_it(tmp_path, capfd):
    assert results.main(["--out", str(tmp_path)], {"fails": FAILS, "fine": FINE}) == 1
    out = capfd.readouterr().out
    assert "1 of 2: fails; in all 5 min left." in out
    assert f'git add {tmp_path / "fine"} && git commit -m "Records of fine"' in out
    assert "Some runs failed, as listed above, in fails." in out


def test_a_step_that_is_not_finished_ends_the_command(tmp_path, capfd):
    assert results.main(["--out", str(tmp_path)], {"refuses": REFUSES, "fine": FINE}) == 2
    said = capfd.readouterr()
    assert "refuses was not finished" in said.err
    assert "2 of 2" not in said.out


@pytest.mark.parametrize(
    ("how", "status"),
    [("sys.exit(3)", whole_suite.NOT_FINISHED), ("os.kill(os.getpid(), signal.SIGKILL)", 128 + signal.SIGKILL)],
)
def test_a_step_that_breaks_off_is_neither_committed_nor_followed_by_another(tmp_path, capfd, monkeypatch, how, status):
    (tmp_path / "breaks_off.py").write_text(f"import os, signal, sys\n{how}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    step = Step(command=("breaks_off",), published="breaks_off", minutes=1)
    assert results.main(["--out", str(tmp_path)], {"breaks_off": step, "fine": FINE}) == status
    said = capfd.readouterr()
    assert "breaks_off was not finished" in said.err
    assert "git add" not in said.out
    assert "2 of 2" not in said.out


def test_only_named_experiments_are_run(tmp_path, capfd):
    assert results.main(["--out", str(tmp_path), "--experiment", "fine"], {"fails": FAILS, "fine": FINE}) == 0
    assert "All runs finished." in capfd.readouterr().out
    with pytest.raises(SystemExit) as exit_:
        results.main(["--experiment", "nothing"])
    assert exit_.value.code == 2


def test_the_minutes_of_a_command_whose_file_cannot_tell_what_is_left_are_all_of_them(tmp_path):
    (tmp_path / "file.json").write_text("{damaged")
    assert results.state(Step(command=("this",), published="file.json", minutes=20), tmp_path, 2).minutes == 20


def test_what_a_step_may_take_is_flagged():
    states = {"long": results.State(10, 0, 80.0), "longer": results.State(10, 0, 300.0)}
    text = results.table({"long": FINE, "longer": FINE}, states, 2)
    assert "80.0  more than 75" in text
    assert "Left: 6 h 20 min of the clock, with 2 fits at a time, more than the 6 h 00 min that are meant." in text


@pytest.mark.slow
def test_a_small_experiment_is_run_and_then_is_finished(tmp_path, capfd):
    steps = {"smoke": Step(preset="smoke", published="smoke")}
    assert results.main(["--out", str(tmp_path), "--jobs", "1"], steps) == 0
    found, damaged = run_records.read_all(tmp_path / "smoke")
    assert [record["status"] for record in found] == ["ok", "ok"]
    assert damaged == {}
    assert "git add" in capfd.readouterr().out
    # Records of a folder that is not published are of this code, too, as a dry run takes them to be.
    assert results.state(steps["smoke"], tmp_path, 1).finished == 2


@pytest.mark.slow
def test_a_step_keeps_to_its_minutes():
    """The forecast from published records, with nothing finished."""
    minutes = {name: results.state(step, PUBLISHED / "nothing", 2).minutes for name, step in STEPS.items()}
    assert max(minutes.values()) <= STEP_MINUTES


DEFAULT = [names.parse_spec(spec)[0] for spec in devices.default_methods()]


@pytest.mark.parametrize(
    ("changes", "is_finished"),
    [
        ({}, True),
        ({"status": "unsupported", "s_per_integral": None}, True),
        ({"s_per_integral": None}, False),
        ({"status": "timeout", "s_per_integral": None}, False),
        ({"machine": "another"}, False),
        ({"version": 0}, False),
    ],
)
def test_hardware_is_finished_where_every_default_method_is_timed_here(tmp_path, changes, is_finished):
    """A record of the last method is missing, not timed, or of another version or machine."""
    for method in DEFAULT:
        differs = changes if method == DEFAULT[-1] else {}
        record = hardware_record(1e-6, **({"method": method, "machine": machine.name()} | differs))
        run_records.write(tmp_path / "hardware", record)
    assert results.state(STEPS["hardware"], tmp_path, 2).minutes == (0 if is_finished else STEPS["hardware"].minutes)


def test_hardware_is_not_finished_where_a_method_is_missing_or_its_record_damaged(tmp_path):
    paths = [
        run_records.write(tmp_path / "hardware", hardware_record(1e-6, method=method, machine=machine.name()))
        for method in DEFAULT
    ]
    paths[0].write_text("{damaged")
    assert results.state(STEPS["hardware"], tmp_path, 2).minutes == STEPS["hardware"].minutes
    paths[0].unlink()
    assert results.state(STEPS["hardware"], tmp_path, 2).minutes == STEPS["hardware"].minutes


def test_a_command_of_which_nothing_seems_to_be_left_is_started_all_the_same(tmp_path, capfd):
    states = {"fails": results.State(None, None, 0.0), "fine": results.State(None, None, 3.0)}
    assert results.carry_out({"fails": FAILS, "fine": FINE}, states, tmp_path, 2) == 1
    assert "1 of 2: fails" in capfd.readouterr().out
