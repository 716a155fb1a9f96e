"""In a short form, each row of random inputs loses nothing; and what does not hold is counted."""

from __future__ import annotations

import random

import pytest

from benchmarks.faults import entries, random_rows
from benchmarks.records import folders


@pytest.mark.parametrize("row", random_rows.ROWS, ids=lambda row: row.__name__)
def test_random_inputs_hold(row):
    found = row(10, random.Random(1))
    assert (found.tried, found.lost) == (10, [])


def test_random_formulas_are_integrals_or_refused():
    assert random_rows.random_formulas(200, random.Random(1)).lost == []


@pytest.mark.parametrize("row", [random_rows.damaged_models, random_rows.damaged_records], ids=["models", "records"])
def test_damaged_files_are_refused(row):
    found = row(50, random.Random(1))
    assert (found.tried, found.lost) == (50, [])


def test_no_record_is_tried_where_none_is_published(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "PUBLISHED", tmp_path)
    assert random_rows.damaged_records(3, random.Random(1)).tried == 0


def test_a_parser_that_breaks_is_noticed(monkeypatch):
    class Broken:
        @staticmethod
        def from_expression(**_):
            raise RecursionError

    monkeypatch.setattr(entries, "ParametricIntegral", Broken)
    assert len(random_rows.random_formulas(3, random.Random(1)).lost) == 3


def test_what_does_not_hold_is_counted():
    row = random_rows.counted("odd numbers", 4, iter([1, 2, 3, 4]).__next__, lambda n: "it is odd" if n % 2 else None)
    assert (row.tried, row.survived) == (4, 2)
    assert row.lost == ["odd numbers: '1': it is odd", "odd numbers: '3': it is odd"]
