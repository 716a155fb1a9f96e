"""The command that exports a saved method: what it writes, and what it refuses to write."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest
from integrals import product

import methods
from methods.base import InputError, ParametricIntegral
from methods.export.__main__ import main
from methods.export.targets import SUFFIXES, TARGETS, export


@functools.cache
def table():
    return methods.create("chebyshev", max_labels=200, labels="label_methods:Exact").fit(product(2))


@pytest.mark.parametrize("to", ["cpp", "python", "onnx"])
def test_command_writes(to, tmp_path, capsys):
    table().save(tmp_path / "table.loopmark")
    assert main([str(tmp_path / "table.loopmark"), "--to", to]) == 0
    assert (tmp_path / f"table{SUFFIXES[to]}").stat().st_size > 0
    assert "chebyshev of product2" in capsys.readouterr().out


def test_command_refuses_another_integral(tmp_path, capsys):
    table().save(tmp_path / "table.loopmark")
    assert main([str(tmp_path / "table.loopmark"), "--to", "cpp", "--integral", "box1l"]) == 1
    assert "holds integral" in capsys.readouterr().err
    assert not (tmp_path / "table.hpp").exists()


@pytest.mark.parametrize("name", ["nonsense", "math:pi", "nonsense:box1l"])
def test_command_ends_with_2_for_an_integral_that_is_none(name, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "table.loopmark"), "--to", "cpp", "--integral", name])
    assert ended.value.code == 2
    assert f"--integral {name}: " in capsys.readouterr().err


@pytest.mark.parametrize("to", [to for to in TARGETS if to != "onnx"])
def test_what_cannot_be_written_is_refused(to, tmp_path):
    method = methods.create("lattice_qmc").fit(product(1))
    with pytest.raises(InputError, match=r"cannot be exported|no trees"):
        export(method, to, tmp_path / "x.json")
    with pytest.raises(InputError, match=r"no name|no trees"):
        export(table(), to, tmp_path / "x", name="1x")


@pytest.mark.parametrize("name", ["s", "std", "np", "LOW", "double", "lambda"])
def test_names_that_a_file_uses_itself_are_refused(name, tmp_path):
    for to in ("cpp", "python"):
        with pytest.raises(InputError, match="no name"):
            export(table(), to, tmp_path / "x", name=name)


def test_the_model_itself_is_not_overwritten(tmp_path, capsys):
    model = tmp_path / "model.hpp"
    table().save(model)
    content = model.read_bytes()
    with pytest.raises(SystemExit):
        main([str(model), "--to", "cpp"])
    assert "is the model itself" in capsys.readouterr().err
    assert model.read_bytes() == content


def test_an_integral_of_one_s_own_may_be_given(tmp_path):
    table().save(tmp_path / "table")
    assert main([str(tmp_path / "table"), "--to", "python", "--integral", "my_integrals:closed"]) == 0


def test_trees_are_written_in_their_own_format(tmp_path):
    xgboost = pytest.importorskip("xgboost")
    integral: ParametricIntegral = product(1)
    method = methods.create("boosted_trees", n_labels=200, n_trees=20, max_depth=4).fit(integral)
    export(method, "xgboost", tmp_path / "trees.json")
    trees = xgboost.Booster(model_file=tmp_path / "trees.json")
    s = integral.sample(100, seed=1)
    y = float(trees.attr("mean")) + float(trees.attr("scale")) * trees.inplace_predict(s).astype(float)
    value = y * integral.integrand(s, np.full((1, 1), 0.5))  # target "ratio"
    np.testing.assert_allclose(value, method.integrate(s).value, rtol=1e-12)
    assert json.loads(trees.attr("low")) == [1.0, 1.0]
