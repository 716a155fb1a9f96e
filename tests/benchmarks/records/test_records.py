"""Records as files: what is written is read, and what is not to be believed is named and left out."""

from __future__ import annotations

import json
import random

import pytest
from sample_records import record

from benchmarks.records import record_types, record_upgrade, run_records


def test_other_keys_and_nan_are_refused(tmp_path):
    with pytest.raises(ValueError, match="colour"):
        run_records.write(tmp_path, record() | {"colour": "red"})
    with pytest.raises(ValueError, match="Key digits_mean of a record must hold a finite number or null"):
        run_records.write(tmp_path, record(digits_mean=float("nan")))


def test_records_survive_writing_and_reading(tmp_path):
    path = run_records.write(tmp_path, record())
    found = run_records.read(path)
    assert found == record() | {"checksum": found["checksum"]}
    assert tuple(found) == run_records.KEYS
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("key", run_records.IDENTITY)
def test_every_part_of_the_identity_counts(key):
    assert run_records.identity_of(record()) != run_records.identity_of(record(**{key: "changed"}))


def test_what_is_measured_is_no_identity():
    assert run_records.identity_of(record()) == run_records.identity_of(
        record(fit_s=9.0, status="failed", code_hash="other")
    )


def test_every_key_has_a_kind():
    assert set(record_types.TYPES) == set(run_records.KEYS)


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ([1e308] * 3, True), ([1, 2.5], True), ([-1, 2], True), ([], True),
        ([1.0, float("inf")], False), ([1, 2**63], False), ([True], False), ([1.0, None], False), ("12", False),
    ],
)  # fmt: skip
def test_a_list_of_finite_numbers_is_told_from_others(value, is_one):
    assert record_types.numbers(value) is is_one


POISON = {
    "setup_s": "1 s", "digits_mean": "4.5", "fit_s": [1.0], "params": [1], "status": "fine", "n_updates": True,
    "s_per_integral": {"1": 2e-6}, "histograms": {"all": {"p": {"edges": "x", "counts": []}}}, "by_edge": [1],
    "by_cornerness": {"0": {"digits_mean": "x"}}, "anytime": [{"fit_s": 1.0}], "diagnostics": {"fit_s": 1.0},
    "versions": {"numpy": 2}, "integral": 7, "method": None, "date_utc": 2026, "machine": {"name": "A"}, "details": "x",
    "rates": {"n": 1}, "threads": 1.5, "budget_s": None, "truth_rel_err_max": float("inf"), "repeat": 10**40,
    "model_bytes": "2 kB", "reason": 3, "environment": ["OPENBLAS_CORETYPE"], "by_n_replicas": {"1": {"digits": "x"}},
}  # fmt: skip
"""Key -> a value of another kind than it must hold: 27 faults, of which half once broke the report."""


@pytest.mark.parametrize("key", POISON)
def test_a_poisoned_record_is_not_written_and_not_read(tmp_path, key):
    with pytest.raises(ValueError, match=f"Key {key} of a record must hold"):
        run_records.write(tmp_path, record(**{key: POISON[key]}))
    path = run_records.write(tmp_path, record())
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: POISON[key]}))
    found, damaged = run_records.read_all(tmp_path)
    assert found == []
    assert list(damaged) == [path]


def test_flipped_bits_are_noticed(tmp_path):
    """Of 2,000 flipped bits none is believed, unless the file means the same."""
    path = run_records.write(tmp_path, record(details={"order": 8}))
    content, before = path.read_bytes(), run_records.read(path)
    generator = random.Random(1)
    for _ in range(2_000):
        damaged = bytearray(content)
        damaged[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
        path.write_bytes(damaged)
        assert run_records.read(path) in (None, before)


def test_a_record_under_another_name_is_not_believed(tmp_path):
    path = run_records.write(tmp_path, record())
    other = path.rename(path.with_name("box1l.gauss_legendre.000000000000.json"))
    assert run_records.read(other) is None
    assert "its name is not that of its identity" in run_records.read_all(tmp_path)[1][other]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{", "Expecting"), ("[]", "no JSON object"), ('{"schema": 9}', "its schema is 9"), ("[" * 100_000, "recursion"),
     ('{"schema": 2, "x": NaN}', "NaN"), ("", "Expecting")],
)  # fmt: skip
def test_foreign_files_are_named_with_the_reason(tmp_path, text, reason):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "foreign.json").write_text(text)
    found, damaged = run_records.read_all(tmp_path)
    assert found == []
    assert reason in damaged[tmp_path / "runs" / "foreign.json"]


def test_records_of_the_first_schema_are_read(tmp_path):
    added = record_upgrade.ADDED_BY_2 | record_upgrade.ADDED_BY_3 | record_upgrade.ADDED_BY_4
    old = {key: value for key, value in record(schema=1).items() if key not in added}
    del old["fit_machine"]
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "old.json").write_text(json.dumps(old | {"params": {"labels": "gauss_legendre"}}))
    (found,), damaged = run_records.read_all(tmp_path)
    assert not damaged
    assert (found["schema"], found["version"], found["labels_version"]) == (4, 1, 1)
    assert found["machine"] == found["fit_machine"] == "A [id unknown]"
    assert (found["timed_from"], found["points"], found["checksum"]) == ("fit", None, None)


def test_records_of_the_second_schema_are_read_and_their_checksum_is_that_of_what_was_written(tmp_path):
    path = run_records.write(tmp_path, record())
    added = record_upgrade.ADDED_BY_3 | record_upgrade.ADDED_BY_4
    old = {key: value for key, value in json.loads(path.read_text()).items() if key not in added}
    old |= {"schema": 2}
    path.write_text(json.dumps(old | {"checksum": run_records.checksum(old)}))
    found = run_records.read(path)
    assert (found["schema"], found["by_n_replicas"], found["digits_mean"]) == (4, None, old["digits_mean"])
    path.write_text(json.dumps(old | {"checksum": run_records.checksum(old), "digits_mean": 9.0}))
    assert run_records.read(path) is None
