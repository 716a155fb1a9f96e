"""Curves of digits against time: every method is named inside the picture, and no name lies on another."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from matplotlib.figure import Figure
from sample_records import record, timing

from benchmarks.figures import digit_curves, drawing
from benchmarks.records import configurations, digit_costs


def kinds(n, spread=0.01):
    """Return n methods, three of a kind, whose curves end so many digits apart."""
    found = [
        record(
            method=f"method_{nth}", params={"order": order}, digits_mean=order + spread * nth, threads=1,
            s_per_integral={"1024": timing(1e-6 * order)},
        )
        for nth in range(n)
        for order in (2, 5)
    ]  # fmt: skip
    (methods,) = digit_costs.by_place(configurations.grouped(found)).values()
    names = sorted(methods)
    return {f"kind {nth}": {name: methods[name] for name in names[nth::4]} for nth in range(4)}


def drawn(n, **changes):
    width, height = drawing.WIDTH, digit_curves.HEIGHT
    box = (0, 0, 1 - (drawing.LEFT + drawing.RIGHT) / width, 1 - (drawing.BOTTOM + drawing.TOP) / height)
    axes = Figure(figsize=(width, height)).add_axes(box)
    digit_curves.draw(axes, kinds(n, **changes))
    axes.figure.canvas.draw()
    return axes


@pytest.mark.parametrize(("n", "spread"), [(1, 0.01), (9, 0.01), (14, 0.3)])
def test_names_lie_beside_one_another_and_inside_the_picture(n, spread):
    axes = drawn(n, spread=spread)
    names = [text for text in axes.texts if text.get_text().startswith("method")]
    boxes = [text.get_window_extent() for text in names]
    assert sorted(text.get_text() for text in names) == sorted(f"method_{nth}" for nth in range(n))
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    panel = axes.get_window_extent()
    assert all(panel.x0 <= box.x0 and box.x1 <= panel.x1 for box in boxes)
    assert all(panel.y0 <= box.y0 and box.y1 <= panel.y1 for box in boxes)


def test_a_kind_has_one_colour_and_its_name_has_it_too():
    axes = drawn(9)
    curves = [line for line in axes.lines if line.get_linestyle() == "-" and line.get_marker() != "None"]
    assert len({line.get_color() for line in curves}) == 4
    coloured = {text.get_text(): text.get_color() for text in axes.texts}
    assert coloured["kind 1"] == coloured["method_1"] == coloured["method_5"] != coloured["method_2"]


def test_kinds_without_a_method_are_not_named():
    assert "kind 3" not in {text.get_text() for text in drawn(3).texts}


def test_a_curve_joins_what_nothing_beats():
    axes = Figure().add_axes((0, 0, 1, 1))
    found = kinds(1)
    dominated = dataclasses.replace(found["kind 0"]["method_0"][0], digits_mean=1.0, s_per_integral=4e-6)
    digit_curves.draw(axes, found | {"kind 0": {"method_0": [*found["kind 0"]["method_0"], dominated]}})
    curves = [line for line in axes.lines if line.get_linestyle() == "-"]
    dots = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert [4.0, 1.0] in [pytest.approx(point) for point in dots[0].get_xydata().tolist()]
    assert curves[0].get_xydata().tolist() == [pytest.approx([2.0, 2.0]), pytest.approx([5.0, 5.0])]


def test_the_picture_is_text_and_says_what_its_axes_are():
    text = digit_curves.text_of_svg(kinds(2))
    assert text == digit_curves.text_of_svg(kinds(2))
    assert all(f">{word}<" in text for word in ("time per value [µs], after preparation", "digits (mean)", "method_1"))
