"""Tables from records alone: what a row says, and when a record is labelled."""

from __future__ import annotations

import pytest

from benchmarks import groups, records, report, tables
from benchmarks.report import BEGIN, END, insert


def record(**changes):
    timing = {"median": 2e-6, "p10": 1e-6, "p90": 3e-6}
    base = dict.fromkeys(records.KEYS) | {
        "schema": 1, "integral": "box1l", "method": "gauss_legendre", "params": {"order": 8}, "repeat": 0, "seed": 0,
        "budget_s": 60.0, "device": "cpu", "threads": 2, "machine": "A", "code_hash": "new", "integral_hash": "i",
        "truth_hash": "t", "status": "ok", "digits_mean": 4.56, "digits_std": 0.31, "digits_median": 4.5,
        "digits_worst": 3.2, "frac_within_1pct": 1.0, "frac_within_0p1pct": 0.999, "truth_rel_err_max": 1e-13,
        "fit_s": 0.123, "n_eval_per_integral": 512.0, "model_bytes": 2048, "date_utc": "2026-01-02T00:00:00+00:00",
        "s_per_integral": {"1": timing, "1024": {"reason": "a batch is predicted to take 11 s"}, "65536": timing},
    }  # fmt: skip
    return base | changes


def rows(*found):
    return tables.frame(groups.of(found)).to_dict("records")


def test_a_row():
    (row,) = rows(record())
    assert row["digits"] == "4.6 ± 0.3"
    assert row["worst"] == "3.2"
    assert row["within 0.1 %"] == "99.9 %"
    assert row["µs (1)"] == "2.00"
    assert row["µs (1024)"] == "–"
    assert row["note"] == ""


def test_honesty_of_errors_and_times_of_compilation_are_columns():
    (row,) = rows(record(coverage_1sigma=0.683, coverage_3sigma=0.997, setup_s={"generate": 0.5, "compile": 1.25}))
    assert (row["≤ error"], row["≤ 3 errors"]) == ("68.3 %", "99.7 %")
    assert row["gen. + comp. s"] == "0.500 + 1.25"
    (row,) = rows(record())
    assert (row["≤ error"], row["gen. + comp. s"]) == ("", "")


def test_better_than_its_truth_says_so():
    (row,) = rows(record(truth_rel_err_max=1e-4))
    assert row["digits"] == "4.6 ± 0.3 (≤ truth)"
    assert row["worst"] == "3.2"


def test_failures_are_rows_with_their_reason():
    bad = record(method="worse", status="crashed", reason="SIGABRT") | dict.fromkeys(
        ["digits_mean", "digits_std", "s_per_integral", "fit_s"]
    )
    table = rows(record(), bad)
    assert [row["method"] for row in table] == ["gauss_legendre", "worse"]
    assert table[1]["note"] == "crashed: SIGABRT"
    assert table[1]["digits"] == ""


def test_repeats_are_averaged_and_the_worst_is_kept():
    (row,) = rows(record(), record(repeat=1, digits_mean=5.0, digits_worst=2.0))
    assert row["digits"].startswith("4.8")
    assert row["worst"] == "2.0"
    assert row["note"] == "mean of 2 repeats"


def test_configurations_are_told_apart_by_what_differs():
    labels = [row["method"] for row in rows(record(), record(params={"order": 5}, digits_mean=3.0))]
    assert labels == ["gauss_legendre, order=8", "gauss_legendre, order=5"]


@pytest.mark.parametrize(
    ("key", "label"),
    [("code_hash", "older code"), ("integral_hash", "older equation"), ("truth_hash", "older truth")],
)
def test_older_records_are_labelled(key, label):
    old = record(date_utc="2025-01-01T00:00:00+00:00", **{key: "old"})
    assert sorted(row["note"] for row in rows(record(), old)) == ["", label]


def test_other_machines_are_labelled():
    assert {row["note"] for row in rows(record(), record(machine="B"))} == {"on A", "on B"}


@pytest.mark.parametrize(("key", "label"), [("integral_hash", "older equation"), ("truth_hash", "older truth")])
def test_an_integral_has_one_equation_and_one_truth_for_all_methods(key, label):
    old = record(method="chebyshev", date_utc="2025-01-01T00:00:00+00:00", **{key: "old"})
    assert {row["method"]: row["note"] for row in rows(record(), old)} == {"gauss_legendre": "", "chebyshev": label}
    other_code = record(method="chebyshev", date_utc="2025-01-01T00:00:00+00:00", code_hash="its own")
    assert {row["note"] for row in rows(record(), other_code)} == {""}


