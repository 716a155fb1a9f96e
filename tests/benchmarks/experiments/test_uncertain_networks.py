"""The table of Bayesian networks and its charts, from records."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure
from uncertain_records import record, with_histograms

from benchmarks.experiments import preset, uncertain_networks
from benchmarks.experiments.uncertain_networks import BOOSTING, ENSEMBLE, EXPENSIVE_LABELS, NETWORKS
from benchmarks.figures import drawing
from benchmarks.records import configurations

# ----- table ----------------------------------------------------------------------------------------------------------


def rows(found):
    (table,) = uncertain_networks.tables(found)
    return table.rows


def test_rows_are_ordered_and_bad_runs_stay():
    found = [record("timeout", boosting="loss"), record(), record(n_labels=112_500, boosting="both")]
    first, second, third = [row for row, _ in rows([*found, record() | {"method": "skip_mlp"}])]
    assert (first["training labels"], first["network"]) == ("90,000", "boosted: both")
    assert (second["training labels"], second["network"]) == ("9,000", "Bayesian")
    assert (third["network"], third["digits"], third["note"]) == ("boosted: loss", "timeout", "timeout: over 180 s")
    assert list(first) == list(second) == list(third)  # a page has the first row's columns


def ensemble(**changes):
    """Return a record of a deep ensemble, from which every chart can be drawn."""
    made = with_histograms(**changes)
    params = {key: value for key, value in made["params"].items() if key != "boosting"}
    return made | {"method": ENSEMBLE, "params": params}


def test_ensembles_and_other_labels_have_rows_of_their_own_but_only_the_ensemble_is_drawn():
    plain = with_histograms()
    expensive = with_histograms() | {"params": plain["params"] | {"labels": EXPENSIVE_LABELS}}
    shown = [row for row, _ in rows([expensive, ensemble(), plain])]
    assert [(row["network"], row["labels of"]) for row in shown] == [
        ("Bayesian", "gauss_legendre"), ("deep ensemble", "gauss_legendre"), ("Bayesian", EXPENSIVE_LABELS)
    ]  # fmt: skip
    drawn = {
        chart.name: drawing.svg(chart)
        for chart in uncertain_networks.charts(configurations.grouped([ensemble(), expensive]))
    }
    assert "deep ensemble" in drawn["pull"]
    assert "Bayesian" not in drawn["pull"]


def test_a_superseded_record_says_so():
    shown = rows([record(truth_hash="old"), record()])
    assert [row["note"] for row, _ in shown] == ["superseded: older truth", ""]


def test_cells():
    ((row, used),) = rows([record()])
    assert (row["digits"], row["updates"], row["repeats"]) == ("2.50", "4,000", "1")
    assert [row[key] for key in ("pull std, training", "validation", "truth")] == ["0.75", "1.25", "1.50"]
    assert (row["within 1σ"], row["within 3σ"]) == ("70.0 %", "98.0 %")
    assert (row["mean abs. δ, largest 1 %"], row["largest 0.1 %"]) == ("3.0e-02", "6.0e-02")
    assert (row["systematic"], row["statistical"]) == ("1.0e-03", "2.0e-04")
    assert used == [record()]


def test_repeats_are_averaged_into_one_row_with_all_their_records():
    bad = record("crashed", repeat=2, reason="SIG\nSEGV")
    found = [record(), record(repeat=1, digits_mean=3.5, coverage_1sigma=0.5), bad]
    ((row, used),) = rows(found)
    assert (row["digits"], row["repeats"]) == ("3.00 ± 0.71", "2")
    assert row["within 1σ"] == "60.0 % ± 14.1 %"
    assert row["pull std, training"] == "0.75 ± 0.00"
    assert row["note"] == "mean ± standard deviation of repeats; crashed: SIG SEGV"
    assert used == found


def test_the_preset_has_every_setting_on_both_integrals():
    made = preset("bayesian")
    assert set(made.methods) == {"box1l_4d", "pentagon1l_8d"}
    for settings in made.methods.values():
        assert len(set(settings)) == 11
    assert made.repeats == 3


# ----- charts ---------------------------------------------------------------------------------------------------------


def charts(*found):
    return {chart.name: chart for chart in uncertain_networks.charts(configurations.grouped(found))}


def drawn(chart):
    """Return the axes of the chart's panels."""
    axes = list(Figure().subplots(len(chart.panels), 1, squeeze=False)[:, 0])
    for of_panel, draw in zip(axes, chart.panels, strict=True):
        draw(of_panel)
    return axes


def every(**changes):
    return [with_histograms(n_labels=n, boosting=b, **changes) for n in uncertain_networks.N_LABELS for b in BOOSTING]


