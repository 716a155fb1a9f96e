"""The top-level definitions of own modules, and what a name in one of them stands for, through imports and aliases.

Nothing is imported for it. Three kinds of things have a key: a definition, (module, name); what runs when a module is
imported and is more than a definition, (module, ON_IMPORT); and all of a module, (module, WHOLE). The last stands for
each definition of a module whose definitions cannot be told apart: one that binds a name twice, or calls `globals`,
`exec` or `eval`. It stands for a module that is used as a value too, as in ``getattr(module, name)``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.versioning import sources
from benchmarks.versioning.sources import OwnModules

ON_IMPORT, WHOLE = "(on import)", "(whole)"

LIST_OF_METHODS = (sources.REGISTRY, "METHODS")
"""It says where the methods lie, and a new one changes no other: it counts by its name alone."""

DYNAMIC = {"globals", "exec", "eval"}


class Definition(NamedTuple):
    """A top-level definition of an own module, by the name that it has there; or another key, as said above."""

    module: str
    name: str


class Module(NamedTuple):
    """An own module itself."""

    name: str


class External(NamedTuple):
    """Something of a library, by its full name, whatever it is called where it is used."""

    name: str


Meaning = Definition | Module | External | None
"""Meaning of a name; None where it is built in, or unknown."""

Alias = tuple[str, str | None]
"""Target of an import: a name in a module, or (None) the module."""


class Contents:
    """The contents of one own module.

    Attributes
    ----------
    statements : list of ast.stmt
        All that has an effect, in order.
    definitions : dict of str to list of ast.stmt
        What binds each name.
    on_import : list of ast.stmt
        What does more than to define a name when the module is imported: ``TABLE["x"] = …``, loops, conditions, and
        definitions with a decorator of the same project, which may keep them somewhere.
    aliases : dict of str to Alias
        What imports bind at the top level.
    stars : list of str
        Modules from which everything is imported.
    imports : list of str
        Modules, or names in modules, that are imported anywhere.
    is_whole : bool
        Whether its definitions cannot be told apart.
    """

    def __init__(self, module: str, file: Path) -> None:
        self.module, self.file = module, file
        source = file.read_bytes() if file.suffix == ".py" else b""
        self.statements = [part for part in ast.parse(source).body if not is_without_effect(part)]
        self.definitions: dict[str, list[ast.stmt]] = {}
        self.on_import: list[ast.stmt] = []
        self.aliases: dict[str, Alias] = {}
        self.stars: list[str] = []
        for statement in self.statements:
            self._sort(statement)
        nodes = [node for statement in self.statements for node in ast.walk(statement)]
        self.imports = list(dict.fromkeys(sources.imported(nodes, module, self._is_package)))
        called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        binds_twice = any(len(found) > 1 for found in self.definitions.values())
        self.is_whole = binds_twice or not DYNAMIC.isdisjoint(called)

    def aliases_in(self, statement: ast.AST) -> Iterator[tuple[str, Alias]]:
        """Yield each name that an import statement binds, with what it stands for."""
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                # `import a.b` binds a, to the package; `import a.b as c` binds c, to the module in it.
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or name, (name, None)
        elif isinstance(statement, ast.ImportFrom):
            base = sources.absolute(statement, self.module, self._is_package)
            yield from ((alias.asname or alias.name, (base, alias.name)) for alias in statement.names)

    @property
    def _is_package(self) -> bool:
        return self.file.stem == "__init__"

    def _sort(self, statement: ast.stmt) -> None:
        """Note what a top-level statement binds, and whether it does more than that."""
        is_definition = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for node in () if is_definition else ast.walk(statement):
            for name, alias in self.aliases_in(node):
                if name == "*":
                    self.stars.append(sources.absolute(node, self.module, self._is_package))  # type: ignore[arg-type]
                else:
                    self.aliases[name] = alias
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return
        for name in {statement.name} if is_definition else bound_by(statement):  # type: ignore[attr-defined]
            self.definitions.setdefault(name, []).append(statement)
        if not self._only_defines(statement) and not _is_for_scripts(statement):
            self.on_import.append(statement)

    def _only_defines(self, statement: ast.stmt) -> bool:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return not any(self._is_near(root_of(decorator)) for decorator in statement.decorator_list)
        if isinstance(statement, ast.Assign):
            parts = (part for target in statement.targets for part in ast.walk(target) if isinstance(part, ast.expr))
            return all(isinstance(part, ast.Name | ast.Tuple | ast.List | ast.Starred) for part in parts)
        return isinstance(statement, ast.AnnAssign | ast.AugAssign) and isinstance(statement.target, ast.Name)

    def _is_near(self, name: str | None) -> bool:
        """Tell whether a name is defined here, or imported from the top-level package of this module."""
        tops = [module.partition(".")[0] for module in (self.module, self.aliases.get(name or "", ("", None))[0])]
        return name in self.definitions or tops[0] == tops[1]


class Definitions:
    """The definitions of all own modules; files are read when first asked for."""

    def __init__(self, own: OwnModules) -> None:
        self.own = own
        self._contents: dict[str, Contents | None] = {}

    def contents(self, module: str) -> Contents | None:
        """Return the contents of an own module; None for others, and for folders without `__init__`."""
        if module not in self._contents:
            file = self.own.file(module)
            self._contents[module] = Contents(module, file) if file else None
        return self._contents[module]

    def key(self, meaning: Definition | Module) -> Definition:
        """Return the key of a definition or a module; WHOLE where the definitions cannot be told apart."""
        if isinstance(meaning, Module):
            return Definition(meaning.name, WHOLE)
        contents = self.contents(meaning.module)
        return Definition(meaning.module, WHOLE) if contents and contents.is_whole else meaning

    def statements(self, key: Definition) -> list[ast.stmt]:
        """Return the statements that a key stands for, in the order of the source."""
        contents = self.contents(key.module)
        if contents is None:
            return []
        if key.name == WHOLE:
            return contents.statements
        return contents.on_import if key.name == ON_IMPORT else contents.definitions[key.name]

    def of_name(self, module: str, name: str, seen: frozenset[Alias] = frozenset()) -> Meaning:
        """Look up the meaning of a name at the top level of an own module."""
        contents = self.contents(module)
        if (module, name) == LIST_OF_METHODS:
            return External(name)
        if contents is None:
            return None
        if name in contents.definitions:
            return Definition(module, name)
        if name in contents.aliases:
            return self.of_alias(contents.aliases[name], seen)
        for star in contents.stars:
            if self.own.has(star) and (found := self.of_alias((star, name), seen)):
                return found
        return None

    def of_alias(self, alias: Alias, seen: frozenset[Alias] = frozenset()) -> Meaning:
        """Look up the meaning of an import; None for a circle of imports, and for what is not there."""
        module, name = alias
        if alias in seen:
            return None
        if not self.own.has(module):
            return External(module if name is None else f"{module}.{name}")
        if name is None:
            return Module(module)
        within = f"{module}.{name}"
        found = self.of_name(module, name, seen | {alias})
        # `from . import part` in a package's `__init__` means the module, as the name does where nothing binds it.
        return Module(within) if found is None and self.own.has(within) else found


def is_without_effect(statement: ast.AST) -> bool:
    """Tell whether a statement does nothing at run time: strings, `pass`, names with a type alone, TYPE_CHECKING."""
    if sources.is_bare_string(statement) or isinstance(statement, ast.Pass):
        return True
    if isinstance(statement, ast.AnnAssign):
        return statement.value is None
    is_if = isinstance(statement, ast.If) and not statement.orelse
    return is_if and ast.unparse(statement.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")  # type: ignore[attr-defined]


def bound_by(statement: ast.AST) -> set[str]:
    """Return the names that a statement binds in its own scope: not inside functions, classes and comprehensions."""
    names: set[str] = set()
    to_visit = [statement]
    while to_visit:
        node = to_visit.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names.add(node.rest)
        if not isinstance(node, SCOPES):
            to_visit += ast.iter_child_nodes(node)
    return names


SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def root_of(node: ast.AST) -> str | None:
    """Return the name that an expression such as ``name.attribute(…)`` begins with; None for others."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _is_for_scripts(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and ast.unparse(statement.test) == "__name__ == '__main__'"
