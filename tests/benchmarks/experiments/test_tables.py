"""Tables from records alone: what a row says, and when a record is labelled."""

from __future__ import annotations

import csv
import io

import pytest
from sample_records import record, timing

from benchmarks.experiments import all_configurations
from benchmarks.records import configurations, run_records
from benchmarks.records.generated_part import END, begin, insert
from benchmarks.versioning import lock_file


def rows(*found):
    return all_configurations.frame(configurations.grouped(found)).to_dict("records")


def test_a_row():
    (row,) = rows(record())
    assert (row["digits"], row["spread"]) == ("4.6", "0.3")
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
    assert (row["digits"], row["spread"]) == ("4.6 (≤ truth)", "0.3")
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


def test_a_single_configuration_names_the_fields_that_differ_from_defaults():
    params = {"rule": "Simpson", "order": 64, "nodes": 3}
    (row,) = rows(record(method="simpson", params=params, fields={"order": 64, "rule": "Simpson"}))
    assert row["method"] == "simpson, order=64, rule=Simpson"
    (row,) = rows(record(method="simpson", params=params, fields={}))
    assert row["method"] == "simpson"


def test_a_field_that_one_version_lacks_is_named_only_where_it_has_another_value_than_none():
    def labels(value):
        found = [record(params={"order": 8}, version=1), record(params={"order": 8, "n_pilot": value}, version=2)]
        return [configuration.label for configuration in configurations.grouped(found)]

    assert labels(None) == ["gauss_legendre", "gauss_legendre"]
    assert labels(50) == ["gauss_legendre", "gauss_legendre, n_pilot=50"]


@pytest.fixture
def second_version(monkeypatch):
    """Make versions 2 of gauss_legendre and chebyshev the current ones."""
    monkeypatch.setattr(lock_file, "current_version", {"gauss_legendre": 2, "chebyshev": 2}.get)


def test_superseded_records_are_labelled_and_kept(second_version):
    old = record(version=1, date_utc="2027-01-01T00:00:00+00:00")  # later, on another machine perhaps
    (configuration,) = configurations.grouped([old])
    assert (configuration.superseded, configuration.replaced) == (True, False)
    assert configuration.notes == ("superseded: version 1 of gauss_legendre, now 2",)
    assert {c.notes: c.replaced for c in configurations.grouped([old, record()])} == {
        configuration.notes: True,
        (): False,
    }


def test_a_superseded_record_stays_where_only_another_machine_has_a_current_one(second_version):
    found = configurations.grouped([record(version=1), record(machine="B"), record(version=1, machine="B")])
    assert [(c.first["machine"], c.superseded, c.replaced) for c in found] == [
        ("A", True, False), ("B", False, False), ("B", True, True),
    ]  # fmt: skip
    assert found[0].notes == ("superseded: version 1 of gauss_legendre, now 2", "on A")


def test_superseded_labels_are_labelled(second_version):
    learnt = record(method="m", params={"labels": "gauss_legendre,order=3"}, labels_version=1)
    assert [g.notes for g in configurations.grouped([learnt])] == [("superseded: version 1 of gauss_legendre, now 2",)]
    (configuration,) = configurations.grouped([learnt | {"labels_version": 2}])
    assert not configuration.superseded


def test_the_highest_version_of_a_stranger_s_method_is_current():
    notes = [
        g.notes for g in configurations.grouped([record(method="mine", version=3), record(method="mine", version=2)])
    ]
    assert notes == [(), ("superseded: version 2 of mine, now 3",)]


@pytest.mark.parametrize(
    ("key", "note"),
    [("integral_hash", "of another equation than the registered one"), ("truth_hash", "superseded: older truth")],
)
def test_an_integral_has_one_equation_and_one_truth_for_all_methods(key, note):
    old = record(method="chebyshev", date_utc="2027-01-01T00:00:00+00:00", **{key: "old"})
    assert {row["method"]: row["note"] for row in rows(record(), old)} == {"gauss_legendre": "", "chebyshev": note}


def test_of_another_equation_nothing_is_said_of_its_truth():
    own = record(integral_hash="own", truth_hash="own")
    assert rows(own)[0]["note"] == "of another equation than the registered one"


def test_of_several_equations_of_a_stranger_s_integral_nobody_knows_which_is_newer():
    notes = [row["note"] for row in rows(record(integral="mine"), record(integral="mine", integral_hash="j"))]
    assert sorted(notes) == ["one of 2 equations (i)", "one of 2 equations (j)"]


def test_other_code_and_dates_supersede_nothing():
    other = record(method="chebyshev", date_utc="2025-01-01T00:00:00+00:00", code_hash="its own", commit="x")
    assert {row["note"] for row in rows(record(), other)} == {""}


def test_other_machines_are_labelled():
    assert {row["note"] for row in rows(record(), record(machine="B"))} == {"on A", "on B"}


