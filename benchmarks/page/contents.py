"""What a report is made of: the records below a folder, each read once, and the tables and figures that they make."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import replicas
from benchmarks.experiments import (
    break_even,
    deep_speed,
    devices,
    label_counts,
    matched_digits,
    paper_claims,
    paper_recipes,
    paper_surrogates,
    paper_values,
    uncertain_networks,
)
from benchmarks.page import figure_sections as sections
from benchmarks.page import html_page
from benchmarks.page.page_data import Table
from benchmarks.records import configurations
from benchmarks.records import run_records as records
from benchmarks.records.folders import ABLATIONS, APART, BAYESIAN, COMPARISON, HARDWARE, PUBLISHED, RECIPES, SURROGATES
from benchmarks.records.run_records import Record

BESIDE = "Published results on these integrals"

BESIDE_EXPLANATION = (
    "What the project published, measured on the machines named; times of different machines do not compare."
)

INTEGRALS = ("box1l", "box2l", "box2l_sum", "pentagon1l_8d")
"""Integrals that README.md shows, where there are records of them, and whose figures come first."""

EXPLANATIONS = {
    "Claims": "What the papers on primitives say helps, tried out; the records are in published/ablations.",
    "Digits and errors against": (
        "Ensembles of so many networks, the mean over many drawn from the same ones; replicas.json holds these figures "
        "alone, without a record of each run, so that rows lead to none."
    ),
    "Surrogates": "What surrogates reach here; the records are in published/surrogates.",
    "Which surrogate": "Statements of the paper on surrogates, judged by the digits of the table before.",
    "Bayesian": "Pulls on labels trained on and on others tell overtraining; the records are in published/bayesian.",
    "Devices": "What each device can do, measured with the times below; the records are in published/hardware.",
    deep_speed.TITLES[0]: (
        "One training step with each way to differentiate; mixed_speed.json holds these figures alone, without a "
        "record of each run, so that rows lead to none."
    ),
    deep_speed.TITLES[1]: (
        "The corner sum against the products and tanh that it cannot do without; mixed_speed.json holds these figures "
        "alone, without a record of each run, so that rows lead to none."
    ),
}
"""How an experiment's title begins -> the sentence above its table."""


@dataclasses.dataclass(frozen=True)
class Material:
    """What a report shows.

    Parameters
    ----------
    out : Path
        The folder of the page, which links to records are relative to.
    folders : dict of str to Path
        Each experiment -> the folder with its records. All have the same one in a report of somebody's own runs.
    of : dict of str to list of dict
        Each experiment -> its records.
    beside : list of dict
        Published records of the same integrals, to be shown beside somebody's own.
    grouped : list of Group
        Those of the comparison of methods.
    damaged : dict of Path to str
        Files among the records that are none, and what is wrong with them.
    alone : Path
        The folder of measurements that are kept without a record of each run.
    """

    out: Path
    folders: dict[str, Path]
    of: dict[str, list[Record]]
    beside: list[Record]
    grouped: list[configurations.Group]
    damaged: dict[Path, str]
    alone: Path

    @classmethod
    def published(cls, reports: Path) -> Material:
        """Return what the project has published below `reports`, whose page lies there."""
        folders = {name: reports / PUBLISHED.name / name for name in (COMPARISON, HARDWARE, *APART)}
        found = {name: read(folder) for name, folder in folders.items()}
        damaged = {path: problem for _, problems in found.values() for path, problem in problems.items()}
        of = {name: records for name, (records, _) in found.items()}
        return cls(reports, folders, of, [], configurations.of(of[COMPARISON]), damaged, reports / PUBLISHED.name)

    @classmethod
    def local(cls, out: Path) -> Material:
        """Return what lies below somebody's own folder, with the published results on the same integrals beside it."""
        found, damaged = read(out)
        of = dict.fromkeys((COMPARISON, *APART), found) | {HARDWARE: list(filter(devices.is_shown, found))}
        integrals = {record["integral"] for record in found}
        beside = [r for r in read(PUBLISHED / COMPARISON)[0] if r["integral"] in integrals]
        return cls(out, dict.fromkeys(of, out), of, beside, configurations.of(found), damaged, out)

    @property
    def found(self) -> list[Record]:
        """The records that compare methods."""
        return self.of[COMPARISON]

    def places(self) -> dict[int, Path]:
        """Return id of a record -> the folder with its runs."""
        own = {id(record): self.folders[name] for name, found in self.of.items() for record in found}
        return own | {id(record): PUBLISHED / COMPARISON for record in self.beside}

    def beside_table(self) -> list[Table]:
        """Return the table of published results beside somebody's own, or nothing."""
        if not self.beside:
            return []
        table = html_page.results(configurations.of(self.beside))
        return [dataclasses.replace(table, title=BESIDE, explanation=BESIDE_EXPLANATION)]

    @functools.cached_property
    def tables(self) -> list[Table]:
        """Return the tables made of records, after that of all configurations."""
        made = (
            (paper_values.TITLE, paper_values.EXPLANATION, paper_values.rows(self.grouped)),
            (matched_digits.TITLE, matched_digits.EXPLANATION, matched_digits.rows(self.grouped)),
            (break_even.TITLE, break_even.EXPLANATION, break_even.rows(self.grouped)),
            (paper_recipes.TITLE, paper_recipes.EXPLANATION, paper_recipes.rows(self.of[RECIPES])),
        )
        return [Table.of(*parts) for parts in made if parts[-1]] + self.experiments()

    def experiments(self) -> list[Table]:
        """Return the tables of what the papers claim, of replicas, surrogates and Bayesian networks, and of devices."""
        surrogates = self.of[SURROGATES]
        parts = {
            "Claims of the papers, at equal updates and seeds": paper_claims.rows(self.of[ABLATIONS]),
            "Digits and errors against the number of replicas": [
                (row, []) for row in replicas.rows(replicas.read(self.alone))
            ],
            **paper_surrogates.parts(surrogates),
            **label_counts.parts(surrogates),
            "Bayesian networks: boosting, ensembles and the number of labels": uncertain_networks.rows(
                self.of[BAYESIAN]
            ),
        }
        parts |= devices.parts(self.of[HARDWARE])
        return [Table.of(title, explanation(title), rows) for title, rows in parts.items() if rows]

    def sections(self) -> list[sections.Section]:
        """Return the figures."""
        return [
            *sections.draw(self.grouped, first=INTEGRALS),
            *sections.of_activations(paper_claims.activations(self.of[ABLATIONS])),
            *sections.of_bayesian(uncertain_networks.grouped(self.of[BAYESIAN])),
            *sections.of_training([r for r in self._unique(COMPARISON, RECIPES) if r["diagnostics"]]),
        ]

    def _unique(self, *names: str) -> list[Record]:
        """Return the records of these experiments, each once."""
        return list({id(record): record for name in names for record in self.of[name]}.values())


def explanation(title: str) -> str:
    """Return the sentence that stands above an experiment's table."""
    return next((sentence for start, sentence in EXPLANATIONS.items() if title.startswith(start)), "")


def read(folder: Path) -> tuple[list[Record], dict[Path, str]]:
    """Return what `records.read_all` does, in a third of the memory: bins are the same in all records."""
    found, damaged = records.read_all(folder)
    edges: dict[tuple[float, ...], list[float]] = {}
    for record in found:
        for histogram in (*_histograms(record["histograms"]), *_histograms(record["details"])):
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
