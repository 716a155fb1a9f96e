"""The table of choices beside records, from the file of `agreement`: docs/choose.md has that of the published one.

python -m benchmarks.choosing.agreement_table
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.records import generated_part
from benchmarks.records.folders import PUBLISHED, REPORTS
from benchmarks.text_format import markdown_line
from benchmarks.versioning import lock_file
from methods.core import files
from methods.core.digits import rounded_down

FILE = "choices.json"

DOCUMENT = REPORTS.parent / "docs" / "choose.md"

COMMAND = "benchmarks.choosing.agreement_table"

FACTOR = 2.0
"""A choice with the digits agrees with the records where it takes at most so many times the least recorded seconds."""

COLUMNS = (
    "integral", "digits", "values", "chosen", "mean, worst digits", "s in all", "best recorded", "s, here",
    "s, recorded", "ratio", "to recorded",
)  # fmt: skip

Row = Mapping[str, Any]


def read(path: Path) -> dict[str, dict[str, Any]]:
    """Read what is known of each integral; nothing where there is no file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def rows(entries: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List the choices of all integrals."""
    return [{"integral": name, **row} for name, entry in entries.items() for row in entry["rows"]]


@functools.cache
def versions() -> dict[str, int]:
    """Read the versions of all methods, by their names: an entry is made with these."""
    return {method: entry["version"] for method, entry in lock_file.read().items()}


def is_current(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry was made with the versions that all methods have now; without versions it was not."""
    return entry.get("versions") == versions()


def page_text(entries: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the table and, below it, of how many integrals choices were made with other versions of methods."""
    old = sum(not is_current(entry) for entry in entries.values())
    said = [text(rows(entries))]
    if old:
        said.append(
            f"\nThe choices on {old} of these {len(entries)} integrals were made with older or unknown versions of "
            "methods,\nso that the table may not hold for them any more."
        )
    return "\n".join(said)


def agrees(row: Row, ratio: str = "ratio") -> bool:
    """Tell whether a choice has the digits and, where a record has them, takes at most FACTOR times its seconds."""
    if not row["reached"]:
        return False
    return row["best"] is None or (row[ratio] is not None and row[ratio] <= FACTOR)


def text(rows: Sequence[Row]) -> str:
    """Write the table in Markdown, and below it in how many cases choice and records agree."""
    lines = [markdown_line(COLUMNS), "|---" * len(COLUMNS) + "|", *(markdown_line(_cells(row)) for row in rows)]
    here, recorded = (sum(agrees(row, ratio) for row in rows) for ratio in ("ratio", "ratio_to_recorded"))
    n = len({row["integral"] for row in rows})
    on = f"{len(rows)} choices on {n} integral{'s' * (n != 1)}"
    lines.append(
        f"\nOf {on}, {here} take at most {FACTOR:g} times as long as the best recorded configuration does here,\n"
        f"and {recorded} at most {FACTOR:g} times as long as was recorded of it."
    )
    if alone := sum(row["best"] is None and agrees(row) for row in rows):
        lines.append(f"Both numbers count {alone} with digits that no recorded configuration has.")
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    known = row["digits_mean"] is not None
    digits = f"{rounded_down(row['digits_mean'])}, {rounded_down(row['digits_worst'])}" if known else "–"
    digits += "" if row["reached"] else ": missed"
    count = f"{row['count']:.0e}".replace("e+0", "e").replace("e+", "e")
    return (
        row["integral"], f"{row['digits']:g}", count, row["chosen"], digits, _number(row["total_s"]),
        row["best"] or "none", _number(row["best_s"]), _number(row["best_recorded_s"]), _number(row["ratio"]),
        _number(row["ratio_to_recorded"]),
    )  # fmt: skip


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def main(arguments: list[str] | None = None) -> int:
    """Write the table of the published choices into docs/choose.md."""
    argparse.ArgumentParser(
        prog=f"python -m {COMMAND}", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args(arguments)  # fmt: skip
    table = page_text(read(PUBLISHED / FILE))
    files.write_text(DOCUMENT, generated_part.insert(DOCUMENT.read_text(encoding="utf-8"), COMMAND, table))
    print(f"Written: {DOCUMENT}")
    return 0


if __name__ == "__main__":
    main()
