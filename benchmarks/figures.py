"""Figures from records, as SVG text: digits against training time, histograms of errors and of error bars, diagnostics.

Each function returns a figure, or None where no record has what it shows. The same records give the same bytes.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Record = dict[str, Any]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#999999")
"""Okabe & Ito's, which the colour-blind can tell apart."""

DASHES = ("-", "--", ":", "-.")

SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "loopmark", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3}


def anytime(records: list[Record]) -> str | None:
    """Return digits against seconds of training, for methods that showed more than one stage."""
    styles = _styles_of_methods(records)
    shown = [r for r in records if len(r["anytime"] or []) > 1]

    def draw(axes: Axes) -> None:
        for record in shown:
            stages = record["anytime"]
            style = styles[record["method"]]
            axes.plot([s["fit_s"] for s in stages], [s["digits_mean"] for s in stages], label=_name(record), **style)
        axes.set(xscale="log", xlabel="training time [s]", ylabel="digits (mean)")

    return _svg(draw) if shown else None


def histogram(records: list[Record], kind: str, label: str) -> str | None:
    """Return the records' histograms of that kind, as shares of their points."""
    styles = _styles_of_methods(records)
    shown = [r for r in records if r["histograms"] and r["histograms"]["all"][kind]]
    shown = [r for r in shown if sum(r["histograms"]["all"][kind]["counts"])]

    def draw(axes: Axes) -> None:
        for record in shown:
            found = record["histograms"]["all"][kind]
            shares = [count / sum(found["counts"]) for count in found["counts"]]
            axes.stairs(shares, found["edges"], label=_name(record), **styles[record["method"]])
        filled = [i for r in shown for i, count in enumerate(r["histograms"]["all"][kind]["counts"]) if count]
        edges = shown[0]["histograms"]["all"][kind]["edges"]
        n_points = ", ".join(f"{n:,}" for n in sorted({r["n_points"] for r in shown}))
        axes.set(xlim=(edges[min(filled)], edges[max(filled) + 1]), xlabel=label, ylabel=f"share of {n_points} points")

    return _svg(draw) if shown else None


def diagnostics(record: Record) -> str | None:
    """Return how training went: losses and learning rate, and per layer spreads and dead nodes."""
    stages = record["diagnostics"]
    if not stages or "layers" not in stages[0]:
        return None
    times = [stage["fit_s"] for stage in stages]

    def losses(axes: Axes) -> None:
        for key, style in zip(("loss", "validation_loss", "learning_rate"), _styles(), strict=False):
            axes.plot(times, [stage[key] for stage in stages], label=key.replace("_", " "), **style)
        axes.set(yscale="log", xlabel="training time [s]")

    def of_layers(key: str) -> Callable[[Axes], None]:
        def draw(axes: Axes) -> None:
            for layer, style in zip(range(len(stages[0]["layers"])), _styles(), strict=False):
                axes.plot(times, [stage["layers"][layer][key] for stage in stages], label=f"layer {layer + 1}", **style)
            axes.set(xlabel="training time [s]", ylabel=key.replace("_", " "))

        return draw

    keys = [key for key, value in stages[0]["layers"][0].items() if isinstance(value, int | float)]
    return _svg(losses, *map(of_layers, keys))


def _name(record: Record) -> str:
    return record["method"] + (f", repeat {record['repeat']}" if record["repeat"] else "")


def _styles_of_methods(records: list[Record]) -> dict[str, dict[str, Any]]:
    """Return a style per method, the same in all figures of these records."""
    return dict(zip(sorted({record["method"] for record in records}), _styles(), strict=False))


def _styles() -> Iterable[dict[str, Any]]:
    pairs = ((colour, dash) for dash, colour in itertools.product(DASHES, COLOURS))
    return ({"color": colour, "linestyle": dash} for colour, dash in pairs)


def _svg(*draws: Callable[[Axes], None]) -> str:
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(SETTINGS):
        rows = -(-len(draws) // 2)
        figure = Figure(figsize=(6.4, 3.2) if len(draws) == 1 else (10, 3 * rows), layout="constrained")
        grid = figure.subplots(rows, min(2, len(draws)), squeeze=False).flatten()
        for axes, draw in zip(grid, draws, strict=False):
            draw(axes)
            axes.legend(fontsize=7)
        for axes in grid[len(draws) :]:
            axes.remove()
        output = io.StringIO()
        FigureCanvasSVG(figure).print_svg(output, metadata={"Date": None})
    text = output.getvalue()
    return text[text.index("<svg") :]
