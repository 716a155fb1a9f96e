"""How networks trained, and what replicas gain: the numbers of both charts, for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.experiments import replicas, thesis_on_cpu, training
from benchmarks.page.page_data import Data
from benchmarks.records import configurations
from benchmarks.records.run_records import Record

MOST = 8
"""Trainings that the page shows, the newest ones."""

MOST_LAYERS = 4
"""Layers that are shown of a network, the first and the last among them."""

CURVES = ("loss", "validation_loss", "learning_rate", "label_digits_mean", "digits_mean")


def trainings(found: Iterable[Record], data: Data) -> list[dict[str, Any]]:
    """List the stages of the newest configurations with diagnostics: curves, and those of layers by name."""
    looked_at = filter(training.is_diagnosed, found)
    current = [c for c in configurations.grouped(looked_at) if not c.replaced]
    current.sort(key=lambda configuration: configuration.first["date_utc"] or "", reverse=True)
    return [_training(c.first, thesis_on_cpu.row_name(c.first) or c.label, data) for c in current[:MOST]]


def _training(record: Record, name: str, data: Data) -> dict[str, Any]:
    stages = record["diagnostics"]
    progress = "n_updates" if all("n_updates" in stage for stage in stages) else "fit_s"
    n_layers = len(stages[0]["layers"])
    shown = sorted({round(i * (n_layers - 1) / max(1, MOST_LAYERS - 1)) for i in range(MOST_LAYERS)})
    keys = [key for key, value in stages[0]["layers"][0].items() if isinstance(value, int | float)]
    return {
        "name": f"{name} on {record['integral']}, seed {record['seed']}",
        "progress": progress,
        "x": [_short(stage.get(progress)) for stage in stages],
        "curves": {key: [_short(stage.get(key)) for stage in stages] for key in CURVES if key in stages[-1]},
        "layers": {
            key: {f"layer {n + 1}": [_short(_of_layer(stage, n).get(key)) for stage in stages] for n in shown}
            for key in keys
        },
        "file": data.number_of_file(record),
    }


def _of_layer(stage: dict[str, Any], n: int) -> dict[str, Any]:
    layers = stage.get("layers") or []
    return layers[n] if n < len(layers) else {}


def gains(found: Sequence[Record], data: Data) -> list[dict[str, Any]]:
    """List the digits that n replicas of each ensemble have more than one."""
    made = []
    for configuration in replicas.ensembles(found):
        numbers = replicas.digits_by_number(configuration)
        for n, digits in numbers.items():
            made.append({"integral": configuration.first["integral"], "name": replicas.label(configuration), "x": n,
                         "y": round(digits - numbers[min(numbers)], 4),
                         "file": data.number_of_file(configuration.good[0])})  # fmt: skip
    return made


def _short(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.3g}")
