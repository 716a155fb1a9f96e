"""The strict hash of a method's code: every change of what it imports of its own is seen, comments are not."""

from __future__ import annotations

import importlib
import shutil

import pytest

import methods
from benchmarks.versioning import sources
from benchmarks.versioning.code_hash import code_hash
from benchmarks.versioning.sources import OwnModules

RULE = "from methods.base import Method\nclass Rule(Method):\n    x = 1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder of a user's own files, from which modules can be imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    importlib.invalidate_caches()


def hashes(folder, target, name, texts, **arguments):
    """Return the hash of `target` for each text of a file."""
    found = []
    for text in texts:
        write(folder, {name: text})
        found.append(code_hash(target, **arguments))
    return found


def test_code_counts_and_comments_do_not(folder):
    commented = f'"""A."""\n# B.\n{RULE}    """C."""\n'
    first, same, other = hashes(folder, "mine:Rule", "mine.py", [RULE, commented, RULE.replace("1", "2")])
    assert first == same != other


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import helper", "helper.py"),
        ("from helper import a", "helper.py"),
        ("def f():\n    import helper", "helper.py"),
        ("import importlib\nhelper = importlib.import_module('helper')", "helper.py"),
        ("from parts import helper", "parts/helper.py"),
        ("from parts.deep.helper import a", "parts/deep/helper.py"),
        ("import parts.deep.helper", "parts/deep/__init__.py"),
        ("from parts import *", "parts/__init__.py"),
    ],
)
def test_a_helper_of_ones_own_counts_however_it_is_imported(folder, line, name):
    empty = {"parts/__init__.py": "", "parts/deep/__init__.py": "", "parts/deep/helper.py": ""}
    write(folder, empty | {"mine.py": f"{line}\n{RULE}"})
    first, same, other = hashes(folder, "mine:Rule", name, ["a = 1", "a = 1  # as before", "a = 2"])
    assert first == same != other


def test_relative_imports_and_circles_are_followed(folder):
    write(folder, {"pack/__init__.py": "", "pack/mine.py": f"from . import other\n{RULE}"})
    write(folder, {"pack/other.py": "from .sub.third import a\n", "pack/sub/__init__.py": ""})
    texts = [f"from ..mine import Rule\nfrom ...beyond import x\na = {value}\n" for value in (1, 2)]
    first, other = hashes(folder, "pack.mine:Rule", "pack/sub/third.py", texts)
    assert first != other


def test_packages_without_init_and_missing_modules_are_no_problem(folder):
    write(folder, {"space/mine.py": f"import space.helper, space.missing, not_there\n{RULE}"})
    first, other = hashes(folder, "space.mine:Rule", "space/helper.py", ["a = 1", "a = 2"])
    assert first != other


def test_unrelated_files_and_libraries_do_not_count(folder):
    write(folder, {"mine.py": f"import numpy\nimport json\n{RULE}"})
    first, other = hashes(folder, "mine:Rule", "unrelated.py", ["a = 1", "a = 2"])
    assert first == other
    own = OwnModules("mine:Rule")
    assert own.file("mine") == folder / "mine.py"
    assert own.file("numpy") is None
    assert own.file("json") is None


def test_of_an_installed_method_only_its_package_is_followed(tmp_path, monkeypatch):
    installed = tmp_path / "site-packages"
    write(installed, {"plugin/__init__.py": "", "plugin/rule.py": RULE, "stranger.py": ""})
    monkeypatch.syspath_prepend(str(installed))
    own = OwnModules("plugin.rule:Rule")
    assert own.file("plugin.rule") == installed / "plugin/rule.py"
    assert own.file("stranger") is None


def test_compiled_helpers_count(folder):
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    write(folder, {"mine.py": f"import fast\n{RULE}"})
    first, other = hashes(folder, "mine:Rule", f"fast{suffix}", ["one", "two"])
    assert first != other


@pytest.mark.parametrize("target", ["missing_module:Rule", "space:Rule", "sys:Rule"])
def test_a_module_without_a_source_is_refused(folder, target):
    write(folder, {"space/mine.py": RULE})
    with pytest.raises(ModuleNotFoundError, match="has no source file"):
        code_hash(target)


