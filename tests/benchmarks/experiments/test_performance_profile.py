"""Performance profiles: ratios to the best on held-out integrals, shares of them, and the chart."""

from __future__ import annotations

import math

import pytest
from sample_records import record, timing

from benchmarks.experiments import performance_profile
from benchmarks.records import configurations
from references.integrals import catalogue

FIRST, SECOND = [name for name, entry in catalogue.ENTRIES.items() if entry.use == catalogue.HELD_OUT][:2]


def run(integral, method, digits, us, preparation_s=0.0):
    return record(
        integral=integral, method=method, params={"knob": digits}, digits_mean=digits, digits_worst=digits - 1,
        threads=1, fit_s=preparation_s, s_per_integral={"1024": timing(1e-6 * us)},
    )  # fmt: skip


RECORDS = [
    run(FIRST, "rule", 4.0, 8.0), run(FIRST, "rule", 7.0, 30.0), run(FIRST, "table", 6.0, 1.0, preparation_s=1.0),
    run(SECOND, "rule", 5.0, 5.0), run(SECOND, "table", 2.9, 1.0),
    run("box1l", "table", 9.0, 0.1),  # a development integral
]  # fmt: skip


def profile(digits, counted="preparation not counted"):
    made = performance_profile.profiles(configurations.grouped(RECORDS))
    (found,) = [p for p in made if (p.digits, p.counted) == (digits, counted)]
    return found


def test_ratios_are_to_the_quickest_with_the_digits_on_held_out_integrals():
    found = profile(3)
    assert found.integrals == sorted([FIRST, SECOND])
    by_method = {name: dict(zip(found.integrals, ratios, strict=True)) for name, ratios in found.ratios.items()}
    assert by_method["rule"] == {FIRST: pytest.approx(8.0), SECOND: pytest.approx(1.0)}
    assert by_method["table"] == {FIRST: pytest.approx(1.0), SECOND: math.inf}
    assert profile(6).ratios["rule"].count(math.inf) == 1


def test_integrals_on_which_every_run_failed_are_those_of_no_method():
    failed = run(FIRST, "rule", 4.0, 8.0) | {"status": "failed", "reason": "none", "digits_mean": None}
    assert performance_profile.table(configurations.grouped([failed])).rows == []
    two = performance_profile.table(configurations.grouped([failed, run(SECOND, "table", 7.0, 1.0)]))
    assert [(row["method"], row["digits"], row["at any factor"]) for row, _ in two.rows[:1]] == [("table", "3", "50 %")]


def test_sources_are_the_records_that_count_on_the_machine():
    old = run(FIRST, "mine", 4.0, 9.0) | {"version": 1}
    new = run(FIRST, "mine", 4.0, 8.0) | {"version": 2}
    two_threads = run(FIRST, "mine", 5.0, 1.0) | {"version": 2, "threads": 2}
    rows = performance_profile.table(configurations.grouped([old, new, two_threads])).rows
    assert {row["at any factor"] for row, _ in rows if row["digits"] == "3"} == {"100 %"}
    assert all(used == [new] for _, used in rows)


def test_a_superseded_method_has_a_note():
    old = [run(FIRST, "mine", 7.0, 9.0) | {"version": 1}, run(FIRST, "mine", 7.0, 8.0) | {"version": 2, "machine": "B"}]
    rows = performance_profile.table(configurations.grouped([*RECORDS, *old])).rows
    notes = {(row["machine"], row["method"]): row["note"] for row, _ in rows}
    assert notes == {
        ("A", "mine"): "superseded: version 1 of mine, now 2", ("A", "rule"): "", ("A", "table"): "",
        ("B", "mine"): "",
    }  # fmt: skip


def test_a_machine_on_which_nothing_has_a_cost_has_no_profile():
    failed = run(FIRST, "rule", 4.0, 8.0) | {"status": "failed", "reason": "none", "machine": "B"}
    found = performance_profile.profiles(configurations.grouped([*RECORDS, failed]))
    assert {profile.machine for profile in found} == {"A"}


def test_preparation_may_be_shared():
    # A second for 10,000 integrals is 100 µs for each.
    found = profile(3, "preparation spread over 10,000 values")
    by_method = {name: dict(zip(found.integrals, ratios, strict=True)) for name, ratios in found.ratios.items()}
    assert by_method["rule"][FIRST] == 1.0
    assert by_method["table"][FIRST] == pytest.approx(101 / 8)


def test_shares_of_integrals():
    ratios = [1.0, 3.0, math.inf, math.inf]
    assert [performance_profile.share(ratios, factor) for factor in (1, 3, 100, math.inf)] == [0.25, 0.5, 0.5, 0.5]


def test_rows_are_sorted_by_who_is_the_quickest_most_often():
    rows = [row for row, _ in performance_profile.table(configurations.grouped(RECORDS)).rows]
    at_six = [row for row in rows if (row["digits"], row["preparation"]) == ("6", "preparation not counted")]
    assert [row["method"] for row in at_six] == ["table", "rule"]
    assert (at_six[0]["the quickest"], at_six[1]["within 100 times"], at_six[1]["within 10 times"]) == (
        "50 %", "50 %", "0 %",
    )  # fmt: skip
