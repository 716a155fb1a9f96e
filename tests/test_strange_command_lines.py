"""Arguments that fit no command end it with status 2 and a sentence, and write nothing."""

from __future__ import annotations

import pytest

import methods
from benchmarks.regressions import many_records
from methods.base import InputError
from references import from_loop


@pytest.mark.parametrize("given", ["/", ".", "missing.toml"])
def test_a_loop_integral_that_is_no_file_is_refused(given, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        from_loop.main([given])
    assert ended.value.code == 2
    assert f"{given} is no file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_brackets_within_brackets_are_no_loop_integral(tmp_path, capsys):
    path = tmp_path / "deep.toml"
    path.write_text("a = " + "[" * 100_000)
    assert from_loop.main([str(path)]) == 2
    assert "cannot be read as TOML" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["records", "0"], ["records", "many"], ["taken"]])
def test_many_records_are_not_written_where_nobody_asked_for_them(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("")
    with pytest.raises(SystemExit) as ended:
        many_records.main(arguments)
    assert ended.value.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("epsrel", [0, -1, -1e-9])
def test_a_relative_error_is_above_zero(epsrel):
    with pytest.raises(InputError, match="give a relative error above 0"):
        methods.create("gauss_legendre", epsrel=epsrel)
    assert methods.create("gauss_legendre", epsrel=1e-300).epsrel == 1e-300
