"""The page's charts in Vega-Lite, built by Altair without data: the page's script gives them data for each question.

There are three kinds: curves with their names at the right end, rows of bars (histograms, and the map), and rows of
dots. Axes that span decades are of log10, and labelled with the numbers themselves. Colours, dashes and shapes come
with the data, since they differ in light and dark; every mark may have a sentence for those who hover over it, `said`,
and a file to open, `file`.

vl-convert's bundle of Vega, Vega-Lite and Vega-Embed takes 0.90 MB of the page; smaller libraries have neither a
package that pip installs nor links, sentences for screen readers and SVG together.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair

HEIGHT = 340
"""Height in pixels of charts with curves; rows have theirs by their number."""

POWERS = (
    "10⁻¹⁶", "10⁻¹⁵", "10⁻¹⁴", "10⁻¹³", "10⁻¹²", "10⁻¹¹", "10⁻¹⁰", "10⁻⁹", "10⁻⁸", "10⁻⁷", "10⁻⁶", "10⁻⁵", "10⁻⁴",
    "0.001", "0.01", "0.1", "1", "10", "100", "1,000", "10⁴", "10⁵", "10⁶", "10⁷", "10⁸", "10⁹", "10¹⁰", "10¹¹", "10¹²",
)  # fmt: skip
"""Names of 10⁻¹⁶, the rounding of doubles, to 10¹², by which an axis of log10 is labelled."""

POWER_LABEL = f"datum.value === round(datum.value) ? powers[datum.value + {POWERS.index('1')}] : ''"

PLAIN, LOG = "plain", "log"
"""Kinds of axes."""

PARAMETERS = ("x_low", "x_high", "y_low", "y_high")
"""Ends of the axes, which the script sets."""


@functools.cache
def specifications() -> dict[str, Any]:
    """Write {kinds, charts}: Vega-Lite by the name of a kind, and each chart's kind with the titles of its axes."""
    kinds = {
        "curves": curves(LOG, PLAIN), "costs": curves(LOG, LOG), "plain curves": curves(PLAIN, PLAIN),
        "steps": curves(PLAIN, PLAIN, step=True), "steps of factors": curves(LOG, PLAIN, step=True),
        "rows": rows(PLAIN), "map": rows(LOG, numbered=True), "dots": dots(PLAIN), "dots of factors": dots(LOG),
    }  # fmt: skip
    charts = {
        "answer": ("curves", "µs per value", "digits"),
        "anytime": ("curves", "seconds of preparation", "digits"),
        "total": ("costs", "number of values", "seconds in all"),
        "profile": ("steps of factors", "times the cheapest", "share of held-out integrals"),
        "threshold": ("steps", "invariant", "digits"),
        "labels": ("curves", "number of labels", "digits"),
        "gain": ("plain curves", "number of replicas", "digits gained"),
        "training": ("plain curves", "updates", "digits"),
        "devices": ("costs", "points per call", "µs per value"),
        "p": ("rows", "P = log₁₀ of the relative error", ""),
        "r": ("rows", "R = log₁₀ of value over truth", ""),
        "pull": ("rows", "pull = error over claimed error", ""),
        "map": ("map", "number of values", "digits"),
        "classes": ("dots of factors", "standard deviation of R", ""),
        "coverage": ("dots", "share of points", ""),
        "widths": ("dots", "width of the pulls", ""),
    }
    return {
        "kinds": {name: _specification(chart) for name, chart in kinds.items()},
        "charts": {name: dict(zip(("kind", "x", "y"), chart, strict=True)) for name, chart in charts.items()},
    }


def _specification(chart: altair.LayerChart) -> dict[str, Any]:
    """Write a chart without what the script sets, and without the address of its schema."""
    content: dict[str, Any] = chart.to_dict(validate=True)
    return {key: value for key, value in content.items() if key not in ("$schema", "config")} | {"autosize": "pad"}


def curves(x_axis: str, y_axis: str, *, step: bool = False) -> altair.LayerChart:
    """Make curves whose names stand right of the plot, with points, marks of their own, and lines across.

    Data: lines {name, x, y, order, colour, dash}, points {x, y, colour, shape, size, said, file}, ends {name, x, y,
    label_y, colour, said, file}, marks {x, y, name, said}, horizontals {y, name}, verticals {x, name}.
    """
    import altair

    at_x = altair.X("x:Q", title="x", scale=_scale("x"), axis=_axis(x_axis, 6))
    at_y = altair.Y("y:Q", title="y", scale=_scale("y"), axis=_axis(y_axis, 8))
    end_y = altair.Y("label_y:Q", title="y", scale=_scale("y"))
    at_end = altair.XValue("width")
    names = altair.Text("name:N")
    line = altair.Chart(altair.NamedData("lines")).mark_line(
        strokeWidth=2, clip=True, interpolate="step-after" if step else "linear"
    )
    layers = [
        altair.Chart(altair.NamedData("verticals")).mark_rule(strokeDash=[2, 3]).encode(x=at_x),
        altair.Chart(altair.NamedData("verticals"))
        .mark_text(align="left", baseline="top", dx=3, fontSize=11).encode(x=at_x, y=altair.YValue(2), text=names),
        altair.Chart(altair.NamedData("horizontals")).mark_rule(strokeDash=[6, 4]).encode(y=at_y),
        altair.Chart(altair.NamedData("horizontals"))
        .mark_text(align="left", dx=4, dy=-7, fontSize=11).encode(x=altair.XValue(0), y=at_y, text=names),
        line.encode(x=at_x, y=at_y, detail="name:N", order="order:Q", color=_as_given(altair.Color, "colour"),
                    strokeDash=_as_given(altair.StrokeDash, "dash")),
        altair.Chart(altair.NamedData("ends")).mark_rule(strokeWidth=0.8, opacity=0.6)
        .encode(x=at_x, y=at_y, x2=altair.X2Value("width"), y2="label_y:Q", color=_as_given(altair.Color, "colour")),
        altair.Chart(altair.NamedData("points")).mark_point(filled=True, opacity=0.9, clip=True)
        .encode(x=at_x, y=at_y, shape=_as_given(altair.Shape, "shape"), size=_as_given(altair.Size, "size"),
                **_links(), color=_as_given(altair.Color, "colour")),
        altair.Chart(altair.NamedData("ends")).mark_text(align="left", dx=6, fontSize=12)
        .encode(x=at_end, y=end_y, text=names, **_links(), color=_as_given(altair.Color, "colour")),
        altair.Chart(altair.NamedData("marks")).mark_point(shape="diamond", size=150, strokeWidth=2.5, filled=False)
        .encode(x=at_x, y=at_y, **_links()),
        altair.Chart(altair.NamedData("marks")).mark_text(dy=-14, fontSize=11).encode(x=at_x, y=at_y, text=names),
    ]  # fmt: skip
    return _finished(altair.layer(*layers), HEIGHT)


