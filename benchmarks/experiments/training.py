"""Figures of the training, layer by layer, in the newest runs that were asked for `--diagnostics`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.experiments.experiment import Experiment
from benchmarks.figures.drawing import COLOURS, DASHES, Chart
from benchmarks.figures.figure_sections import Section, drawn
from benchmarks.records import configurations
from benchmarks.records.run_records import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOSSES = ("loss", "validation_loss", "learning_rate")

MOST = 4
"""Runs whose training is drawn."""


def sections(found: Iterable[Record]) -> list[Section]:
    """Draw the newest of the runs with diagnostics, one section each."""
    newest = sorted(found, key=lambda record: record["date_utc"] or "", reverse=True)
    shown = [(record, made) for record in newest if (made := charts(record))]
    labels = {id(c.first): c.label for c in configurations.grouped(record for record, _ in shown)}
    older = f"{len(shown) - MOST} older runs with diagnostics are not drawn" if len(shown) > MOST else ""
    return [
        Section(
            f"Training of {labels.get(id(record), record['method'])} on {record['integral']}, seed {record['seed']}",
            record["integral"], record["machine"], older if nth == 1 else "",
            [drawn(f"training.{nth}", chart) for chart in made],
        )
        for nth, (record, made) in enumerate(shown[:MOST], 1)
    ]  # fmt: skip


def charts(record: Record) -> list[Chart]:
    """Make charts of losses and learning rate, and of spreads and dead nodes per layer, where there are diagnostics."""
    stages = record["diagnostics"]
    if not stages or not stages[0].get("layers"):
        return []
    losses = Chart("losses", "Loss, validation loss and learning rate while it trained.", [_losses(stages)])
    keys = [key for key, value in stages[0]["layers"][0].items() if isinstance(value, int | float)]
    return [losses, *(Chart(key, f"“{key.replace('_', ' ')}” of each layer.", [_layers(stages, key)]) for key in keys)]


def _losses(stages: Sequence[dict[str, Any]]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        times = [stage.get("fit_s", math.nan) for stage in stages]
        for nth, key in enumerate(LOSSES):
            axes.plot(times, [stage.get(key, math.nan) for stage in stages], label=key.replace("_", " "), **_style(nth))
        axes.set(yscale="log", xlabel="training time [s]", ylabel="loss, rate", title=_title(stages))

    return draw


def _layers(stages: Sequence[dict[str, Any]], key: str) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        times = [stage.get("fit_s", math.nan) for stage in stages]
        for layer in range(len(stages[0]["layers"])):
            values = [_of_layer(stage, layer).get(key, math.nan) for stage in stages]
            axes.plot(times, values, label=f"layer {layer + 1}", **_style(layer))
        axes.set(xlabel="training time [s]", ylabel=key.replace("_", " "), title=_title(stages))

    return draw


def _of_layer(stage: dict[str, Any], layer: int) -> dict[str, float]:
    """Find what a stage says of a layer, {} where it says nothing."""
    layers = stage.get("layers") or []
    return layers[layer] if layer < len(layers) else {}


def _title(stages: Sequence[dict[str, Any]]) -> str:
    return f"n = {len(stages)} stages"


def _style(nth: int) -> dict[str, str]:
    return {"color": COLOURS[nth % len(COLOURS)][0], "linestyle": DASHES[nth // len(COLOURS) % len(DASHES)]}


EXPERIMENT = Experiment(source="recipes", sections=sections)
