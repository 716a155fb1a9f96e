"""The data of the page's script, from tables and records: every text once, everything else by its number.

Ten thousand records take a megabyte like this. The script puts texts into the page as text, so that markup in a reason
is shown and not obeyed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.experiments.experiment import Table
from benchmarks.records import run_records
from benchmarks.records.run_records import Record

OF_RECORD = ("repeat", "seed", "date_utc", "status", "reason")
"""Keys of a record that the page shows first, as far as its kind has them."""


CONFIGURATION = (
    "integral", "method", "version", "params", "budget_s", "device", "threads", "points", "precision", "code_hash",
    "integral_hash", "truth_hash", "truth_how",
)  # fmt: skip
ENVIRONMENT = ("machine", "fit_machine", "rates", "host", "cpu", "gpu", "versions", "commit", "dirty", "load_1min",
               "environment")  # fmt: skip
"""Keys that it shows after that; the value of each is the same in many records."""


class Data:
    """Collects tables for the page.

    Parameters
    ----------
    out : Path
        The folder of the page, which links to records are relative to.
    folders : dict of int to Path
        id of a record -> the folder that holds everything of its suite, where it is not `out`.
    """

    def __init__(self, out: Path, folders: Mapping[int, Path] | None = None) -> None:
        self._out, self._folders = out, folders or {}
        self._strings: dict[str, int] = {}
        self._places: dict[int, int] = {}
        self._records: list[list[int]] = []
        self._tables: list[dict[str, Any]] = []

    def add(self, table: Table) -> None:
        """Add a table; one without rows is left out."""
        if not table.rows:
            return
        columns = list(table.rows[0][0])
        self._tables.append(
            {
                "title": table.title,
                "explanation": table.explanation,
                "columns": columns,
                "rows": [[self._number(row.get(column, "")) for column in columns] for row, _ in table.rows],
                "sources": [[self._place(record) for record in used] for _, used in table.rows],
            }
        )

    def content(self) -> dict[str, Any]:
        """Write {strings, records, tables}, for JSON."""
        return {"strings": list(self._strings), "records": self._records, "tables": self._tables}

    def _number(self, text: Any) -> int:
        return self._strings.setdefault(str(text), len(self._strings))

    def _place(self, record: Record) -> int:
        """Find the record's number, entering it when it comes for the first time."""
        if id(record) in self._places:
            return self._places[id(record)]
        folder = self._folders.get(id(record), self._out)
        path = Path(os.path.relpath(run_records.path_of(folder, record), self._out)).as_posix()
        rest, _, identity = path.removesuffix(".json").rpartition(".")
        texts = [rest, identity, _as_text(record, CONFIGURATION), _as_text(record, ENVIRONMENT)]
        texts += ["" if (value := record.get(key)) is None else str(value) for key in OF_RECORD]
        self._records.append([self._number(text) for text in texts])
        return self._places.setdefault(id(record), len(self._records) - 1)


def _as_text(record: Record, keys: Iterable[str]) -> str:
    return json.dumps({key: record[key] for key in keys}, ensure_ascii=False)
