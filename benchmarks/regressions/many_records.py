"""Ten thousand records, varied from committed ones: what a report must take in its stride.

    python -m benchmarks.regressions.many_records DIR [N]

writes them; `python -m benchmarks.report --out DIR` then shows them.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.records import run_records
from benchmarks.records.folders import COMPARISON, PUBLISHED

N = 10_000

INTEGRALS, BUDGETS = 25, 5


def varied(n: int = N) -> Iterator[run_records.Record]:
    """Yield n records: of one integral, one of each method, as if of many, at several budgets, and the rest repeats."""
    finished = [
        r for r in run_records.read_all(PUBLISHED / COMPARISON)[0] if r["integral"] == "box1l" and r["status"] == "ok"
    ]
    found = list({r["method"]: r for r in sorted(finished, key=lambda record: record["threads"])}.values())
    if not found:
        raise FileNotFoundError(f"There are no records of box1l below {PUBLISHED}; run it.")
    counts = itertools.product(range(n), range(BUDGETS), range(INTEGRALS), found)
    for repeat, budget, integral, record in itertools.islice(counts, n):
        changed = {"repeat": repeat, "seed": repeat, "budget_s": 10.0 * (budget + 1), "integral": f"box{integral}"}
        digits = record["digits_mean"] * (1 - 0.02 * budget) + 0.001 * (repeat % 7)
        yield record | changed | {"digits_mean": digits}


def write(folder: Path, n: int = N) -> None:
    """Write n records below the folder."""
    for record in varied(n):
        run_records.write(folder, record)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.regressions.many_records", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to write them, such as reports/many")
    parser.add_argument("n", type=int, nargs="?", default=N, metavar="N", help=f"how many (default: {N})")
    chosen = parser.parse_args(arguments)
    if chosen.n < 1:
        parser.error(f"N is {chosen.n}; give at least 1")
    if chosen.folder.exists() and not chosen.folder.is_dir():
        parser.error(f"{chosen.folder} is no folder; give another name")
    write(chosen.folder, chosen.n)
    return 0


if __name__ == "__main__":
    sys.exit(main())
