"""The table of what contour and importance map are worth: a row for each part, and none for other runs."""

from __future__ import annotations

import pytest
from sample_records import record

import methods
from benchmarks.experiments import contour_ablation, preset, two_loops
from methods.core import names
from methods.primitives.contour_parts import LEARNED


def run(method: str, **changes):
    name, fields = names.parse_spec(method)
    details = {"spread_of_log_g": [0.7], "second_map_differs": 1e-6}
    params = methods.create(name, **fields).params()
    return record(**{"integral": two_loops.ABLATION, "method": name, "params": params, "details": details} | changes)


@pytest.fixture(scope="module")
def rows():
    both, contour, importance = two_loops.ablation()
    found = [
        run(importance, status="failed", reason="no contour", digits_mean=None, details=None),
        run(contour, digits_mean=3.5), run(both, digits_mean=5.8),
        run("learned_contour,epsrel=1e-5,max_nodes=2000000"),
    ]  # fmt: skip
    (table,) = contour_ablation.tables(found)
    return [row for row, _ in table.rows]


def test_each_part_has_a_row_and_other_runs_have_none(rows):
    assert [row["learned"] for row in rows] == ["both", "contour", "importance"]
    assert [row["digits"] for row in rows] == ["5.80", "3.50", "no contour"]


def test_a_row_is_of_a_repeat_that_finished_and_says_that_it_is_superseded():
    both, *_ = two_loops.ablation()
    failed = {"status": "timeout", "reason": "over 300 s", "digits_mean": None, "details": None}
    (table,) = contour_ablation.tables([run(both, truth_hash="old", **failed), run(both, truth_hash="old", repeat=1)])
    ((row, _),) = table.rows
    assert (row["rms of log g"], row["note"]) == ("0.700", "superseded: older truth")


def test_the_preset_runs_each_part_at_as_many_nodes():
    methods_of = [job.method for job in preset("two_loops").jobs(two_loops.ABLATION)]
    assert set(two_loops.ablation()) <= set(methods_of)
    assert two_loops.LEARNED == LEARNED


def test_without_records_there_is_no_row():
    (table,) = contour_ablation.tables([])
    assert not table.rows