def test_settings_are_named_where_methods_of_an_integral_differ_in_them():
    found = [record(), record(method="chebyshev", threads=1), record(integral="box2l", threads=1)]
    assert [row["method"] for row in rows(*found)] == [
        "gauss_legendre, 2 threads",
        "chebyshev, 1 thread",
        "gauss_legendre",
    ]
    old = record(method="chebyshev", threads=1, code_hash="old", date_utc="2025-01-01T00:00:00+00:00")
    current = [group.label for group in groups.of([record(), record(method="chebyshev"), old]) if not group.older]
    assert current == ["gauss_legendre", "chebyshev"]
    (older,) = [group.label for group in groups.of([record(), record(method="chebyshev"), old]) if group.older]
    assert older == "chebyshev, 1 thread"


@pytest.mark.parametrize(
    ("value", "shown"), [(-0.4, "-0.400"), (-123.4, "-123"), (-2e6, "-2e+06"), (0.0, "0"), (None, "")]
)
def test_numbers_may_be_negative(value, shown):
    assert tables.number(value) == shown


def test_no_worst_point_is_a_blank():
    (row,) = rows(record(digits_worst=None), record(repeat=1, digits_worst=2.0))
    assert row["worst"] == "2.0"
    (row,) = rows(record(digits_worst=None))
    assert row["worst"] == ""


def readme_rows(*found):
    lines = report.readme_table(groups.of(found)).splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def test_readme_shows_what_is_current_and_where_it_was_measured():
    old = record(code_hash="old", date_utc="2025-01-01T00:00:00+00:00", digits_mean=1.0, machine="older machine")
    text = report.readme_table(groups.of([record(), old, record(integral="hexagon1l", machine="elsewhere")]))
    assert "Measured on A, 2 threads; all columns" in text
    header, _, *shown = readme_rows(record(), record(code_hash="old", date_utc="2025-01-01T00:00:00+00:00"))
    assert header == list(report.COLUMNS)
    assert len(shown) == 1


def test_readme_names_threads_and_notes_where_there_are_any():
    failed = record(method="chebyshev", threads=1, status="failed", reason="too large", digits_mean=None)
    header, _, *shown = readme_rows(record(), failed)
    assert header == [*report.COLUMNS, "note"]
    assert [(row[0], row[-1]) for row in shown] == [
        ("gauss_legendre, 2 threads", ""), ("chebyshev, 1 thread", "failed: too large"),
    ]  # fmt: skip
    assert "Measured on A, 1 thread and 2 threads;" in report.readme_table(groups.of([record(), failed]))


def test_published_values_stand_beside_ours():
    (row,) = rows(record(method="published_primitive"))
    assert row["published"] == "3.4 digits, 20 µs (GPU); 3.9 digits, 50 µs (GPU)"
    for result in tables.published():
        assert "p." in result["source"] or "section" in result["source"]


def test_markdown_names_sources_and_machines():
    text = tables.markdown([record(method="pysecdec_qmc")])
    assert "JHEP 03 (2023) 221, Table 2" in text
    assert "Measured on: A (2 threads)" in text


def test_the_table_goes_between_readme_s_markers():
    assert insert(f"a\n{BEGIN}\nold\n{END}\nb", "new") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb"
    with pytest.raises(ValueError, match="lacks the markers"):
        insert("nothing", "new")


def test_records_refuse_other_keys_and_nan(tmp_path):
    with pytest.raises(ValueError, match="colour"):
        records.write(tmp_path, record() | {"colour": "red"})
    with pytest.raises(ValueError, match="not JSON compliant"):
        records.write(tmp_path, record(digits_mean=float("nan")))


def test_records_survive_writing_and_reading(tmp_path):
    path = records.write(tmp_path, record())
    assert records.read(path) == record()
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("key", records.IDENTITY)
def test_every_part_of_the_identity_counts(key):
    assert records.identity_of(record()) != records.identity_of(record(**{key: "changed"}))


def test_what_is_measured_is_no_identity():
    assert records.identity_of(record()) == records.identity_of(record(fit_s=9.0, status="failed"))
