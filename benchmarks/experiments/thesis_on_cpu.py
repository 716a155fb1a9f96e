"""The thesis's primitives that were trained on a CPU, at full length, and other activations at the same size.

    python -m benchmarks.accuracy --preset paper_cpu --diagnostics --out reports/published/replicas

trains rows 6 to 8 of the thesis's Table I as printed: five replicas, 10,000 updates of 500 points. As in its section
4.2, the weights of a replica are those with the most digits of every 100 updates; here on labels that the
Gauss-Legendre rule computes at points of its own, and not at those that the digits in the table are of. Softsign,
sigmoid and tanh have the gain and the learning rate that rows 1 to 3 print for them, and everything else from row 6:
the thesis has no such rows.

`replicas` shows the errors of these ensembles, `training` how their training went.

Paper: Bentley, MPhys thesis, Durham 2024, Table I and section 5.4.2.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.experiments.experiment import Experiment, Preset, Table
from benchmarks.experiments.paper_claims import SIGNIFICANT, shown
from benchmarks.records import configurations
from benchmarks.records.configurations import Configuration
from benchmarks.records.current_records import is_of
from benchmarks.records.run_records import Record
from methods.papers.primitive_recipes import RECIPES

INTEGRAL, BUDGET_S = "box1l", 10_800.0
"""The integral, and a budget in seconds that no row should need, so that the number of updates ends the training."""

LABELS = "gauss_legendre"
"""The method that computes the labels by which weights are chosen."""

ROWS = ("thesis_gelu_3x100_cpu", "thesis_gelu_10x30_cpu", "thesis_gelu_10x60_cpu")
"""Recipes of the thesis's rows 6, 7 and 8."""

OURS = ("thesis_softsign", "thesis_sigmoid", "thesis_tanh")
"""Recipes of rows 1 to 3, of which activation, gain and learning rate are taken."""


def specs() -> dict[str, str]:
    """Map each row's name to its method, as on the command line."""
    size = RECIPES[ROWS[0]]
    found = {name: RECIPES[name].method(labels=LABELS) for name in ROWS}
    for name in OURS:
        fields = RECIPES[name].fields()
        own = {key: fields[key] for key in ("activation", "gain", "learning_rate")}
        found[f"{fields['activation']}_3x100 (ours)"] = size.method(**own, labels=LABELS)
    return found


def paper_cpu() -> Preset:
    """Run every row once."""
    return Preset({INTEGRAL: BUDGET_S}, {INTEGRAL: tuple(specs().values())})


def row_name(record: Mapping[str, Any]) -> str | None:
    """Find the row that a record is of, at whatever budget; None where it is of none."""
    return next(
        (name for name, spec in specs().items() if record["integral"] == INTEGRAL and is_of(record, spec)), None
    )


def tables(found: Sequence[Record]) -> list[Table]:
    """Make a row for each of ours and of the thesis's that was run."""
    explanation = (
        "Five replicas on one thread, 500 points per update. What the thesis's ± is it does not say; over points a "
        "normal error alone gives 0.48, whatever its size, so it is not that. Confirmed: the ensemble has the digits "
        f"printed, less their ±; not decided: less {SIGNIFICANT:g} times their ±. Nothing is refuted, since the thesis "
        "does not print by what factor and after what patience the learning rate falls: 0.9 and 100 updates here. Rows "
        "called ours have no counterpart in the thesis."
    )
    ours = configurations.grouped(record for record in found if row_name(record))
    ours.sort(key=lambda configuration: [*specs()].index(row_name(configuration.first) or ""))
    rows = [(_row(configuration), configuration.records) for configuration in ours if not configuration.replaced]
    return [Table("The thesis's networks trained on a CPU, at full length", explanation, rows)]


def _row(configuration: Configuration) -> dict[str, str]:
    record, name = configuration.first, row_name(configuration.first)
    recipe = RECIPES.get(name or "")
    digits = [record["digits_mean"] for record in configuration.good]
    alone = list(
        itertools.chain.from_iterable(
            (r["by_n_replicas"] or {"1": {"digits": ()}})["1"]["digits"] for r in configuration.good
        )
    )
    updates = min((record["n_updates"] for record in configuration.good), default=0)
    return {
        "row": name or "",
        "source": recipe.source if recipe else "",
        "published digits": recipe.digits if recipe else "",
        "digits of the ensemble": shown(digits),
        "of each replica alone": shown(alone),
        "spread over points": shown([record["digits_std"] for record in configuration.good]),
        "updates made / printed": f"{updates:,} / {record['params']['n_updates']:,}",
        "verdict": verdict(recipe.digits, digits, is_full=updates >= record["params"]["n_updates"]) if recipe else "",
        "note": "; ".join(configuration.notes),
    }


def verdict(published: str, digits: Sequence[float], *, is_full: bool) -> str:
    """Compare digits, one of each repeat, with "3.1 ± 0.3" as published.

    Fewer digits refute nothing even after all updates, since not every setting is printed.
    """
    mean, plus_minus = map(float, published.split(" ± "))
    missing = (mean - statistics.fmean(digits)) / plus_minus if digits else math.inf
    if missing <= 1:
        return "confirmed"
    if missing <= SIGNIFICANT:
        return "not decided"
    return "not reproduced" if digits and is_full else "not reproduced at this budget"


EXPERIMENT = Experiment(source="replicas", presets={"paper_cpu": paper_cpu}, tables=tables)
