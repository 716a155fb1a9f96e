"""What the contour and the importance map of `learned_contour` are worth: each learned alone, at as many nodes.

    log c_i = log |c_i| + i arg c_i,    |c_i| crowds the nodes,    arg c_i moves the contour off the real axis

All runs have the same number of nodes at most, and orders for each axis that suit their own map. Contour alone means
|c_i| = 1, importance map alone the phases from which fits start, on which no contour was learned. The runs are made by
`two_loops`; a referee's question is answered by the digits, as costs per node are equal.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.experiments import all_configurations, two_loops
from benchmarks.experiments.experiment import Experiment, Table
from benchmarks.records import configurations, current_records
from benchmarks.records.configurations import Configuration
from benchmarks.records.run_records import Record, Row

EXPLANATION = (
    "Digits where contour (the phases of c_i) and importance map (their sizes) are learned together, and where one of "
    "them is learned alone, with at most as many nodes; a contour that is not learned is the one from which fits "
    "start. Nodes are those of both rules, of which the smaller one tells the error; rms of log g is the root "
    "mean square of the integrand's logarithm, and the column after it says by how much a second map differs."
)


def tables(found: Sequence[Record]) -> list[Table]:
    """Make the table: a row for each part that is learned, and each machine; runs that failed say why."""
    made: list[Row] = []
    for configuration in configurations.grouped(found):
        if configuration.first["integral"] == two_loops.ABLATION and not configuration.replaced:
            made += [(_row(part, configuration), configuration.records) for part in _parts(configuration)]
    return [Table("Contour and importance map, at equal nodes", EXPLANATION, sorted(made, key=_rank))]


def _parts(configuration: Configuration) -> list[str]:
    """Return the part that it learns, where it is a run of the ablation."""
    of_parts = zip(two_loops.LEARNED, two_loops.ablation(), strict=True)
    return [part for part, method in of_parts if current_records.is_of(configuration.first, method)]


def _row(part: str, configuration: Configuration) -> dict[str, str]:
    number = all_configurations.number
    details = (configuration.good[0]["details"] if configuration.good else None) or {}
    bad = configuration.bad[0]["reason"] if configuration.bad and not configuration.good else ""
    spread = details.get("spread_of_log_g") or [None]
    return {
        "integral": configuration.first["integral"], "learned": part,
        "nodes": number(configuration.mean("n_eval_per_integral")),
        "digits": number(configuration.digits) or bad, "worst": number(configuration.mean("digits_worst")),
        "rms of log g": number(spread[0]), "second map differs": number(details.get("second_map_differs")),
        "machine": configuration.first["machine"], "note": configurations.note([configuration]),
    }  # fmt: skip


def _rank(row: Row) -> tuple[str, int]:
    return row[0]["machine"], two_loops.LEARNED.index(row[0]["learned"])


EXPERIMENT = Experiment(source="physical", tables=tables)
