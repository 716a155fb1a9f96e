"""Ensembles of primitives by the number of their networks: what `python -m benchmarks.replicas` found out.

For both conventions of the error (σ: JHEP; σ/√n: thesis eq. 4.1) the table has the share of points within one and three
of it, and the median of log10(error/|e − t|), as in figure 7 of the thesis.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benchmarks.experiments.experiment import Experiment, Table

FILE = "replicas.json"


def tables(measured: Iterable[dict[str, Any]]) -> list[Table]:
    """Make a row for each number of replicas of each measurement."""
    explanation = (
        "Ensembles of so many networks, the mean over many drawn from the same ones; replicas.json holds these figures "
        "alone, without a record of each run, so that rows lead to none."
    )
    rows: list[tuple[dict[str, str], list[Any]]] = [
        (row(run, entry), []) for run in measured for entry in run["entries"]
    ]
    return [Table("Digits and errors against the number of replicas", explanation, rows)]


def row(run: dict[str, Any], entry: dict[str, Any]) -> dict[str, str]:
    """Make a row of what a run found out for a number of replicas, text in every cell."""
    cells = {"integral": run["integral"], "method": run["method"], "budget s": f"{run['budget_s']:g}"}
    cells |= {"replicas": str(entry["n"]), "digits": f"{entry['digits']:.2f}"}
    for kind, name in (("spread", "σ"), ("mean", "σ/√n")):
        found = entry.get(kind)
        shares = f"{100 * found['within_1']:.0f} %, {100 * found['within_3']:.0f} %" if found else "–"
        cells[f"within 1, 3 {name}"] = shares
        cells[f"log10({name} / miss)"] = f"{found['log10_error_ratio']:+.2f}" if found else "–"
    return cells


EXPERIMENT = Experiment(source=FILE, tables=tables)
