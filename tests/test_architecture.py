"""The rules of the house, as tests: who imports whom, what is light, and what no file may contain.

Each rule is a function from sources to a list of complaints; it is run on the project, which must give none, and on a
small bad source, which must give one.
"""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from project_sources import ROOT, Sources, project_sources

from benchmarks.versioning.sources import imported
from methods import METHODS

HEAVY = ("torch", "xgboost", "pySecDec", "pySecDecContrib", "onnx", "onnxruntime", "dask", "distributed")
SCORED = {target.partition(":")[0] for target in METHODS.values()}

NAMESAKES = {"references.tabulate"}
"""Modules that may share a library's name: this one is a command, run as `python -m`, which hides nothing."""


def imports(module: str, source: str) -> Iterator[str]:
    """Yield what a module imports, anywhere in it: `from a import b` gives a and a.b, b being a module or not."""
    return imported(ast.walk(ast.parse(source)), module, is_package=False)


def is_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def upward_imports(sources: Sources) -> list[str]:
    """List imports against the direction: methods import no references or benchmarks, references no benchmarks."""
    forbidden = {"methods": ("references", "benchmarks"), "references": ("benchmarks",), "benchmarks": ()}
    return [
        f"{module} imports {name}"
        for module, source in sources.items()
        for name in imports(module, source)
        if is_in(name, forbidden[module.split(".")[0]])
    ]


def scored_imports(sources: Sources) -> list[str]:
    """Neither what methods share nor the quadrature behind truth may use a method that is compared."""
    return [
        f"{module} imports {name}"
        for module, source in sources.items()
        if (module.startswith("methods") and module not in SCORED) or module == "references.values.quadrature"
        for name in imports(module, source)
        if is_in(name, tuple(SCORED))
    ]


def names_of_libraries(sources: Sources) -> list[str]:
    """Find modules called like a library: one hides the other as soon as its folder is on the path."""
    installed = {
        name for name, owners in importlib.metadata.packages_distributions().items() if set(owners) != {"loopmark"}
    }
    taken = installed | set(sys.stdlib_module_names)
    return [
        f"{name} is named after a library" for name in sources if name.split(".")[-1] in taken and name not in NAMESAKES
    ]


def long_base(sources: Sources) -> list[str]:
    """Who adds a method reads methods/base.py first: it stays short."""
    n_lines = len(sources["methods.base"].splitlines())
    return [f"methods.base has {n_lines} lines; fewer than 200 are allowed"] if n_lines >= 200 else []


def pickles(sources: Sources) -> list[str]:
    """Find pickles: loading one executes it."""
    modules = ("pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve")
    found = []
    for module, source in sources.items():
        found += [f"{module} imports {name}" for name in imports(module, source) if is_in(name, modules)]
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle" and getattr(node.value, "value", True):
                found.append(f"{module} allows pickles in line {node.value.lineno}")
    return found


def swallowed_errors(sources: Sources) -> list[str]:
    """`except: pass`, with or without a class, and bare `except:`."""
    found = []
    for module, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            silent = all(
                isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
                for line in node.body
            )
            if silent or node.type is None:
                found.append(f"{module} swallows an error in line {node.lineno}")
    return found


def asserts(sources: Sources) -> list[str]:
    """`python -O` drops asserts, and their message says nothing to a user."""
    return [
        f"{module} has a bare assert in line {node.lineno}"
        for module, source in sources.items()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assert)
    ]


def missing_docstrings(sources: Sources) -> list[str]:
    return [f"{name} has no docstring" for name, source in sources.items() if not ast.get_docstring(ast.parse(source))]


def private_uses(sources: Sources) -> list[str]:
    """Find what a file uses of another's own: attributes and imports that begin with one underscore, and patches."""
    found = []
    for name, source in sources.items():
        for node in ast.walk(ast.parse(source)):
            used: list[str] = []
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") not in ("self", "cls"):
                used = [node.attr]
            elif isinstance(node, ast.ImportFrom):
                used = [alias.name for alias in node.names]
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("setattr", "delattr"):
                used = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            found += [f"{name} uses {private} in line {node.lineno}" for private in used if is_private(private)]
    return found


def is_private(name: str) -> bool:
    """Tell whether a name is somebody's own: not those of named tuples, `os._exit` and torch's operator of `item`."""
    public = ("_replace", "_asdict", "_make", "_fields", "_exit", "_local_scalar_dense")
    last = name.rpartition(".")[2]
    return last.startswith("_") and not last.startswith("__") and last not in public


RULES = {
    upward_imports: [
        {"methods.bad": "def f():\n    from references import catalogue"},
        {"methods.bad": "from ..benchmarks import accuracy"},
        {"methods.bad": "import importlib\nimportlib.import_module('references.integrals.catalogue')"},
        {"references.bad": "import benchmarks.accuracy"},
    ],
    scored_imports: [
        {"references.values.quadrature": "from methods import gauss_legendre"},
        {"methods.base": "from methods.chebyshev import Chebyshev"},
    ],
    names_of_libraries: [{"methods.torch": ""}, {"benchmarks.statistics": ""}],
    long_base: [{"methods.base": "\n" * 200}],
    pickles: [
        {"methods.bad": "import pickle"},
        {"benchmarks.bad": "from joblib import dump"},
        {"methods.bad": "np.load(path, allow_pickle=True)"},
    ],
    swallowed_errors: [
        {"methods.bad": "try:\n    f()\nexcept ValueError:\n    pass"},
        {"methods.bad": "try:\n    f()\nexcept:\n    g()"},
        {"methods.bad": "try:\n    f()\nexcept OSError:\n    ..."},
    ],
    asserts: [{"benchmarks.bad": "assert x > 0, 'x'"}],
    missing_docstrings: [{"references.bad": "import math"}],
    private_uses: [
        {"tests.bad": "method._prepare(integral)"},
        {"tests.bad": "from methods.deep.training import _parts"},
        {"tests.bad": "monkeypatch.setattr(drawing, '_as_png', None)"},
        {"tests.bad": "monkeypatch.setattr('benchmarks.figures.drawing._as_png', None)"},
    ],
}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule is not private_uses], ids=lambda rule: rule.__name__)
def test_project_keeps_the_rule(rule):
    sources = project_sources()
    assert {"methods.base", "references.values.quadrature", "benchmarks.regressions.integrate"} <= set(sources)
    assert rule(sources) == []


