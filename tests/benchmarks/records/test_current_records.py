"""Records that stand for a method among several versions and machines, and what is said of those beside each other."""

from __future__ import annotations

from sample_records import record

from benchmarks.records import configurations, current_records

SPEC = "gauss_legendre,order=8"
OLD = {"truth_hash": "old"}
OLDER_TRUTH = "superseded: older truth"


def run(**changes):
    params = {"order": 8} | changes.pop("params", {})
    return record(**{"params": params} | changes)


def test_a_method_is_told_by_its_fields():
    assert current_records.is_of(run(), SPEC)
    assert not current_records.is_of(run(params={"order": 9}), SPEC)
    assert not current_records.is_of(run(method="lattice_qmc", params={}), SPEC)


def test_the_current_version_stands_for_a_method_then_the_machine_with_most_repeats():
    old = [run(**OLD, repeat=n, date_utc="2027-01-01T00:00:00+00:00") for n in range(3)]
    once = run(machine="B", date_utc="2027-01-01T00:00:00+00:00")
    twice = [run(repeat=n) for n in range(2)]
    assert current_records.current([*old, once, *twice], SPEC) == twice
    assert current_records.current(old, SPEC) == old
    assert current_records.current([run(params={"order": 9})], SPEC) == []


def test_what_holds_of_all_labels_is_said_once():
    assert current_records.notes({"a": [run()], "b": [run()]}) == []
    assert current_records.notes({"a": [run(**OLD)], "b": [run(**OLD)], "c": []}) == [OLDER_TRUTH]
    assert current_records.notes({"a": [run(**OLD)], "b": [run()]}) == [f"a: {OLDER_TRUTH}"]
    assert current_records.notes({"a": [run(**OLD, version=0)], "b": [run(**OLD)]})[0] == OLDER_TRUTH
    assert current_records.notes({}) == []


def test_places_are_named_where_they_differ():
    assert current_records.notes({"a": [run()], "b": [run(machine="B", threads=1)], "c": [run()]}) == [
        "a, c: on A, cpu, 2 threads", "b: on B, cpu, 1 thread",
    ]  # fmt: skip


def test_a_row_with_a_column_for_the_machine_has_no_note_of_it():
    old, new = configurations.grouped([run(**OLD), run(machine="B")])
    assert old.notes == (OLDER_TRUTH, "on A")
    assert (configurations.note([old]), configurations.note([new])) == (OLDER_TRUTH, "")
