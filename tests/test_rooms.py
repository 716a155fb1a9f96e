"""The rooms of the three packages: which may import which, that none go in circles, and what lies on the floor.

Imports inside functions count, since a circle that they hide is still one. Imports for type checking alone may go the
wrong way; circles of them are listed here with their reasons. The registry's text, which names methods that nobody has
imported yet, is no import.
"""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Callable, Iterator

import pytest
from project_sources import ROOT, Sources, project_sources

from methods import METHODS

METHOD = "a method"
"""The room of all modules that METHODS names."""

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "methods.core": (),
    "methods.base": ("methods.core",),
    "methods": ("methods.base", "methods.core"),
    "methods.quadrature": ("methods.base", "methods.core"),
    "methods.kernels": ("methods.core",),
    **dict.fromkeys(
        ("methods.deep", "methods.secdec", "methods.surrogates"),
        ("methods", "methods.base", "methods.core", "methods.quadrature"),
    ),
    "methods.primitives": ("methods", "methods.base", "methods.core", "methods.quadrature", "methods.kernels"),
    "methods.tables": ("methods.base", "methods.core", "methods.quadrature", "methods.surrogates"),
    METHOD: (
        *("methods.base", "methods.core", "methods.quadrature"),
        *("methods.primitives", "methods.deep", "methods.secdec", "methods.surrogates", "methods.tables"),
    ),
    "methods.papers": (),
    "methods.export": (
        "methods",
        "methods.base",
        "methods.core",
        "methods.primitives",
        "methods.deep",
        "methods.tables",
    ),
    "references.sectors": ("methods.base", "methods.core"),
    "references.integrals": ("methods.base", "methods.core", "references.sectors"),
    "references.values": ("methods", "methods.base", "methods.core", "references.integrals"),
    "references": (
        *("methods.base", "methods.core"),
        *("references.integrals", "references.sectors", "references.values"),
    ),
}
"""Room -> the rooms that its modules may import, besides itself. `methods` is the registry, which names methods by
text; `references` holds the commands and the functions that everybody asks for truth."""

WITHIN_BENCHMARKS: dict[str, tuple[str, ...]] = {
    "benchmarks.command_line": (),
    "benchmarks.text_format": (),
    "benchmarks.interrupts": (),
    "benchmarks.versioning": (),
    "benchmarks.records": ("benchmarks.versioning",),
    "benchmarks.running": ("benchmarks.interrupts", "benchmarks.versioning", "benchmarks.records"),
    "benchmarks.versioning.small_fits": ("benchmarks.running",),
    "benchmarks.regressions": ("benchmarks.records",),
    "benchmarks.experiments": (
        *("benchmarks.command_line", "benchmarks.text_format", "benchmarks.records"),
        *("benchmarks.running", "benchmarks.regressions"),
    ),
    "benchmarks.choosing": (
        *("benchmarks.interrupts", "benchmarks.text_format", "benchmarks.versioning"),
        *("benchmarks.records", "benchmarks.running"),
    ),
    "benchmarks.faults": ("benchmarks.records",),
    "benchmarks.figures": ("benchmarks.text_format", "benchmarks.records"),
    "benchmarks.gpu_measurements": (
        *("benchmarks.records", "benchmarks.running"),
        *("benchmarks.regressions", "benchmarks.experiments"),
    ),
    "benchmarks.page": (
        *("benchmarks.text_format", "benchmarks.records"),
        *("benchmarks.experiments", "benchmarks.figures"),
    ),
}
"""The same of the rooms of benchmarks, from the lowest one on. Each may import all of methods and references, too, and
`benchmarks` itself, which holds the commands, everything."""

MAY_IMPORT |= {room: (*MAY_IMPORT, *others) for room, others in WITHIN_BENCHMARKS.items()} | {
    "benchmarks": (*MAY_IMPORT, *WITHIN_BENCHMARKS)
}

CIRCLES_OF_TYPES = {
    (
        "methods.deep.network",
        "methods.deep.cpu_corner_sum",
    ): "kernels take a network's weights, and networks use kernels",
    ("methods.deep.network", "methods.deep.cpu_derivative"): "the same",
    ("methods.deep.network", "methods.deep.gpu_derivative"): "the same",
}
"""Pairs of modules that import each other, one of them for type checking alone -> why they are left."""


