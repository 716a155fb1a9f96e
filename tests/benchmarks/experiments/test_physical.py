"""The experiment above threshold: its runs, its table of parts and contours, and the values that its charts mark."""

from __future__ import annotations

from sample_records import record, timing

import methods
import references
from benchmarks.experiments import physical, preset
from methods.core import names
from references.integrals import catalogue

BINNED = {"edges": [4.5, 10.0, 30.0], "digits_mean": [3.0, None], "digits_worst": [2.0, None]}


def run(**changes):
    """Return a record of a complex integral on one thread."""
    defaults = {
        "integral": "box1l_hh", "threads": 1, "digits_re": 5.0, "digits_im": 4.0, "coverage_1sigma": 0.7,
        "coverage_3sigma": 1.0, "s_per_integral": {"1024": timing(2e-6)}, "by_invariant": {"s12": BINNED},
    }  # fmt: skip
    return record(**{**defaults, **changes})


def test_the_preset_has_every_development_integral_at_one_loop_above_threshold_and_known_methods():
    made = preset("physical")
    assert set(made.budgets) == {
        n
        for n in catalogue.ENTRIES
        if catalogue.is_physical(n) and not catalogue.is_held_out(n) and catalogue.integral(n).k <= 4
    }
    for integral in made.budgets:
        jobs = made.jobs(integral)
        assert len(set(jobs)) == len(jobs)
        for job in jobs:
            name, fields = names.parse_spec(job.method)
            methods.create(name, **fields)


def test_the_table_shows_parts_errors_and_contours():
    details = {"share_not_causal": 0.0, "least_modulus_of_polynomial": 0.25}
    (*_, table) = physical.tables([run(details=details), run(method="chebyshev", digits_worst=14.0)])
    chebyshev, rule = (row for row, _ in table.rows)
    assert (rule["Re"], rule["Im"], rule["within 1 σ"], rule["not causal"]) == ("5.0", "4.0", "70 %", "0 %")
    assert chebyshev["worst"] == "14.0 (≤ truth)"  # which is known to 1e-13
    assert rule["min |F|"] == "0.250"
    assert chebyshev["not causal"] == ""


FAILED = dict.fromkeys(
    ("digits_mean", "digits_worst", "digits_re", "digits_im", "coverage_1sigma", "coverage_3sigma", "s_per_integral",
     "by_invariant", "details"),
)  # fmt: skip
"""Keys of a record that a run without values leaves empty."""


def test_integrals_with_real_values_are_in_no_table():
    """In a folder of somebody's own all records lie together."""
    real = run(integral="box1l", digits_re=None, digits_im=None, by_invariant=None)
    assert [table.rows for table in physical.tables([real])] == [[], [], [], []]
    for table in physical.tables([real, run(), run(integral="my_integrals:complex")]):
        assert {row["integral"] for row, _ in table.rows} == {"box1l_hh", "my_integrals:complex"}


def test_a_method_without_values_says_why():
    unable = run(method="vegas_map", params={}, status="unsupported", reason="its F\nchanges sign", **FAILED)
    *_, table = physical.tables([unable])
    ((row, used),) = table.rows
    assert (row["digits"], row["worst"], row["note"]) == ("unsupported", "", "unsupported: its F changes sign")
    assert used == [unable]


def test_contours_are_those_of_a_repeat_that_finished():
    failed = run(status="timeout", reason="over 90 s", **FAILED)
    *_, table = physical.tables([failed, run(repeat=1, details={"least_modulus_of_polynomial": 0.25})])
    ((row, _),) = table.rows
    assert (row["digits"], row["min |F|"], row["note"]) == ("4.6", "0.250", "timeout: over 90 s")


def test_superseded_records_say_so():
    *_, table = physical.tables([run(truth_hash="old")])
    assert [row["note"] for row, _ in table.rows] == ["superseded: older truth"]


def test_corner_zeros_of_the_sectors_are_at_nine():
    marked = physical.marked(references.integral("box1l_sectors_physical"))
    assert 4.0 in marked["s12"]
    assert 9.0 in marked["s12"]
