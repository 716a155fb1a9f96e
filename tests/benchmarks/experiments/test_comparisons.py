"""The tables made of several records: break-even, and the papers' own."""

from __future__ import annotations

import math

import pytest
from sample_records import record

from benchmarks.experiments import break_even, paper_values
from benchmarks.records import configurations


def timed(us, **changes):
    return record(s_per_integral={"1024": {"median": 1e-6 * us}}, **changes)


def only(rows, **cells):
    (row,) = [row for row, _ in rows if all(row[key] == value for key, value in cells.items())]
    return row


@pytest.mark.parametrize(
    ("costs", "expected"),
    [((60, 1, 0, 2), 60), ((60, 2, 0, 1), math.inf), ((0, 1, 5, 2), 1), ((1, 1, 0, 1), math.inf), ((10, 1, 0, 4), 4)],
)
def test_first_cheaper(costs, expected):
    assert break_even.first_cheaper(*map(float, costs)) == expected


def test_break_even_is_where_the_total_times_cross():
    n = break_even.first_cheaper(60.0, 2e-6, 0.5, 30e-6)
    assert 60.0 + n * 2e-6 <= 0.5 + n * 30e-6
    assert 60.0 + (n - 1) * 2e-6 > 0.5 + (n - 1) * 30e-6


def test_break_even_table():
    found = [
        timed(2.0, method="neural_primitive", fit_s=60.0),
        timed(62.0, method="lattice_qmc", fit_s=0.0, digits_mean=8.0),
    ]
    rows = break_even.table(configurations.grouped(found)).rows
    row = only(rows, method="neural_primitive")
    assert row["pays against lattice_qmc"] == "1,000,000 (8.0 digits)"
    assert row["pays against pysecdec_qmc"] == "no timing of it here"
    assert only(rows, method="lattice_qmc")["pays against lattice_qmc"] == "is the baseline"
    (_, used), *_ = [pair for pair in rows if pair[0]["method"] == "neural_primitive"]
    assert used == found


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ((60, 1, 0, 2), "60"), ((60, 2, 0, 1), "never"), ((0, 1, 5, 2), "always"), ((0, 1, 5, 1), "always"),
        ((1, 1, 1, 1), "never"), ((0, 2, 5, 1), "only up to 4"), ((0, 2, 0.5, 1), "never"), ((1, 1, 1, 2), "always"),
    ],
)  # fmt: skip
def test_verdict(costs, expected):
    assert break_even.verdict(*map(float, costs)) == expected


def test_the_baseline_is_its_cheapest_configuration_with_the_digits_of_the_method():
    found = [
        timed(2.0, method="neural_primitive", fit_s=60.0, digits_mean=4.0),
        timed(90.0, method="lattice_qmc", fit_s=0.0, digits_mean=8.0, params={"n": 3}),
        timed(32.5, method="lattice_qmc", fit_s=0.0, digits_mean=5.0, params={"n": 2}),
        timed(10.0, method="lattice_qmc", fit_s=0.0, digits_mean=3.0, params={"n": 1}),
        timed(1.0, method="chebyshev", fit_s=60.0, digits_mean=9.0),
    ]
    rows = break_even.table(configurations.grouped(found)).rows
    assert only(rows, method="neural_primitive")["pays against lattice_qmc"] == "1,967,214 (5.0 digits)"
    assert only(rows, method="chebyshev")["pays against lattice_qmc"] == "674,158 (8.0 digits)"
    for n in (1, 2, 3):
        assert only(rows, method=f"lattice_qmc, n={n}")["pays against lattice_qmc"] == "is the baseline"


def test_another_configuration_of_the_baseline_is_compared_with_it():
    found = [
        timed(10.0, method="lattice_qmc", fit_s=0.0, digits_mean=8.0, params={"n": 1}),
        timed(20.0, method="lattice_qmc", fit_s=0.0, digits_mean=3.0, params={"n": 2}),
    ]
    rows = break_even.table(configurations.grouped(found)).rows
    assert only(rows, method="lattice_qmc, n=2")["pays against lattice_qmc"] == "never (8.0 digits)"


def test_a_superseded_method_or_baseline_has_a_note():
    found = [
        timed(2.0, method="mine", version=2, fit_s=60.0),
        timed(3.0, method="mine", version=1, fit_s=60.0, machine="B"),
        timed(62.0, method="lattice_qmc", version=0, fit_s=0.0),
    ]
    rows = break_even.table(configurations.grouped(found)).rows
    assert only(rows, machine="B")["note"] == "superseded: version 1 of mine, now 2"
    of_baseline = only(rows, machine="A", method="lattice_qmc")["note"]
    assert of_baseline.startswith("superseded: version 0 of lattice_qmc, now ")
    assert only(rows, machine="A", method="mine")["note"] == of_baseline


def test_negative_digits_are_shown():
    found = configurations.grouped([timed(40.0, method="published_primitive", digits_mean=-0.4)])
    here = [row["here"] for row, used in paper_values.table(found).rows if used]
    assert "-0.400" in here


def test_a_baseline_of_another_machine_is_none():
    found = [timed(2.0, method="neural_primitive"), timed(62.0, method="lattice_qmc", machine="B")]
    assert (
        only(break_even.table(configurations.grouped(found)).rows, machine="A")["pays against lattice_qmc"]
        == "no timing of it here"
    )


def test_papers_beside_ours():
    rows = paper_values.table(configurations.grouped([timed(40.0, method="published_primitive", digits_mean=1.7)])).rows
    jhep = [row for row, _ in rows if row["method"] == "published_primitive" and row["integral"] == "box1l"]
    assert [(row["published"], row["here"], row["ratio"]) for row in jhep] == [
        ("3.4", "1.70", "0.500"), ("20", "40.0", "2.00"), ("3.9", "1.70", "0.436"), ("50", "40.0", "0.800"),
    ]  # fmt: skip
    without = [row for row, used in rows if not used]
    assert {row["here"] for row in without} == {"no record"}
    assert {row["note"] for row, _ in rows} == {""}


def test_a_superseded_value_beside_the_papers_says_so():
    found = [timed(40.0, method="published_primitive", truth_hash="old"), timed(9.0, machine="B")]
    shown = [row for row, used in paper_values.table(configurations.grouped(found)).rows if used]
    primitive = {row["note"] for row in shown if row["method"].startswith("published_primitive")}
    assert primitive == {"superseded: older truth"}