def test_tests_use_public_names():
    files = (ROOT / "tests").rglob("*.py")
    sources = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files}
    assert "tests/test_architecture.py" in sources
    assert private_uses(sources) == []


@pytest.mark.parametrize(
    ("rule", "bad"),
    [(rule, bad) for rule, examples in RULES.items() for bad in examples],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_rule_complains_about_a_bad_source(rule, bad):
    assert len(rule(bad)) >= 1


def test_rules_let_good_sources_pass():
    good = {
        "methods.base": '"""Doc."""\nimport numpy\n',
        "methods.bad": '"""Doc."""\nfrom methods.base import Method\nnp.load(path, allow_pickle=False)\n',
        "references.values.quadrature": '"""Doc."""\nfrom methods.base import ParametricIntegral\n',
        "tests.good": '"""Doc."""\nself._own = answer._replace(n=1)\nmonkeypatch.setattr(drawing, "as_png", None)\n',
        "benchmarks.bad": '"""Doc."""\nimport references\ntry:\n    f()\nexcept OSError:\n    g()\n',
    }
    assert [complaint for rule in RULES for complaint in rule(good)] == []


# ----- what importing costs ---------------------------------------------------------------------------------------

LIGHT_SCRIPT = """
import importlib, sys, time
limit, heavy, modules = float(sys.argv[1]), set(sys.argv[2].split(",")), sys.argv[3:]
import numpy, pandas, sympy  # what every module may import is not its own time
for module in modules:
    start = time.process_time()
    importlib.import_module(module)
    seconds = time.process_time() - start
    if seconds > limit:
        print(f"{module} takes {seconds:.2f} s to import")
    for name in sorted(heavy & set(sys.modules)):
        print(f"{module} imports {name}")
    heavy -= set(sys.modules)  # each is laid to the first module that brings it
"""


def heavy_imports(modules: list[str], folder: Path, limit: float = 1.0) -> list[str]:
    """Import modules in a fresh interpreter; complain of more than `limit` seconds of processor time, and of HEAVY."""
    run = subprocess.run(
        [sys.executable, "-c", LIGHT_SCRIPT, str(limit), ",".join(HEAVY), *modules],
        cwd=folder, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return run.stdout.splitlines()


def test_harness_and_interfaces_are_light_to_import():
    light = [name for name in project_sources() if is_in(name, ("methods.base", "references", "benchmarks"))]
    assert heavy_imports(["methods", *sorted(light)], ROOT) == []


def test_heavy_imports_are_noticed(tmp_path):
    (tmp_path / "torch.py").write_text("")
    (tmp_path / "bad.py").write_text("import torch")
    (tmp_path / "slow.py").write_text("sum(range(10**7))")
    assert heavy_imports(["bad"], tmp_path) == ["bad imports torch"]
    assert "slow takes" in heavy_imports(["slow"], tmp_path, limit=0.01)[0]


# ----- what no file may contain -----------------------------------------------------------------------------------

MACHINE_PATH = re.compile(r"(?<![\w.~}*-])/(?:home|root|work|farm|opt|Users)/[\w.]")
PACKAGE_HOST = re.compile(r"\b(?:pypi|pythonhosted|download\.pytorch|anaconda|npmjs|debian)\.org\b")


def forbidden_text(files: dict[str, str]) -> list[str]:
    """Paths of one machine, and hosts of packages, which differ from place to place."""
    return [
        f"{name}:{number}: {match.group()}"
        for name, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        for match in (MACHINE_PATH.search(line), PACKAGE_HOST.search(line))
        if match
    ]


def kept_files() -> dict[str, str]:
    """Return the text files that git tracks, or would at the next `git add`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    paths = [ROOT / os.fsdecode(name) for name in listed.split(b"\0") if name]
    contents = {path: path.read_bytes() for path in paths if path.is_file()}
    return {
        str(path.relative_to(ROOT)): content.decode("utf-8", errors="replace")
        for path, content in contents.items()
        if b"\0" not in content[:8000]  # as git tells text from pictures
    }


def test_no_file_names_a_machine_or_a_package_host():
    files = kept_files()
    assert "pyproject.toml" in files
    assert forbidden_text(files) == []


@pytest.mark.parametrize(
    "text",
    [
        'path = "' + "/".join(["", "home", "someone", "x"]) + '"',
        "see " + "/".join(["", "root", ".cache"]),
        "--index-url https://" + ".".join(["pypi", "org"]) + "/simple",
        "https://files." + ".".join(["pythonhosted", "org"]) + "/packages",
    ],
)
def test_machine_paths_and_package_hosts_are_noticed(text):
    assert len(forbidden_text({"bad": text})) == 1
