"""One row for each configuration that compares methods: what the page's script answers questions from.

A row has what decides between methods, and links to its records; everything else is in the records. Digits are rounded
down, and are those of the true values at most, so that no row claims more of them than its records can show.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.experiments import all_configurations
from benchmarks.page.page_data import Data
from benchmarks.records import configurations, digit_costs
from benchmarks.records.configurations import Configuration
from benchmarks.text_format import cut

TEXTS = ("integral", "method", "setting", "place", "status", "note")
"""Columns that hold the number of a text."""

NUMBERS = (
    "budget_s", "digits", "digits_std", "worst", "digits_re", "digits_im", "one_us", "many_us", "batch", "large_us",
    "prep_s", "n_eval", "kb", "within_1pct", "within_1", "within_3", "n_points", "replaced",
)  # fmt: skip
"""`one_us` is microseconds per value in calls with one point, `many_us` in those with `batch` of them, `large_us` with
65,536; `within_1` and `within_3` are shares of points within so many claimed errors."""

LISTS = ("r_std", "anytime", "files")
"""The standard deviation of R by class of points, [seconds, digits] of the training of the first repeat that finished,
and the records."""

CLASSES = (("by_cornerness", "0"), ("by_cornerness", "1"), ("by_cornerness", "2"), ("by_cornerness", "3+"),
           ("by_edge", "inside"), ("by_edge", "edge"))  # fmt: skip

LONGEST_NOTE = 120
"""Characters of a reason; all of it is in the record."""

MOST_STAGES = 8
"""Stages of a training that are kept, evenly chosen."""

MOST_FILES = 5
"""Records that a row links to; a preset has three repeats at most."""


def content(found: Iterable[Configuration], data: Data) -> dict[str, Any]:
    """Write {columns, texts, rows} of these configurations, for JSON."""
    rows = [_row(configuration, data) for configuration in all_configurations.best_first(found)]
    return {"columns": [*TEXTS, *NUMBERS, *LISTS], "texts": len(TEXTS), "rows": rows}


def place(record: Mapping[str, Any]) -> str:
    """Name the resource that a run was timed on: machine, device and threads."""
    device = "" if record["device"] == "cpu" else f", {record['device']}"
    return f"{record['machine']}{device}, {configurations.threads(record['threads'])}"


def _row(configuration: Configuration, data: Data) -> list[Any]:
    first, good = configuration.first, configuration.good
    cost = digit_costs.digit_cost(configuration)
    mean = configuration.mean
    large = configuration.seconds("65536")
    texts = [
        first["integral"], configuration.method, ", ".join(filter(None, (configuration.fields, _budget(first)))),
        place(first), ", ".join(dict.fromkeys(record["status"] for record in configuration.records)),
        _note(configuration),
    ]  # fmt: skip
    numbers = [
        _short(first["budget_s"]), _judged(configuration.digits, configuration), _down(mean("digits_std")),
        _judged(configuration.worst, configuration), _judged(mean("digits_re"), configuration),
        _judged(mean("digits_im"), configuration),
        _short(cost and cost.s_single, 1e6), _short(cost and cost.s_per_integral, 1e6), cost and cost.batch,
        _short(large, 1e6), _short(mean("fit_s")), _short(mean("n_eval_per_integral")),
        _short(mean("model_bytes"), 1e-3), _short(mean("frac_within_1pct")), _short(mean("coverage_1sigma")),
        _short(mean("coverage_3sigma")), good[0]["n_points"] if good else None, int(configuration.replaced),
    ]  # fmt: skip
    spread = [_short(_mean_of_class(configuration, *of_class)) for of_class in CLASSES]
    lists = [
        spread if any(spread) else [],
        _stages(configuration) if good else [],
        [data.number_of_file(record) for record in configuration.records[:MOST_FILES]],
    ]
    return [*map(data.number_of_text, texts), *numbers, *lists]


def _budget(record: Mapping[str, Any]) -> str:
    return f"{record['budget_s']:g} s"


def _note(configuration: Configuration) -> str:
    """Say how many repeats a row is the mean of, by what it is superseded, and why runs failed."""
    n = len(configuration.good)
    repeats = [f"mean of {n} repeats"] if n > 1 else []
    failures = dict.fromkeys(f"{r['status']}: {_shown(r['reason'] or 'no reason given')}" for r in configuration.bad)
    return "; ".join([*repeats, *configuration.outdated, *failures])


def _shown(reason: str) -> str:
    return cut(" ".join(reason.split()), LONGEST_NOTE)


def _mean_of_class(configuration: Configuration, part: str, name: str) -> float | None:
    found = [(record[part] or {}).get(name, {}).get("r_std") for record in configuration.good]
    known = [value for value in found if value]
    return sum(known) / len(known) if known else None


def _stages(configuration: Configuration) -> list[list[float | None]]:
    """List seconds and digits of the first repeat's training: those of others are at other seconds."""
    stages = configuration.good[0]["anytime"] or []
    step = max(1, math.ceil(len(stages) / MOST_STAGES))
    return [[_short(stage["fit_s"]), _judged(stage["digits_mean"], configuration)] for stage in stages[::step]]


def _short(value: float | None, scale: float = 1.0) -> float | None:
    """Keep four significant digits."""
    return None if value is None else float(f"{value * scale:.4g}")


def _judged(digits: float | None, configuration: Configuration) -> float | None:
    """Keep no more digits than the true values have."""
    return None if digits is None else _down(min(digits, configuration.truth_digits))


def _down(digits: float | None) -> float | None:
    """Keep three decimals, rounded down."""
    return None if digits is None else math.floor(1000 * digits) / 1000
