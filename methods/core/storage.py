"""Fitted methods as files: a zip of plain arrays with a JSON header, and no pickle, so loading executes nothing.

The last 32 bytes are the SHA-256 of all that stand before them: a file of which anything changed is refused.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from methods.core import files
from methods.core.errors import InputError

FORMAT = "loopmark-method-3"

NOT_STATE = ("integral_", "setup_s_", "details_", "measured_")
"""Attributes that tell of the preparation or of measurements, and are no state."""

CHECKSUM = hashlib.sha256
CHECKSUM_BYTES = CHECKSUM().digest_size


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
    # The format last: a header that was read names the format of its own file.
    text = json.dumps({**header, "format": FORMAT})
    with files.writing(path) as file:
        np.savez(file, __header__=np.array(text), **arrays)  # type: ignore[arg-type]
        file.seek(0)
        checksum = hashlib.file_digest(file, CHECKSUM).digest()
        file.write(checksum)


def read(path: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read header and arrays of a file that `write` wrote.

    Raises
    ------
    StorageError
        For anything else.
    FileNotFoundError
        Where there is no file.
    """
    try:
        content = Path(path).read_bytes()
        content, checksum = content[:-CHECKSUM_BYTES], content[-CHECKSUM_BYTES:]
        if CHECKSUM(content).digest() != checksum:
            raise ValueError("its checksum is not that of its content")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
            header = json.loads(str(arrays.pop("__header__")))
    except FileNotFoundError:
        raise
    except (ValueError, KeyError, TypeError, EOFError, OSError, zipfile.BadZipFile) as problem:
        raise StorageError(
            f"{path} is not a file written by Method.save, or it is damaged, or of another version; save the method "
            f"again: {problem}."
        ) from problem
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise StorageError(f"{path} is not of the format {FORMAT}; save the method again with this version.")
    return header, arrays


def compare(path: Any, header: Mapping[str, Any], *, method: str, version: int) -> None:
    """Raise StorageError unless `header` names this method in this version."""
    if header.get("method") != method:
        raise StorageError(f"{path} holds method {header.get('method')!r}, but {method!r} was asked for.")
    if header.get("version") != version:
        raise StorageError(
            f"{path} holds version {header.get('version')} of {method}, but this is version {version}, whose results "
            "are others; fit the method again and save it."
        )


def rebuild(
    path: Any, cls: Callable[..., Any], header: Mapping[str, Any], integral: Any, state: Mapping[str, np.ndarray]
) -> Any:
    """Make the fitted method of a file again: cls with the hyperparameters of the header, and the state taken back.

    Raises
    ------
    StorageError
        Where hyperparameters or state do not suit the class.
    InputError
        Where this machine lacks what the method needs, such as its device.
    """
    try:
        method = cls(**header["params"])
        if "device" in header["params"]:
            from methods.core import devices  # with torch, which a method without a device may not need

            devices.check(method.name, method.device)
        method.integral_ = integral
        method.measured_ = header.get("measured")
        method._restore(state)
        if method._few is not None:
            method._few = method._few.listed()
    except (InputError, StorageError):
        raise
    except (KeyError, IndexError, AttributeError, TypeError, ValueError, RuntimeError) as problem:
        reason = str(problem).partition("\n")[0].rstrip(".")
        raise StorageError(
            f"{path} does not suit the code of {header['method']} here; fit and save it again: "
            f"{type(problem).__name__} {reason}."
        ) from problem
    return method