def without_types(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes but those below `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from without_types(node)


def imports(module: str, modules: Sources, nodes: Callable[[ast.AST], Iterator[ast.AST]] = without_types) -> set[str]:
    """List the modules of the project that a module imports, anywhere in it but for type checking alone.

    From `from a import b`, where b is a module, it is a.b without a.
    """
    found = set()
    for node in nodes(ast.parse(modules[module])):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            inner = names & modules.keys()
            found |= inner | ({node.module} if len(inner) < len(names) else set())
    return found & modules.keys() - {module}


def room(module: str) -> str:
    """Return a module's room: its sub-package, the registry, the commands, or what stands alone."""
    if module in {target.partition(":")[0] for target in METHODS.values()}:
        return METHOD
    if module in MAY_IMPORT:
        return module
    package, *rest = module.split(".")
    return f"{package}.{rest[0]}" if len(rest) > 1 else package


def wrong_ways(modules: Sources) -> list[str]:
    return [
        f"{module} imports {name}, which {room(module)} may not"
        for module in modules
        for name in imports(module, modules)
        if room(name) not in (room(module), *MAY_IMPORT[room(module)])
    ]


def circle(imported: dict[str, set[str]]) -> list[str]:
    try:
        graphlib.TopologicalSorter(imported).prepare()
    except graphlib.CycleError as error:
        return [" → ".join(reversed(error.args[1]))]
    return []


def circles(modules: Sources) -> list[str]:
    return circle({module: imports(module, modules) for module in modules})


def circles_with_types(modules: Sources) -> list[str]:
    """Find a circle that imports for type checking close, besides the pairs that are listed."""
    imported = {module: imports(module, modules, ast.walk) for module in modules}
    for module, other in CIRCLES_OF_TYPES:
        imported[other].discard(module)
    return circle(imported)


def strangers(modules: Sources) -> list[str]:
    """Modules directly in methods/ are base, command and methods: open the folder and see what is compared."""
    there = {module for module in modules if module.count(".") == 1 and module.startswith("methods.")}
    rooms = {module for module in there if any(name.startswith(f"{module}.") for name in modules)}
    methods = {target.partition(":")[0] for target in METHODS.values()}
    return sorted((there - rooms) ^ (methods | {"methods.base", "methods.__main__"}))


def rooms_without_a_word(modules: Sources) -> list[str]:
    """Say of each room what lives there and what to read first."""
    packages = {module.rpartition(".")[0] for module in modules if "." in module}
    texts = {package: ast.get_docstring(ast.parse(modules.get(package, ""))) or "" for package in packages}
    return [package for package, text in texts.items() if "." in package and "Read" not in text and "data" not in text]


def with_module(name: str, source: str) -> Sources:
    return project_sources() | {name: source}


FAULTS = [
    (wrong_ways, "methods.core.budget", "import methods.base", "methods.core.budget imports methods.base"),
    (wrong_ways, "methods.deep.bad", "from methods.surrogates import labels", "methods.deep.bad imports"),
    (wrong_ways, "methods.secdec.bad", "from methods import chebyshev", "imports methods.chebyshev"),
    (wrong_ways, "references.sectors.bad", "import references", "imports references, which"),
    (wrong_ways, "benchmarks.records.bad", "from benchmarks import versions", "imports benchmarks.versions, which"),
    (wrong_ways, "benchmarks.running.bad", "from benchmarks.accuracy import main", "imports benchmarks.accuracy"),
    (wrong_ways, "benchmarks.versioning.bad", "def f():\n    from benchmarks.running import run", "benchmarks.running"),
    (circles, "methods.core.errors", "def f():\n    from methods import base", "methods.base"),
    (circles, "methods.core.errors", "from methods.core.names import unknown", "methods.core.names"),
    (
        circles_with_types,
        "methods.core.errors",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from methods.base import Method",
        "methods.base",
    ),
    (strangers, "methods.nodes", "", "methods.nodes"),
    (rooms_without_a_word, "methods.deep", '"""Networks."""', "methods.deep"),
]


@pytest.mark.parametrize("rule", [wrong_ways, circles, circles_with_types, strangers, rooms_without_a_word])
def test_the_project_keeps(rule):
    assert rule(project_sources()) == []


@pytest.mark.parametrize(("rule", "name", "source", "complaint"), FAULTS)
def test_a_fault_is_found(rule, name, source, complaint):
    assert complaint in " ".join(rule(with_module(name, source)))


def test_every_circle_of_types_that_is_listed_is_there():
    modules = project_sources()
    for module, other in CIRCLES_OF_TYPES:
        assert other in imports(module, modules)
        assert module in imports(other, modules, ast.walk)


def test_imports_for_type_checking_alone_close_no_circle():
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from methods.base import Method"
    assert circles(with_module("methods.core.errors", source)) == []


def test_no_two_files_of_tests_share_a_name():
    """Pytest imports them by name alone, and ends at the second of two with one name."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names))
