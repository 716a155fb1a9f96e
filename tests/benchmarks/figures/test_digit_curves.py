"""Curves of digits against time: every method is named inside its panel, and no name lies on another."""

from __future__ import annotations

import itertools

import pytest
from matplotlib.figure import Figure
from sample_records import record, timing

from benchmarks.figures import digit_curves
from benchmarks.records import configurations, digit_costs


def methods(n, *, n_eval=100.0):
    """Return n methods whose curves end at nearly the same place."""
    found = [
        record(
            method=f"method_{nth}", params={"order": order}, digits_mean=order + 0.01 * nth, threads=1,
            s_per_integral={"1024": timing(1e-6 * order)}, n_eval_per_integral=n_eval,
        )
        for nth in range(n)
        for order in (2, 5)
    ]  # fmt: skip
    (made,) = digit_costs.by_place(configurations.grouped(found)).values()
    return made


def drawn(found):
    """Draw the first panel."""
    axes = Figure(figsize=(4.4, digit_curves.HEIGHT)).add_subplot()
    chart = digit_curves.chart(found, sorted(found))
    chart.panels[0](axes)
    axes.figure.canvas.draw()
    return axes


@pytest.mark.parametrize("n", [1, 9])
def test_names_lie_beside_one_another_and_inside_the_panel(n):
    axes = drawn(methods(n))
    boxes = [text.get_window_extent() for text in axes.texts]
    assert sorted(text.get_text() for text in axes.texts) == [f"method_{nth}" for nth in range(n)]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    panel = axes.get_window_extent()
    assert all(box.x1 <= panel.x1 for box in boxes)


def test_methods_that_look_alike_have_other_markers():
    lines = [line for line in drawn(methods(17)).lines if line.get_linestyle() == "-"]
    assert len({(line.get_color(), line.get_marker()) for line in lines}) == 17


def test_methods_with_many_evaluations_and_with_one_or_none_have_panels_of_their_own():
    assert len(digit_curves.chart(methods(2), ["method_0", "method_1"]).panels) == 1
    for n_eval, n_panels in ((0.0, 2), (1.0, 2), (2.0, 1)):
        found = {"other": methods(1)["method_0"], **methods(1, n_eval=n_eval)}
        assert len(digit_curves.chart(found, ["method_0", "other"]).panels) == n_panels
    assert digit_curves.chart({}, []) is None
