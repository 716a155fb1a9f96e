"""The parts of an experiment: what it runs, where its published results lie, and tables and charts that show them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.figures.figure_sections import Section
from benchmarks.records.run_records import Row

METHODS = (
    "gauss_legendre", "chebyshev", "lattice_qmc", "pysecdec_qmc", "neural_primitive", "published_primitive", "skip_mlp",
    "boosted_trees",
)  # fmt: skip
"""Methods that run on integrals which a preset does not name. New methods join such a list only on purpose."""

BUDGET_S = 60.0
"""Seconds of preparation on integrals which a preset does not name."""


@dataclasses.dataclass(frozen=True)
class Preset:
    """Runs to make where the command line does not say otherwise.

    Parameters
    ----------
    budgets : dict of str to float
        Seconds of preparation for each integral.
    methods : dict of str to sequence of str
        For each integral, methods as on the command line.
    repeats : int
        Reruns with another seed.
    """

    budgets: Mapping[str, float]
    methods: Mapping[str, Sequence[str]]
    repeats: int = 1

    def budget_s(self, integral: str) -> float:
        """Seconds of preparation for an integral, named here or not."""
        return self.budgets.get(integral, BUDGET_S)

    def specs(self, integral: str) -> list[str]:
        """Methods for an integral, named here or not, as on the command line."""
        return list(self.methods.get(integral, METHODS))


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of the report.

    Parameters
    ----------
    title, explanation : str
        What stands above it.
    rows : sequence of (dict, list)
        Column -> text, the same columns in all rows, and the records that the row comes from.
    """

    title: str
    explanation: str
    rows: Sequence[Row]


def nothing(measured: Any) -> list[Any]:
    """Show neither a table nor a chart."""
    return []


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment:
    """An experiment.

    Parameters
    ----------
    source : str
        What it reads below reports/published: a folder of records, or a JSON file with measurements that leave none;
        where the name has a *, all files that match it, as a list that is empty while nothing was measured.
        In a folder of somebody's own all records lie together, and each experiment shows those that are its own.
    presets : dict of str to callable
        Name after `--preset` -> what it runs.
    tables : callable
        Makes the tables of what was read, those without rows included.
    sections : callable
        Draws the charts of what was read.
    """

    source: str
    presets: Mapping[str, Callable[[], Preset]] = dataclasses.field(default_factory=dict)
    tables: Callable[[Any], list[Table]] = nothing
    sections: Callable[[Any], list[Section]] = nothing
