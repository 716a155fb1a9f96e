"""The tables made of several records: break-even, matched digits, and the papers' own."""

from __future__ import annotations

import math

import pytest
from sample_records import record

from benchmarks.experiments import break_even, matched_digits, paper_values
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


def test_negative_digits_are_shown():
    found = configurations.grouped([timed(40.0, method="published_primitive", digits_mean=-0.4)])
    here = [row["here"] for row, used in paper_values.table(found).rows if used]
    assert "-0.400" in here


def test_a_run_that_ended_without_digits_says_so():
    ((row, _),) = matched_digits.table(configurations.grouped([timed(1.0, digits_mean=None)])).rows
    assert row["3 digits, all threads"] == "no digits"


def test_a_baseline_of_another_machine_is_none():
    found = [timed(2.0, method="neural_primitive"), timed(62.0, method="lattice_qmc", machine="B")]
    assert (
        only(break_even.table(configurations.grouped(found)).rows, machine="A")["pays against lattice_qmc"]
        == "no timing of it here"
    )


def test_matched_digits_take_the_fastest_that_has_them_and_the_time_it_took():
    stages = [{"fit_s": 2.0, "digits_mean": 2.5}, {"fit_s": 5.0, "digits_mean": 3.2}]
    found = [
        timed(1.0, params={"order": 4}, digits_mean=3.5, anytime=stages, fit_s=9.0, machine="A, 2 CPUs"),
        timed(9.0, params={"order": 8}, digits_mean=6.5, fit_s=0.5, machine="A, 2 CPUs"),
    ]
    ((row, used),) = matched_digits.table(configurations.grouped(found)).rows
    assert row["3 digits, all threads"] == "1.00 µs after 5.00 s"
    assert row["4 digits, all threads"] == row["6 digits, all threads"] == "9.00 µs after 0.500 s"
    assert row["3 digits, one thread"] == "no run"
    assert used == found


def test_cells_without_a_time_say_why():
    failed = record(status="timeout", reason="too slow", digits_mean=None, threads=1, s_per_integral=None)
    ((row, _),) = matched_digits.table(configurations.grouped([failed, timed(1.0, digits_mean=3.5)])).rows
    assert row["3 digits, one thread"] == "run timeout"
    assert row["4 digits, all threads"] == "at most 3.5 digits"
    ((row, _),) = matched_digits.table(
        configurations.grouped([record(s_per_integral={"1024": {"reason": "shared"}}, digits_mean=7.0)])
    ).rows
    assert row["3 digits, all threads"] == "not timed"


def test_one_thread_of_a_larger_machine_is_not_all():
    ((row, _),) = matched_digits.table(configurations.grouped([timed(1.0, threads=1, machine="A, 8 CPUs")])).rows
    assert row["3 digits, one thread"].startswith("1.00 µs")
    assert row["3 digits, all threads"] == "no run"


def test_papers_beside_ours():
    rows = paper_values.table(configurations.grouped([timed(40.0, method="published_primitive", digits_mean=1.7)])).rows
    jhep = [row for row, _ in rows if row["method"] == "published_primitive" and row["integral"] == "box1l"]
    assert [(row["published"], row["here"], row["ratio"]) for row in jhep] == [
        ("3.4", "1.70", "0.500"), ("20", "40.0", "2.00"), ("3.9", "1.70", "0.436"), ("50", "40.0", "0.800"),
    ]  # fmt: skip
    without = [row for row, used in rows if not used]
    assert {row["here"] for row in without} == {"no record"}
