"""Bring a loop integral of your own: from a graph or propagators to integrals that every method accepts.

    python -m references.from_loop triangle.toml
    python -m benchmarks.accuracy --integral triangle.json

The first command writes triangle.json, with every sector; the second benchmarks their sum, and
``--integral triangle.json:triangle_s1`` a single one. What the file looks like: `references/sectors/loop_input.py`.
With ``--face-free`` a one-loop integral becomes one integrand, `references/sectors/face_free.py`.

Where F changes sign in the box of s, it stands for F − i0, and the integrals are complex. The command then says what
thresholds there are, and where F vanishes at a corner of the cube, around which no contour can be led.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from methods.base import InputError
from methods.core import files
from references.sectors import decompose, face_free, loop_input, sector_files, singularities
from references.sectors.loop_input import LoopInput
from references.sectors.sector import Sector

Form = Callable[[LoopInput, Callable[[str], Any]], tuple[int, list[Sector]]]
"""Loop integral, and a function that is told of the progress -> a common factor, and integrands over the unit cube."""


def make(
    source: Path, target: Path, report: Callable[[str], Any] = print, form: Form = decompose.decompose
) -> list[str]:
    """Write the integrands of the loop integral in `source` to `target`; return the names of the integrals in it.

    Parameters
    ----------
    source, target : Path
        TOML file to read, and JSON file to write.
    report : callable
        Called with each line of what is done and found.
    form : callable
        `decompose.decompose` for all sectors and their sum, or `face_free.integrand` for one integrand.

    Raises
    ------
    InputError
        Where the file is not as it should be, there is no folder for the other one, the integral is not finite in
        every sector, or it cannot be decided whether F changes sign in the box.
    """
    loop = loop_input.read(source)
    if target.resolve() == source.resolve():
        raise InputError(f"{source} would be overwritten by its own sectors; name another file by --out.")
    if not target.parent.is_dir():
        raise InputError(f"There is no folder {target.parent}; make it, or name another file by --out.")
    prefactor, sectors = form(loop, report)
    text = sector_files.text_of(loop, prefactor, sectors, f"pySecDec {importlib.metadata.version('pysecdec')}")
    integrals = sector_files.integrals(target, text)
    if (before := _names_in(target)) not in ([], list(integrals)):
        report(f"{target} is overwritten; it held {', '.join(before)}.")
    files.write_text(target, text)
    for name, integral in integrals.items():
        for line in singularities.sentences(integral):
            report(f"{name}: {line}")
    return list(integrals)


def _names_in(target: Path) -> list[str]:
    """Return the names of the integrals in a file of sectors; none where there is no such file."""
    try:
        return sector_files.names(sector_files.read(target))
    except InputError:
        return []


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m references.from_loop",
        description="Make a loop integral, or each of its sectors, an integral over the unit cube.",
        epilog=loop_input.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a TOML file; see below")
    parser.add_argument("--out", type=Path, metavar="JSON", help="where to write (default: beside FILE)")
    parser.add_argument("--face-free", action="store_true", help="one integrand in place of sectors, at one loop")
    chosen = parser.parse_args(arguments)
    if not chosen.file.is_file():
        parser.error(f"{chosen.file} is no file; give a TOML file as below")
    target = chosen.out or chosen.file.with_suffix(".json")
    if target.is_dir():
        parser.error(f"--out {target} is a folder; name a JSON file in it")
    if target.suffix != ".json" and target.resolve() != chosen.file.resolve():
        parser.error(f"--out {target} must end in .json, by which other commands know a file of sectors")
    said: list[str] = []

    def report(line: str) -> None:
        print(line)
        said.append(line)

    try:
        names = make(chosen.file, target, report, face_free.integrand if chosen.face_free else decompose.decompose)
    except (InputError, OSError) as problem:
        print(f"{parser.prog}: {problem}", file=sys.stderr)
        return 2
    print(f"{target}: {', '.join(names)}")
    if any(face_free.NO_PLACE in line for line in said):
        print("Methods will probably find no contour for a threshold inside an edge; run this without --face-free.")
        return 0
    methods = "--method gauss_legendre --method learned_contour --budget 60"
    print(f"Next: python -m benchmarks.accuracy --integral {target} {methods}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
