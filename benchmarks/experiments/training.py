"""How the training of primitives went, layer by layer, in runs that were asked for `--diagnostics`.

A table says what thesis figures 8, 9, 14 to 16 and 18 to 20 show; the page draws them, against updates. All is of the
first replica and the weights in training.

Paper: Bentley, MPhys thesis, Durham 2024, sections 4.4 and 5.

notation: a, α as in `methods.deep.diagnostics`; P = log10 of the relative error, −P = digits; stage = one look.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.experiments import thesis_on_cpu
from benchmarks.experiments.experiment import Experiment, Table
from benchmarks.records.run_records import Record

Stages = Sequence[dict[str, Any]]


def tables(found: Iterable[Record]) -> list[Table]:
    """Make a row of what the thesis reads off its figures, for each row of Table I that was trained on a CPU."""
    explanation = (
        "First and last look at the first replica. The thesis reads off its figures that a lower validation loss goes "
        "with more digits (9a: here the correlation of their logarithms over all looks), that the gradients' spread "
        "falls more slowly with tanh than with sigmoid (18), that with GELU it stays largest in the first layer and "
        "smallest in the last (19: here the share of looks in which it does), and that sigmoid and deep networks have "
        "more dead nodes (5.3, 5.4, without a number)."
    )
    named = [(thesis_on_cpu.row_name(record), record) for record in found]
    rows = [
        ({"row": name, "seed": str(record["seed"])} | _row(record["diagnostics"]), [record])
        for name, record in named
        if name and is_diagnosed(record)
    ]
    return [Table("What the thesis's figures of training say", explanation, rows)]


def is_diagnosed(record: Record) -> bool:
    """Tell whether a record says how training stood, layer by layer."""
    return bool(record["diagnostics"] and record["diagnostics"][0].get("layers"))


def _row(stages: Stages) -> dict[str, str]:
    first, last = stages[0], stages[-1]
    cells = {"looks": str(len(stages))}
    for key in ("learning_rate", "validation_loss", "label_digits_mean"):
        cells[key.replace("_", " ")] = f"{_shown(_value(first, key), '.3g')} → {_shown(_value(last, key), '.3g')}"
    pairs = [(_log10(_value(stage, "validation_loss")), _value(stage, "label_digits_mean")) for stage in stages]
    cells["correlation"] = _correlation([pair for pair in pairs if all(map(math.isfinite, pair))])
    spreads = [[_value(layer, "gradient_std") for layer in stage["layers"]] for stage in stages]
    cells["log10 gradient spread, first layer"] = _logs(spreads[0][0], spreads[-1][0])
    cells["last layer"] = _logs(spreads[0][-1], spreads[-1][-1])
    share = statistics.fmean(of[0] == max(of) and of[-1] == min(of) for of in spreads)
    cells["first largest, last smallest"] = f"{100 * share:.0f} %"
    dead = [_value(layer, "dead_share") for layer in last["layers"]]
    return cells | {
        "dead nodes, mean and most of a layer": f"{100 * statistics.fmean(dead):.0f}, {100 * max(dead):.0f} %"
    }


def _correlation(pairs: Sequence[tuple[float, float]]) -> str:
    """Write the correlation, "–" where there is none: of fewer than three pairs, or where one side never changes."""
    if len(pairs) < 3 or any(len(set(side)) < 2 for side in zip(*pairs, strict=True)):
        return "–"
    return f"{statistics.correlation(*zip(*pairs, strict=True)):.2f}"


def _logs(first: float, last: float) -> str:
    return f"{_shown(_log10(first), '.1f')} → {_shown(_log10(last), '.1f')}"


def _log10(value: float) -> float:
    """Compute log10, nan where there is none."""
    return math.log10(value) if value > 0 else math.nan


def _shown(value: float, form: str) -> str:
    return "–" if math.isnan(value) else format(value, form)


def _value(figures: dict[str, Any], key: str) -> float:
    """Give a figure, nan where it is missing or was not finite."""
    value = figures.get(key)
    return math.nan if value is None else value


EXPERIMENT = Experiment(source="replicas", tables=tables)
