"""From words on a command line to objects: "my_file:MyMethod" to the class, and what to say of an unknown name."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Iterable
from typing import Any

from methods.core.errors import InputError
from methods.core.method_spec import parse_spec, spec_text

__all__ = ["attribute", "parse_spec", "spec_text", "unknown"]


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
        if f"{module_name}.".startswith(f"{problem.name}."):
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