def test_every_chart_says_what_it_is_of():
    found = charts(*every())
    assert set(found) == {"pull", "calibration", "largest"}
    for name, chart in found.items():
        svg = drawing.svg(chart)
        assert len(chart.panels) == 2
        assert svg.count("n = ") == 2, name
        assert svg.count("<path") > 10, name
        assert all(NETWORKS[boosting] in svg for boosting in BOOSTING)
        assert chart.caption.endswith(".")
    for name in ("pull", "calibration"):
        many, few = drawn(found[name])
        assert many.get_title().startswith("90,000 labels trained on, n = ")
        assert few.get_title().startswith("9,000 labels trained on, n = ")


def test_pulls_have_a_colour_per_boosting_and_dashes_for_validation():
    panel = drawn(charts(*every())["pull"])[0]
    shown = {patch.get_label(): (patch.get_edgecolor(), patch.get_linestyle()) for patch in panel.patches}
    assert set(shown) == {
        *(f"{NETWORKS[b]}, {part}" for b in BOOSTING for part in ("trained on", "validation")),
        "standard normal",
    }
    solid, dashed = ([shown[f"{NETWORKS[b]}, {part}"] for b in BOOSTING] for part in ("trained on", "validation"))
    assert {style for _, style in solid} == {"-"}
    assert {style for _, style in dashed} == {"--"}
    assert [colour for colour, _ in solid] == [colour for colour, _ in dashed]
    assert len({colour for colour, _ in solid}) == 4
    assert panel.get_xlim() == (-5.125, 5.125)


def test_histograms_of_repeats_are_added_up():
    found = charts(with_histograms(train=(1, 2, 1)), with_histograms(train=(3, 2, 1), repeat=1))
    (panel,) = drawn(found["pull"])
    (stairs,) = [patch for patch in panel.patches if patch.get_label() == "Bayesian, trained on"]
    assert stairs.get_data().values.tolist() == pytest.approx([0.4, 0.4, 0.2])
    assert panel.get_title() == "9,000 labels trained on, n = 10, 100 points per curve"


def test_charts_without_their_figures_are_left_out():
    assert set(charts(record())) == {"largest"}
    nothing = {"details": {"n_labels": 11_250}}
    assert charts(record(**nothing)) == {}
    # Where one number of labels has histograms, its panel alone is drawn.
    assert len(charts(record(), with_histograms(n_labels=112_500))["pull"].panels) == 1


def test_calibration_is_against_the_truth():
    (panel,) = drawn(charts(with_histograms())["calibration"])
    (line,) = [line for line in panel.lines if line.get_label() == "Bayesian"]
    assert line.get_ydata()[:2].tolist() == [0.5, 1.0]  # within half a bin, and one and a half
    assert panel.get_title() == "9,000 labels trained on, n = 20 points per curve"


def test_the_largest_values_against_the_number_of_labels():
    many = with_histograms(delta=0.01, n_labels=112_500)
    found = [with_histograms(delta=0.02), with_histograms(delta=0.04, repeat=1), many]
    one, tenth = drawn(charts(*found)["largest"])
    assert one.get_title() == "largest 1 % of values, n = 22 or 225 labels"
    assert tenth.get_title() == "largest 0.1 % of values, n = 2 or 22 labels"
    (shown,) = one.containers
    line, _, (bars,) = shown.lines
    assert line.get_xdata().tolist() == pytest.approx([9_000, 90_000])
    assert line.get_ydata().tolist() == pytest.approx([0.03, 0.01])
    lengths = [segment[1, 1] - segment[0, 1] for segment in bars.get_segments()]
    assert lengths == pytest.approx([2 * 0.02 / 2**0.5, 0.0])
    assert (one.get_xscale(), one.get_yscale()) == ("log", "log")
    assert (one.get_xlim(), one.get_ylim()) == (pytest.approx((1e3, 1e5)), pytest.approx((1e-2 / 10, 1e-1)))


def test_of_several_with_the_same_boosting_the_newest_is_drawn():
    newer = with_histograms(date_utc="2026-02-02T00:00:00+00:00", threads=2, train=(1, 1, 1), validation=(1, 1, 1))
    for found in ([with_histograms(), newer], [newer, with_histograms()]):
        (panel,) = drawn(charts(*found)["pull"])
        assert "n = 3 points per curve" in panel.get_title()


def test_a_section_per_integral_without_replaced_records_and_names_that_are_files():
    older = with_histograms(truth_hash="old", boosting="loss")
    wicked = with_histograms(integral='../<b>"&')
    strange, ours = uncertain_networks.sections([older, with_histograms(), wicked])
    assert strange.title == 'Networks that know their error, on ../<b>"&'
    assert strange.figures[0].name == "bayesian.1...__b___.pull"
    assert ours.title == "Networks that know their error, on box1l_4d"
    names = ("pull", "calibration", "largest")
    assert [figure.name for figure in ours.figures] == [f"bayesian.2.box1l_4d.{name}" for name in names]
    assert not any("loss" in figure.svg for figure in ours.figures)
    assert all(figure.png.startswith(b"\x89PNG") for figure in ours.figures)
    assert uncertain_networks.sections([record("failed")]) == []
