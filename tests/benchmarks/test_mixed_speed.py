"""What compares ways to a mixed derivative: they agree, are measured, and end in a table that follows from the file."""

from __future__ import annotations

import json

import pytest
import torch
from sample_records import STEPS

from benchmarks import mixed_speed
from benchmarks.experiments import deep_speed
from benchmarks.regressions import deep, deep_contenders
from benchmarks.regressions.deep_contenders import Shape

DERIVATIVES = ("this", "recursion", "nested_grad", "partitions")


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
    steps, corners = deep_speed.tables(STEPS)
    assert [list(row.values()) for row, _ in steps.rows] == [["3", "4 × 100", "1024", "20.0", "1.50 × (8)", "timeout"]]
    assert [list(row.values()) for row, _ in corners.rows] == [["3", "4 × 100", "11.72", "1.20 ×"]]
    for table in (steps, corners):
        assert "by 2 threads on A, 2026-01-02." in table.explanation
    assert deep_speed.tables({}) == []


def test_a_run_writes_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(mixed_speed, "SECONDS", 0.0)
    arguments = ["--out", str(tmp_path), "--rounds", "1", "--threads", "1", "--shape", "2,2,4,8"]
    assert mixed_speed.main(arguments) == 0
    measured = json.loads((tmp_path / deep_speed.FILE).read_text())
    assert {result["status"] for result in measured["results"]} == {"ok"}
    assert all(result["s"] > 0 for result in measured["results"])
    assert all(table.rows for table in deep_speed.tables(measured))


@pytest.mark.parametrize("arguments", [["--shape", "2,2"], ["--shape", "0,1,1,1"], ["--rounds", "0"], ["--nothing"]])
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
