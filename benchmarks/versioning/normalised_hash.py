"""A hash of what a method computes, blind to how its code is arranged: what guards `version` in `benchmarks.versions`.

It is made of all top-level definitions that can be reached from the method's class by names, and of what the modules
around them do when they are imported. Each definition is written as a tree of its syntax in which names of this project
and of libraries stand for what they mean. So definitions may move between modules, modules may be renamed, and imports,
aliases, docstrings, comments, annotations and layout change, and the hash stays. A C++ source that is named counts by
its content.

The direct method that provides labels is not reached, since that is named in a string: it has a version of its own.

Two definitions of one name must not be taken for each other. So each gets a label, the hash of its text, in which at
first other definitions stand by their names, then by their labels so far, a few times over (the colour refinement of
Weisfeiler and Lehman). What is hashed is the label of the class, and the sorted set of all labels.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator

from benchmarks.versioning import definitions, sources
from benchmarks.versioning.definitions import ON_IMPORT, Alias, Definition, Definitions, Meaning, Module
from benchmarks.versioning.sources import OwnModules

GIVEN = ("methods.base", "ParametricIntegral")
"""The class whose instances every method is given, so that it may be in use although no name shows it."""

ROUNDS = 4

_REFERENCE = re.compile("«(.*?):(.*?)»")

_MODULE = re.compile(r"([A-Za-z_]\w*(?:\.\w+)+)(?::\w+)?")
"""A string that may be a module, or "module:attribute", to be imported; all of that module counts."""

_TYPES_THAT_COUNT = ("ClassVar", "InitVar", "KW_ONLY")
"""In a dataclass these say what is a field."""


class Normaliser:
    """Hashes of classes, and their versions; what it has read once it does not read again."""

    def __init__(self, own: OwnModules) -> None:
        self._definitions = Definitions(own)
        self._texts: dict[Definition, str] = {}

    def hash(self, target: str) -> str:
        """Return the hash for "module:Class". Raises ModuleNotFoundError or AttributeError where there is none."""
        root = self._class(target)
        reached = self._reached([root, *self._given()])
        labels = {key: key.name for key in reached}
        for _ in range(ROUNDS):
            labels = self._refined(labels)
        return _digest("\n".join([labels[root], *sorted(set(labels.values()))]))

    def version(self, target: str) -> int:
        """Return `version` of "module:Class", which it states or inherits; 1 where none does."""
        return self._version(self._found(target)) or 1

    def _refined(self, labels: dict[Definition, str]) -> dict[Definition, str]:
        """Return the hash of each text, in which other definitions stand by their labels."""

        def label(reference: re.Match[str]) -> str:
            return labels[Definition(*reference.groups())]

        return {key: _digest(_REFERENCE.sub(label, self._text(key))) for key in labels}

    def _found(self, target: str) -> Definition:
        module, _, name = target.partition(":")
        if self._definitions.contents(module) is None:
            raise ModuleNotFoundError(f"The module {module!r} has no source file, by which its results could be known.")
        found = self._definitions.of_name(module, name)
        if not isinstance(found, Definition):
            raise AttributeError(f"{target!r} names {name!r}, which {module} does not define.")
        return found

    def _class(self, target: str) -> Definition:
        return self._definitions.key(self._found(target))

    def _given(self) -> list[Definition]:
        found = self._definitions.of_name(*GIVEN)
        return [self._definitions.key(found)] if isinstance(found, Definition) else []

    def _version(self, found: Definition) -> int | None:
        contents = self._definitions.contents(found.module)
        classes = contents.definitions[found.name] if contents else []
        for node in (node for node in classes if isinstance(node, ast.ClassDef)):
            for part in node.body:
                targets = part.targets if isinstance(part, ast.Assign) else [getattr(part, "target", None)]
                value = getattr(part, "value", None)
                if [getattr(name, "id", None) for name in targets] == ["version"] and isinstance(value, ast.Constant):
                    return int(value.value)  # type: ignore[arg-type]
            writer = Writer(self._definitions, found.module)
            bases = (writer.meaning(base)[0] for base in node.bases)
            versions = (self._version(base) for base in bases if isinstance(base, Definition))
            if (inherited := next(filter(None, versions), None)) is not None:
                return inherited
        return None

    def _reached(self, to_visit: list[Definition]) -> set[Definition]:
        reached: set[Definition] = set()
        modules: set[str] = set()
        while to_visit:
            key = to_visit.pop()
            if key not in reached:
                reached.add(key)
                to_visit += (Definition(*match) for match in _REFERENCE.findall(self._text(key)))
                to_visit += self._on_import(key.module, modules)
        return reached

    def _on_import(self, module: str, modules: set[str]) -> Iterator[Definition]:
        """Yield what runs when a module is imported, with the modules that it imports; those in `modules` are done."""
        to_visit = [module]
        while to_visit:
            name = to_visit.pop()
            if name in modules:
                continue
            modules.add(name)
            if name != sources.REGISTRY and (contents := self._definitions.contents(name)):
                to_visit += contents.imports
                if contents.on_import:
                    yield self._definitions.key(Definition(name, ON_IMPORT))
            if package := name.rpartition(".")[0]:
                to_visit.append(package)

    def _text(self, key: Definition) -> str:
        if key not in self._texts:
            writer = Writer(self._definitions, key.module)
            self._texts[key] = writer.body(self._definitions.statements(key))
        return self._texts[key]


class Writer:
    """Writes definitions of one module as trees of their syntax; «module:name» stands for another definition.

    Not by `ast.unparse`, whose text differs between versions of Python.
    """

    def __init__(self, known: Definitions, module: str) -> None:
        self._known, self._module = known, module
        self._contents = known.contents(module)
        self._scopes: list[tuple[set[str], dict[str, Alias]]] = []
        """For each function around the node at hand, the names it binds, and what its imports bind."""

    def text(self, node: object) -> str:
        """Return the text of a node, a list of nodes, or what else a node holds."""
        if isinstance(node, list):
            parts = (part for part in node if not _is_without_effect(part))
            return "[" + " ".join(map(self.text, parts)) + "]"
        if not isinstance(node, ast.AST):
            return _literal(node)
        special = getattr(self, f"_{type(node).__name__}", None)
        return special(node) if special else self._plain(node)

    def meaning(self, node: ast.expr) -> tuple[Meaning, list[str]]:
        """Look up the meaning of ``name.a.b`` as far as it is known, and the attributes that are left."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None, attributes
        found = self._of_name(node.id)
        while isinstance(found, Module) and attributes:
            within = self._known.of_alias((found.name, attributes[0]))
            if within is None:
                break
            found = within
            del attributes[0]
        return found, attributes

    def body(self, statements: list[ast.stmt]) -> str:
        """Return the text of what a module, a class or a function holds; names tell what its imports were for."""
        return self.text([part for part in statements if not isinstance(part, ast.Import | ast.ImportFrom)])

    def _plain(self, node: ast.AST, without: tuple[str, ...] = ()) -> str:
        """Write the fields of a node that have something, since versions of Python add empty ones."""
        skipped = ("ctx", "kind", "type_comment", "type_params", "annotation", "returns", *without)
        values = ((field, value) for field, value in ast.iter_fields(node) if field not in skipped)
        fields = (f"{field}={self.text(value)}" for field, value in values if value not in (None, []))
        return f"{type(node).__name__}({' '.join(fields)})"

    def _of_name(self, name: str) -> Meaning:
        for bound, aliases in reversed(self._scopes):
            if name in aliases:
                return self._known.of_alias(aliases[name])
            if name in bound:
                return None
        return self._known.of_name(self._module, name)

    def _Name(self, node: ast.Name) -> str:
        return node.id if isinstance(node.ctx, ast.Store) else self._reference(node)

    def _Attribute(self, node: ast.Attribute) -> str:
        return self._reference(node)

    def _reference(self, node: ast.Name | ast.Attribute) -> str:
        found, attributes = self.meaning(node)
        if found is None:
            return node.id if isinstance(node, ast.Name) else f"{self.text(node.value)}.{node.attr}"
        return ".".join([self._meant(found), *attributes])

    def _mark(self, meaning: Definition | Module) -> str:
        key = self._known.key(meaning)
        return f"«{key.module}:{key.name}»"

    def _Constant(self, node: ast.Constant) -> str:
        if isinstance(node.value, str) and self._contents is not None:
            if files := sources.cpp_files(node.value, self._contents.file):
                return f"Cpp({' '.join(_digest(sources.cpp_code(file)) for file in files)})"
            named = _MODULE.fullmatch(node.value)
            if named and self._known.own.file(named[1]):
                return self._mark(Module(named[1]))
        return f"Constant({_literal(node.value)})"

    def _Import(self, node: ast.Import | ast.ImportFrom) -> str:
        """Write an import under a condition, or after `try`, by what it brings."""
        aliases = self._contents.aliases_in(node) if self._contents else ()
        return f"Import({' '.join(self._meant(self._known.of_alias(alias)) for _, alias in aliases)})"

    _ImportFrom = _Import

    def _meant(self, meaning: Meaning) -> str:
        return self._mark(meaning) if isinstance(meaning, Definition | Module) else str(meaning and meaning.name)

    def _Global(self, node: ast.Global) -> str:
        return f"Global({' '.join(self.text(ast.Name(name, ast.Load())) for name in node.names)})"

    def _ClassDef(self, node: ast.ClassDef) -> str:
        fields = [part for part in node.body if isinstance(part, ast.AnnAssign)]
        return f"{self._plain(node, without=('body',))}{self._fields(fields)}{self.body(node.body)}"

    def _fields(self, nodes: list[ast.AnnAssign]) -> str:
        """Write which names are fields of a dataclass: some have no value, and some types say that they are none."""
        said = [(self.text(node.target), ast.unparse(node.annotation)) for node in nodes]
        return str([(name, *(word for word in _TYPES_THAT_COUNT if word in annotation)) for name, annotation in said])

    def _AnnAssign(self, node: ast.AnnAssign) -> str:
        # One without a value has no effect, and is not written.
        return f"Assign({self.text([node.target])} {self.text(node.value)})"

    def _Assign(self, node: ast.Assign) -> str:
        return f"Assign({self.text(node.targets)} {self.text(node.value)})"

    def _FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
        outside = f"{self.text(node.decorator_list)} {self._defaults(node.args)}"
        names = _bound_in(node.args, *node.body)
        aliases = {
            name: alias
            for part in _own_parts(node)
            for name, alias in (self._contents.aliases_in(part) if self._contents else ())
        }
        self._scopes.append((names, aliases))
        inside = f"{self._names(node.args)} {self.body(node.body)}"
        self._scopes.pop()
        return f"{type(node).__name__}({node.name} {outside} {inside})"

    _AsyncFunctionDef = _FunctionDef

    def _Lambda(self, node: ast.Lambda) -> str:
        outside = self._defaults(node.args)
        self._scopes.append((_bound_in(node.args, node.body), {}))
        inside = f"{self._names(node.args)} {self.text(node.body)}"
        self._scopes.pop()
        return f"Lambda({outside} {inside})"

    def _comprehension_of(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> str:
        first = self.text(node.generators[0].iter)
        self._scopes.append((set().union(*(definitions.bound_by(part.target) for part in node.generators)), {}))
        rest = [self.text(part) for part in node.generators[1:]]
        head = [self.text(part) for part in (node.generators[0].target, node.generators[0].ifs)]
        result = self._plain(node, without=("generators",))
        self._scopes.pop()
        return f"{result}({first} {' '.join(head + rest)} {node.generators[0].is_async})"

    _ListComp = _SetComp = _GeneratorExp = _DictComp = _comprehension_of

    def _defaults(self, arguments: ast.arguments) -> str:
        return self.text([*arguments.defaults, *(default or "" for default in arguments.kw_defaults)])

    def _names(self, arguments: ast.arguments) -> str:
        """Write the names of arguments, and where the kinds of them end."""
        kinds = (arguments.posonlyargs, arguments.args, [arguments.vararg], arguments.kwonlyargs, [arguments.kwarg])
        return " / ".join(" ".join(argument.arg for argument in kind if argument) for kind in kinds)


def _is_without_effect(part: object) -> bool:
    return isinstance(part, ast.AST) and definitions.is_without_effect(part)


def _literal(value: object) -> str:
    """Write a value without the characters that mark references."""
    return repr(value).replace("«", "\\xab")


def _own_parts(function: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function that are not in a function inside."""
    to_visit = list(ast.iter_child_nodes(function))
    while to_visit:
        node = to_visit.pop()
        yield node
        if not isinstance(node, definitions.SCOPES):
            to_visit += ast.iter_child_nodes(node)


def _bound_in(arguments: ast.arguments, *body: ast.AST) -> set[str]:
    """Return the names that belong to a function: its arguments and what it binds, less what it declares global."""
    names = {node.arg for node in ast.walk(arguments) if isinstance(node, ast.arg)}
    names = names.union(*map(definitions.bound_by, body))
    declared = {name for part in body for node in ast.walk(part) if isinstance(node, ast.Global) for name in node.names}
    return names - declared


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
