"""A chart as the text of an SVG file, on white, for README.md; and the colours of all charts, the page's too.

The same chart gives the same bytes. Whatever draws nothing is left out of the file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.text_format import power_of_ten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (
    ("#0072b2", "#56b4e9"), ("#d55e00", "#f07c1e"), ("#009e73", "#19c79a"), ("#cc70a8", "#e39ac4"),
    ("#33228a", "#a9a0ff"), ("#7a4f00", "#e6b800"), ("#111111", "#d8d8d8"), ("#6e6e6e", "#8f8f8f"),
)  # fmt: skip
"""Pairs (on white, on dark) after Okabe & Ito's palette, which the colour-blind can tell apart; each has a contrast of
three at least to its background (WCAG 1.4.11), which theirs have on one of the two only."""

MARKERS = "osD^vP"

INK, GRID = "#1c1c1e", "#dcdcdc"

WIDTH = 4.4
"""Inches: as wide as a phone."""

LEFT, RIGHT, BOTTOM, TOP = 0.5, 0.1, 0.5, 0.35
"""Margins around the axes in inches."""

SETTINGS = {
    "svg.fonttype": "none", "svg.hashsalt": "loopmark", "font.size": 10,
    "font.sans-serif": ["DejaVu Sans"], "axes.grid": True, "grid.color": GRID,
    "grid.linewidth": 0.6, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK,
    "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.8,
    "lines.markersize": 4.5, "axes.axisbelow": True,
    "text.parse_math": False,  # a dollar in a name is a dollar
}  # fmt: skip


def svg(draw: Callable[[Axes], None], height: float) -> str:
    """Draw into axes of `WIDTH` and this height, in inches, and give the text of an SVG file."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    output = io.StringIO()
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(WIDTH, height))
        left, right, bottom, top = LEFT / WIDTH, 1 - RIGHT / WIDTH, BOTTOM / height, 1 - TOP / height
        figure.subplots_adjust(left=left, right=right, bottom=bottom, top=top)
        draw(figure.subplots())
        FigureCanvasSVG(figure).print_svg(output, metadata={"Date": None, "Creator": None})
    text = output.getvalue()
    return _smaller(text[text.index("<svg") :])


def label_powers_of_ten(axes: Axes) -> None:
    """Label the powers of ten on the horizontal axis as plain text, which is smaller than formulas."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    axes.xaxis.set_major_locator(LogLocator(numticks=6))
    axes.xaxis.set_major_formatter(FuncFormatter(_power_of_ten))
    axes.minorticks_off()


def _power_of_ten(value: float, position: int) -> str:
    return power_of_ten(int(f"{value:.0e}".partition("e")[2]))


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
