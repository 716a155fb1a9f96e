"""What digits cost: training time, Pareto fronts, and from how many integrals on preparation pays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.figures.drawing import INK, Chart, Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BATCHES = ("1024", "1")
"""Throughput as a program calls that has a list of points, and latency."""

THROUGHPUT = BATCHES[0]

MOST_INTEGRALS = 1e9
"""What the heaviest users need."""


def charts(curves: Sequence[Curve]) -> list[Chart]:
    """Return what there is to show of these curves."""
    made = [_anytime(curves), *(_pareto(curves, batch) for batch in BATCHES), _break_even(curves)]
    return [chart for chart in made if chart]


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points (cost, digits) that no other beats in both, the cheapest first."""
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
        count = sum(len(stages) for _, stages in drawn)
        axes.set(
            xscale="log", xlabel="training time [s]", ylabel="digits (mean)",
            title=f"n = {count} stages of {len(drawn)} methods",
        )  # fmt: skip

    caption = "Mean digits while a method trains, with the labels that it buys, by the time that this took."
    return Chart("anytime", caption, [draw])


def _stages(curve: Curve) -> list[tuple[float, float]]:
    """Return (seconds, digits) of the first repeat, and of the finished method; [] where nothing was trained."""
    record = curve.group.good[0]
    stages = [(stage["fit_s"], stage["digits_mean"]) for stage in record["anytime"] or []]
    if len(stages) < 2 or record["fit_s"] is None:
        return []
    return [*stages, (record["fit_s"], record["digits_mean"])]


def _pareto(curves: Sequence[Curve], batch: str) -> Chart | None:
    drawn = [
        (curve, 1e6 * seconds, digits)
        for curve in curves
        if (seconds := curve.group.seconds(batch)) and (digits := curve.group.digits) is not None
    ]
    if not drawn:
        return None

    def draw(axes: Axes) -> None:
        step = front([(cost, digits) for _, cost, digits in drawn])
        costs, heights = zip(*step, strict=True)
        most = max(cost for _, cost, _ in drawn)
        axes.step([*costs, 1.3 * most], [*heights, heights[-1]], where="post", color=INK, linewidth=0.9, label="front")
        for curve, cost, digits in drawn:
            colour = curve.style["color"]
            axes.plot([cost], [digits], curve.marker, color=colour, markersize=6, label=curve.label)
        missing = len(curves) - len(drawn)
        absent = f", {missing} without a timing" if missing else ""
        axes.set(
            xscale="log", xlabel="time per integral [µs]", ylabel="digits (mean)",
            title=f"batches of {int(batch):,}, n = {len(drawn)} methods{absent}",
        )  # fmt: skip

    caption = (
        "Mean digits against the median time per integral, after preparation: nothing lies left of and above the front."
    )
    return Chart(f"pareto_{batch}", caption, [draw])


def _break_even(curves: Sequence[Curve]) -> Chart | None:
    drawn = []
    for curve in curves:
        seconds, preparation = curve.group.seconds(THROUGHPUT), curve.group.mean("fit_s")
        if seconds is not None and preparation is not None:
            drawn.append((curve, seconds, preparation))
    if not drawn:
        return None

    def draw(axes: Axes) -> None:
        n = np.logspace(0, np.log10(MOST_INTEGRALS), 37)
        for curve, seconds, preparation in drawn:
            digits = curve.group.digits or 0.0
            axes.plot(n, preparation + n * seconds, label=f"{curve.label} ({digits:.1f})", **curve.style)
        axes.set(
            xscale="log", yscale="log", xlabel="number of integrals", ylabel="preparation + evaluation [s]",
            title=f"batches of {int(THROUGHPUT):,}, n = {len(drawn)} methods (mean digits)",
        )  # fmt: skip

    caption = (
        "Total time by the number of integrals: where a line falls below another, its preparation has paid; their "
        "digits differ, and stand in brackets."
    )
    return Chart("break_even", caption, [draw])
