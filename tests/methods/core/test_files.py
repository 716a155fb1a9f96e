"""Files are there complete or not at all."""

from __future__ import annotations

import os

import pytest

from methods.core import files


def test_a_file_is_written_with_its_folder_and_replaced(tmp_path):
    path = tmp_path / "folder" / "file.txt"
    for text in ("−t", "longer than before"):
        files.write_text(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert list(path.parent.iterdir()) == [path]


def test_half_a_character_becomes_a_question_mark(tmp_path):
    files.write_text(tmp_path / "file.txt", "a\ud83d")
    assert (tmp_path / "file.txt").read_bytes() == b"a?"


def test_where_a_file_cannot_be_written_the_one_before_stands(tmp_path, monkeypatch):
    path = tmp_path / "file"
    files.write_bytes(path, b"before")

    def refused(*_):
        raise OSError("no space is left")

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(OSError, match="no space"):
        files.write_bytes(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "file"
    with files.writing(path) as first:
        first.write(b"first")
        with files.writing(path) as second:
            second.write(b"2")
        assert path.read_bytes() == b"2"
        first.write(b", whole")
    assert path.read_bytes() == b"first, whole"
    assert list(tmp_path.iterdir()) == [path]


def test_what_killed_writers_left_is_removed(tmp_path):
    for name in (".abc.partial", "record.json"):
        (tmp_path / name).write_text("")
    files.remove_partial(tmp_path)
    files.remove_partial(tmp_path / "nowhere")
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]
