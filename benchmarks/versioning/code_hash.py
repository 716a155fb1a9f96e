"""A hash of a method's code, so that a local run is used again only with the very same code.

The code is the method's module and all modules of this project, and of the user's own folder, that it imports, directly
or not; with them the C++ sources that these name, and the registered methods that they name, as in
``labels = "gauss_legendre"``. Comments and docstrings do not count. The modules are read, not imported, so this is
quick and safe. What is published goes by the method's `version` instead: see `benchmarks.versions`.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import methods
from benchmarks.versioning import sources
from benchmarks.versioning.sources import OwnModules, module_of


class Facts(NamedTuple):
    """Facts of a module's source that count."""

    code: str
    """The source without comments, docstrings and layout."""
    imports: tuple[str, ...]
    """Modules, or names in modules, that it imports."""
    strings: frozenset[str]
    """Its strings on one line: names of methods and of C++ sources may be among them."""


def code_hash(target: str, labels: str | None = None) -> str:
    """Return the hash for "module:Class", the direct method that provides its labels included.

    Parameters
    ----------
    target : str
        "module:Class", of this project or of a user's own file.
    labels : str, optional
        The direct method as on the command line, e.g. "gauss_legendre,max_nodes=300000" or "my_file:MyRule,order=3".

    Raises
    ------
    ModuleNotFoundError
        Where a module that is named here has no source file.
    """
    targets = [target] if labels is None else [target, _target(labels)]
    own = OwnModules(*targets)
    for module in map(module_of, targets):
        if own.file(module) is None:
            raise ModuleNotFoundError(f"The module {module!r} has no source file, by which its results could be known.")
    content = hashlib.sha256()
    for name, file in sorted(_closure(own, [module_of(target) for target in targets]).items()):
        content.update(f"\n{name}\n".encode())
        content.update(_content(name, file))
    return content.hexdigest()[:16]


def _target(spec: str) -> str:
    """Return "module:Class" for a method as on the command line, in brackets or not."""
    name = spec.strip("() ").partition(",")[0].strip()
    return methods.METHODS.get(name, name)


def _closure(own: OwnModules, to_visit: list[str]) -> dict[str, Path]:
    """Return the files of modules, of the packages around them, and of all own modules that these import."""
    found: dict[str, Path] = {}
    while to_visit:
        name = to_visit.pop()
        package = name.rpartition(".")[0]
        file = None if name in found or name == sources.REGISTRY else own.file(name)
        if file is not None:
            found[name] = file
            to_visit += _mentioned(name, file)
        if package and package not in found:
            to_visit.append(package)
    return found


def _mentioned(name: str, file: Path) -> Iterator[str]:
    """Yield the modules that a module imports, and those of the methods that it names."""
    if file.suffix == ".py":
        facts = _facts(file.read_bytes(), name, file.stem == "__init__")
        yield from facts.imports
        registered = methods.METHODS.values()
        yield from (module_of(target) for target in map(_target, facts.strings) if target in registered)


def _content(name: str, file: Path) -> bytes:
    if file.suffix != ".py":
        return file.read_bytes()
    facts = _facts(file.read_bytes(), name, file.stem == "__init__")
    cpp = [path for text in sorted(facts.strings) for path in sources.cpp_files(text, file)]
    return "\n".join([facts.code, *map(sources.cpp_code, cpp)]).encode()


@functools.lru_cache(maxsize=512)
def _facts(source: bytes, module: str, is_package: bool) -> Facts:
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    for node in nodes:
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not sources.is_bare_string(part)] or [ast.Pass()]  # type: ignore[attr-defined]
    texts = (node.value for node in nodes if isinstance(node, ast.Constant))
    strings = frozenset(text for text in texts if isinstance(text, str) and "\n" not in text)
    return Facts(ast.unparse(tree), tuple(dict.fromkeys(sources.imported(nodes, module, is_package))), strings)
