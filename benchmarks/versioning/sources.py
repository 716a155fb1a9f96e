"""From names of modules to files, and from a file to the modules that it imports. Nothing is imported for it.

A method's own code is what lies in this project, and below the folder of a user's own file: libraries are not followed.
"""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import re
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

import methods

PROJECT = Path(methods.__file__).resolve().parent.parent
PACKAGES = ("methods", "references", "benchmarks")

REGISTRY = "methods"
"""The package whose `__init__` lists all methods; no method's code, or a new method would change every other one."""

CPP = (".c", ".cc", ".cpp", ".cu", ".h", ".hpp")

_OUTSIDE_CODE = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|//[^\n]*|/\*.*?\*/""", re.DOTALL)
"""A string or character of C++, which is kept, or a comment, which is not."""


class OwnModules:
    """The modules that are followed.

    Parameters
    ----------
    targets : str
        Modules, or "module:Class". All modules below the folder in which such a module's top-level package lies are
        followed as well; where that is a folder of installed libraries, only the package itself is.
    project : Path
        The folder in which the packages of this project lie.
    """

    def __init__(self, *targets: str, project: Path = PROJECT) -> None:
        self._homes: list[tuple[Path, tuple[str, ...] | None]] = [(project, PACKAGES)]
        for target in targets:
            top = module_of(target).partition(".")[0]
            if top not in PACKAGES:
                self._homes += [(home, (top,) if _holds_libraries(home) else None) for home in _homes(top)]
        self._tops: dict[str, list[Path]] = {}

    def file(self, module: str) -> Path | None:
        """Return the file of a module (of a package its `__init__`); None where there is none that is followed."""
        top, *rest = module.split(".")
        if top not in self._tops:
            allowed = [home / top for home, tops in self._homes if tops is None or top in tops]
            self._tops[top] = [base for base in allowed if base.is_dir() or _file(base)]
        found = (_file(base.joinpath(*rest)) for base in self._tops[top])
        return next((file for file in found if file), None)

    def has(self, module: str) -> bool:
        """Tell whether a module is one of them, a namespace package (a folder without `__init__`) included."""
        top, *rest = module.split(".")
        return self.file(module) is not None or any(base.joinpath(*rest).is_dir() for base in self._tops[top])


def module_of(target: str) -> str:
    """Return the module of "module:Class"."""
    return target.partition(":")[0]


def imported(nodes: Iterable[ast.AST], module: str, is_package: bool) -> Iterator[str]:
    """Yield what the nodes of a module import: `from a import b` gives a and a.b, b being a module or not."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, module, is_package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__"):
                yield str(node.args[0].value)


def absolute(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """Return the full name of the module that `from … import` names, seen from `module`."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    package = parts[: len(parts) - node.level + is_package]
    return ".".join([*package, *([node.module] if node.module else [])])


def is_bare_string(node: ast.AST) -> bool:
    """Tell whether a statement is a docstring or another string without effect."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def cpp_files(text: str, file: Path) -> list[Path]:
    """Return the C++ sources that a string in the module `file` names, and the files of their own that they include.

    They lie beside the module, or anywhere below the outermost package that it belongs to.
    """
    if not text.endswith(CPP) or "\n" in text:
        return []
    folder = file.parent
    while (folder.parent / "__init__.py").is_file():
        folder = folder.parent
    is_in_package = (folder / "__init__.py").is_file()
    found = [file.parent / text] if not is_in_package else sorted(folder.rglob(Path(text).name))
    to_visit, reached = [path for path in found if path.is_file()], []
    while to_visit:
        path = to_visit.pop()
        if path not in reached:
            reached.append(path)
            included = re.findall(r'^\s*#\s*include\s*"([^"]+)"', path.read_text(encoding="utf-8"), re.MULTILINE)
            to_visit += [path.parent / name for name in included if (path.parent / name).is_file()]
    return sorted(reached)


def cpp_code(path: Path) -> str:
    """Return a C++ source without comments, empty lines and the widths of spaces."""
    text = _OUTSIDE_CODE.sub(lambda match: match[1].replace(" ", "\0") if match[1] else " ", path.read_text("utf-8"))
    return "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


def _file(base: Path) -> Path | None:
    """Return the source, or else the compiled code, of the module at a path without suffix."""
    suffixes = (".py", *importlib.machinery.EXTENSION_SUFFIXES)
    candidates = [base / "__init__.py", *(base.with_name(base.name + suffix) for suffix in suffixes)]
    return next((path for path in candidates if path.is_file()), None)


def _homes(top: str) -> list[Path]:
    """Return the folders in which a top-level module lies, several where it is a namespace package."""
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:  # a module such as __main__, which was made without one
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(location).parent for location in spec.submodule_search_locations]
    return [Path(spec.origin).parent] if spec.origin and spec.has_location else []


def _holds_libraries(folder: Path) -> bool:
    installed = {Path(path).resolve() for path in sysconfig.get_paths().values()}
    return folder.name in ("site-packages", "dist-packages") or folder.resolve() in installed
