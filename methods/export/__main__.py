"""Write a fitted method for other programs.

    python -m methods.export MODEL --integral box1l --to cpp|onnx|python|xgboost [--out FILE] [--name NAME]

MODEL is a file that `Method.save` wrote. Without --integral the formula in that file counts; with it the file is
refused where its integral is another one, or has changed since.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import methods
from methods.base import InputError
from methods.core.names import attribute
from methods.core.storage import StorageError
from methods.export.description import describe
from methods.export.targets import SUFFIXES, TARGETS, export

CATALOGUE = "references:integral"
"""The function that gives an integral by its name, by module:attribute, or from a file of sectors."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 where the file was written, 1 where it was not; ends with 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m methods.export", description="Write a fitted method for others.")
    parser.add_argument("model", type=Path, help="a file that Method.save wrote")
    parser.add_argument(
        "--integral", help="a name, a file of sectors, or module:attribute; default: the file's formula"
    )
    parser.add_argument("--to", required=True, choices=sorted(TARGETS), help="the format")
    parser.add_argument("--out", type=Path, help="the file to write; default: MODEL with the suffix of the format")
    parser.add_argument("--name", help="of the function in the file; default: the file's")
    given = parser.parse_args(arguments)
    if given.out and given.out.is_dir():
        parser.error(f"--out {given.out} is a folder; name a file in it, such as model{SUFFIXES[given.to]}")
    out = given.out or given.model.with_suffix(SUFFIXES[given.to])
    if out.resolve() == given.model.resolve():
        parser.error(f"{out} is the model itself; name another file (--out)")
    try:
        integral = None if given.integral is None else attribute(CATALOGUE, callable)(given.integral)
    except (InputError, OSError) as problem:
        parser.error(f"--integral {given.integral}: {problem}")
    try:
        method = methods.load(given.model, integral)
        export(method, given.to, out, given.name)
    except (InputError, StorageError, OSError) as problem:
        print(f"Not exported: {problem}", file=sys.stderr)
        return 1
    print(f"{out} has {method.name} of {describe(method).integral}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
