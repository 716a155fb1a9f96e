"""What compares ways to a mixed derivative: they agree, are measured, and end in a table that follows from the file."""

from __future__ import annotations

import json

import psutil
import pytest
import torch
from machine_locks import is_shared
from sample_records import STEPS, step

from benchmarks import mixed_speed
from benchmarks.experiments import deep_speed
from benchmarks.regressions import deep, deep_contenders, deep_timing
from benchmarks.regressions.deep_contenders import Shape
from benchmarks.running import isolated

DERIVATIVES = ("this", "recursion", "nested_grad", "nested_func_grad", "partitions")


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("depth", [1, 3])
def test_contenders_agree(k, depth):
    network, s, x = deep_contenders.given(Shape(k, depth, 5, 7))
    network, s, x = network.double(), s.double(), x.double()
    values = [getattr(deep_contenders, name)(network, s, x) for name in DERIVATIVES]
    for value in values[1:]:
        torch.testing.assert_close(value, values[0], rtol=1e-10, atol=1e-13)


@pytest.mark.filterwarnings("ignore:.torch.jit.script.:DeprecationWarning")
def test_nested_jvp_agrees():
    network, s, x = deep_contenders.given(Shape(2, 2, 5, 7))
    torch.testing.assert_close(deep_contenders.nested_jvp(network, s, x), deep_contenders.this(network, s, x))


def test_the_tables():
    steps, corners, beside = deep_speed.tables(STEPS)
    step_cells = ["3", "4 × 100", "1024", "20.0", "1.50 × (8)", "2.50 × (8, 31 s)", "timeout"]
    assert [list(row.values()) for row, _ in steps.rows] == [step_cells]
    assert [list(row.values()) for row, _ in corners.rows] == [["3", "4 × 100", "11.72", "1.20 ×"]]
    shape = {"k": "3", "layers × width": "4 × 100", "batch": "1024", "busy": "1"}
    of_step = {
        "this": "60 (2.0 ×)",
        "compiled recursion": "timeout",
        "nested grad": "timeout",
        "products": "1,700 (85.0 ×)",
    }
    assert [row for row, _ in beside.rows] == [
        shape | of_step | {"corner sum": ""},
        shape | dict.fromkeys(of_step, "") | {"corner sum": "18 (1.5 ×)"},
    ]
    for table in (steps, corners, beside):
        assert "by 2 threads on A, 2026-01-02." in table.explanation
    assert deep_speed.tables({}) == []


def cells(results):
    """Return the rows of each table of such results, by its title."""
    return {table.title: [row for row, _ in table.rows] for table in deep_speed.tables(STEPS | {"results": results})}


def test_an_interrupted_first_round_has_tables():
    found = [step("this", 0.03), step("products", 0.02), step("this", 0.06, batch=4096)]
    shown = cells([*found, step("corner sum", 0.012, "corners")])
    both, one = shown["Mixed derivative: one training step"]
    assert (both["products ms"], both["this"]) == ("20.0", "1.50 × (8)")
    assert (one["products ms"], one["this"]) == ("not run", "– (8)")
    assert [list(row.values())[2:] for row in shown["Corner sum"]] == [["11.72", "–"]]
    (lacking,) = cells([step("products and tanh", 0.01, "corners")])["Corner sum"]
    assert list(lacking.values())[2:] == ["not run", "–"]


def test_rows_of_an_interrupted_measurement_have_the_same_columns():
    found = [step("this", 0.03), step("products", 0.02), step("products", 0.02, batch=4096)]
    whole, lacking = cells(found)["Mixed derivative: one training step"]
    assert list(whole) == list(lacking)
    assert lacking["this"] == "not run"


def test_products_that_took_too_long_have_their_status():
    slow = {"status": "timeout"}
    found = [step("this", 0.03), step("products", None, **slow), step("corner sum", 0.012, "corners")]
    shown = cells([*found, step("products and tanh", None, "corners", **slow)])
    (row,) = shown["Mixed derivative: one training step"]
    assert (row["products ms"], row["this"]) == ("timeout", "– (8)")
    assert [list(row.values())[2:] for row in shown["Corner sum"]] == [["11.72", "–"]]


def test_times_beside_a_busy_process_need_none_alone():
    (row,) = cells([step("this", 0.06, busy=1)])["Beside busy processes"]
    assert row["this"] == "60 (alone: not run)"
    alone = step("this", None, status="timeout")
    (row,) = cells([alone, step("this", 0.06, busy=1)])["Beside busy processes"]
    assert row["this"] == "60 (alone: timeout)"


ONCE = ["--rounds", "1", "--threads", "1", "--shape", "2,2,4,8"]


@pytest.fixture
def quick(monkeypatch):
    """Measure one step of each contender, and none that is compiled for half a minute."""
    monkeypatch.setattr(mixed_speed, "SECONDS", 0.0)
    for name in deep_contenders.COMPILED:
        monkeypatch.delitem(deep_contenders.STEPS, name)


