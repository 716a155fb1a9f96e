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

LETTER, LINE = 0.018, 0.042
"""Width of a letter and height of a line of names, in units of the axes."""

GAP = 0.02
"""Distance between a curve's end and its name, in units of the axes."""

SWEEPS = 3
"""How often all names are placed."""

MOST_LINES_AWAY = 8
"""Lines up to which a name may be away from the end of its curve."""

PAD = 0.012
"""Half the size of a mark, in units of the axes."""

MARK, LEADER = 20, 7
"""How much worse it is to hide a mark of a curve, or a line to a name, than a point between two marks."""

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
    """Write each name near the end of its curve, where it hides little.

    The highest is placed first; then each is placed again, given all others. The axes must have their limits already.
    """
    to_axes = axes.transData + axes.transAxes.inverted()
    placed = {name: [tuple(to_axes.transform(point)) for point in points] for name, _, points in envelopes}
    curves = [point for points in placed.values() for point in _along(points)]
    boxes: dict[str, Box] = {}
    for _ in range(SWEEPS):
        for name in sorted(placed, key=lambda name: -placed[name][-1][1]):
            end = placed[name][-1]
            others = [box for other, box in boxes.items() if other != name]
            lines = [
                (point, LEADER) for other, box in boxes.items() if other != name
                for point, _ in _along([_nearest(box, placed[other][-1]), placed[other][-1]])
            ]  # fmt: skip
            obstacles = np.array([(*point, weight) for point, weight in [*curves, *lines]])
            costs = {box: _cost(box, end, away, others, obstacles) for away, box in _places(end, LETTER * len(name))}
            boxes[name] = min(costs, key=lambda box: costs[box])
    for name, colour, _ in envelopes:
        _write_name(axes, name, colour, boxes[name], placed[name][-1])


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


def _cost(box: Box, end: Point, away: float, names: Sequence[Box], obstacles: np.ndarray) -> float:
    """How bad a box is: it must hide no name, its line should cross none, and it should hide no curve and be near.

    `obstacles` (n, 3) are points of curves and lines with their weights.
    """
    left, right, bottom, top = box[0] - PAD, box[1] + PAD, box[2] - PAD, box[3] + PAD
    over_names = sum(left < b and a < right and bottom < d and c < top for a, b, c, d in names)
    x, y, weight = obstacles.T
    over_curves = weight[(left <= x) & (x <= right) & (bottom <= y) & (y <= top)].sum()
    line = [point for point, _ in _along([_nearest(box, end), end])][:-1]
    crossed = sum(a <= x <= b and c <= y <= d for x, y in line for a, b, c, d in names)
    distances = np.hypot(*(obstacles[:, None, :2] - np.reshape(line, (1, -1, 2))).transpose(2, 0, 1))
    near = np.hypot(x - end[0], y - end[1]) < PAD  # its own mark
    touched = weight[(distances < PAD).any(1) & ~near].sum() if away else 0.0
    return float(1000 * over_names + 20 * crossed + over_curves + 0.5 * touched + 2 * away)


def _nearest(box: Box, end: Point) -> Point:
    """Find the point of a box that is nearest to the end of a curve."""
    return min(max(end[0], box[0]), box[1]), min(max(end[1], box[2]), box[3])
