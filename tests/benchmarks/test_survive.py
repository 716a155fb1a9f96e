"""The table of faults counts what was lost, and in a short form nothing is."""

from __future__ import annotations

import tempfile

import pytest

from benchmarks import survive
from benchmarks.faults import random_rows
from benchmarks.faults.random_rows import Row


def test_the_table_lists_what_was_lost(capsys, monkeypatch):
    lost = Row("random formulas", 1200, ["formula '(': ValueError: no"])
    assert lost.survived == 1199
    text = survive.table([lost])
    assert text.splitlines()[1].split()[-3:] == ["1,200", "1,199", "1"]
    assert text.endswith("lost: formula '(': ValueError: no")
    monkeypatch.setattr(random_rows, "ROWS", (lambda n, rng: Row("none", n, []), lambda n, rng: lost))
    assert survive.main(["--kills", "0", "--fuzz", "3"]) == 1
    assert "random formulas" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--kills", "-1"], ["--fuzz", "many"], ["nothing"]])
def test_wrong_arguments_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        survive.main(arguments)
    assert ended.value.code == 2


@pytest.mark.slow
def test_nothing_is_lost(capsys, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")  # pytest's own has too long a path for sockets
    assert survive.main(["--kills", "3", "--fuzz", "100"]) == 0
    assert capsys.readouterr().out.count("\n") == 5 + len(random_rows.ROWS)
