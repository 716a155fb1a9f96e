"""What a report is made of: the records below a folder, each read once, and the tables and figures that they make."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import (
    ablations,
    bayesian_table,
    break_even,
    groups,
    hardware_records,
    hardware_table,
    matched_digits,
    mixed_table,
    papers,
    recipes_table,
    records,
    replicas,
    sections,
    surrogate_points,
    surrogate_table,
)
from benchmarks.page_data import TIMING, Table
from benchmarks.records import Record

INTEGRALS = ("box1l", "box2l", "box2l_sum", "pentagon1l_8d")
"""Integrals that README.md shows, where there are records of them, and whose figures come first."""

RECIPES, SURROGATES, ABLATIONS, BAYESIAN = APART = ("recipes", "surrogates", "ablations", "bayesian")
"""Folders below DIR with runs that are kept apart from the tables of methods."""

EXPLANATIONS = {
    "Claims": "What the papers on primitives say helps, tried out; the records are in ablations/runs.",
    "Digits and errors against": (
        "Ensembles of so many networks, the mean over many drawn from the same ones; replicas.json holds these figures "
        "alone, without a record of each run, so that rows lead to none."
    ),
    "Surrogates": "What surrogates reach here; the records are in surrogates/runs, or in runs.",
    "Which surrogate": "Statements of the paper on surrogates, judged by the digits of the table before.",
    "Bayesian": "Pulls on labels trained on and on others tell overtraining; the records are in bayesian/runs.",
    "Devices": "What each device can do, measured with the times below; the records are in hardware/.",
    mixed_table.TITLES[0]: (
        "One training step with each way to differentiate; mixed_speed.json holds these figures alone, without a "
        "record of each run, so that rows lead to none."
    ),
    mixed_table.TITLES[1]: (
        "The corner sum against the products and tanh that it cannot do without; mixed_speed.json holds these figures "
        "alone, without a record of each run, so that rows lead to none."
    ),
}
"""How an experiment's title begins -> the sentence above its table."""


@dataclasses.dataclass(frozen=True)
class Material:
    """What lies below a folder.

    Parameters
    ----------
    out : Path
        The folder.
    found : list of dict
        The records in its own runs/.
    apart : dict of str to list of dict
        Each folder of APART -> the records in its runs/.
    timings : list of dict
        Records of `hardware`.
    grouped : list of Group
        Those of `found`.
    """

    out: Path
    found: list[Record]
    apart: dict[str, list[Record]]
    timings: list[Record]
    grouped: list[groups.Group]

    @classmethod
    def of(cls, found: list[Record], out: Path) -> Material:
        """Return it, given the records of the folder itself."""
        apart = {name: read(out / name)[0] for name in APART}
        return cls(out, found, apart, hardware_records.read_all(out), groups.of(found))

    def folders(self) -> dict[int, Path]:
        """Return id of a record -> the folder that it is kept apart in."""
        return {id(record): self.out / name for name, of_folder in self.apart.items() for record in of_folder}

    @functools.cached_property
    def tables(self) -> list[Table]:
        """Return the tables made of records, after that of all configurations."""
        made = (
            (papers.TITLE, papers.EXPLANATION, papers.rows(self.grouped)),
            (matched_digits.TITLE, matched_digits.EXPLANATION, matched_digits.rows(self.grouped)),
            (break_even.TITLE, break_even.EXPLANATION, break_even.rows(self.grouped)),
            (recipes_table.TITLE, recipes_table.EXPLANATION, recipes_table.rows(self.apart[RECIPES])),
        )
        return [Table.of(*parts) for parts in made if parts[-1]] + self.experiments()

    def experiments(self) -> list[Table]:
        """Return the tables of what the papers claim, of replicas, surrogates and Bayesian networks, and of devices."""
        surrogates = self.apart[SURROGATES] or self.found  # a suite's own folder keeps none apart
        parts = {
            "Claims of the papers, at equal updates and seeds": ablations.rows(self.apart[ABLATIONS]),
            "Digits and errors against the number of replicas": [
                (row, []) for row in replicas.rows(replicas.read(self.out))
            ],
            **surrogate_table.parts(surrogates),
            **surrogate_points.parts(surrogates),
            "Bayesian networks: boosting, ensembles and the number of labels": bayesian_table.rows(
                self.apart[BAYESIAN]
            ),
        }
        devices = hardware_table.parts(self.timings)
        return [
            *(Table.of(title, explanation(title), rows) for title, rows in parts.items() if rows),
            *(Table.of(title, explanation(title), rows, TIMING) for title, rows in devices.items()),
        ]

    def sections(self) -> list[sections.Section]:
        """Return the figures."""
        return [
            *sections.draw(self.grouped, first=INTEGRALS),
            *sections.of_activations(ablations.activations(self.apart[ABLATIONS])),
            *sections.of_bayesian(bayesian_table.grouped(self.apart[BAYESIAN])),
            *sections.of_training([r for r in (*self.found, *self.apart[RECIPES]) if r["diagnostics"]]),
        ]


def explanation(title: str) -> str:
    """Return the sentence that stands above an experiment's table."""
    return next((sentence for start, sentence in EXPLANATIONS.items() if title.startswith(start)), "")


def read(folder: Path) -> tuple[list[Record], list[Path]]:
    """Return what `records.read_all` does, in a third of the memory: bins are the same in all records."""
    found, damaged = [], []
    edges: dict[tuple[float, ...], list[float]] = {}
    for path in sorted((folder / "runs").glob("*.json")):
        record = records.read(path)
        if record is None:
            damaged.append(path)
            continue
        for histogram in (*_histograms(record["histograms"]), *_histograms(record["details"])):
            histogram["edges"] = edges.setdefault(tuple(histogram["edges"]), histogram["edges"])
        found.append(record)
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
