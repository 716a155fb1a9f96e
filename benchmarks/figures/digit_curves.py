"""Digits against the time per integral, as a curve for each method, named where it ends, in the colour of its kind.

A curve joins the configurations that are cheapest at some number of digits; the others are small dots.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.figures.drawing import COLOURS, MARKERS, label_powers_of_ten, svg
from benchmarks.records.digit_costs import DigitCost, lower_envelope

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 4.6
"""Inches."""

NAME_SIZE = 8.5
"""Points of a name's letters, which a phone shows nearly as large."""

LETTER, LINE = 0.0175, 0.042
"""Width of a letter and height of a line of names, in units of the axes."""

GAP = 0.02
"""Distance between a curve's end and its name, in units of the axes."""

MOST_LINES_AWAY = 6
"""Lines up to which a name may be away from the end of its curve."""

PAD = 0.012
"""Half the size of a mark, in units of the axes."""

MARK = 14
"""How much worse it is to hide a mark of a curve than a point between two."""

ROOM = 0.2
"""Room right of the curves and above them for names, in units of the range that they take."""

Point = tuple[float, float]
"""In units of the axes, or (µs, digits)."""

Box = tuple[float, float, float, float]
"""(left, right, bottom, top) in units of the axes."""


def text_of_svg(kinds: Mapping[str, Mapping[str, Sequence[DigitCost]]]) -> str:
    """Draw the methods of an integral on one machine, as the text of an SVG file.

    Parameters
    ----------
    kinds : mapping
        Kind -> method -> its configurations, one at least of all; a kind has its colour by its place.
    """
    return svg(lambda axes: draw(axes, kinds), HEIGHT)


def draw(axes: Axes, kinds: Mapping[str, Mapping[str, Sequence[DigitCost]]]) -> None:
    """Draw them into axes."""
    envelopes: list[tuple[str, str, list[Point]]] = []
    for (kind, methods), (colour, _), marker in zip(kinds.items(), COLOURS, MARKERS, strict=False):
        for method, costs in methods.items():
            envelope = [_point(cost) for cost in lower_envelope(costs)]
            axes.plot(*zip(*map(_point, costs), strict=True), marker, color=colour, markersize=2, alpha=0.7)
            axes.plot(*zip(*envelope, strict=True), color=colour, marker=marker)
            envelopes.append((method, colour, envelope))
        _name_kind(axes, list(kinds).index(kind) / len(kinds), kind if methods else "", colour)
    axes.set(xscale="log", xlabel="time per value [µs], after preparation", ylabel="digits (mean)")
    _make_room(axes, [point for *_, envelope in envelopes for point in envelope])
    label_powers_of_ten(axes)
    _name_curves(axes, envelopes)


def _point(cost: DigitCost) -> Point:
    """Microseconds and digits."""
    return 1e6 * cost.s_per_integral, cost.digits_mean


def _name_kind(axes: Axes, left: float, kind: str, colour: str) -> None:
    axes.text(left, 1.03, kind, color=colour, fontsize=10, fontweight="bold", transform=axes.transAxes)


def _make_room(axes: Axes, points: Sequence[Point]) -> None:
    """Set the limits of the axes; names stand right of the curves and above them."""
    times, digits = zip(*points, strict=True)
    decades = max(1.0, math.log10(max(times) / min(times)))
    axes.set_xlim(min(times) / 10 ** (0.05 * decades), max(times) * 10 ** (ROOM * decades))
    lowest = min(0.0, *digits)
    axes.set_ylim(lowest, max(digits) + 0.1 * (max(digits) - lowest))


def _name_curves(axes: Axes, envelopes: Sequence[tuple[str, str, list[Point]]]) -> None:
    """Write each name near the end of its curve, the highest first, where little stands yet.

    The axes must have their limits already.
    """
    to_axes = axes.transData + axes.transAxes.inverted()
    placed = [(name, colour, [tuple(to_axes.transform(p)) for p in points]) for name, colour, points in envelopes]
    curves = [point for _, _, points in placed for point in _along(points)]
    names: list[Box] = []
    for name, colour, points in sorted(placed, key=lambda each: -each[2][-1][1]):
        end = points[-1]
        costs = {box: _cost(box, end, away, names, curves) for away, box in _places(end, LETTER * len(name))}
        box = min(costs, key=lambda box: costs[box])
        names.append(box)
        curves += _along([_nearest(box, end), end])
        _write_name(axes, name, colour, box, end)


def _write_name(axes: Axes, name: str, colour: str, box: Box, end: Point) -> None:
    """Write a name into its box, on white where it hides a curve, with a line to an end that is not beside it."""
    left, _, bottom, top = box
    axes.text(
        left, (bottom + top) / 2, name, color=colour, fontsize=NAME_SIZE, va="center", transform=axes.transAxes,
        bbox={"facecolor": "#ffffff", "alpha": 0.7, "linewidth": 0, "pad": 0.3},
    )  # fmt: skip
    near = _nearest(box, end)
    if math.dist(near, end) > LINE:
        axes.plot(*zip(near, end, strict=True), color=colour, linewidth=0.6, transform=axes.transAxes)


def _along(points: Sequence[Point]) -> Iterator[tuple[Point, int]]:
    """Yield points of a curve, closer to one another than names are high, with weights: its marks weigh most."""
    yield points[0], MARK
    for (x, y), (next_x, next_y) in itertools.pairwise(points):
        steps = max(1, math.ceil(2 * math.hypot(next_x - x, next_y - y) / LINE))
        for step in range(1, steps + 1):
            yield (x + (next_x - x) * step / steps, y + (next_y - y) * step / steps), MARK if step == steps else 1


def _places(end: Point, width: float) -> Iterator[tuple[float, Box]]:
    """Yield lines of distance and a box for a name near the end of its curve: right, left, above and below of it."""
    x, y = end
    for away in np.arange(0, MOST_LINES_AWAY, 0.5):
        rise = away * LINE
        for left, middle in (
            (x + GAP, y + rise), (x + GAP, y - rise), (x - width / 2, y + rise + LINE), (x - width - GAP, y + rise),
            (x - width - GAP, y - rise), (x - width / 2, y - rise - LINE),
        ):  # fmt: skip
            inside = min(max(left, 0.005), 1 - width), min(max(middle, LINE / 2), 1 - LINE / 2)
            moved = math.dist(inside, (left, middle)) / LINE
            box = inside[0], inside[0] + width, inside[1] - LINE / 2, inside[1] + LINE / 2
            yield away + moved, box


def _cost(
    box: Box, end: Point, away: float, names: Sequence[Box], curves: Sequence[tuple[Point, int]]
) -> float:  # fmt: skip
    """How bad a box is: it must hide no name, its line should cross none, and it should hide no curve and be near."""
    left, right, bottom, top = box[0] - PAD, box[1] + PAD, box[2] - PAD, box[3] + PAD
    over_names = sum(left < b and a < right and bottom < d and c < top for a, b, c, d in names)
    over_curves = sum(weight for (x, y), weight in curves if left <= x <= right and bottom <= y <= top)
    line = [point for point, _ in _along([_nearest(box, end), end])]
    crossed = sum(a <= x <= b and c <= y <= d for x, y in line for a, b, c, d in names)
    return 1000 * over_names + 20 * crossed + over_curves + 2 * away


def _nearest(box: Box, end: Point) -> Point:
    """Find the point of a box that is nearest to the end of a curve."""
    return min(max(end[0], box[0]), box[1]), min(max(end[1], box[2]), box[3])
