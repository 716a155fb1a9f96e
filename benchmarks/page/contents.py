"""The contents of a report: all that was measured below a folder, read once, and the tables made of it."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.experiments import EXPERIMENTS, load
from benchmarks.experiments.experiment import Table
from benchmarks.records import configurations, run_records
from benchmarks.records.folders import COMPARISON, PUBLISHED
from benchmarks.records.run_records import Record


@dataclasses.dataclass(frozen=True)
class Contents:
    """Records and tables that a report shows.

    Parameters
    ----------
    out : Path
        The folder of the page, which links to records are relative to.
    sources : dict of str to Path
        Each experiment -> the folder or the file that it was read from.
    read : dict of Path to list or dict
        Each of these -> what was read: records, or the content of a JSON file, or those of several.
    beside : list of dict
        Published records of the same integrals, to be shown beside somebody's own.
    damaged : dict of Path to str
        Files among the records that are none, and what is wrong with them.
    """

    out: Path
    sources: dict[str, Path]
    read: dict[Path, Any]
    beside: list[Record]
    damaged: dict[Path, str]

    @classmethod
    def published(cls, reports: Path) -> Contents:
        """Read what the project has published below `reports`, whose page lies there."""
        folder = reports / PUBLISHED.name
        return cls._read(reports, {name: folder / load(name).source for name in EXPERIMENTS})

    @classmethod
    def local(cls, out: Path) -> Contents:
        """Read what lies below somebody's own folder, and the published results on the same integrals."""
        sources = {name: Path(load(name).source) for name in EXPERIMENTS}
        own = cls._read(out, {name: out / source if source.suffix else out for name, source in sources.items()})
        integrals = {record["integral"] for record in own.compared}
        beside = [r for r in read_records(PUBLISHED / COMPARISON)[0] if r["integral"] in integrals]
        return dataclasses.replace(own, beside=beside)

    @classmethod
    def _read(cls, out: Path, sources: dict[str, Path]) -> Contents:
        read: dict[Path, Any] = {}
        damaged: dict[Path, str] = {}
        for path in dict.fromkeys(sources.values()):
            below = path.relative_to(out)
            if "*" in below.name:
                read[path], wrong = _json_files(sorted(out.glob(str(below))))
                damaged |= wrong
            elif below.suffix:
                contents, wrong = _json_files([path] if path.exists() else [])
                read[path] = contents[0] if contents else []
                damaged |= wrong
            else:
                read[path], wrong = read_records(path)
                damaged |= wrong
        return cls(out, sources, read, [], damaged)

    @property
    def compared(self) -> list[Record]:
        """The records that compare methods."""
        found: list[Record] = self.measured("comparison")
        return found

    @functools.cached_property
    def tables_by_experiment(self) -> dict[str, list[Table]]:
        """The tables of every experiment, those without rows left out."""
        made = {name: load(name).tables(self.measured(name)) for name in EXPERIMENTS}
        return {name: [table for table in found if table.rows] for name, found in made.items()}

    @property
    def tables(self) -> list[Table]:
        """The tables of all experiments."""
        return list(itertools.chain.from_iterable(self.tables_by_experiment.values()))

    def comparable(self) -> list[configurations.Configuration]:
        """List the configurations that the page compares, and those beside."""
        return self.own() + configurations.grouped(self.beside)

    def own(self) -> list[configurations.Configuration]:
        """List the configurations of curves, below and above threshold, and comparison, each by themselves."""
        sources = dict.fromkeys(self.sources[name] for name in ("curves", "physical", "comparison"))
        return [one for source in sources for one in configurations.grouped(self.read[source])]

    def records(self) -> list[Record]:
        """List all records, without those beside."""
        return [record for path, found in self.read.items() if self._is_folder(path) for record in found]

    def folders(self) -> dict[int, Path]:
        """Map the id of a record to the folder with its runs."""
        of_runs = {path: found for path, found in self.read.items() if self._is_folder(path)}
        own = {id(record): folder for folder, found in of_runs.items() for record in found}
        return own | {id(record): PUBLISHED / COMPARISON for record in self.beside}

    def _is_folder(self, source: Path) -> bool:
        """Tell whether a source is a folder with runs: what somebody calls the folder of all does not matter."""
        return not source.relative_to(self.out).suffix

    def measured(self, name: str) -> Any:
        """Give the records of an experiment, or the content of its file."""
        return self.read[self.sources[name]]


def _json_files(paths: list[Path]) -> tuple[list[Any], dict[Path, str]]:
    """Return what the files hold that can be read, and the other ones with what is wrong."""
    found, damaged = [], {}
    for path in paths:
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except run_records.UNBELIEVABLE as problem:
            damaged[path] = str(problem)
    return found, damaged


def read_records(folder: Path) -> tuple[list[Record], dict[Path, str]]:
    """Read what `run_records.read_all` does, in a third of the memory: bins are the same in all records."""
    found, damaged = run_records.read_all(folder)
    edges: dict[tuple[float, ...], list[float]] = {}
    for record in found:
        nests = (record[key] for key in ("histograms", "by_n_replicas", "details"))
        for histogram in itertools.chain.from_iterable(map(_histograms, nests)):
            histogram["edges"] = edges.setdefault(tuple(histogram["edges"]), histogram["edges"])
    return found, damaged


def _histograms(content: Any) -> Iterator[dict[str, Any]]:
    """Yield every {edges, counts} in the nest of dictionaries."""
    if not isinstance(content, dict):
        return
    if "edges" in content:
        yield content
        return
    for part in content.values():
        yield from _histograms(part)
