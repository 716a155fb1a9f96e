"""Figures: they show what the records hold, are the same every time, and nothing where there is nothing to show."""

from __future__ import annotations

import pytest

from benchmarks import figures


def record(method: str = "neural_primitive", counts: tuple[int, ...] = (0, 3, 1), **changes) -> dict:
    histogram = {"edges": [-3.0, -2.0, -1.0, 0.0], "counts": list(counts)}
    stages = [{"fit_s": 1.0, "digits_mean": 2.0}, {"fit_s": 2.0, "digits_mean": 2.5}]
    return {
        "method": method, "repeat": 0, "anytime": stages, "n_points": 4, "diagnostics": None,
        "histograms": {"all": {"p": histogram}},
    } | changes  # fmt: skip


def test_digits_against_time_name_the_methods():
    drawn = figures.anytime([record(), record("skip_mlp", repeat=2), record("direct", anytime=[])])
    assert drawn.startswith("<svg")
    assert "neural_primitive" in drawn
    assert "skip_mlp, repeat 2" in drawn
    assert "direct" not in drawn
    assert "training time [s]" in drawn


def test_histograms_tell_how_many_points():
    drawn = figures.histogram([record(), record("skip_mlp", n_points=2000)], "p", "P")
    assert "share of 4, 2,000 points" in drawn


def test_the_same_records_give_the_same_bytes():
    records = [record(), record("skip_mlp")]
    assert figures.anytime(records) == figures.anytime(records)
    assert figures.histogram(records, "p", "P") != figures.histogram(records[:1], "p", "P")


def test_a_method_has_one_colour():
    records = [record("a", anytime=[]), record("b")]
    colour = figures.COLOURS[1].lower()
    assert colour in figures.anytime(records)
    assert colour in figures.histogram(records, "p", "P")


@pytest.mark.parametrize(
    "empty",
    [
        [],
        [record(anytime=[], histograms={"all": {"p": None}})],
        [record(counts=(0, 0, 0), anytime=[])],
        [record(histograms=None, anytime=None)],
    ],
)
def test_nothing_to_show(empty):
    assert figures.anytime(empty) is None
    assert figures.histogram(empty, "p", "P") is None


def test_diagnostics_have_a_panel_for_each_figure():
    stage = {"fit_s": 1.0, "loss": 0.1, "validation_loss": 0.2, "learning_rate": 1e-3}
    stages = [stage | {"layers": [{"a_mean": 0.1, "dead": 0.0}, {"a_mean": 0.2, "dead": 0.5}]} for _ in range(2)]
    drawn = figures.diagnostics(record(diagnostics=stages))
    for label in ("validation loss", "a mean", "dead", "layer 2"):
        assert label in drawn
    assert figures.diagnostics(record()) is None
