"""Regressions of what happens around the methods, by asv: imports, and a report on ten thousand records.

Each is measured in a fresh interpreter, which imports the commit in question. (In its own processes asv takes this
folder from the work tree, whatever the commit.)
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.regressions import many_records

N_RECORDS = many_records.N

NOTHING_READ = "there is no readable record"
"""Ends a measurement, as where an older commit has another schema and refuses all records: reading none is quick."""


class Import:
    """Seconds that a user waits before anything happens."""

    params = (("methods", "references", "benchmarks.accuracy", "methods.neural_primitive"),)
    param_names = ("module",)
    number = 1
    rounds = 1
    repeat = (6, 10, 3.0)  # fewer samples differ significantly only where they hardly scatter

    def timeraw_import(self, module: str) -> str:
        """Seconds; the last of these imports torch."""
        return f"import {module}"


class Report:
    """Ten thousand records, made from the committed ones."""

    timeout = 300.0
    number = rounds = repeat = 1  # tens of seconds each; asv compares single samples by their ratio
    warmup_time = 0.0

    def setup_cache(self) -> str:
        """Write the records; return the folder's path, because asv pickles what is returned."""
        folder = Path.cwd()  # a temporary folder, which asv keeps until the last benchmark
        many_records.write(folder, N_RECORDS)
        return str(folder)

    setup_cache.timeout = 300.0  # type: ignore[attr-defined]

    def timeraw_read(self, folder: str) -> tuple[str, str]:
        """Seconds to read them all."""
        statement = f"if not run_records.read_all(Path({folder!r}))[0]: raise SystemExit({NOTHING_READ!r})"
        return statement, "from pathlib import Path; from benchmarks.records import run_records"

    def timeraw_report(self, folder: str) -> tuple[str, str]:
        """Seconds for tables and page."""
        statement = f"if not report.write_local(Path({folder!r})): raise SystemExit({NOTHING_READ!r})"
        return statement, "from pathlib import Path; from benchmarks import report"
