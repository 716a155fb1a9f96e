"""From words to objects: "gauss_legendre,order=8" or "my_file:MyMethod" on a command line to a class and its fields."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from methods.base import InputError, Method
from methods.core.field_values import is_plain, kinds_of_fields, value_of_kind
from methods.core.method_spec import parse_spec, spec_text

__all__ = ["attribute", "create", "is_method", "parse_spec", "spec_text", "unknown"]

NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")
"""What a method may be called: its name is a key of records, a part of file names and a word on command lines."""


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """Return the error for a name that is not known, with the nearest names that are."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return InputError(f"There is no {kind} {name!r}; known: {', '.join(known) or 'none'}.{hint}")


def attribute(target: str, is_wanted: Callable[[Any], bool]) -> Any:
    """Import what "module:attribute" names, whatever it is.

    Raises
    ------
    InputError
        Where the module is missing, or the attribute: the message then lists those of the module that are wanted.
    """
    module_name, _, attribute_name = target.partition(":")
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise InputError(f"{target!r} names no module; give module:attribute, such as my_file:MyMethod of my_file.py.")
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
        wanted = [name for name, value in vars(module).items() if not name.startswith("_") and is_wanted(value)]
        raise unknown(f"attribute of {module_name}", attribute_name, wanted) from None


def is_method(value: Any) -> bool:
    """Tell whether this is a class to make methods of: a dataclass that inherits Method and leaves nothing abstract."""
    is_class = isinstance(value, type) and issubclass(value, Method)
    return is_class and dataclasses.is_dataclass(value) and not inspect.isabstract(value)


def create(name: str, fields: Mapping[str, Any], registry: Mapping[str, str]) -> Method:
    """Return the method that `name` stands for in `registry`, or as "module:Class", with `fields` set.

    A value takes the form that its field has: 1e4 for a whole number becomes 10000, and 1 for any number becomes 1.0.

    Raises
    ------
    InputError
        For an unknown method or field, a field without value, a value of another kind than the field's annotation, or
        a class whose name, version or hyperparameters no record can hold.
    """
    if name not in registry and ":" not in name:
        raise unknown("method", name, registry)
    target = registry.get(name, name)
    cls = attribute(target, is_method)
    if not is_method(cls):
        raise InputError(
            f"{target!r} is not a method: a keyword-only dataclass that inherits methods.base.Method and has fit and "
            "integrate."
        )
    if problem := _problem_of_class(cls):
        raise InputError(f"{target!r} {problem}")
    known = {field.name: field for field in dataclasses.fields(cls) if field.init}
    for field in fields:
        if field not in known:
            raise unknown(f"field of {name}", field, known)
    for field, about in known.items():
        if field not in fields and about.default is about.default_factory is dataclasses.MISSING:
            raise InputError(f"{name} needs a value of {field}; give {name},{field}=value.")
    kinds = kinds_of_fields(cls)
    method = cls(**{
        field: value_of_kind(f"{name}.{field}", value, kinds[field], known[field].default)
        for field, value in fields.items()
    })  # fmt: skip
    for field, value in method.params().items():
        if not is_plain(value):
            raise InputError(
                f"{name}.{field} is {value!r}, which a record cannot hold; give None, True or False, a number, text, "
                "or a list or dict of these."
            )
    return method


def _problem_of_class(cls: type[Method]) -> str | None:
    """Return why no record can be of this class, or None."""
    name = getattr(cls, "name", None)
    if type(name) is not str or not NAME.fullmatch(name):
        shown = repr(name) if len(repr(name)) <= 80 else f"{repr(name)[:80]}…"
        return f"has the name {shown}; set name to 1 to 60 letters, digits, dots, dashes and underscores."
    if type(cls.version) is not int or cls.version < 1:
        return f"has the version {cls.version!r}; set version to a positive whole number."
    return None
