"""Performance profiles as a chart: a step curve for each method."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from benchmarks.figures.drawing import COLOURS, DASHES, Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LARGEST = 1e6
"""Factor at which the axis ends."""

HEIGHT = 3.6
"""Height of a panel in inches."""

Ratios = Mapping[str, Sequence[float]]
"""Method -> its times relative to the best on each integral, infinity where it has too few digits."""


def chart(panels: Mapping[str, Ratios], methods: Sequence[str]) -> Chart:
    """Draw a panel for each title; a method has its place in `methods` and with it its colour in every chart."""
    caption = (
        "Share of the held-out integrals on which a method is at most so many times slower per integral than the "
        "quickest method with the same digits, after preparation and on one thread. A curve begins at the share on "
        "which the method is the quickest, and ends at the share on which it has the digits at all."
    )
    return Chart("profile", caption, [_panel(*panel, methods) for panel in panels.items()], height=HEIGHT)


def _panel(title: str, ratios: Ratios, methods: Sequence[str]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        for name, found in ratios.items():
            finite = sorted(ratio for ratio in found if math.isfinite(ratio))
            if not finite:
                continue
            place = list(methods).index(name)
            x = [1.0, *finite, LARGEST]
            y = [sum(ratio <= at for ratio in finite) / len(found) for at in x]
            style = {
                "color": COLOURS[place % len(COLOURS)][0],
                "linestyle": DASHES[place // len(COLOURS) % len(DASHES)],
            }
            axes.plot(x, y, drawstyle="steps-post", label=name, **style)
        axes.set(xscale="log", xlim=(1, LARGEST), ylim=(0, 1.02), title=title)
        axes.set(xlabel="times the quickest", ylabel="share of held-out integrals")

    return draw
