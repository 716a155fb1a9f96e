"""A hash of a method's code: its module and all that it imports from methods/, without comments and docstrings.

C++ files that such a module names belong to it. The modules are read, not imported, so this is quick and safe.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import methods


def code_hash(target: str, labels: str | None = None) -> str:
    """Return the hash for "module:Class", the direct method that provides its labels included.

    Raises
    ------
    ModuleNotFoundError
        Where the module has no source file.
    """
    modules = _closure(target.partition(":")[0])
    if labels is not None:
        name = labels.partition(",")[0]
        modules |= _closure(methods.METHODS.get(name, name).partition(":")[0])
    sources = [_source(module) for module in sorted(modules)]
    content = "\n".join([*map(_stripped, sources), *(_stripped_cpp(file) for path in sources for file in _cpp(path))])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _source(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"The module {module!r} has no source file.")
    return Path(spec.origin)


def _closure(module: str) -> set[str]:
    """Return the module and the modules of methods/ that it imports, directly or not; not the registry."""
    found: set[str] = set()
    to_visit = [module]
    while to_visit:
        name = to_visit.pop()
        if name not in found:
            found.add(name)
            to_visit += _imported_methods(ast.parse(_source(name).read_text()))
    return found


def _imported_methods(tree: ast.Module) -> Iterator[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    for name in names:
        is_module = name.startswith("methods.") and importlib.util.find_spec("methods") is not None
        if is_module and name.count(".") == 1 and importlib.util.find_spec(name) is not None:
            yield name


def _stripped(path: Path) -> str:
    """Return the source without comments, docstrings and layout."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_bare_string(part)] or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(ast.fix_missing_locations(tree))


def _cpp(path: Path) -> list[Path]:
    """Return the C++ files beside a module that it names."""
    texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    names = sorted({text for text in texts if isinstance(text, str) and text.endswith(".cpp")})
    return [file for name in names if (file := path.with_name(name)).is_file()]


def _stripped_cpp(path: Path) -> str:
    """Return the source without // comments and layout."""
    return " ".join(re.sub(r"//.*", "", path.read_text(encoding="utf-8")).split())


def _is_bare_string(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
