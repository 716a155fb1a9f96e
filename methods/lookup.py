"""From words to objects: "gauss_legendre,order=8" or "my_file:MyMethod" on a command line to a class and its fields."""

from __future__ import annotations

import ast
import dataclasses
import difflib
import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from methods.base import InputError, Method


def parse_spec(text: str) -> tuple[str, dict[str, Any]]:
    """Split "name,field=value,…" into the name and its fields; values are Python literals, else strings.

    Raises
    ------
    InputError
        Where a part is not of the form field=value.
    """
    name, *parts = text.split(",")
    fields = {}
    for part in parts:
        field, equals, value = part.partition("=")
        if not equals:
            raise InputError(f"{part!r} in {text!r} is not of the form field=value.")
        try:
            fields[field.strip()] = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError):
            fields[field.strip()] = value.strip()
    return name.strip(), fields


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Return the error for a name that is not known, with the nearest names that are."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return InputError(f"There is no {kind} {name!r}; known: {', '.join(known)}.{hint}")


def attribute(target: str) -> Any:
    """Import what "module:attribute" names. Raises InputError where the module or the attribute is missing."""
    module_name, _, attribute_name = target.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as problem:
        if problem.name == module_name:
            raise InputError(
                f"{target!r} names the module {module_name!r}, which is not found; run from its folder."
            ) from problem
        raise InputError(
            f"{target!r} needs the package {problem.name!r}, which is not installed; 'make .venv' installs all of them."
        ) from problem
    try:
        return getattr(module, attribute_name)
    except AttributeError:
        public = [name for name in vars(module) if not name.startswith("_")]
        raise unknown(f"attribute of {module_name}", attribute_name, public) from None


def create(name: str, fields: Mapping[str, Any], registry: Mapping[str, str]) -> Method:
    """Return the method that `name` stands for in `registry`, or as "module:Class", with `fields` set.

    Raises
    ------
    InputError
        For an unknown method or field, or a value of another kind than the field's default.
    """
    if name not in registry and ":" not in name:
        raise unknown("method", name, registry)
    target = registry.get(name, name)
    cls = attribute(target)
    if not (isinstance(cls, type) and issubclass(cls, Method) and dataclasses.is_dataclass(cls)):
        raise InputError(f"{target!r} is not a method: a keyword-only dataclass that inherits methods.base.Method.")
    defaults = {field.name: field.default for field in dataclasses.fields(cls) if field.init}
    for field, value in fields.items():
        if field not in defaults:
            raise unknown(f"field of {name}", field, defaults)
        _check_kind(f"{name}.{field}", value, defaults[field])
    return cls(**fields)


def _check_kind(what: str, value: Any, default: Any) -> None:
    if default is None or value is None or isinstance(default, type(dataclasses.MISSING)):
        return
    wanted = (int, float) if isinstance(default, float) else type(default)
    if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(default, bool):
        raise InputError(f"{what} takes a value like {default!r}, a {type(default).__name__}; got {value!r}.")
