"""The random id by which records tell machines apart: drawn once, kept, and never taken from a file that has none."""

from __future__ import annotations

import re

import pytest

from benchmarks.running import machine

ID = re.compile(r"[0-9a-f]{8}")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder, which is not there yet, in which the id is kept."""
    monkeypatch.setenv("LOOPMARK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def id_in_another_process() -> str:
    """Return the id as a process finds it that has not asked before."""
    return machine.machine_id.__wrapped__()


def test_the_id_is_drawn_once_and_kept(folder):
    drawn = id_in_another_process()
    assert ID.fullmatch(drawn)
    assert id_in_another_process() == drawn
    assert (folder / "machine-id").read_text() == drawn
    (folder / "machine-id").unlink()
    assert id_in_another_process() != drawn


@pytest.mark.parametrize("text", ["", "0123abc", "0123abcd\n", "0123ABCD", "the laptop of somebody"])
def test_a_file_without_an_id_is_not_taken(folder, text):
    folder.mkdir()
    (folder / "machine-id").write_text(text)
    assert ID.fullmatch(id_in_another_process())
    assert (folder / "machine-id").read_text() == text
    (folder / "machine-id").write_text("0123abcd")
    assert id_in_another_process() == "0123abcd"


def test_where_nothing_can_be_kept_each_process_draws_its_own(folder):
    folder.write_text("in the way")
    first, second = id_in_another_process(), id_in_another_process()
    assert ID.fullmatch(first)
    assert ID.fullmatch(second)
    assert first != second
