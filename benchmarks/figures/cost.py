"""Charts of what digits cost: training time, Pareto fronts, and from how many integrals on preparation pays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.figures.drawing import INK, Chart, Curve
from benchmarks.records.configurations import Configuration

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BATCHES = ("1024", "1")
"""Throughput as a program calls that has a list of points, and latency."""

THROUGHPUT = BATCHES[0]

MOST_INTEGRALS = 1e9
"""Integrals that the heaviest users need."""


def charts(curves: Sequence[Curve], others: Sequence[Configuration] = ()) -> list[Chart]:
    """Make the charts of these curves, and of configurations that are no more than points."""
    made = [_anytime(curves), *(_pareto(curves, others, batch) for batch in BATCHES), _break_even(curves)]
    return [chart for chart in made if chart]


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Find the points (cost, digits) that no other beats in both, the cheapest first."""
    best: list[tuple[float, float]] = []
    for cost, digits in sorted(points, key=lambda point: (point[0], -point[1])):
        if not best or digits > best[-1][1]:
            best.append((cost, digits))
    return best


def _anytime(curves: Sequence[Curve]) -> Chart | None:
    drawn = [(curve, stages) for curve in curves if (stages := _stages(curve))]
    if not drawn:
        return None

    def draw(axes: Axes) -> None:
        for curve, stages in drawn:
            axes.plot(*zip(*stages, strict=True), label=curve.label, marker=curve.marker, **curve.style)
        axes.set(
            xscale="log", xlabel="training time [s]", ylabel="digits (mean)",
            title=f"{_size([curve.configuration for curve, _ in drawn])}, first repeats",
        )  # fmt: skip

    caption = (
        "Mean digits while a method trains, with the labels that it buys, by the time that this took, in its first "
        "repeat."
    )
    return Chart("anytime", caption, [draw])


def _stages(curve: Curve) -> list[tuple[float, float]]:
    """List (seconds, digits) of the first repeat, and of the finished method; [] where nothing was trained."""
    record = curve.configuration.good[0]
    stages = [(stage["fit_s"], stage["digits_mean"]) for stage in record["anytime"] or []]
    if len(stages) < 2 or record["fit_s"] is None or record["digits_mean"] is None:
        return []
    return [*stages, (record["fit_s"], record["digits_mean"])]


def _pareto(curves: Sequence[Curve], others: Sequence[Configuration], batch: str) -> Chart | None:
    """Make the chart, where every configuration is a point, and the front that of all; the legend names the curves'."""
    drawn = [(curve, point) for curve in curves if (point := _point(curve.configuration, batch))]
    unnamed = [(c, point) for c in others if (point := _point(c, batch))]
    points = [point for _, point in (*drawn, *unnamed)]
    if not points:
        return None
    shown = [*(curve.configuration for curve, _ in drawn), *(configuration for configuration, _ in unnamed)]

    def draw(axes: Axes) -> None:
        costs, heights = zip(*front(points), strict=True)
        most = max(cost for cost, _ in points)
        axes.step([*costs, 1.3 * most], [*heights, heights[-1]], where="post", color=INK, linewidth=0.9, label="front")
        for curve, (cost, digits) in drawn:
            colour = curve.style["color"]
            axes.plot([cost], [digits], curve.marker, color=colour, markersize=6, label=curve.label)
        if unnamed:
            label = f"{len(unnamed)} more, see the table"
            axes.plot(*zip(*(point for _, point in unnamed), strict=True), ".", color=INK, markersize=5, label=label)
        missing = len(curves) + len(others) - len(points)
        absent = f"; {missing} not timed" if missing else ""
        axes.set(
            xscale="log", xlabel=f"time per integral [µs], batches of {int(batch):,}", ylabel="digits (mean)",
            title=f"{_size(shown)}{absent}",
        )  # fmt: skip

    caption = (
        "Mean digits against the median time per integral, after preparation: nothing lies left of and above the front."
    )
    return Chart(f"pareto_{batch}", caption, [draw])


def _point(configuration: Configuration, batch: str) -> tuple[float, float] | None:
    """Place a configuration at (microseconds per integral, digits), None where one was not measured."""
    seconds, digits = configuration.seconds(batch), configuration.digits
    return None if not seconds or digits is None else (1e6 * seconds, digits)


def _size(configurations: Sequence[Configuration]) -> str:
    """Say how many configurations there are, and how many points each one's digits are the mean of."""
    numbers = sorted({record["n_points"] for c in configurations for record in c.good if record["n_points"]})
    points = " or ".join(f"{number:,}" for number in numbers)
    return f"n = {len(configurations)} configuration{'' if len(configurations) == 1 else 's'}" + (
        f", {points} points each" if points else ""
    )


def _break_even(curves: Sequence[Curve]) -> Chart | None:
    drawn = []
    for curve in curves:
        seconds, preparation = curve.configuration.seconds(THROUGHPUT), curve.configuration.mean("fit_s")
        if seconds is not None and preparation is not None:
            drawn.append((curve, seconds, preparation))
    if not drawn:
        return None

    def draw(axes: Axes) -> None:
        n = np.logspace(0, np.log10(MOST_INTEGRALS), 37)
        for curve, seconds, preparation in drawn:
            digits = curve.configuration.digits or 0.0
            axes.plot(n, preparation + n * seconds, label=f"{curve.label} ({digits:.1f})", **curve.style)
        axes.set(
            xscale="log", yscale="log", xlabel=f"number of integrals, in batches of {int(THROUGHPUT):,}",
            ylabel="preparation + evaluation [s]", title=_size([curve.configuration for curve, *_ in drawn]),
        )  # fmt: skip

    caption = (
        "Total time by the number of integrals: where a line falls below another, its preparation has paid; their "
        "mean digits differ, and stand in brackets."
    )
    return Chart("break_even", caption, [draw])
