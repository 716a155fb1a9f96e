"""Digits against an invariant: intervals have the digits of the record, and thresholds in the range are marked."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from benchmarks.figures import invariant_curves

BINNED = {
    "rule": {"edges": [2.0, 4.0, 10.0], "digits_mean": [9.0, 6.5], "digits_worst": [8.0, None]},
    "table": {"edges": [2.0, 4.0, 10.0], "digits_mean": [5.0, 7.0], "digits_worst": [4.0, 3.0]},
}


@pytest.mark.parametrize(("panel", "key"), [(0, "digits_mean"), (1, "digits_worst")])
def test_a_curve_has_the_digits_of_each_interval(panel, key):
    axes = Figure().add_subplot()
    invariant_curves.chart("s12", BINNED, [], list(BINNED)).panels[panel](axes)
    drawn = {patch.get_label(): patch.get_data() for patch in axes.patches}
    assert set(drawn) == set(BINNED)
    for name, data in drawn.items():
        np.testing.assert_array_equal(data.edges, BINNED[name]["edges"])
        expected = [np.nan if value is None else value for value in BINNED[name][key]]
        np.testing.assert_array_equal(data.values, expected)
    colours = [patch.get_edgecolor() for patch in axes.patches]
    assert colours[0] != colours[1]


def test_thresholds_inside_the_range_are_marked_and_others_are_not():
    axes = Figure().add_subplot()
    invariant_curves.chart("s12", BINNED, [4.0, 9.0, 16.0], list(BINNED)).panels[0](axes)
    assert [line.get_xdata()[0] for line in axes.lines] == [4.0, 9.0]


def test_there_is_no_chart_without_methods():
    assert invariant_curves.chart("s12", {}, [4.0], []) is None
