"""Arguments that fit no command end it with status 2 and a sentence, and write nothing."""

from __future__ import annotations

import pytest

import methods
import references
from benchmarks import accuracy, gpu, hardware, mixed_speed, report, results
from benchmarks.regressions import many_records
from methods.base import InputError
from methods.export import __main__ as export_command
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


@pytest.mark.parametrize(
    "command", [accuracy, report, results, hardware, gpu, mixed_speed], ids=lambda command: command.__name__
)
def test_the_root_of_the_file_system_is_no_folder_for_results(command, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["--out", "/"])
    assert ended.value.code == 2
    assert "/ is the root of the file system; give a folder" in capsys.readouterr().err


@pytest.mark.parametrize("out", ["/", "."])
def test_a_folder_is_no_file_of_sectors_and_no_exported_model(out, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.toml").write_text("")
    for main, arguments in ((from_loop.main, ["loop.toml"]), (export_command.main, ["a.model", "--to", "cpp"])):
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--out", out])
        assert ended.value.code == 2
        assert f"--out {out} is a folder; name a" in capsys.readouterr().err


@pytest.mark.parametrize(
    "spec",
    ["gauss_legendre,order", "gauss_legendre,search_order", "chebyshev,n_pilot", "rbf,n_labels", "vegas_map,shifts",
     "neural_primitive,width", "published_primitive,depth", "dense_mlp,batch_size", "bayesian_mlp,n_samples"],
)  # fmt: skip
def test_numbers_that_no_memory_holds_are_refused(spec):
    name, field = spec.split(",")
    with pytest.raises(InputError, match=rf"{name}\.{field} is 1000000000, for which there is no memory; give at most"):
        methods.create(name, **{field: 1_000_000_000})


def test_an_order_that_needs_too_many_nodes_in_so_many_dimensions_is_refused():
    heptagon = references.integral("heptagon1l")
    method = methods.create("gauss_legendre", order=200)
    assert "give an order up to" in str(method.unsupported(heptagon))
    with pytest.raises(InputError, match="order = 200 in k = 6 needs more than 2000000 nodes"):
        method.fit(heptagon)
    assert methods.create("gauss_legendre", order=200).unsupported(references.integral("bubble")) is None
    assert "needs more than" in str(methods.create("learned_contour", order=200).unsupported(heptagon))


@pytest.mark.parametrize("epsrel", [0, -1, -1e-9])
def test_a_relative_error_is_above_zero(epsrel):
    with pytest.raises(InputError, match="give a relative error above 0"):
        methods.create("gauss_legendre", epsrel=epsrel)
    assert methods.create("gauss_legendre", epsrel=1e-300).epsrel == 1e-300