def rows(x_axis: str, *, numbered: bool = False) -> altair.LayerChart:
    """Make rows of bars; unless they are numbered, their names stand left of the plot.

    Data: bars {x, x2, y, y2, colour, said, file}, texts {x, y, name, colour}, names {y, name, said, file}, lines {name,
    x, y, order}, verticals {x, name}.
    """
    import altair

    at_x = altair.X("x:Q", title="x", scale=_scale("x"), axis=_axis(x_axis, 6))
    axis = _axis(PLAIN, 12) if numbered else None
    at_y = altair.Y("y:Q", title="y", scale=_scale("y"), axis=axis)
    names = altair.Text("name:N")
    layers = [
        altair.Chart(altair.NamedData("bars")).mark_rect(clip=True)
        .encode(x=at_x, x2="x2:Q", y=at_y, y2="y2:Q", color=_as_given(altair.Color, "colour"), **_links()),
        altair.Chart(altair.NamedData("verticals")).mark_rule(strokeDash=[2, 3]).encode(x=at_x),
        altair.Chart(altair.NamedData("lines")).mark_line(strokeWidth=1.2, clip=True)
        .encode(x=at_x, y=at_y, detail="name:N", order="order:Q"),
        altair.Chart(altair.NamedData("texts")).mark_text(align="left", dx=4, fontSize=11)
        .encode(x=at_x, y=at_y, text=names, color=_as_given(altair.Color, "colour"), tooltip="said:N"),
        altair.Chart(altair.NamedData("names")).mark_text(align="right", baseline="bottom", dx=-6, fontSize=12)
        .encode(x=altair.XValue(0), y=at_y, text=names, **_links()),
    ]  # fmt: skip
    return _finished(altair.layer(*layers), HEIGHT)


def dots(x_axis: str) -> altair.LayerChart:
    """Make a row of dots for each name, told apart by shape and colour.

    Data: dots {name, x, class, colour, shape, said, file}, verticals {x, name}.
    """
    import altair

    at_x = altair.X("x:Q", title="x", scale=_scale("x"), axis=_axis(x_axis, 5))
    at_y = altair.Y(
        "name:N", title=None, sort=None, axis=altair.Axis(labelLimit=230, labelFontSize=12, grid=True, ticks=False)
    )
    layers = [
        altair.Chart(altair.NamedData("dots")).mark_point(filled=True, size=70, opacity=0.9)
        .encode(x=at_x, y=at_y, shape=_as_given(altair.Shape, "shape"), color=_as_given(altair.Color, "colour"),
                **_links()),
        altair.Chart(altair.NamedData("verticals")).mark_rule(strokeDash=[2, 3]).encode(x=at_x),
        altair.Chart(altair.NamedData("verticals")).mark_text(align="right", baseline="bottom", dx=-3, fontSize=11)
        .encode(x=at_x, y=altair.YValue(-2), text=altair.Text("name:N")),
    ]  # fmt: skip
    return _finished(altair.layer(*layers), altair.Step(22))


def _finished(chart: altair.LayerChart, height: Any) -> altair.LayerChart:
    import altair

    return chart.properties(width=600, height=height).add_params(
        altair.param(name="powers", value=list(POWERS)),
        *(altair.param(name=name, value=1 if name.endswith("high") else 0) for name in PARAMETERS),
    )


def _scale(axis: str) -> altair.Scale:
    import altair

    return altair.Scale(
        domainMin=altair.ExprRef(f"{axis}_low"), domainMax=altair.ExprRef(f"{axis}_high"), nice=False, zero=False
    )


def _axis(kind: str, count: int) -> altair.Axis:
    import altair

    if kind == LOG:
        return altair.Axis(labelExpr=POWER_LABEL, tickMinStep=1, tickCount=count, labelOverlap="greedy")
    return altair.Axis(tickCount=count, labelOverlap="greedy")


def _as_given(channel: Any, field: str) -> Any:
    """Encode a colour, a dash, a shape or a size as the data have it."""
    return channel(f"{field}:{'Q' if field == 'size' else 'N'}", scale=None, legend=None)


def _links() -> dict[str, Any]:
    """Give a mark the sentence that is shown and read out for it, and the file that it opens."""
    import altair

    return {
        "tooltip": altair.Tooltip("said:N"), "description": altair.Description("said:N"), "href": altair.Href("file:N"),
    }  # fmt: skip


@functools.cache
def library() -> str:
    """Read the bundle of Vega, Vega-Lite and Vega-Embed, which defines `vegaEmbed`, as a script without imports."""
    import vl_convert

    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
