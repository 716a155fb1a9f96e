"""Digits against an invariant, as a curve for each method, with the thresholds of that invariant marked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.figures.drawing import COLOURS, DASHES, INK, Chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHT = 3.2
"""Height of a panel in inches."""

Binned = Mapping[str, Any]
"""{edges, digits_mean, digits_worst} of a record's key `by_invariant`."""


def chart(
    invariant: str, methods: Mapping[str, Binned], marked: Sequence[float], colours: Sequence[str]
) -> Chart | None:
    """Make the chart of an integral; None where no method has digits by this invariant.

    Parameters
    ----------
    invariant : str
        Its name.
    methods : mapping
        Method -> its digits by intervals of the invariant.
    marked : sequence of float
        Values of the invariant to be marked: thresholds and corner zeros.
    colours : sequence of str
        Methods in the order of their colours, the same for all charts of a page.
    """
    if not methods:
        return None
    caption = (
        f"Digits against {invariant}, of each method's configuration with most digits: mean and, below, worst of all "
        "points in an interval, those at the border of the box included. Vertical lines mark thresholds, where a "
        "contour is pinched, and zeros at corners of the cube, where it cannot be moved."
    )
    panels = [_panel(key, title, invariant, methods, marked, colours) for key, title in PANELS.items()]
    return Chart(f"by_{invariant}", caption, panels, height=HEIGHT)


PANELS = {"digits_mean": "mean", "digits_worst": "worst"}


def _panel(
    key: str, title: str, invariant: str, methods: Mapping[str, Binned], marked: Sequence[float],
    colours: Sequence[str],
) -> Callable[[Axes], None]:  # fmt: skip
    def draw(axes: Axes) -> None:
        ends = [edge for binned in methods.values() for edge in binned["edges"]]
        for name, binned in methods.items():
            place = list(colours).index(name)
            style = {
                "color": COLOURS[place % len(COLOURS)][0],
                "linestyle": DASHES[place // len(COLOURS) % len(DASHES)],
            }
            axes.stairs([v if v is not None else float("nan") for v in binned[key]], binned["edges"], baseline=None,
                        label=name, **style)  # fmt: skip
        for value in marked:
            if min(ends) <= value <= max(ends):
                axes.axvline(value, color=INK, linewidth=0.8, linestyle=":")
        axes.set(xlabel=invariant, ylabel=f"digits ({title})")

    return draw
