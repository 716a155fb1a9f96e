"""The comparison of choices with records: where its rows go."""

from __future__ import annotations

import json

import pytest

from benchmarks.choosing import agreement

ROW = {
    "integral": "box1l", "digits": 3.0, "count": 1e9, "chosen": "rbf", "total_s": 1.0, "reached": True, "best": None,
    "best_s": None, "best_recorded_s": None, "ratio": None, "ratio_of_records": None,
}  # fmt: skip


@pytest.fixture
def compared(monkeypatch):
    """Return the integrals for which choices were made, each with a row that is given here."""
    asked = []
    monkeypatch.setattr(agreement, "compared", lambda integral, *_: [asked.append(integral) or ROW])
    return asked


def test_the_folder_of_the_rows_is_made(compared, tmp_path):
    out = tmp_path / "reports" / "local" / "choices.json"
    assert agreement.main(["--integral", "box1l", "--out", str(out)]) == 0
    assert json.loads(out.read_text()) == [ROW]


@pytest.mark.parametrize("name", ["", "file/choices.json"])
def test_a_file_that_cannot_be_written_is_refused_before_any_choice(compared, tmp_path, capsys, name):
    (tmp_path / "file").write_text("")
    assert agreement.main(["--integral", "box1l", "--out", str(tmp_path / name)]) == 2
    assert "--out" in capsys.readouterr().err
    assert not compared
