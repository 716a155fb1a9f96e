"""Charts as SVG and PNG files, on white, for print: their colours, their legends, and SVG without what draws nothing.

The same records give the same bytes. The page draws its own charts, in the same colours.
"""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.records.configurations import Configuration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (
    ("#0072b2", "#56b4e9"), ("#d55e00", "#f07c1e"), ("#009e73", "#19c79a"), ("#cc70a8", "#e39ac4"),
    ("#33228a", "#a9a0ff"), ("#7a4f00", "#e6b800"), ("#111111", "#d8d8d8"), ("#6e6e6e", "#8f8f8f"),
)  # fmt: skip
"""Pairs (on white, on dark) after Okabe & Ito's palette, which the colour-blind can tell apart; each has a contrast of
three at least to its background (WCAG 1.4.11), which theirs have on one of the two only."""

DASHES = ("-", "--", ":", "-.")

MARKERS = "osD^vPX*"

INK, GRID, PAPER = "#1c1c1e", "#dcdcdc", "#ffffff"

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

WIDTH, HEIGHT, LINE = 4.4, 2.9, 0.17
"""Inches: as wide as a phone, and what a line of the legend adds."""

PNG_DPI = 144
"""Twice a screen's, for phones and for print."""

MOST_CURVES = 2 * len(COLOURS)
"""More cannot be told apart in one chart; it is room for every method's best."""