def test_a_run_writes_the_file(tmp_path, quick):
    assert mixed_speed.main(["--out", str(tmp_path), "--busy", "1,0", *ONCE]) == 0
    measured = json.loads((tmp_path / deep_speed.FILE).read_text())
    assert {result["status"] for result in measured["results"]} == {"ok"}
    assert all(result["s"] > 0 for result in measured["results"])
    assert [result["busy"] for result in measured["results"][:2]] == [0, 1]
    *_, beside = tables = deep_speed.tables(measured)
    assert all(table.rows for table in tables)
    assert beside.title == "Beside busy processes"


def test_a_run_goes_on_with_what_the_file_lacks(tmp_path, quick, capsys):
    path = tmp_path / deep_speed.FILE
    mixed_speed.main(["--out", str(tmp_path), *ONCE])
    measured = json.loads(path.read_text())
    measured["results"] = [result for result in measured["results"] if result["contender"] != "this"]
    path.write_text(json.dumps(measured))
    capsys.readouterr()
    mixed_speed.main(["--out", str(tmp_path), *ONCE])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("step this (2, 2, 4, 8) beside 0: ")
    kept = {(r["kind"], r["contender"], r["batch"]): r["s"] for r in json.loads(path.read_text())["results"]}
    assert all(kept[r["kind"], r["contender"], r["batch"]] == r["s"] for r in measured["results"])


def test_a_measurement_is_alone_on_the_machine(tmp_path, monkeypatch):
    class Process:
        """Sees whether the machine is taken, in place of a measurement."""

        def __init__(self, *arguments, **limits):
            self._seen = is_shared()

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def outcome(self):
            return isolated.Outcome("ok", result={"s": 1.0, "first_s": float(self._seen), "peak_mem_mb": 0.0})

    monkeypatch.setenv("LOOPMARK_LOCKS", str(tmp_path))
    monkeypatch.setattr(isolated, "Process", Process)
    monkeypatch.setattr(mixed_speed, "STEPS", {"this": None})
    monkeypatch.setattr(mixed_speed, "CORNERS", {})
    assert mixed_speed.main(["--out", str(tmp_path), *ONCE]) == 0
    (result,) = json.loads((tmp_path / deep_speed.FILE).read_text())["results"]
    assert result["first_s"] == 1.0
    assert not is_shared()


def test_a_file_of_another_machine_is_not_added_to(tmp_path, quick, capsys):
    path = tmp_path / deep_speed.FILE
    mixed_speed.main(["--out", str(tmp_path), *ONCE])
    measured = json.loads(path.read_text())
    path.write_text(json.dumps(measured | {"machine": "another"}))
    capsys.readouterr()
    mixed_speed.main(["--out", str(tmp_path), *ONCE])
    assert len(capsys.readouterr().err.splitlines()) == len(measured["results"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize("name", deep_contenders.COMPILED)
def test_compiled_contenders_have_the_gradients_of_the_others(name, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    gradients = []
    for contender in (name, "this"):
        given = deep_contenders.given(Shape(2, 2, 5, 7))
        with monkeypatch.context() as patch:
            patch.setattr(deep_contenders, "given", lambda shape, device, given=given: given)
            deep_contenders.STEPS[contender](Shape(2, 2, 5, 7))()
        gradients.append([weight.grad for weight in given[0].parameters() if weight.grad is not None])
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_busy_processes_are_there_for_as_long_as_they_are_asked_for(tmp_path, monkeypatch):
    children = psutil.Process().children
    counts, before = [], len(children())
    for variable in ("TORCHINDUCTOR_CACHE_DIR", "TORCHINDUCTOR_COMPILE_THREADS"):
        monkeypatch.setenv(variable, "set by what is timed")
    monkeypatch.setitem(deep_contenders.CORNERS, "count", lambda shape: lambda: counts.append(len(children()) - before))
    results = list(deep_timing.timings("corners", "count", (2, 2, 4, 8), 1, (0, 2), 0.0, str(tmp_path)))
    assert counts == [0, 0, 2]
    assert all(result["s"] >= 0 for result in results)
    assert len(children()) == before


@pytest.mark.parametrize(
    "arguments",
    [["--shape", "2,2"], ["--shape", "0,1,1,1"], ["--rounds", "0"], ["--busy", "-1"], ["--busy", "x"], ["--nothing"]],
)
def test_wrong_arguments(arguments, tmp_path):
    with pytest.raises(SystemExit) as exit_:
        mixed_speed.main([*arguments, "--out", str(tmp_path)])
    assert exit_.value.code == 2


def test_asv_class_runs(monkeypatch):
    monkeypatch.setattr(deep, "SHAPES", {"small": Shape(2, 2, 4, 8)})
    benchmark = deep.MixedPartial()
    benchmark.setup("small")
    benchmark.time_step("small")
    benchmark.time_corner_sum("small")
