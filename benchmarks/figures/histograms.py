"""Histograms in records: their sums over repeats, drawn as shares of their points, and what pulls say of honesty.

notation: see `benchmarks.running.metrics`. The outermost bins also count what lies beyond.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.figures.drawing import INK, Curve
from benchmarks.records.configurations import Configuration

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REFERENCE = {"color": INK, "linewidth": 1.1, "linestyle": ":"}
"""Style of the curve that honest errors would give."""

CALIBRATION = (
    "Calibration is the share of points within z claimed errors against a normal law's: above the diagonal errors "
    "are claimed too large, below too small."
)

Histogram = tuple[np.ndarray, np.ndarray]
"""Edges (n + 1,), and counts (n,)."""


def total(configuration: Configuration, kind: str, part: str = "all", name: str | None = None) -> Histogram | None:
    """Add up the histograms of that kind over all repeats, of one class of points where `name` says which.

    None where no record has it, or no point is in it.
    """
    found = []
    for record in configuration.good:
        histograms: Any = (record["histograms"] or {}).get(part) or {}
        histogram = (histograms if name is None else histograms.get(name) or {}).get(kind)
        if histogram:
            found.append(histogram)
    return added(found)


def added(found: Sequence[dict[str, Any]]) -> Histogram | None:
    """Add up histograms {edges, counts} with the same edges; None without one, or without a point."""
    if not found:
        return None
    counts = np.sum([histogram["counts"] for histogram in found], axis=0)
    return (np.array(found[0]["edges"]), counts) if counts.sum() else None


def count(histograms: Sequence[Histogram]) -> str:
    """Say in a title how many points there are per curve."""
    numbers = sorted({int(counts.sum()) for _, counts in histograms})
    shown = ", ".join(f"{number:,}" for number in numbers[:4]) + (", …" if len(numbers) > 4 else "")
    return f"n = {shown or 0} points per curve"


def calibration(histogram: Histogram) -> tuple[np.ndarray, np.ndarray]:
    """Compare the normal law's share of |pull| ≤ z with that of points, for the edges z ≥ 0 of a pull histogram.

    The last bin counts what lies beyond it too, and is left out.
    """
    edges, counts = histogram
    z = edges[(edges >= 0) & (edges < edges[-1])]
    centres = (edges[1:] + edges[:-1]) / 2
    shares = np.array([counts[np.abs(centres) < limit].sum() for limit in z]) / counts.sum()
    return np.array([math.erf(limit / math.sqrt(2)) for limit in z]), shares


def draw_shares(
    axes: Axes,
    shown: Sequence[tuple[Curve, Histogram]],
    *,
    log: bool,
    also: Callable[[Axes, np.ndarray], None] | None = None,
) -> None:
    """Draw histograms as shares of their points, and what `also` adds for their edges."""
    low, high, fewest = math.inf, -math.inf, math.inf
    for curve, (edges, counts) in shown:
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
        also(axes, shown[0][1][0])
    if shown:
        axes.set_xlim(low, high)
    if log:
        axes.set_yscale("log")
        axes.set_ylim(bottom=min(fewest, 0.1))
    axes.set_ylabel("share of points")


def draw_normal(axes: Axes, edges: np.ndarray) -> None:
    """Draw the share of a standard normal law in each bin."""
    below = np.array([0.5 * (1 + math.erf(edge / math.sqrt(2))) for edge in edges])
    inside = np.abs(edges) <= 4
    axes.stairs(np.diff(below[inside]), edges[inside], baseline=None, label="standard normal", **REFERENCE)


def draw_calibration(axes: Axes, found: Sequence[tuple[Curve, Histogram]]) -> None:
    """Draw the calibration of pull histograms, and the diagonal."""
    axes.plot([0, 1], [0, 1], label="honest", **REFERENCE)
    for curve, histogram in found:
        axes.plot(*calibration(histogram), label=curve.label, **curve.style)
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="share of a normal law with |pull| ≤ z", ylabel="share of points")
