"""The command that exports a saved method: what it writes, and what it refuses to write."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from integrals import product

import methods
from methods.base import InputError, ParametricIntegral
from methods.export.__main__ import main
from methods.export.description import code_version
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
    assert "table.loopmark holds the integral product2, but box1l was asked for." in capsys.readouterr().err
    assert not (tmp_path / "table.hpp").exists()


@pytest.mark.parametrize("name", ["nonsense", "math:pi", "nonsense:box1l"])
def test_command_ends_with_2_for_an_integral_that_is_none(name, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "table.loopmark"), "--to", "cpp", "--integral", name])
    assert ended.value.code == 2
    assert f"--integral {name}: " in capsys.readouterr().err


@pytest.mark.parametrize("model", ["", ".", "/"])
@pytest.mark.parametrize("out", [[], ["--out", "table.hpp"]], ids=["no out", "out"])
def test_command_ends_with_2_for_a_model_that_names_no_file(model, out, capsys):
    with pytest.raises(SystemExit) as ended:
        main([model, "--to", "cpp", *out])
    assert ended.value.code == 2
    assert "which names no file; give one that Method.save wrote" in capsys.readouterr().err


@pytest.mark.parametrize("to", [to for to in TARGETS if to != "onnx"])
def test_what_cannot_be_written_is_refused(to, tmp_path):
    method = methods.create("lattice_qmc").fit(product(1))
    with pytest.raises(InputError, match=r"cannot be exported|no trees"):
        export(method, to, tmp_path / "x.json")
    with pytest.raises(InputError, match=r"no name|no trees"):
        export(table(), to, tmp_path / "x", name="1x")


REFUSED = {
    "cpp": ["s", "std", "LOW", "double"],
    "python": ["s", "np", "LOW", "lambda", "slice", "range", "len", "base64", "numpy"],
}


@pytest.mark.parametrize(("to", "name"), [(to, name) for to, names in REFUSED.items() for name in names])
def test_names_that_a_file_uses_itself_are_refused(to, name, tmp_path):
    with pytest.raises(InputError, match="no name"):
        export(table(), to, tmp_path / "x", name=name)


@pytest.mark.parametrize(("to", "name"), [("cpp", "range"), ("cpp", "np"), ("python", "double"), ("python", "std")])
def test_names_of_the_other_language_are_not(to, name, tmp_path):
    export(table(), to, tmp_path / "x", name=name)
    assert f" {name}(" in (tmp_path / "x").read_text()


def test_a_file_that_hides_a_module_is_refused(tmp_path):
    with pytest.raises(InputError, match="hide Python's module random"):
        export(table(), "python", tmp_path / "random.py", name="table")


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


def test_a_file_of_somebody_else_is_kept(tmp_path, capsys):
    table().save(tmp_path / "fitted.loopmark")
    script = tmp_path / "fitted.py"
    script.write_text("print('mine')")
    command = [str(tmp_path / "fitted.loopmark"), "--to", "python"]
    assert main(command) == 1
    assert "was not exported" in capsys.readouterr().err
    assert script.read_text() == "print('mine')"
    assert main([*command, "--force"]) == 0
    assert "mine" not in script.read_text()
    script.write_text(script.read_text() + "# older")
    assert main(command) == 0
    assert "older" not in script.read_text()


@pytest.mark.parametrize("to", ["cpp", "python", "onnx"])
def test_an_exported_file_is_replaced(to, tmp_path):
    table().save(tmp_path / "table.loopmark")
    for _ in range(2):
        assert main([str(tmp_path / "table.loopmark"), "--to", to]) == 0


def test_a_file_is_replaced_only_once_the_new_one_is_complete(tmp_path, monkeypatch):
    old = tmp_path / "table.hpp"
    old.write_text("old")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export(table(), "cpp", old)
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]


@pytest.mark.parametrize(
    "options", [("onnx", "--name", "x"), ("xgboost", "--name", "x"), ("cpp", "--dtype", "float32")]
)
def test_options_of_other_formats_are_errors(options, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "table.loopmark"), "--to", *options])
    assert ended.value.code == 2
    assert f"{options[1]} is for" in capsys.readouterr().err


def test_graphs_in_float32(tmp_path):
    onnx = pytest.importorskip("onnx")
    table().save(tmp_path / "table.loopmark")
    assert main([str(tmp_path / "table.loopmark"), "--to", "onnx", "--dtype", "float32"]) == 0
    graph = onnx.load(tmp_path / "table.onnx").graph
    assert graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT


def test_help_has_examples_and_exit_statuses(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert "box1l.loopmark --to cpp" in said
    assert "exit status" in said


# ----- which code has written a file ----------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def code(tmp_path) -> Path:
    """Make a repository with one file of code, committed."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    file = tmp_path / "project" / "methods" / "export" / "description.py"
    file.parent.mkdir(parents=True)
    file.write_text("1")
    root = file.parents[2]
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return file


def test_the_commit_is_named_and_whether_there_are_changes(code):
    commit = git(code.parent, "rev-parse", "--short", "HEAD")
    assert code_version(code) == f"commit {commit}"
    code.write_text("2")
    assert code_version(code) == f"commit {commit} with changes"


def test_the_commit_of_another_repository_is_not(code):
    copied = code.parents[2] / "vendor" / "methods" / "export" / "description.py"
    untracked = code.with_name("new.py")
    copied.parent.mkdir(parents=True)
    for file in (copied, untracked):
        file.write_text("1")
        assert code_version(file).startswith("version ")
    git(code.parent, "add", str(code.parents[2]))
    assert code_version(copied).startswith("version ")


def test_without_git_there_is_a_version(code, monkeypatch):
    def late(*_, **__):
        raise subprocess.TimeoutExpired("git", 10)

    monkeypatch.setattr(subprocess, "run", late)
    assert code_version(code).startswith("version ")
