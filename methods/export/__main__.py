"""Write a fitted method for other programs.

    python -m methods.export MODEL --integral box1l --to cpp|onnx|python|xgboost [--out FILE] [--name NAME]
    python -m methods.export box1l.loopmark --to cpp                   box1l.hpp, with functions box1l, box1l_batch, ...
    python -m methods.export box1l.loopmark --to onnx --dtype float32  box1l.onnx, which computes in float32

MODEL is a file that `Method.save` wrote. Without --integral the formula in that file counts; with it the file is
refused where its integral is another one, or has changed since. A file that is there already is replaced where it was
exported, too; any other one is kept, unless --force is given.

The exit status is 0 where the file was written, 1 where it was not, with the reason, and 2 for wrong arguments.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import methods
from methods.base import InputError
from methods.core.names import attribute
from methods.core.storage import StorageError
from methods.export import onnx_export
from methods.export.targets import NAMED, SUFFIXES, TARGETS, export, is_export
from methods.primitives.ensemble import PRECISIONS

CATALOGUE = "references:integral"
"""The function that gives an integral by its name, by module:attribute, or from a file of sectors."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 where the file was written, 1 where it was not; ends with 2 for wrong arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m methods.export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="a file that Method.save wrote")
    parser.add_argument(
        "--integral", help="a name, a file of sectors, or module:attribute; default: the file's formula"
    )
    parser.add_argument("--to", required=True, choices=sorted(TARGETS), help="the format")
    parser.add_argument("--out", type=Path, help="the file to write; default: MODEL with the suffix of the format")
    parser.add_argument("--name", help=f"of the function in the file, for {' and '.join(NAMED)}; default: the file's")
    parser.add_argument("--dtype", choices=PRECISIONS, help="what a graph computes in, for onnx; default: float64")
    parser.add_argument("--force", action="store_true", help="replace the file whatever it is")
    given = parser.parse_args(arguments)
    if given.name is not None and given.to not in NAMED:
        parser.error(f"--name is for {' and '.join(NAMED)}: there is no function in {given.to}")
    if given.dtype is not None and given.to != "onnx":
        parser.error(f"--dtype is for onnx: {given.to} computes in the method's own precision")
    if given.out and given.out.is_dir():
        parser.error(f"--out {given.out} is a folder; name a file in it, such as model{SUFFIXES[given.to]}")
    if not given.model.name:
        parser.error(f"MODEL is {str(given.model)!r}, which names no file; give one that Method.save wrote")
    out = given.out or given.model.with_suffix(SUFFIXES[given.to])
    if out.resolve() == given.model.resolve():
        parser.error(f"{out} is the model itself; name another file (--out)")
    try:
        integral = None if given.integral is None else attribute(CATALOGUE, callable)(given.integral)
    except (InputError, OSError) as problem:
        parser.error(f"--integral {given.integral}: {problem}")
    try:
        method: Any = methods.load(given.model, integral)
        if out.exists() and not given.force and not is_export(out):
            raise InputError(f"{out} is there, and was not exported; name another file (--out), or give --force.")
        if given.dtype is not None:
            onnx_export.export(method, out, given.dtype)
        else:
            export(method, given.to, out, given.name)
    except (InputError, StorageError, OSError) as problem:
        print(f"Not exported: {problem}", file=sys.stderr)
        return 1
    print(f"{out} has {method.name} of {method.integral_.name}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