SETTINGS = {
    "svg.fonttype": "none", "svg.hashsalt": "loopmark", "font.size": 9,
    "font.sans-serif": ["DejaVu Sans"], "axes.grid": True, "grid.color": GRID,
    "grid.linewidth": 0.6, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.5,
    "lines.markersize": 4, "axes.titlesize": 8.5, "axes.labelsize": 9, "legend.fontsize": 7.5, "legend.frameon": False,
    "axes.axisbelow": True,
    "text.hinting": "none",  # a fifth of the time of a PNG, and at its resolution hardly seen
    "text.parse_math": False,  # a dollar in a name is a dollar
    "axes.titley": 1.02,  # placing titles by what is there takes a fifth of the time
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Chart:
    """Something to draw.

    Parameters
    ----------
    name : str
        What its files are called.
    caption : str
        What the metric is, in a sentence.
    panels : sequence of callable
        Each draws into its axes, one below the other.
    height : float
        Of a panel, in inches.
    """

    name: str
    caption: str
    panels: Sequence[Callable[[Axes], None]]
    height: float = HEIGHT


@dataclasses.dataclass(frozen=True)
class Curve:
    """A configuration with the style that it has in all charts of its section."""

    configuration: Configuration
    label: str
    style: dict[str, Any]
    marker: str


def curves(configurations: Sequence[Configuration], methods: Sequence[str]) -> tuple[list[Curve], list[Configuration]]:
    """Choose what to draw of the configurations, and name those for which there is no room.

    The best configuration of each method comes first, then the second best of each. A method has the same colour in all
    sections of a page; configurations of one colour differ in their dashes.
    """
    best: dict[str, list[Configuration]] = {}
    for configuration in sorted(configurations, key=lambda configuration: -(configuration.digits or 0)):
        best.setdefault(configuration.method, []).append(configuration)
    ranked = sorted(
        ((rank, -(g.digits or 0), g.label, g) for found in best.values() for rank, g in enumerate(found)),
        key=lambda entry: entry[:-1],
    )
    ordered = [entry[-1] for entry in ranked]
    chosen, left_out = ordered[:MOST_CURVES], ordered[MOST_CURVES:]
    made: list[Curve] = []
    used: dict[int, int] = {}
    for configuration in sorted(chosen, key=lambda configuration: configuration.label):
        place = methods.index(configuration.method) % len(COLOURS)
        nth = used[place] = used.get(place, -1) + 1
        made.append(curve(configuration, configuration.label, place, nth))
    return made, left_out


def curve(configuration: Configuration, label: str, colour: int, nth: int) -> Curve:
    """Style a configuration's curve in that place of the palette, as the nth of its colour."""
    style = {"color": COLOURS[colour % len(COLOURS)][0], "linestyle": DASHES[nth % len(DASHES)]}
    return Curve(configuration, _short(label), style, MARKERS[(colour + nth) % len(MARKERS)])


def _short(label: str, longest: int = 60) -> str:
    return label if len(label) <= longest else label[: longest - 1] + "…"


def svg(chart: Chart) -> str:
    """Draw the chart as the text of an SVG file."""
    import matplotlib

    with matplotlib.rc_context(SETTINGS):
        return _as_svg(_figure(chart))


def svg_and_png(chart: Chart) -> tuple[str, bytes]:
    """Draw the chart as the text of an SVG file and as a PNG file, made ready once and printed twice."""
    import matplotlib

    with matplotlib.rc_context(SETTINGS):
        figure = _figure(chart)
        return _as_svg(figure), as_png(figure)


def _as_svg(figure: Figure) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    output = io.StringIO()
    FigureCanvasSVG(figure).print_svg(output, metadata={"Date": None, "Creator": None})
    text = output.getvalue()
    return _smaller(text[text.index("<svg") :])


def as_png(figure: Figure) -> bytes:
    """Write a figure as a PNG file of `PNG_DPI`; files of the same figure are equal."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    output = io.BytesIO()
    figure.dpi = PNG_DPI
    FigureCanvasAgg(figure).print_png(output, metadata={"Software": None})
    return output.getvalue()


def _figure(chart: Chart) -> Figure:
    from matplotlib.figure import Figure

    count = len(chart.panels)
    figure = Figure()
    grid = figure.subplots(count, 1, squeeze=False, sharex=True)[:, 0]
    for axes, draw in zip(grid, chart.panels, strict=True):
        draw(axes)
    for axes in grid[:-1]:
        axes.set_xlabel("")
    for axes in grid:
        _simplify_ticks(axes)
    handles, labels = _entries(grid)
    columns = 1 if max(map(len, labels), default=0) > 26 else 2
    lines = -(-len(labels) // columns)
    # Fixed margins instead of a layout engine, which takes three times as long as drawing.
    top, bottom = 0.3, 0.55 + LINE * lines
    height = count * chart.height + LINE * lines
    figure.set_size_inches(WIDTH, height)
    figure.subplots_adjust(
        left=0.62 / WIDTH, right=1 - 0.2 / WIDTH, bottom=bottom / height, top=1 - top / height, hspace=0.25
    )
    if labels:
        figure.legend(handles, labels, loc="lower center", ncols=columns, borderaxespad=0.1)
    return figure


def _simplify_ticks(axes: Axes) -> None:
    """Label powers of ten as plain text, without minor ticks: formulas and ticks take most of the time and space."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log":
            axis.set_major_locator(LogLocator(numticks=6))
            axis.set_major_formatter(FuncFormatter(_power_of_ten))
    axes.minorticks_off()


def _power_of_ten(value: float, position: int) -> str:
    exponent = f"{value:.0e}".partition("e")[2]
    return "10" + str(int(exponent)).translate(SUPERSCRIPTS)


def _entries(grid: Sequence[Axes]) -> tuple[list[Any], list[str]]:
    """Collect the legend's handles and labels, each label once."""
    found: dict[str, Any] = {}
    for axes in grid:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)


def _smaller(text: str) -> str:
    """Strip the SVG of what draws nothing: comments, indentation, names of groups, and digits beyond 0.01 pt."""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="(?!legend)[^"]*">', "<g>", text)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Coordinates only: labels of ticks keep their digits.
    text = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d+\.\d{2})\d+", r"\1", tag[0]), text)
    text = re.sub(r'(?<=[";]) *(?:stroke-linejoin: \w+|stroke-linecap: \w+|stroke-dashoffset: 0);? *', " ", text)
    text = re.sub(r' transform="rotate\(-0 [^"]*"', "", text)
    text = re.sub(r"\s*\n\s*", " ", text)
    text = re.sub(r"> <", "><", text)
    while (fewer := re.sub(r"<g></g>", "", text)) != text:
        text = fewer
    return text + "\n"
