"""Digits against the time per integral, as a curve for each method, named where its curve ends.

A curve joins the configurations that are cheapest at some number of digits; the others are dots of its colour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from benchmarks.figures.drawing import COLOURS, MARKERS, Chart
from benchmarks.records.digit_costs import LARGEST_BATCH, DigitCost, lower_envelope

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 3.6
"""Height of a panel in inches."""

NAME_SIZE, LINE, LETTER = 7.0, 0.05, 0.0175
"""Points of a name's letters; the height of a line of them and the width of a letter, in units of a panel."""

MARGIN, ROOM = 0.05, 0.45
"""Left and right of the curves, in units of the decades between the smallest and the largest time: names need room."""

Curves = Mapping[str, Sequence[DigitCost]]
"""Method -> its configurations."""


def chart(methods: Curves, colours: Sequence[str]) -> Chart | None:
    """Make the chart of an integral on one machine; None where nothing was timed.

    A panel shows the methods that evaluate the integrand more than once per integral, the other one those that do not:
    a surrogate may learn the ratio of I to the integrand at one point. A method has its place in `colours` in every
    chart of a page.
    """
    evaluating = {name: costs for name, costs in methods.items() if any(map(_evaluates, costs))}
    others = {name: costs for name, costs in methods.items() if name not in evaluating}
    shown = (("many evaluations per integral", evaluating), ("one evaluation or none per integral", others))
    limits = _limits([cost for costs in methods.values() for cost in costs])
    panels = [_panel(title, curves, colours, limits) for title, curves in shown if curves]
    caption = (
        f"Mean digits against the median time per integral in batches of {LARGEST_BATCH:,} on one thread, as a curve "
        "for each method: from top to bottom, methods that evaluate the integrand many times for each integral, and "
        "those that do so while they prepare themselves, and then once or never. Where such a batch takes too long, or "
        "a method integrates one point after the other, batches are smaller."
    )
    return Chart("digit_curves", caption, panels, height=HEIGHT) if panels else None


def _evaluates(cost: DigitCost) -> bool:
    """Tell whether it evaluates the integrand more than once per integral."""
    return (cost.configuration.mean("n_eval_per_integral") or 0) > 1


def _limits(costs: Sequence[DigitCost]) -> tuple[float, float]:
    """Where the axis of microseconds begins and ends."""
    times, _ = _coordinates(costs)
    if not times:
        return 1.0, 10.0
    decades = max(1.0, math.log10(max(times) / min(times)))
    return min(times) / 10 ** (MARGIN * decades), max(times) * 10 ** (ROOM * decades)


def _panel(title: str, curves: Curves, colours: Sequence[str], limits: tuple[float, float]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        ends = []
        for method, costs in curves.items():
            place = list(colours).index(method)
            turn = place // len(COLOURS)
            style = {"color": COLOURS[place % len(COLOURS)][0], "marker": MARKERS[(place + turn) % len(MARKERS)]}
            axes.plot(*_coordinates(costs), linestyle="", markersize=2, **style)
            envelope = lower_envelope(costs)
            axes.plot(*_coordinates(envelope), **style)
            ends.append((method, 1e6 * envelope[-1].s_per_integral, envelope[-1].digits_mean, style["color"]))
        axes.set(xscale="log", xlabel="time per integral [µs]", ylabel="digits (mean)", title=title)
        axes.set_xlim(*limits)
        _name(axes, ends)

    return draw


def _coordinates(costs: Sequence[DigitCost]) -> tuple[list[float], list[float]]:
    """Microseconds and digits."""
    return [1e6 * cost.s_per_integral for cost in costs], [cost.digits_mean for cost in costs]


def _name(axes: Axes, ends: Sequence[tuple[str, float, float, str]]) -> None:
    """Write each name beside the end of its curve, the highest first, and lower where another one stands already.

    The axes must have their limits already.
    """
    taken: list[tuple[float, float, float]] = []
    to_panel = axes.transData + axes.transAxes.inverted()
    for name, x, y, colour in sorted(ends, key=lambda end: -end[2]):
        left, height = to_panel.transform((x, y))
        left = min(left + 0.02, 1 - LETTER * len(name))
        right = left + LETTER * len(name)
        while any(left < b and a < right and abs(height - h) < LINE for a, b, h in taken):
            height -= LINE / 4
        taken.append((left, right, height))
        axes.text(left, height, name, color=colour, fontsize=NAME_SIZE, va="center", transform=axes.transAxes)
