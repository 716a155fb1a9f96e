"""How good values and error bars are: histograms of P, R, pulls and error ratios, by class of points, and calibration.

notation: see `benchmarks.metrics`. Repeats are added up. Everything comes from the histograms in the records, whose
outermost bins also count what lies beyond.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.figures.drawing import INK, Chart, Curve
from benchmarks.groups import Group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLASSES = {"by_cornerness": ("0", "1", "2", "3+"), "by_edge": ("inside", "edge")}

REFERENCE = {"color": INK, "linewidth": 1.1, "linestyle": ":"}
"""What honest errors would give."""

Histogram = tuple[np.ndarray, np.ndarray]
"""Edges (n + 1,), and counts (n,)."""


def total(group: Group, kind: str, part: str = "all", name: str | None = None) -> Histogram | None:
    """Return the histogram of that kind over all repeats, of one class of points where `name` says which.

    None where no record has it, or no point is in it.
    """
    found = []
    for record in group.good:
        histograms: Any = (record["histograms"] or {}).get(part) or {}
        histogram = (histograms if name is None else histograms.get(name) or {}).get(kind)
        if histogram:
            found.append(histogram)
    if not found:
        return None
    counts = np.sum([histogram["counts"] for histogram in found], axis=0)
    return (np.array(found[0]["edges"]), counts) if counts.sum() else None


def calibration(histogram: Histogram) -> tuple[np.ndarray, np.ndarray]:
    """Return the normal law's share of |pull| ≤ z and the share of points, for the edges z ≥ 0 of a pull histogram.

    The last bin counts what lies beyond it too, and is left out.
    """
    edges, counts = histogram
    z = edges[(edges >= 0) & (edges < edges[-1])]
    centres = (edges[1:] + edges[:-1]) / 2
    shares = np.array([counts[np.abs(centres) < limit].sum() for limit in z]) / counts.sum()
    return np.array([math.erf(limit / math.sqrt(2)) for limit in z]), shares


def charts(curves: Sequence[Curve]) -> list[Chart]:
    """Return what there is to show of these curves."""
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
        if not any(total(curve.group, kind) for curve in curves):
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
    """Return what draws the curves' histograms as shares of their points."""

    def draw(axes: Axes) -> None:
        found = [(curve, total(curve.group, kind, part, of_class)) for curve in curves]
        shown = [(curve, *histogram) for curve, histogram in found if histogram]
        low, high, fewest = math.inf, -math.inf, math.inf
        for curve, edges, counts in shown:
            filled = np.flatnonzero(counts)
            first, last = filled[0], filled[-1] + 1
            shares = counts[first:last] / counts.sum()
            low, high = min(low, edges[first]), max(high, edges[last])
            fewest = min(fewest, 0.5 / counts.sum())
            floor = 0.5 / counts.sum() if log else 0.0
            axes.stairs(
                np.maximum(shares, floor), edges[first : last + 1], baseline=floor, label=curve.label, **curve.style
            )
        if also and shown:
            also(axes, shown[0][1])
        if shown:
            axes.set_xlim(low, high)
        if log:
            axes.set_yscale("log")
            axes.set_ylim(bottom=min(fewest, 0.1))
        axes.set(xlabel=xlabel, ylabel="share of points", title=_counts([counts for _, _, counts in shown], of_class))

    return draw


def _counts(counts: Sequence[np.ndarray], of_class: str | None = None) -> str:
    """Return the title: how many points there are per curve."""
    numbers = sorted({int(count.sum()) for count in counts})
    shown = ", ".join(f"{number:,}" for number in numbers[:4]) + (", …" if len(numbers) > 4 else "")
    name = {None: "", "3+": "cornerness ≥ 3: ", "edge": "edge: ", "inside": "inside: "}.get(
        of_class, f"cornerness {of_class}: "
    )
    return f"{name}n = {shown or 0} points per curve"


def _normal(axes: Axes, edges: np.ndarray) -> None:
    """Draw the share of a standard normal law in each bin."""
    below = np.array([0.5 * (1 + math.erf(edge / math.sqrt(2))) for edge in edges])
    inside = np.abs(edges) <= 4
    axes.stairs(np.diff(below[inside]), edges[inside], baseline=None, label="standard normal", **REFERENCE)


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
        log=True, also=_normal,
    ),
)  # fmt: skip


def _calibration(curves: Sequence[Curve]) -> Chart | None:
    found = [(curve, histogram) for curve in curves if (histogram := total(curve.group, "pull"))]
    if not found:
        return None

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], label="honest", **REFERENCE)
        for curve, histogram in found:
            axes.plot(*calibration(histogram), label=curve.label, **curve.style)
        axes.set(
            xlim=(0, 1), ylim=(0, 1.02), xlabel="share of a normal law with |pull| ≤ z", ylabel="share of points",
            title=_counts([counts for _, (_, counts) in found]),
        )  # fmt: skip

    caption = (
        "Calibration is the share of points within z claimed errors against a normal law's: above the diagonal errors "
        "are claimed too large, below too small."
    )
    return Chart("calibration", caption, [draw])


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
    classes = [c for c in CLASSES[part] if any(total(curve.group, "r", part, c) for curve in curves)]
    if not classes:
        return None
    panels = [_panel(curves, "r", "R = log10|e/t|", part, c, log=True) for c in classes]
    return Chart(name, caption, panels, height=1.6)


def _spread(curves: Sequence[Curve]) -> Chart | None:
    places = [(part, name) for part, names in CLASSES.items() for name in names]

    def values(curve: Curve) -> list[float]:
        """Return the standard deviation of R in each class, the mean over repeats."""
        found = []
        for part, name in places:
            stds = [(record[part] or {}).get(name, {}).get("r_std") for record in curve.group.good]
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
        axes.set_title(f"n = {_class_sizes(drawn[0][0].group, places)} points")

    caption = "How much the scatter of R grows towards the boundary of the box of s: flat lines are best."
    return Chart("r_spread", caption, [draw])


def _class_sizes(group: Group, places: Sequence[tuple[str, str]]) -> str:
    record = group.good[0]
    return ", ".join(f"{(record[part] or {}).get(name, {}).get('n_points', 0):,}" for part, name in places)
