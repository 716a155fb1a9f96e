"""The thesis's CPU rows: what is run, how it is compared, and the tables of ensembles and of training."""

from __future__ import annotations

import pytest
from ensemble_records import STAGES, ensemble, stage
from sample_records import full, record

from benchmarks.experiments import preset, replicas, thesis_on_cpu, training
from methods.core import names
from methods.papers.primitive_recipes import RECIPES

ROW_6, ROW_8 = "thesis_gelu_3x100_cpu", "thesis_gelu_10x60_cpu"


def rows(experiment, found):
    (table,) = experiment.tables(found)
    return [row for row, _ in table.rows]


# ----- what is run ----------------------------------------------------------------------------------------------------


def test_rows_run_as_printed_but_for_the_labels_that_choose_the_weights():
    specs = thesis_on_cpu.specs()
    assert [job.method for job in preset("paper_cpu").jobs("box1l")] == list(specs.values())
    for name in thesis_on_cpu.ROWS:
        _, fields = names.parse_spec(specs[name])
        assert fields == RECIPES[name].fields() | {"labels": "gauss_legendre"}
        assert (fields["n_updates"], fields["lattice_size"], fields["n_replicas"]) == (10_000, 500, 5)


@pytest.mark.parametrize(
    ("activation", "gain", "rate"), [("softsign", 1.5, 0.01), ("sigmoid", 2, 1e-3), ("tanh", 1.5, 1e-3)]
)
def test_ours_differ_from_row_6_in_what_rows_1_to_3_print(activation, gain, rate):
    _, fields = names.parse_spec(thesis_on_cpu.specs()[f"{activation}_3x100 (ours)"])
    own = {"activation": activation, "gain": gain, "learning_rate": rate}
    assert fields == RECIPES[ROW_6].fields() | own | {"labels": "gauss_legendre"}


# ----- how it is compared ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("digits", "is_full", "expected"),
    [
        ([3.35], True, "confirmed"), ([3.9], True, "confirmed"), ([2.85], False, "confirmed"),
        ([2.7], True, "not decided"), ([2.55], False, "not decided"), ([2.4], True, "not reproduced"),
        ([2.4], False, "not reproduced at this budget"), ([], False, "not reproduced at this budget"),
        ([2.5, 3.3], True, "confirmed"),
    ],
)  # fmt: skip
def test_verdicts(digits, is_full, expected):
    assert thesis_on_cpu.verdict("3.1 ± 0.3", digits, is_full=is_full) == expected


def test_a_row_stands_beside_what_was_published():
    found = [ensemble(ROW_6, 3.0), ensemble(ROW_6, 3.2, repeat=1, seed=1), ensemble("softsign_3x100 (ours)", 0.7)]
    first, ours = rows(thesis_on_cpu, [*found, full(), record(method="published_primitive", params={"width": 3})])
    assert (first["row"], first["source"]) == (ROW_6, "thesis Table I, row 6")
    assert (first["published digits"], first["digits of the ensemble"]) == ("3.1 ± 0.3", "3.10 ± 0.14 (2)")
    assert first["of each replica alone"].endswith("(6)")
    assert (first["updates made / printed"], first["verdict"]) == ("10,000 / 10,000", "confirmed")
    assert (ours["published digits"], ours["source"], ours["verdict"]) == ("", "", "")


def test_a_run_that_was_cut_short_or_failed_says_so():
    short = ensemble(ROW_8, 2.0, n_updates=400)
    failed = ensemble(ROW_8, status="timeout", by_n_replicas=None, n_updates=None)
    for found in (short, failed):
        (row,) = rows(thesis_on_cpu, [found])
        assert row["verdict"] == "not reproduced at this budget"
    assert row["digits of the ensemble"] == "failed"


def test_superseded_ensembles_say_so():
    found = [ensemble(ROW_6, truth_hash="old")]
    for experiment in (thesis_on_cpu, replicas):
        assert {row["note"] for row in rows(experiment, found)} == {"superseded: older truth"}
        assert {row["note"] for row in rows(experiment, [ensemble(ROW_6)])} == {""}


# ----- errors of ensembles --------------------------------------------------------------------------------------------


def test_ensembles_have_a_row_for_each_number_of_replicas():
    other = full(by_n_replicas=ensemble(ROW_6)["by_n_replicas"], method="neural_primitive")
    found = rows(replicas, [ensemble(ROW_6), other, full(), full(by_n_replicas={"1": {"digits": [2.0]}})])
    assert [(row["ensemble"].partition(",")[0], row["n"]) for row in found] == [
        (name, n) for name in (ROW_6, "neural_primitive") for n in "123"
    ]
    one, two, three = found[:3]
    assert (one["within 1, 3 σ"], one["gained (½ log10 n)"]) == ("–", "–")
    assert two["gained (½ log10 n)"].endswith("(0.15)")
    assert three["within 1, 3 σ/√n"].endswith("(58, 90.5)")


# ----- training -------------------------------------------------------------------------------------------------------


def test_what_figures_of_training_say_is_read_off_the_looks():
    (row,) = rows(training, [ensemble(ROW_6), full()])
    assert row["validation loss"] == "0.01 → 0.0001"
    assert row["label digits mean"] == "1 → 3"
    assert row["correlation"] == "-1.00"
    assert row["log10 gradient spread, first layer"] == "-2.0 → -4.0"
    assert row["first largest, last smallest"] == "67 %"
    assert row["dead nodes, mean and most of a layer"] == "25, 25 %"


@pytest.mark.parametrize(
    ("losses", "digits"), [((1e-2, 1e-2, 1e-2), (1.0, 2.0, 3.0)), ((1e-1, 1e-2, 1e-3), (1.0, 1.0, 1.0))]
)
def test_what_never_changes_has_no_correlation(losses, digits):
    """A network that does not learn has the same loss at every look, which does not end the report."""
    stages = [stage(100 * nth, *figures) for nth, figures in enumerate(zip(losses, digits, strict=True), 1)]
    (row,) = rows(training, [ensemble(ROW_6, diagnostics=stages)])
    assert (row["correlation"], row["looks"]) == ("–", "3")


def test_looks_without_finite_figures_leave_a_row():
    broken = stage(25, None, float("nan"), (None, 0.0))
    (row,) = rows(training, [ensemble(ROW_6, diagnostics=[broken, STAGES[0]])])
    assert (row["correlation"], row["looks"]) == ("–", "2")
    assert (row["log10 gradient spread, first layer"], row["last layer"]) == ("– → -2.0", "– → -3.0")
    assert row["validation loss"] == "– → 0.01"
