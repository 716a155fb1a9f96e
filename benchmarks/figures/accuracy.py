"""Charts of how good values and error bars are: histograms of P, R, pulls and error ratios, by class, and calibration.

notation: see `benchmarks.running.metrics`. Repeats are added up. Everything comes from the histograms in the records.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.figures.drawing import Chart, Curve
from benchmarks.figures.histograms import CALIBRATION, count, draw_calibration, draw_normal, draw_shares, total
from benchmarks.records.configurations import Configuration

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLASSES = {"by_cornerness": ("0", "1", "2", "3+"), "by_edge": ("inside", "edge")}


def charts(curves: Sequence[Curve]) -> list[Chart]:
    """Make the charts that there is something to show in."""
    return [
        chart for make in (*_HISTOGRAMS, _calibration, _by_cornerness, _by_edge, _spread) if (chart := make(curves))
    ]


def _histogram(
    name: str,
    kind: str,
    xlabel: str,
    caption: str,
    *,
    log: bool,
    also: Callable[[Axes, np.ndarray], None] | None = None,
) -> Callable[[Sequence[Curve]], Chart | None]:
    def make(curves: Sequence[Curve]) -> Chart | None:
        if not any(total(curve.configuration, kind) for curve in curves):
            return None
        return Chart(name, caption, [_panel(curves, kind, xlabel, log=log, also=also)])

    return make


def _panel(
    curves: Sequence[Curve],
    kind: str,
    xlabel: str,
    part: str = "all",
    of_class: str | None = None,
    *,
    log: bool,
    also: Callable[[Axes, np.ndarray], None] | None = None,
) -> Callable[[Axes], None]:
    """Make a function that draws the curves' histograms as shares of their points."""

    def draw(axes: Axes) -> None:
        found = [(curve, total(curve.configuration, kind, part, of_class)) for curve in curves]
        shown = [(curve, histogram) for curve, histogram in found if histogram]
        draw_shares(axes, shown, log=log, also=also)
        axes.set(xlabel=xlabel, title=_class_name(of_class) + count([histogram for _, histogram in shown]))

    return draw


def _class_name(of_class: str | None) -> str:
    """Name a class of points in a title, before their number; "" for all."""
    named = {None: "", "3+": "cornerness ≥ 3: ", "edge": "edge: ", "inside": "inside: "}
    return named.get(of_class, f"cornerness {of_class}: ")


_HISTOGRAMS = (
    _histogram(
        "p", "p", "P = log10|(e − t)/t|",
        "P is the decimal logarithm of a value's relative error: −P is the number of its digits.",
        log=False,
    ),
    _histogram(
        "r", "r", "R = log10|e/t|",
        "R is the decimal logarithm of value over truth: its width is the scatter, its offset a bias; the outermost "
        "bins also count what lies beyond ±0.02, five per cent.",
        log=True,
    ),
    _histogram(
        "error_ratio", "log10_error_ratio", "log10(error/|e − t|)",
        "The claimed error over the actual one: right of zero the claimed error is too large, left of zero too small.",
        log=False,
    ),
    _histogram(
        "pull", "pull", "pull = (e − t)/√(error² + truth error²)",
        "Pulls are actual errors in units of the claimed ones: an honest method follows the standard normal law.",
        log=True, also=draw_normal,
    ),
)  # fmt: skip


def _calibration(curves: Sequence[Curve]) -> Chart | None:
    found = [(curve, histogram) for curve in curves if (histogram := total(curve.configuration, "pull"))]
    if not found:
        return None

    def draw(axes: Axes) -> None:
        draw_calibration(axes, found)
        axes.set_title(count([histogram for _, histogram in found]))

    return Chart("calibration", CALIBRATION, [draw])


def _by_cornerness(curves: Sequence[Curve]) -> Chart | None:
    caption = (
        "R by cornerness, the number of kinematic invariants that lie close to an end of their range, where methods "
        "are worse."
    )
    return _classes("r_by_cornerness", "by_cornerness", caption, curves)


def _by_edge(curves: Sequence[Curve]) -> Chart | None:
    caption = "R where every invariant lies within a 54th of its range from either end (edge), and elsewhere (inside)."
    return _classes("r_by_edge", "by_edge", caption, curves)


def _classes(name: str, part: str, caption: str, curves: Sequence[Curve]) -> Chart | None:
    classes = [c for c in CLASSES[part] if any(total(curve.configuration, "r", part, c) for curve in curves)]
    if not classes:
        return None
    panels = [_panel(curves, "r", "R = log10|e/t|", part, c, log=True) for c in classes]
    return Chart(name, caption, panels, height=1.6)


def _spread(curves: Sequence[Curve]) -> Chart | None:
    places = [(part, name) for part, names in CLASSES.items() for name in names]

    def values(curve: Curve) -> list[float]:
        """Average the standard deviation of R in each class over repeats."""
        found = []
        for part, name in places:
            stds = [(record[part] or {}).get(name, {}).get("r_std") for record in curve.configuration.good]
            known = [std for std in stds if std]
            found.append(sum(known) / len(known) if known else math.nan)
        return found

    drawn = [(curve, values(curve)) for curve in curves]
    drawn = [(curve, y) for curve, y in drawn if not all(map(math.isnan, y))]
    if not drawn:
        return None

    def draw(axes: Axes) -> None:
        split = len(CLASSES["by_cornerness"])
        for curve, y in drawn:
            axes.plot(range(split), y[:split], label=curve.label, marker=curve.marker, **curve.style)
            axes.plot(range(split, len(y)), y[split:], marker=curve.marker, **curve.style)
        labels = ["0", "1", "2", "≥ 3", "inside", "edge"]
        axes.set_xticks(range(len(places)), labels)
        axes.set(yscale="log", xlabel="cornerness (left) or edge (right)", ylabel="standard deviation of R")
        axes.set_title(f"n = {_class_sizes(drawn[0][0].configuration, places)} points")

    caption = "How much the scatter of R grows towards the boundary of the box of s: flat lines are best."
    return Chart("r_spread", caption, [draw])


def _class_sizes(configuration: Configuration, places: Sequence[tuple[str, str]]) -> str:
    record = configuration.good[0]
    return ", ".join(f"{(record[part] or {}).get(name, {}).get('n_points', 0):,}" for part, name in places)