def test_settings_are_named_where_methods_of_an_integral_differ_in_them():
    found = [record(), record(method="chebyshev", threads=1), record(integral="box2l", threads=1)]
    assert [row["method"] for row in rows(*found)] == [
        "chebyshev, 1 thread",
        "gauss_legendre, 2 threads",
        "gauss_legendre",
    ]
    old = record(method="chebyshev", threads=1, integral_hash="old")
    current = [
        configuration.label
        for configuration in configurations.grouped([record(), record(method="chebyshev"), old])
        if not configuration.replaced
    ]
    assert current == ["gauss_legendre", "chebyshev"]
    (replaced,) = [c.label for c in configurations.grouped([record(), record(method="chebyshev"), old]) if c.replaced]
    assert replaced == "chebyshev, 1 thread"


@pytest.mark.parametrize(
    ("value", "shown"), [(-0.4, "-0.400"), (-123.4, "-123"), (-2e6, "-2e+06"), (0.0, "0"), (None, "")]
)
def test_numbers_may_be_negative(value, shown):
    assert all_configurations.number(value) == shown


def test_no_worst_point_is_a_blank():
    (row,) = rows(record(digits_worst=None), record(repeat=1, digits_worst=2.0))
    assert row["worst"] == "2.0"
    (row,) = rows(record(digits_worst=None))
    assert row["worst"] == ""


def test_published_values_stand_beside_ours():
    (row,) = rows(record(method="published_primitive"))
    assert row["published"] == "3.4 digits, 20 µs (GPU); 3.9 digits, 50 µs (GPU)"
    for result in all_configurations.published():
        assert "p." in result["source"] or "section" in result["source"]
        assert result["digits"] > 0


def test_markdown_names_sources_and_machines():
    text = all_configurations.markdown([record(method="pysecdec_qmc")])
    assert "JHEP 03 (2023) 221, Table 2" in text
    assert "Measured on: A (2 threads)" in text


def test_the_table_goes_between_readme_s_markers():
    marker = begin("some.command")
    assert insert(f"a\n{marker}\nold\n{END}\nb", "some.command", "new") == f"a\n{marker}\n\nnew\n\n{END}\nb"
    for document in ("nothing", marker, f"{END} {marker}"):
        with pytest.raises(ValueError, match="lacks the markers"):
            insert(document, "some.command", "new")


def test_a_terminal_s_table_has_at_most_120_columns():
    long = record(method="m" * 200, params={"a": 1}, status="failed", reason="r" * 500, digits_mean=None)
    text = all_configurations.text([record(), long, record(params={"order": 5}, budget_s=1.0)])
    assert max(map(len, text.splitlines())) <= 120
    assert "failed: rrr" in text
    assert "…" in text


def test_a_fit_over_its_budget_is_marked():
    assert rows(record(budget_s=20.0, fit_s=21.9))[0]["note"] == ""
    assert rows(record(budget_s=20.0, fit_s=34.7))[0]["note"] == "preparation took 1.7 × its budget"


def test_what_cannot_be_saved_is_marked():
    assert "timed in its fit's process" in rows(record(model_bytes=None, timed_from="fit"))[0]["note"]
    assert rows(record(timed_from="fit"))[0]["note"] == ""  # as records of the first schema were all timed


def test_the_csv_file_has_every_column():
    (row,) = csv.DictReader(io.StringIO(all_configurations.csv(configurations.grouped([record(precision="float64")]))))
    assert (row["integral"], row["method"], row["precision"]) == ("box1l", "gauss_legendre", "float64")
    texts = set(all_configurations.row(configurations.grouped([record()])[0]))
    assert texts - set(row) == {"gen. + comp. s"}
    assert {"gen. s", "comp. s"} < set(row)


def test_the_csv_file_has_numbers():
    timings = {"1": timing(2.264e-3), "1024": {"reason": "a batch is predicted to take 11 s"}}
    good = record(s_per_integral=timings, coverage_1sigma=0.5, truth_rel_err_max=1e-4)
    failed = record(method="worse", status="crashed", **dict.fromkeys(run_records.MEASURED), s_per_integral=None)
    best, worse = csv.DictReader(io.StringIO(all_configurations.csv(configurations.grouped([good, failed]))))
    assert (best["µs (1)"], best["µs (1024)"], best["within 0.1 %"], best["≤ error"]) == ("2264", "", "0.999", "0.5")
    assert (best["digits"], best["limited_by_truth"]) == ("4.56", "True")
    assert [worse[key] for key in ("digits", "µs (1)", "gen. s", "limited_by_truth")] == ["", "", "", "False"]


def test_details_are_printed_on_request():
    text = all_configurations.details([record(details={"order": 8, "a": 3.0})])
    assert text == "box1l, gauss_legendre: order = 8; a = 3.0"
