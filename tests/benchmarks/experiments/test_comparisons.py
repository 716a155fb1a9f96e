"""The tables made of several records: break-even, and the papers' own."""

from __future__ import annotations

import pytest
from sample_records import record

from benchmarks.experiments import break_even, paper_values
from benchmarks.records import configurations


def timed(us, **changes):
    return record(s_per_integral={"1024": {"median": 1e-6 * us}}, **changes)


def only(rows, **cells):
    (row,) = [row for row, _ in rows if all(row[key] == value for key, value in cells.items())]
    return row


def cell(method, us, fit_s, digits=7.0, **changes):
    return timed(us, method=method, fit_s=fit_s, digits_mean=digits, threads=1, **changes)


def rows_of(*found):
    return break_even.table(configurations.grouped(found)).rows


RULE, PYSECDEC = "cheaper than every rule from", "cheaper than pySecDec from"


def test_break_even_beside_rules_and_pysecdec():
    rows = rows_of(
        cell("neural_primitive", 2.0, 60.0), cell("lattice_qmc", 62.1, 0.0), cell("pysecdec_qmc", 6001.0, 30.0, 3.0)
    )
    assert only(rows, method="neural_primitive", digits="6")[RULE] == "998,337"
    assert only(rows, method="neural_primitive", digits="6")[PYSECDEC] == "none has them"
    assert only(rows, method="neural_primitive", digits="3")[PYSECDEC] == "5,001"
    assert only(rows, method="lattice_qmc", digits="3")[RULE] == "–"  # there is no other rule
    assert only(rows, method="pysecdec_qmc", digits="3")[RULE] == "never"
    assert not [row for row, _ in rows if (row["method"], row["digits"]) == ("pysecdec_qmc", "6")]


def test_any_setting_with_the_digits_counts():
    """A cheap one may pay first, and each rival's best for that number of values decides."""
    rows = rows_of(
        cell("chebyshev", 1.0, 100.0, params={"n": 2}), cell("chebyshev", 2.0, 10.0, params={"n": 1}),
        cell("lattice_qmc", 12.5, 0.0, params={"n": 1}), cell("lattice_qmc", 7.5, 5.0, params={"n": 2}),
        cell("lattice_qmc", 3.0, 0.0, digits=2.0, params={"n": 3}),
    )  # fmt: skip
    made = only(rows, method="chebyshev", digits="6")
    assert (made["µs"], made["prep. s"], made[RULE]) == ("1.00", "100", "952,381")


@pytest.mark.parametrize(
    ("own", "rivals", "expected"),
    [
        ([(60.5, 1e-6)], [(0.5, 2e-6)], "60,000,000"), ([(60.0, 2e-6)], [(0.0, 1e-6)], "never"),
        ([(0.0, 1e-6)], [(5.0, 2e-6)], "1"), ([(1.0, 1e-6)], [(0.0, 1e-6)], "never"),
        # The quick setting pays beside the first rival, the slow one beside the second.
        ([(1.0, 10e-6), (50.0, 1e-6)], [(0.0, 100e-6), (100.0, 2e-6)], "11,112"),
        # Ahead, then behind, then ahead for good.
        ([(0.0, 10e-6), (100.0, 1e-6)], [(1.0, 5e-6)], "24,750,000"),
    ],
)  # fmt: skip
def test_from_how_many_values_on(own, rivals, expected):
    rows = rows_of(
        *(cell("chebyshev", 1e6 * us, s, params={"n": i}) for i, (s, us) in enumerate(own)),
        *(cell("lattice_qmc", 1e6 * us, s, params={"n": i}) for i, (s, us) in enumerate(rivals)),
    )
    assert only(rows, method="chebyshev", digits="6")[RULE] == expected


def test_a_superseded_method_or_rival_has_a_note():
    rows = rows_of(cell("mine", 2.0, 60.0, version=2), cell("lattice_qmc", 62.0, 0.0, version=0))
    assert "superseded: version 0 of lattice_qmc, now " in only(rows, method="mine", digits="6")["note"]


def test_a_rival_on_another_machine_is_none():
    rows = rows_of(cell("neural_primitive", 2.0, 60.0), cell("lattice_qmc", 62.0, 0.0, machine="B"))
    assert only(rows, machine="A", digits="6")[RULE] == "none has them"


def test_negative_digits_are_shown():
    found = configurations.grouped([timed(40.0, method="published_primitive", digits_mean=-0.4)])
    here = [row["here"] for row, used in paper_values.table(found).rows if used]
    assert "-0.400" in here


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
