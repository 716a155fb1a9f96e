"""The map of the cheapest methods as one chart: a block of rows for each cell, and a colour for each method."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.figures.drawing import COLOURS, PAPER, Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE, ROOM = 0.09, 0.75
"""Height of a row, and of what is below and above all rows, in inches."""

TITLE_ROWS = 2
"""Rows that a block's title takes."""

PALE = 0.4
"""Opacity of what is extrapolated."""

Winner = tuple[str, bool]
"""A method, and whether it is extrapolated."""

Block = Sequence[Sequence[Winner | None]]
"""Rows from the fewest digits on, and in each from one integral on by powers of ten."""


def chart(blocks: Mapping[str, Block], digits: Sequence[int]) -> Chart:
    """Draw blocks by their titles; their rows are these digits."""
    winners = sorted({winner[0] for block in blocks.values() for row in block for winner in row if winner})
    styles = {name: _style(place) for place, name in enumerate(winners)}
    n_rows = sum(TITLE_ROWS + len(block) for block in blocks.values())
    n_columns = max((len(row) for block in blocks.values() for row in block), default=1)

    def draw(axes: Axes) -> None:
        height = 0
        for title, block in blocks.items():
            axes.text(-0.4, height + TITLE_ROWS / 2, title, fontsize=7, va="center")
            height += TITLE_ROWS
            for row in block:
                _draw_row(axes, row, height, styles)
                height += 1
        for name, style in styles.items():
            axes.barh([0], [0], label=name, **style)
        axes.set_yticks([])
        axes.set(ylim=(n_rows, 0), xlim=(-0.5, n_columns - 0.5), xticks=range(n_columns))
        axes.set(xlabel="log₁₀ of the number of integrals", ylabel=f"in each block: {digits[0]} digits … {digits[-1]}")
        axes.grid(visible=False)

    caption = (
        f"The method that takes least time in all, preparation included, on one thread. Each block has a row for each "
        f"number of digits on average, from {digits[0]} at its top to {digits[-1]} at its bottom. Pale: extrapolated "
        "from the end of a curve; empty: no method gets near."
    )
    return Chart("cost_map", caption, [draw], height=ROOM + LINE * n_rows)


def _style(place: int) -> dict[str, Any]:
    """Style the bars of a winner: where colours come round again, they are hatched."""
    hatch = "////" if place >= len(COLOURS) else None
    return {"color": COLOURS[place % len(COLOURS)][0], "hatch": hatch, "edgecolor": PAPER, "linewidth": 0}


def _draw_row(axes: Axes, row: Sequence[Winner | None], height: float, styles: Mapping[str, dict[str, Any]]) -> None:
    """Draw a bar for each stretch with the same winner."""
    left = -0.5
    for winner, stretch in itertools.groupby(row):
        length = len(list(stretch))
        if winner is not None:
            name, extrapolated = winner
            alpha = PALE if extrapolated else 1.0
            axes.barh(height + 0.5, length, left=left, height=0.9, alpha=alpha, **styles[name])
        left += length
