"""Fitted methods as files: a zip of plain arrays with a JSON header, and no pickle, so loading executes nothing."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = "loopmark-method-1"

NOT_STATE = ("integral_", "setup_s_", "details_")


class StorageError(ValueError):
    """Raised for a file that does not hold the fitted method asked for."""


def is_state(name: str) -> bool:
    """Tell whether an attribute is fitted state by its name: one trailing underscore, and not about the preparation."""
    return name.endswith("_") and not name.startswith("_") and name not in NOT_STATE


def write(path: Any, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write `header` (JSON values) and `arrays` to `path`, which appears only once it is complete."""
    path = Path(path)
    for key, value in arrays.items():
        if value.dtype == object:
            raise StorageError(f"{key} is not a plain array or number; the method must override _state and _restore.")
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        np.savez(file, __header__=np.array(json.dumps({"format": FORMAT, **header})), **arrays)  # type: ignore[arg-type]
    partial.replace(path)


def read(path: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return what `write` wrote. Raises StorageError for anything else, FileNotFoundError where there is no file."""
    try:
        with Path(path).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
            header = json.loads(str(arrays.pop("__header__")))
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as problem:
        if isinstance(problem, FileNotFoundError):
            raise
        raise StorageError(f"{path} is not a file written by Method.save, or it is damaged: {problem}.") from problem
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise StorageError(f"{path} is not of the format {FORMAT}; save the method again with this version.")
    return header, arrays


def compare(path: Any, header: Mapping[str, Any], wanted: Mapping[str, str]) -> None:
    """Raise StorageError unless `header` names the wanted method and integral."""
    for key, value in wanted.items():
        if header.get(key) != value:
            raise StorageError(f"{path} holds {key} {header.get(key)!r}, but {value!r} was asked for.")


def rebuild(path: Any, cls: Callable[..., Any], header: Mapping[str, Any]) -> Any:
    """Return cls with the hyperparameters of the header. Raises StorageError where they are another version's."""
    try:
        return cls(**header["params"])
    except (KeyError, TypeError) as problem:
        raise StorageError(f"{path} was saved by another version of {header['method']}: {problem}.") from problem
