"""The command that times exports measures each of them, and torch in a process that finds no compiler."""

from __future__ import annotations

import subprocess
import timeit

import pytest
import torch
from integrals import product

import methods
from benchmarks import export_speed
from benchmarks.records import generated_part


@pytest.fixture
def _quickly(monkeypatch):
    monkeypatch.setattr(export_speed, "REPEATS", 2)
    monkeypatch.setattr(export_speed, "SECONDS", 1e-4)


@pytest.fixture(scope="module")
def table():
    return methods.create("total_degree", max_labels=100, labels="label_methods:Exact").fit(product(2))


@pytest.mark.usefixtures("_quickly")
def test_integrate_of_a_saved_method_is_timed(table, tmp_path, capsys):
    table.save(tmp_path / "model")
    assert export_speed.main(["--model", str(tmp_path / "model")]) == 0
    one, batch = map(float, capsys.readouterr().out.split())
    assert min(one, batch) > 0


@pytest.mark.usefixtures("_quickly", "one_thread")
def test_the_rate_of_the_heading_is_measured_on_one_thread(monkeypatch, capsys):
    threads, repeat = [], timeit.repeat

    def noted(*arguments, **options):
        threads.append(torch.get_num_threads())
        return repeat(*arguments, **options)

    monkeypatch.setattr(timeit, "repeat", noted)
    monkeypatch.setattr(export_speed, "FITS", {})
    torch.set_num_threads(2)
    assert export_speed.main([]) == 0
    assert "one thread" in capsys.readouterr().out
    assert threads == [1]


@pytest.mark.slow
@pytest.mark.usefixtures("_quickly")
def test_a_row_has_all_of_them(table, tmp_path):
    row = export_speed.row(table, tmp_path)
    assert not row.failed
    assert row.cells[0] == f"`total_degree`, {len(table.coefficients_)} terms"
    header, onnx, integrate, torch = (
        [float(part.replace(",", "")) for part in cell.split(", ")] for cell in row.cells[1:5]
    )
    assert min(*header, *onnx, *integrate, *torch) > 0  # two repeats order nothing on a busy machine
    assert len(row.seconds) == 2


@pytest.mark.parametrize("name", export_speed.SIZES)
def test_networks_say_how_large_they_are(name):
    said = export_speed.described(methods.create(name, **export_speed.FITS[name]))
    assert said.startswith(f"`{name}`, ")
    assert "None" not in said


def test_without_a_compiler_nothing_is_fitted(monkeypatch, capsys):
    monkeypatch.setenv("CXX", "nope")
    monkeypatch.setattr(methods, "create", None)
    with pytest.raises(SystemExit) as ended:
        export_speed.main(["--method", "chebyshev"])
    assert ended.value.code == 2
    assert "compiler 'nope'" in capsys.readouterr().err


@pytest.mark.usefixtures("_quickly")
def test_what_fails_is_a_cell_with_its_reason(table, tmp_path, monkeypatch):
    def program_that_fails(*_):
        raise subprocess.CalledProcessError(1, "g++", stderr=b"first line\nno space | left")

    for name in ("header_times", "torch_times"):
        monkeypatch.setattr(export_speed, name, program_that_fails)
    row = export_speed.row(table, tmp_path)
    assert row.failed
    assert row.cells[1] == row.cells[4] == "failed: no space / left"
    assert "failed" not in row.cells[2] + row.cells[3]
    assert row.cells[5].endswith(" kB")


@pytest.mark.usefixtures("_quickly", "one_thread")
def test_a_table_with_failures_is_not_inserted(tmp_path, monkeypatch, capsys):
    document = tmp_path / "export.md"
    begin, end = generated_part.begin(export_speed.COMMAND), generated_part.END
    document.write_text(f"before\n{begin}\nold\n{end}\nafter\n")
    monkeypatch.setattr(export_speed, "DOCUMENT", document)
    monkeypatch.setattr(export_speed, "FITS", {"chebyshev": {"epsrel": "wrong"}})
    assert export_speed.main(["--insert"]) == 1
    assert "| `chebyshev` | failed: " in capsys.readouterr().out
    assert "old" in document.read_text()
    monkeypatch.setattr(export_speed, "FITS", {})
    assert export_speed.main(["--insert"]) == 0
    text = document.read_text()
    assert "old" not in text
    assert text.startswith(f"before\n{begin}\n\nNanoseconds")
    assert text.endswith(f"{end}\nafter\n")


def test_the_page_has_the_columns_of_the_table():
    page = export_speed.DOCUMENT.read_text(encoding="utf-8")
    table = page.partition(generated_part.begin(export_speed.COMMAND))[2].partition(generated_part.END)[0]
    assert f"| {' | '.join(export_speed.COLUMNS)} |" in table
    assert all(f"`{name}`" in table for name in export_speed.FITS)
    assert generated_part.insert(page, export_speed.COMMAND, table.strip()) == page


def test_all_of_them_are_methods():
    assert set(export_speed.FITS) <= set(methods.METHODS)
