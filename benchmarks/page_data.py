"""What the page's script needs of tables and records: every text once, everything else by its number.

Ten thousand records take a megabyte like this. The script puts texts into the page as text, so that markup in a reason
is shown and not obeyed.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import hardware_records, records
from benchmarks.records import Record, Row

OF_RECORD = ("repeat", "seed", "date_utc", "status", "reason")
"""What the page shows first of a record, as far as its kind has it."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """What the page shows of records of a kind, and where they lie.

    Parameters
    ----------
    path : callable
        (folder that holds everything of a suite, record) -> the record's file.
    configuration, environment : tuple of str
        Keys, in two parts of which each is the same in many records.
    """

    path: Callable[[Path, Record], Path]
    configuration: tuple[str, ...]
    environment: tuple[str, ...]


RUN = Kind(
    records.path_of,
    ("integral", "method", "params", "budget_s", "device", "threads", "code_hash", "integral_hash", "truth_hash",
     "truth_how"),
    ("machine", "host", "cpu", "gpu", "versions", "commit", "dirty"),
)  # fmt: skip

TIMING = Kind(
    hardware_records.path_of,
    ("integral", "method", "fields", "precision", "device", "threads", "code_hash", "integral_hash"),
    ("machine", "device_name", "host", "cpu", "gpu", "versions", "commit", "dirty", "load_1min", "busy", "environment"),
)


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of the page.

    Parameters
    ----------
    title, explanation : str
        Above it.
    rows : sequence of mapping
        Column -> text; all have the first one's columns.
    sources : sequence of sequence
        The records that each row comes from; () for a table without.
    kind : Kind
        Of these records.
    """

    title: str
    explanation: str
    rows: Sequence[Mapping[str, Any]]
    sources: Sequence[Sequence[Record]] = ()
    kind: Kind = RUN

    @classmethod
    def of(cls, title: str, explanation: str, rows: Iterable[Row], kind: Kind = RUN) -> Table:
        """Return the table of rows that come with their records."""
        rows = list(rows)
        return cls(title, explanation, [row for row, _ in rows], [used for _, used in rows], kind)


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
        columns = list(table.rows[0])
        self._tables.append(
            {
                "title": table.title,
                "explanation": table.explanation,
                "columns": columns,
                "rows": [[self._number(row.get(column, "")) for column in columns] for row in table.rows],
                "sources": [[self._place(record, table.kind) for record in found] for found in table.sources],
            }
        )

    def content(self) -> dict[str, Any]:
        """Return {strings, records, tables}, for JSON."""
        return {"strings": list(self._strings), "records": self._records, "tables": self._tables}

    def _number(self, text: Any) -> int:
        return self._strings.setdefault(str(text), len(self._strings))

    def _place(self, record: Record, kind: Kind) -> int:
        """Return the record's number, entering it when it comes for the first time."""
        if id(record) in self._places:
            return self._places[id(record)]
        folder = self._folders.get(id(record), self._out)
        path = kind.path(folder, record).relative_to(self._out).as_posix()
        rest, _, identity = path.removesuffix(".json").rpartition(".")
        texts = [rest, identity, _as_text(record, kind.configuration), _as_text(record, kind.environment)]
        texts += ["" if (value := record.get(key)) is None else str(value) for key in OF_RECORD]
        self._records.append([self._number(text) for text in texts])
        return self._places.setdefault(id(record), len(self._records) - 1)


def _as_text(record: Record, keys: Iterable[str]) -> str:
    return json.dumps({key: record[key] for key in keys}, ensure_ascii=False)
