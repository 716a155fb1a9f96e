"""The parts of an experiment: what it runs, where its published results lie, and the tables that show them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.records.run_records import Row
from benchmarks.running.jobs import Job
from benchmarks.running.stopwatch import TIMED_S

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
    methods : dict of str to sequence of str or Job
        For each integral, methods as on the command line, or jobs where not all methods are run alike.
    repeats : int
        Reruns with another seed of what is no job.
    timed_s : float
        Seconds of timed calls of each batch.
    """

    budgets: Mapping[str, float]
    methods: Mapping[str, Sequence[str | Job]]
    repeats: int = 1
    timed_s: float = TIMED_S

    def jobs(self, integral: str, methods: Sequence[str] | None = None) -> list[Job]:
        """List what to run on an integral, named here or not: these methods, or those of the preset."""
        budget_s = self.budgets.get(integral, BUDGET_S)
        chosen = methods or self.methods.get(integral, METHODS)
        return [one if isinstance(one, Job) else Job(one, budget_s, self.repeats) for one in chosen]


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
    """Show no table."""
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
    """

    source: str
    presets: Mapping[str, Callable[[], Preset]] = dataclasses.field(default_factory=dict)
    tables: Callable[[Any], list[Table]] = nothing
