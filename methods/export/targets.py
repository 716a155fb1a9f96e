"""The formats that a fitted method can be written in, by the names of the command line."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from methods.base import Exportable, InputError, Method
from methods.core import files
from methods.core.arithmetic import Arithmetic
from methods.core.names import unknown
from methods.export import cpp_writer, onnx_export, python_writer
from methods.export.description import WRITTEN_BY, Description, describe

CPP_KEYWORDS = frozenset(
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept const consteval "
    "constexpr constinit const_cast continue co_await co_return co_yield decltype default delete do double "
    "dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace "
    "new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires "
    "return short signed sizeof static static_assert static_cast struct switch template this thread_local throw true "
    "try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq main".split()
)
"""Names that no function of C++ can have."""

TAKEN = {
    "cpp": CPP_KEYWORDS | {"s", "std", "LOW", "HIGH"},
    "python": frozenset({*keyword.kwlist, *dir(builtins), "s", "np", "numpy", "base64", "LOW", "HIGH"}),
}
"""Names that a language or a file itself uses; a function of such a name could not be called, or would break others."""

SHADOWED = sys.stdlib_module_names | {"numpy"}
"""Modules of the standard library, and NumPy: a file of that name beside a script would be imported in its place."""

MOST_NUMBERS = 1_000_000
"""In a file of source code; more of them take compilers minutes."""


def export(method: Method, to: str, path: Any, name: str | None = None) -> None:
    """Write a fitted method to `path` as one of TARGETS; `name` is that of the function, by default the file's.

    What stands at `path` is replaced once the new file is complete.

    Raises
    ------
    InputError
        For a method or an integral that cannot be written so, or a name that is none.
    OSError
        Where the file cannot be written.
    """
    if to not in TARGETS:
        raise unknown("format", to, TARGETS)
    TARGETS[to](method, Path(path), name or Path(path).stem)


def _written(to: str, writer: Callable[[str, Arithmetic, Description], str]) -> Callable[[Method, Path, str], None]:
    def write(method: Method, path: Path, name: str) -> None:
        if name in TAKEN[to] or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            raise InputError(
                f"{name!r} is no name for a function in {to}; give another one, of letters, digits and underscores, "
                "that the language does not use itself (--name)."
            )
        if path.suffix == ".py" and path.stem in SHADOWED:
            raise InputError(f"{path.name} would hide Python's module {path.stem}; name another file (--out).")
        arithmetic = _arithmetic(method)
        if (n_numbers := arithmetic.n_numbers()) > MOST_NUMBERS:
            raise InputError(
                f"{method.name} has {n_numbers} numbers, more than the {MOST_NUMBERS} that a source file may have; "
                "export it to onnx, or fit a smaller one."
            )
        files.write_text(path, writer(name, arithmetic, describe(method)))

    return write


def _arithmetic(method: Method) -> Arithmetic:
    if not isinstance(method, Exportable) or not callable(method.export_form):
        raise InputError(f"{method.name} cannot be exported: its value is no short arithmetic of s.")
    form = method.export_form()
    if not isinstance(form, Arithmetic):
        raise InputError(f"{method.name} can be exported to onnx only, as its corner sums take thousands of steps.")
    return form


def _trees(method: Method, path: Path, name: str) -> None:
    """Write trees in XGBoost's own format, JSON, with attributes that tell what their sum is."""
    boosters = getattr(method, "boosters_", [])
    if len(boosters) != 1:
        raise InputError(f"{method.name} has no trees of a real integral, and this format is for trees alone.")
    fitted: Any = method
    about = describe(method)
    trees = boosters[0].copy()
    trees.set_attr(
        loopmark="\n".join(about.lines()), low=str(list(about.low)), high=str(list(about.high)),
        target=fitted.target, mean=repr(float(fitted.mean_)), scale=repr(float(fitted.scale_)),
        error=repr(float(fitted.residual_)), symmetry=fitted.symmetry,
    )  # fmt: skip
    if path.suffix != ".json":
        raise InputError(f"{path} must end in .json, by which XGBoost knows its format.")
    files.write_bytes(path, bytes(trees.save_raw("json")))


TARGETS: dict[str, Callable[[Method, Path, str], None]] = {
    "cpp": _written("cpp", cpp_writer.write),
    "python": _written("python", python_writer.write),
    "onnx": lambda method, path, name: onnx_export.export(method, path),
    "xgboost": _trees,
}
"""Writers by the names of formats."""

SUFFIXES = {"cpp": ".hpp", "python": ".py", "onnx": ".onnx", "xgboost": ".trees.json"}
"""Ends of the names of files in these formats: sectors of a loop integral are in .json, too."""

NAMED = ("cpp", "python")
"""Formats in which there is a function that has a name."""


def is_export(path: Path) -> bool:
    """Tell whether a file has been exported, in any of the formats: all of them say by whom."""
    return WRITTEN_BY.encode() in path.read_bytes()
