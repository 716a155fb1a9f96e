"""The command that times exports measures each of them, and torch in a process that finds no compiler."""

from __future__ import annotations

import timeit

import pytest
import torch
from integrals import product

import methods
from benchmarks import export_speed


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
    assert one > batch > 0


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
    cells = [cell.strip() for cell in export_speed.row(table, tmp_path).strip("|").split("|")]
    assert cells[0] == "`total_degree`"
    header, onnx, integrate, torch = (
        [float(part.replace(" ", "").replace(",", "")) for part in cell.split(", ")] for cell in cells[1:5]
    )
    assert min(*header, *onnx, *integrate, *torch) > 0  # two repeats order nothing on a busy machine


def test_all_of_them_are_methods():
    assert set(export_speed.FITS) <= set(methods.METHODS)
