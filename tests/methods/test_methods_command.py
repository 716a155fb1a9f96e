"""`python -m methods`: a table that fits the terminal, and all that is known of a method."""

from __future__ import annotations

import dataclasses

import pytest
from terminals import in_a_pipe, on_terminal

import methods
from methods.__main__ import main
from methods.chebyshev import Chebyshev


@pytest.fixture
def printed(monkeypatch, capsys):
    return on_terminal(main, monkeypatch, capsys)


@pytest.mark.parametrize("columns", [60, 250])
def test_every_method_has_a_line_that_fits(printed, columns):
    status, (out, _) = printed(columns=columns)
    assert status == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(methods.METHODS)
    assert max(map(len, lines)) <= min(columns, 120)
    treats_complex = {line.split()[0]: line.split()[1] for line in lines[1:]}
    assert treats_complex["gauss_legendre"] == "yes"
    assert treats_complex["vegas"] == "no"


def test_the_table_has_120_columns_in_a_pipe(monkeypatch, capsys, tmp_path):
    lines = in_a_pipe(main, monkeypatch, capsys, tmp_path).splitlines()
    assert 80 < max(map(len, lines)) <= 120


def test_details_name_source_fields_and_their_defaults(printed):
    status, (out, _) = printed("chebyshev", "rbf", columns=80)
    assert status == 0
    assert Chebyshev.source.split()[0] in out
    for field in dataclasses.fields(Chebyshev):
        assert f"{field.name}=" in out
    assert "\n\nrbf\n" in out


def test_an_unknown_method_is_an_error(printed):
    status, (out, err) = printed("chebishev")
    assert (status, out) == (2, "")
    assert "chebyshev" in err