def test_nothing_is_imported(folder):
    write(folder, {"mine.py": f"import helper\n{RULE}", "helper.py": "raise SystemExit('imported')"})
    write(folder, {"pack/__init__.py": "raise SystemExit('imported')", "pack/mine.py": RULE})
    assert code_hash("mine:Rule") != code_hash("pack.mine:Rule")


# ----- C++ --------------------------------------------------------------------------------------------------------


def test_kernels_count_without_their_comments(folder):
    write(folder, {"mine.py": f"SOURCE = 'kernel.cpp'\n{RULE}"})
    texts = ["int a;", "int  a;  // remark", "/* two\nlines */ int a;", "int b;"]
    first, *same, other = hashes(folder, "mine:Rule", "kernel.cpp", texts)
    assert {first, *same} == {first}
    assert other != first


def test_a_string_in_a_kernel_is_no_comment(folder):
    write(folder, {"mine.py": f"SOURCE = 'kernel.cpp'\n{RULE}"})
    texts = ['auto a = "x//y";', 'auto a = "x//z";', 'auto a = "x //z";', "#define A\nint b;", "#define A int b;"]
    assert len(set(hashes(folder, "mine:Rule", "kernel.cpp", texts))) == len(texts)


def test_headers_and_kernels_in_other_folders_of_a_package_count(folder):
    write(folder, {"pack/__init__.py": "", "pack/mine.py": f"SOURCE = 'kernel.cpp'\n{RULE}"})
    write(folder, {"pack/cpp/kernel.cpp": '#include "part.h"\n'})
    first, other = hashes(folder, "pack.mine:Rule", "pack/cpp/part.h", ["int a;", "int b;"])
    assert first != other


# ----- methods of this project ------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """Return the folder of a copy of this project's methods, which takes their place."""
    shutil.copytree(sources.PROJECT / "methods", tmp_path / "methods", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setitem(OwnModules.__init__.__kwdefaults__, "project", tmp_path)
    return tmp_path


def test_labels_count_nested_or_of_ones_own(folder):
    target = methods.METHODS["skip_mlp"]
    alone = code_hash(target)
    assert code_hash(target, "lattice_qmc") != alone
    assert code_hash(target, "lattice_qmc,max_nodes=300000") == code_hash(target, "(lattice_qmc,points=64)")
    write(folder, {"mine.py": f"import helper\n{RULE}"})
    first, other = hashes(folder, target, "helper.py", ["a = 1", "a = 2"], labels="mine:Rule,order=3")
    assert len({first, other, alone}) == 3


def test_a_method_named_by_a_string_counts(folder):
    write(folder, {"mine.py": f"labels = 'lattice_qmc,points=64'\n{RULE}"})
    named = code_hash("mine:Rule")
    write(folder, {"mine.py": f"labels = 'nothing_qmc,points=64'\n{RULE}"})
    assert code_hash("mine:Rule") != named


def test_modules_in_sub_packages_of_methods_are_followed(copy):
    source = (copy / "methods/surrogates/skip_network.py").read_text()
    (copy / "methods/surrogates/skip_network.py").unlink()
    write(copy, {"methods/surrogates/__init__.py": ""})
    texts = [source, source + "\nADDED = 1\n"]
    first, other = hashes(copy, "methods.skip_mlp:SkipMLP", "methods/surrogates/skip_network.py", texts)
    texts = ["", "ADDED = 1"]
    *_, third = hashes(copy, "methods.skip_mlp:SkipMLP", "methods/surrogates/__init__.py", texts)
    assert len({first, other, third}) == 3


def test_a_new_method_changes_no_other(copy):
    before = code_hash("methods.chebyshev:Chebyshev")
    path = copy / "methods/__init__.py"
    path.write_text(path.read_text().replace("METHODS: dict[str, str] = {", 'METHODS: dict[str, str] = {"new": "a:B",'))
    assert '"new"' in path.read_text()
    assert code_hash("methods.chebyshev:Chebyshev") == before
