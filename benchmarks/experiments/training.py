"""How the training of primitives went, layer by layer, in runs that were asked for `--diagnostics`.

The charts are those of thesis figures 8, 9, 14 to 16 and 18 to 20, against updates; a table says what they show. All is
of the first replica and the weights in training, but for the digits of the ensemble.

Paper: Bentley, MPhys thesis, Durham 2024, sections 4.4 and 5.

notation: a, α as in `methods.deep.diagnostics`; P = log10 of the relative error, −P = digits; stage = one look.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.experiments import thesis_on_cpu
from benchmarks.experiments.experiment import Experiment, Table
from benchmarks.figures.drawing import COLOURS, DASHES, Chart
from benchmarks.figures.figure_sections import Section, drawn
from benchmarks.records import configurations
from benchmarks.records.configurations import Configuration
from benchmarks.records.run_records import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOSSES = ("loss", "validation_loss", "learning_rate")

DIGITS = {"label_digits_mean": "one replica, in training", "digits_mean": "the ensemble's kept weights"}

FIGURES = {
    "activation": "14a, 16a, 16d, 20a and 20c", "second": "14b, 16b and 16e", "mixed": "14c, 16c, 16f, 20b and 20d",
    "gradient_std": "18 and 19",
}  # fmt: skip
"""Name of a layer's figure in records, or its beginning -> the thesis's figures that show it."""

MOST = 8
"""Configurations whose training is drawn."""

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
        if name and charts(record)
    ]
    return [Table("What the thesis's figures of training say", explanation, rows)]


def sections(found: Iterable[Record]) -> list[Section]:
    """Draw the training of the newest configurations with diagnostics, one section and the first run of each."""
    with_charts = [record for record in found if charts(record)]
    current = [c for c in configurations.grouped(with_charts) if not c.replaced]
    current.sort(key=lambda configuration: configuration.first["date_utc"] or "", reverse=True)
    older = f"{len(current) - MOST} older configurations with diagnostics are not drawn" if len(current) > MOST else ""
    return [_section(nth, c, older if nth == 1 else "") for nth, c in enumerate(current[:MOST], 1)]


def _section(nth: int, configuration: Configuration, note: str) -> Section:
    first = configuration.first
    name = thesis_on_cpu.row_name(first) or configuration.label
    title = f"Training of {name} on {first['integral']}, seed {first['seed']}"
    figures = [drawn(f"training.{nth}", chart) for chart in charts(first)]
    return Section(title, first["integral"], first["machine"], note, figures)


def charts(record: Record) -> list[Chart]:
    """Make charts of losses, learning rate and digits, and of each layer's figures, where there are diagnostics."""
    stages = record["diagnostics"]
    if not stages or not stages[0].get("layers"):
        return []
    made = [Chart("losses", "Loss, validation loss and learning rate (thesis figure 8).", [_losses(stages)])]
    if "label_digits_mean" in stages[-1]:
        made.append(
            Chart("digits", "Digits in training (thesis figures 9b and 15; ± spread over points).", [_digits(stages)])
        )
        made.append(
            Chart("loss_and_digits", "Validation loss against digits (thesis figure 9a).", [_loss_and_digits(stages)])
        )
    keys = [key for key, value in stages[0]["layers"][0].items() if isinstance(value, int | float)]
    return made + [Chart(key, _caption(key), [_layers(stages, key)]) for key in keys]


def _caption(key: str) -> str:
    figures = next((f" (thesis figures {numbers})" for start, numbers in FIGURES.items() if key.startswith(start)), "")
    return f"“{key.replace('_', ' ')}” of each layer{figures}."


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
    return f"{statistics.correlation(*zip(*pairs, strict=True)):.2f}" if len(pairs) > 2 else "–"


def _logs(first: float, last: float) -> str:
    return f"{_shown(_log10(first), '.1f')} → {_shown(_log10(last), '.1f')}"


def _log10(value: float) -> float:
    """Compute log10, nan where there is none."""
    return math.log10(value) if value > 0 else math.nan


def _shown(value: float, form: str) -> str:
    return "–" if math.isnan(value) else format(value, form)


def _losses(stages: Stages) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        progress, label = _progress(stages)
        for nth, key in enumerate(LOSSES):
            axes.plot(progress, _values(stages, key), label=key.replace("_", " "), **_style(nth))
        axes.set(yscale="log", xlabel=label, ylabel="loss, rate", title=_title(stages))

    return draw


def _digits(stages: Stages) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        progress, label = _progress(stages)
        for nth, (key, text) in enumerate(DIGITS.items()):
            axes.plot(progress, _values(stages, key), label=text, **_style(nth))
        mean, std = _values(stages, "label_digits_mean"), _values(stages, "label_digits_std")
        low, high = zip(*((m - s, m + s) for m, s in zip(mean, std, strict=True)), strict=True)
        axes.fill_between(progress, low, high, alpha=0.2, color=COLOURS[0][0], linewidth=0)
        axes.set(xlabel=label, ylabel="digits", title=_title(stages))

    return draw


def _loss_and_digits(stages: Stages) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        loss, digits = _values(stages, "validation_loss"), _values(stages, "label_digits_mean")
        axes.plot(loss, digits, marker="o", linestyle="", color=COLOURS[0][0])
        axes.set(xscale="log", xlabel="validation loss", ylabel="digits", title=_title(stages))

    return draw


def _layers(stages: Stages, key: str) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        progress, label = _progress(stages)
        for layer in range(len(stages[0]["layers"])):
            values = [_value(_of_layer(stage, layer), key) for stage in stages]
            axes.plot(progress, values, label=f"layer {layer + 1}", **_style(layer))
        axes.set(xlabel=label, ylabel=key.replace("_", " "), title=_title(stages))
        if key == "gradient_std":
            axes.set_yscale("log")

    return draw


def _progress(stages: Stages) -> tuple[list[float], str]:
    """Give how far each stage had come, in updates where all of them say so, and the axis's label."""
    if all("n_updates" in stage for stage in stages):
        return [stage["n_updates"] for stage in stages], "updates"
    return _values(stages, "fit_s"), "training time [s]"


def _values(stages: Stages, key: str) -> list[float]:
    return [_value(stage, key) for stage in stages]


def _value(figures: dict[str, Any], key: str) -> float:
    """Give a figure, nan where it is missing or was not finite."""
    value = figures.get(key)
    return math.nan if value is None else value


def _of_layer(stage: dict[str, Any], layer: int) -> dict[str, float]:
    """Find what a stage says of a layer, {} where it says nothing."""
    layers = stage.get("layers") or []
    return layers[layer] if layer < len(layers) else {}


def _title(stages: Stages) -> str:
    return f"n = {len(stages)} stages"


def _style(nth: int) -> dict[str, str]:
    return {"color": COLOURS[nth % len(COLOURS)][0], "linestyle": DASHES[nth // len(COLOURS) % len(DASHES)]}


EXPERIMENT = Experiment(source="replicas", tables=tables, sections=sections)
