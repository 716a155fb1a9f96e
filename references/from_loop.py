"""Bring a loop integral of your own: from a graph or propagators to integrals that every method accepts.

    python -m references.from_loop triangle.toml
    python -m benchmarks.accuracy --integral triangle.json

The first command writes triangle.json, with every sector; the second benchmarks their sum, and
``--integral triangle.json:triangle_s1`` a single one. What the file looks like: `references/sectors/loop_input.py`.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from methods.base import InputError
from references.sectors import decompose, loop_input, sector_files


def make(source: Path, target: Path, report: Callable[[str], Any] = print) -> list[str]:
    """Decompose the loop integral in `source` and write its sectors to `target`; return their names, and the sum's.

    Raises
    ------
    InputError
        Where the file is not as it should be, or the integral is not finite and positive in every sector.
    """
    loop = loop_input.read(source)
    if target.resolve() == source.resolve():
        raise InputError(f"{source} would be overwritten by its own sectors; name another file by --out.")
    prefactor, sectors = decompose.decompose(loop, report)
    sector_files.write(target, loop, prefactor, sectors, f"pySecDec {importlib.metadata.version('pysecdec')}")
    sector_files.read.cache_clear()
    return sector_files.names(sector_files.read(target))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m references.from_loop",
        description="Decompose a loop integral into sectors, each an integral that every method accepts.",
        epilog=loop_input.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a TOML file; see below")
    parser.add_argument("--out", type=Path, metavar="JSON", help="where to write (default: beside FILE)")
    chosen = parser.parse_args(arguments)
    target = chosen.out or chosen.file.with_suffix(".json")
    try:
        names = make(chosen.file, target)
    except (InputError, OSError) as problem:
        print(f"{parser.prog}: {problem}", file=sys.stderr)
        return 2
    print(f"{target}: {', '.join(names)}")
    print(f"Next: python -m benchmarks.accuracy --integral {target}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
