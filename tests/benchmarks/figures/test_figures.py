"""Figures: they show what the records hold, are the same every time, and nothing where there is nothing to show."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from matplotlib.figure import Figure
from sample_records import DIAGNOSTICS, HISTOGRAMS, full, of_claim

from benchmarks.experiments import comparison, paper_claims, training
from benchmarks.figures import accuracy, cost, drawing, histograms
from benchmarks.records import configurations, run_records
from benchmarks.records.folders import PUBLISHED


@pytest.fixture
def undrawn(monkeypatch):
    """Draw nothing, where a test is of which charts there are."""
    monkeypatch.setattr(drawing, "svg_and_png", lambda chart: ("<svg></svg>", b""))


def charts(*found):
    grouped = configurations.grouped(found)
    curves, _ = drawing.curves(grouped, sorted({g.method for g in grouped}))
    return {chart.name: chart for chart in (*accuracy.charts(curves), *cost.charts(curves))}


def test_every_chart_has_its_labels_its_number_of_points_and_something_drawn():
    found = charts(full(), full(method="skip_mlp"))
    assert set(found) == {
        "p", "r", "error_ratio", "pull", "calibration", "r_by_cornerness", "r_by_edge", "r_spread", "anytime",
        "pareto_1024", "pareto_1", "break_even",
    }  # fmt: skip
    for name, chart in found.items():
        svg = drawing.svg(chart)
        assert "n = " in svg, name
        assert "skip_mlp" in svg, name
        assert svg.count("<path") > 10, name
        assert chart.caption.endswith(".")
    for name, label in (("p", "P = log10"), ("anytime", "[s]"), ("pareto_1", "[µs]"), ("break_even", "[s]")):
        assert label in drawing.svg(found[name])


def test_histograms_of_repeats_are_added_up():
    (configuration,) = configurations.grouped([full(), full(repeat=1)])
    edges, counts = histograms.total(configuration, "p")
    assert edges.tolist() == HISTOGRAMS["p"]["edges"]
    assert counts.tolist() == [0, 60, 20]
    assert "n = 80 points per curve" in drawing.svg(charts(full(), full(repeat=1))["p"])


def test_calibration_of_a_normal_law_is_the_diagonal():
    edges = np.linspace(-8, 8, 65)
    below = np.array([0.5 * (1 + math.erf(edge / math.sqrt(2))) for edge in edges])
    expected, shares = histograms.calibration((edges, np.diff(below)))
    np.testing.assert_allclose(shares, expected, atol=1e-12)
    expected, claimed_too_small = histograms.calibration((2 * edges, np.diff(below)))
    assert (claimed_too_small < expected - 1e-3).any()


def test_the_front_is_what_no_other_beats():
    assert cost.front([(3.0, 5.0), (1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (9.0, 5.0)]) == [(1.0, 2.0), (3.0, 5.0)]


def test_the_same_records_give_the_same_bytes():
    chart, other = charts(full())["p"], charts(full(), full(method="skip_mlp"))["p"]
    assert drawing.svg(chart) == drawing.svg(chart) != drawing.svg(other)
    (svg, png), again = drawing.svg_and_png(chart), drawing.svg_and_png(chart)
    assert (svg, png) == again
    assert svg == drawing.svg(chart)  # printing twice changes neither
    assert png.startswith(b"\x89PNG")
    assert png != drawing.svg_and_png(other)[1]


@pytest.mark.parametrize("empty", [{"histograms": None, "anytime": None, "s_per_integral": {}}, {"status": "failed"}])
def test_nothing_to_show(empty):
    nothing = {"by_cornerness": None, "by_edge": None}
    if empty.get("status"):
        assert comparison.sections([full(**empty)]) == []
    else:
        assert charts(full(**empty | nothing)) == {}


def test_a_method_has_one_colour_and_its_configurations_differ():
    grouped = configurations.grouped([full(), full(params={"order": 5}), full(method="a"), full(method="z")])
    curves, left_out = drawing.curves(grouped, ["a", "gauss_legendre", "z"])
    assert left_out == []
    colours = {curve.configuration.method: curve.style["color"] for curve in curves}
    assert len(set(colours.values())) == 3
    assert len({(curve.style["color"], curve.style["linestyle"]) for curve in curves}) == 4
    later, _ = drawing.curves(configurations.grouped([full(method="z")]), ["a", "gauss_legendre", "z"])
    assert later[0].style["color"] == colours["z"]


def test_curves_are_bounded_and_every_method_has_one():
    many = [full(params={"order": order}, digits_mean=9.0 + order) for order in range(20)]
    curves, left_out = drawing.curves(
        configurations.grouped([*many, full(method="worst", digits_mean=0.1)]), ["gauss_legendre", "worst"]
    )
    assert (len(curves), len(left_out)) == (drawing.MOST_CURVES, 21 - drawing.MOST_CURVES)
    assert "worst" in {curve.configuration.method for curve in curves}


def test_fifteen_methods_have_a_curve_each_and_no_two_look_alike():
    names = [f"method_{nth}" for nth in range(15)]
    curves, left_out = drawing.curves(configurations.grouped([full(method=name) for name in names]), names)
    assert (sorted(curve.configuration.method for curve in curves), left_out) == (sorted(names), [])
    assert len({(curve.style["color"], curve.style["linestyle"]) for curve in curves}) == 15
    assert len({(curve.style["color"], curve.marker) for curve in curves}) == 15


def test_every_configuration_is_a_point_of_the_pareto_front(monkeypatch):
    monkeypatch.setattr(drawing, "MOST_CURVES", 1)
    fast = full(params={"order": 5}, digits_mean=3.0, s_per_integral={"1024": {"median": 1e-9}}, n_points=1000)
    curves, left_out = drawing.curves(
        configurations.grouped([full(digits_mean=9.0, n_points=1000), fast]), ["gauss_legendre"]
    )
    assert [configuration.digits for configuration in left_out] == [3.0]
    (chart,) = [chart for chart in cost.charts(curves, left_out) if chart.name == "pareto_1024"]
    axes = Figure().subplots()
    chart.panels[0](axes)
    (line,) = [line for line in axes.lines if line.get_label() == "front"]
    assert list(line.get_ydata()) == [3.0, 9.0, 9.0]
    (others,) = [line for line in axes.lines if line.get_label() == "1 more, see the table"]
    assert others.get_xydata().tolist() == [pytest.approx([1e-3, 3.0])]
    assert axes.get_title() == "n = 2 configurations, 1,000 points each"


def test_a_chart_of_stages_says_that_it_is_of_the_first_repeats():
    chart = charts(full(), full(repeat=1))["anytime"]
    assert "n = 1 configuration, 40 points each, first repeats" in drawing.svg(chart)


def test_the_error_ratio_says_which_side_is_too_small():
    caption = charts(full())["error_ratio"].caption
    assert "right of zero the claimed error is too large, left of zero too small" in caption


def test_a_dollar_in_a_name_is_text():
    assert "a$b$c" in drawing.svg(charts(full(method="a$b$c"))["p"])


def test_integrals_that_come_first_have_all_their_charts(undrawn, monkeypatch):
    monkeypatch.setattr(comparison, "FULL", 1)
    monkeypatch.setattr(comparison, "INTEGRALS", ("box2l",))
    drawn = comparison.sections([full(), full(method="skip_mlp"), full(integral="box2l")])
    assert [(s.integral, len(s.figures)) for s in drawn] == [("box1l", len(comparison.SHORT)), ("box2l", 12)]


def test_there_is_room_for_short_charts_of_the_whole_catalogue():
    assert comparison.FULL * 12 + 40 * len(comparison.SHORT) <= comparison.MOST


def test_a_section_without_a_figure_is_a_note_alone(undrawn, monkeypatch):
    monkeypatch.setattr(comparison, "MOST", 12)
    drawn = comparison.sections([full(), full(integral="box2l")])
    assert [section.integral for section in drawn] == ["box1l", ""]
    assert (drawn[1].title, drawn[1].figures) == ("Not drawn", [])
    assert drawn[1].note.startswith("box2l: 12 more charts are not drawn")


def test_activations_are_one_section_of_p_and_r():
    (section,) = paper_claims.sections([of_claim("tanh"), of_claim("tanh", repeat=1), of_claim("gelu")])
    assert [figure.name for figure in section.figures] == ["activations.1.p", "activations.1.r"]
    for figure in section.figures:
        assert ">tanh<" in figure.svg
        assert ">gelu<" in figure.svg
        assert "n = 40, 80 points per curve" in figure.svg
    assert paper_claims.sections([of_claim("tanh", status="failed")]) == []


NAMES = ("tanh", "sigmoid", "gelu", "softsign", "softplus", "polylog3", "relu3", "relu4")


def test_records_of_the_ablations_have_every_activation():
    found, _ = run_records.read_all(PUBLISHED / paper_claims.EXPERIMENT.source)
    ours = paper_claims.activations(found)
    assert {name: len(of_name) for name, of_name in ours.items()} == dict.fromkeys(NAMES, 3)
    for name, of_name in ours.items():
        assert {record["params"]["activation"] for record in of_name} == {name}


def test_charts_are_bounded_and_the_page_says_so(undrawn, monkeypatch):
    monkeypatch.setattr(comparison, "FULL", 1)
    found = [full(), full(method="skip_mlp"), full(integral="box2l")]
    drawn = comparison.sections(found)
    assert [(s.integral, len(s.figures)) for s in drawn] == [("box1l", 12), ("box2l", len(comparison.SHORT))]
    assert drawn[1].note.startswith("10 more charts are not drawn")


def test_machines_are_never_in_one_chart(undrawn):
    drawn = comparison.sections([full(), full(machine="B")])
    assert [section.title for section in drawn] == ["box1l, on A", "box1l, on B"]
    assert {figure.name.count(".") for figure in drawn[1].figures} == {2}


def test_diagnostics_have_a_chart_for_each_figure():
    found = {chart.name: drawing.svg(chart) for chart in training.charts(full(diagnostics=DIAGNOSTICS))}
    assert set(found) == {"losses", "a_mean", "dead"}
    assert "validation loss" in found["losses"]
    assert "layer 2" in found["dead"]
    assert "n = 2 stages" in found["dead"]
    assert training.charts(full()) == []


@pytest.mark.parametrize(
    "stages",
    [
        [DIAGNOSTICS[0], {"fit_s": 2.0}],
        [DIAGNOSTICS[0], {"fit_s": 2.0, "layers": [{}], "loss": None}],
        [{"fit_s": 1.0, "layers": [{"dead": 0.5}]}],
    ],
)
def test_diagnostics_may_be_incomplete(stages):
    for chart in training.charts(full(diagnostics=stages)):
        assert "n = " in drawing.svg(chart)
    assert training.charts(full(diagnostics=[{"fit_s": 1.0, "layers": []}])) == []


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("shade", "paper"), [(0, "#ffffff"), (1, "#16181c")])
def test_colours_have_contrast_on_light_and_on_dark(shade, paper):
    for pair in drawing.COLOURS:
        low, high = sorted([luminance(pair[shade]), luminance(paper)])
        assert (high + 0.05) / (low + 0.05) >= 3, pair


@pytest.mark.parametrize("shade", [0, 1])
def test_colours_differ_for_the_colour_blind(shade):
    """Under the deuteranope's and protanope's projections of Viénot, Brettel & Mollon (1999), in linear RGB."""
    blind = {
        "protan": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
        "deutan": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
    }
    colours = [[int(pair[shade][i : i + 2], 16) / 255 for i in (1, 3, 5)] for pair in drawing.COLOURS]
    for matrix in blind.values():
        seen = [np.clip(np.array(matrix) @ np.array(c) ** 2.2, 0, 1) ** (1 / 2.2) for c in colours]
        nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
        assert nearest > 0.08


def test_labels_keep_their_digits():
    narrow = {"edges": [-0.005, 0.0, 0.005], "counts": [15, 25]}
    svg = drawing.svg(charts(full(histograms={"all": HISTOGRAMS | {"r": narrow}}))["r"])
    assert ">0.002<" in svg or ">0.0025<" in svg or ">0.004<" in svg
