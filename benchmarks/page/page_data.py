"""The data of the page's script: every text once, every record as a link to its file, everything else by its number.

The script puts texts into the page as text, so that markup in a reason is shown and not obeyed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.experiments.experiment import Table
from benchmarks.records import run_records
from benchmarks.records.run_records import Record


class Data:
    """Collects texts, links and tables for the page.

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
        self._files: list[list[int]] = []
        self._tables: list[dict[str, Any]] = []

    def add(self, table: Table, view: str = "") -> None:
        """Add a table to a view of the page; one without rows is left out."""
        if not table.rows:
            return
        columns = list(table.rows[0][0])
        self._tables.append(
            {
                "view": view,
                "title": table.title,
                "explanation": table.explanation,
                "columns": columns,
                "rows": [[self.number_of_text(row.get(column, "")) for column in columns] for row, _ in table.rows],
                "sources": [[self.number_of_file(record) for record in used] for _, used in table.rows],
            }
        )

    def content(self) -> dict[str, Any]:
        """Write {strings, files, tables}, for JSON; a file is the numbers of the parts of its path."""
        return {"strings": list(self._strings), "files": self._files, "tables": self._tables}

    def number_of_text(self, text: Any) -> int:
        """Find the text's number, entering it when it comes for the first time."""
        return self._strings.setdefault(str(text), len(self._strings))

    def number_of_file(self, record: Record) -> int:
        """Find the number of the record's file, entering it when it comes for the first time."""
        if id(record) in self._places:
            return self._places[id(record)]
        folder = self._folders.get(id(record), self._out)
        path = Path(os.path.relpath(run_records.path_of(folder, record), self._out)).as_posix()
        rest, _, identity = path.removesuffix(".json").rpartition(".")
        self._files.append([self.number_of_text(rest), self.number_of_text(identity)])
        return self._places.setdefault(id(record), len(self._files) - 1)
