"""The table of faults counts what was lost, and in a short form nothing is."""

from __future__ import annotations

import random
import tempfile

import pytest

from benchmarks import survive
from benchmarks.faults import random_rows
from benchmarks.survive import Row


def test_the_table_lists_what_was_lost(capsys, monkeypatch):
    lost = Row("random formulas", 1200, ["formula '(': ValueError: no"])
    assert lost.survived == 1199
    text = survive.table([lost])
    assert text.splitlines()[1].split()[-3:] == ["1,200", "1,199", "1"]
    assert text.endswith("lost: formula '(': ValueError: no")
    monkeypatch.setattr(random_rows, "ROWS", ())
    for name in ("damaged_records", "damaged_models"):
        monkeypatch.setattr(survive, name, lambda n, rng: Row("none", n, []))
    monkeypatch.setattr(survive, "random_formulas", lambda n, rng: lost)
    assert survive.main(["--kills", "0", "--fuzz", "3"]) == 1
    assert "random formulas" in capsys.readouterr().out


def test_random_formulas_are_integrals_or_refused():
    assert survive.random_formulas(200, random.Random(1)).lost == []


def test_a_parser_that_breaks_is_noticed(monkeypatch):
    class Broken:
        @staticmethod
        def from_expression(**_):
            raise RecursionError

    monkeypatch.setattr(survive, "ParametricIntegral", Broken)
    assert len(survive.random_formulas(3, random.Random(1)).lost) == 3


def test_damaged_models_are_refused():
    row = survive.damaged_models(50, random.Random(1))
    assert (row.tried, row.lost) == (50, [])


@pytest.mark.parametrize("row", random_rows.ROWS, ids=lambda row: row.__name__)
def test_random_inputs_hold(row):
    found = row(10, random.Random(1))
    assert (found.tried, found.lost) == (10, [])


def test_what_does_not_hold_is_counted():
    row = random_rows.counted("odd numbers", 4, iter([1, 2, 3, 4]).__next__, lambda n: "it is odd" if n % 2 else None)
    assert (row.tried, row.survived) == (4, 2)
    assert row.lost == ["odd numbers: '1': it is odd", "odd numbers: '3': it is odd"]


@pytest.mark.parametrize("arguments", [["--kills", "-1"], ["--fuzz", "many"], ["nothing"]])
def test_wrong_arguments_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        survive.main(arguments)
    assert ended.value.code == 2


@pytest.mark.slow
def test_nothing_is_lost(capsys, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")  # pytest's own has too long a path for sockets
    assert survive.main(["--kills", "3", "--fuzz", "100"]) == 0
    assert capsys.readouterr().out.count("\n") == 8 + len(random_rows.ROWS)
