"""Changes of published figures beyond the scatter of seeds and calls, each with what differs between the records."""

from __future__ import annotations

import subprocess

import pytest
from sample_records import record

from benchmarks import corrections
from benchmarks.records import run_records
from benchmarks.records.changes import compare


def run(digits=5.0, us=2.0, **changes):
    timing = {"median": 1e-6 * us, "p10": 0.95e-6 * us, "p90": 1.05e-6 * us}
    defaults = {
        "integral": "box1l", "method": "my_method", "version": 1, "digits_mean": digits, "threads": 1,
        "fields": {"order": 8}, "s_per_integral": {"1024": timing}, "checksum": f"{digits} {us}",
    }  # fmt: skip
    return record(**defaults | changes)


def seeds(*digits, **changes):
    return [run(value, repeat=nth, **changes) for nth, value in enumerate(digits)]


def changed(old, new):
    (change,) = compare(old, new).changes
    return change


@pytest.mark.parametrize(
    ("old", "new", "is_changed"),
    [
        (seeds(5.0), seeds(5.05), False),
        (seeds(5.0), seeds(4.8), True),
        (seeds(4.0, 5.0, 6.0), seeds(5.5), False),  # seeds scatter by one
        (seeds(4.9, 5.0, 5.1), seeds(5.4, 5.5, 5.6), True),
        (seeds(5.0), seeds(4.9, 5.8), False),
    ],
)
def test_digits_change_beyond_the_scatter_of_seeds(old, new, is_changed):
    assert (changed(old, new).digits is not None) == is_changed


@pytest.mark.parametrize(
    ("us", "machine", "expected"), [(2.4, "A", None), (3.0, "A", (2.0, 3.0)), (1.0, "A", (2.0, 1.0)), (9.0, "B", None)]
)
def test_times_change_on_one_machine_by_a_quarter(us, machine, expected):
    found = changed([run()], [run(us=us, machine=machine)]).microseconds
    assert found == (pytest.approx(expected) if expected else None)


@pytest.mark.parametrize(("worst", "expected"), [(3.25, None), (2.0, (3.2, 2.0)), (None, None)])
def test_digits_at_the_worst_point_are_compared_too(worst, expected):
    found = changed([run()], [run(digits_worst=worst, checksum="other")])
    assert found.worst == (pytest.approx(expected) if expected else None)
    assert found.is_any == (expected is not None)


@pytest.mark.parametrize(
    ("old", "new", "fit_machine", "expected"),
    [
        ([2.0], [2.4], "A", None),
        ([2.0], [3.0], "A", (2.0, 3.0)),
        ([2.0], [3.0], "B", None),
        ([0.0], [3.0], "A", (0.0, 3.0)),
        ([1.0, 3.0], [2.9], "A", None),  # the ranges of the repeats overlap
        ([1.0, 3.0], [4.0], "A", (2.0, 4.0)),
    ],
)
def test_preparations_change_on_one_machine_by_a_quarter(old, new, fit_machine, expected):
    before = [run(fit_s=fit_s, repeat=nth, checksum=f"old {nth}") for nth, fit_s in enumerate(old)]
    after = [run(fit_s=fit_s, fit_machine=fit_machine, checksum="new") for fit_s in new]
    found = changed(before, after)
    assert found.preparation_s == (pytest.approx(expected) if expected else None)
    assert found.is_any == (expected is not None)


def test_times_whose_ranges_overlap_are_equal():
    wide = {"1024": {"median": 3e-6, "p10": 1e-6, "p90": 9e-6}}
    assert changed([run()], [run(s_per_integral=wide, checksum="other")]).microseconds is None


def test_what_differs_is_said():
    found = changed([run()], [run(version=2, truth_hash="new", status="failed", digits_mean=None, checksum="other")])
    assert found.reasons == ("version 1, now 2", "other true values")
    assert found.status == ("ok", "failed")
    assert found.digits is None
    assert found.setting == "order=8, 60 s"


def test_the_newest_version_of_each_set_counts_and_equal_records_do_not():
    older, newer = run(3.0), run(6.0, version=2)
    assert compare([older, newer], [newer]).changes == []
    assert changed([older], [older, newer]).digits == (3.0, 6.0)
    found = compare([run(), run(fields={"order": 5})], [run(), run(fields={}), run(method="other")])
    assert (found.changes, found.n_gone, found.n_new) == ([], 1, 2)


def test_a_record_in_both_sets_is_no_further_seed():
    found = changed([run(5.0)], [run(5.0), run(5.6, machine="B")])
    assert found.digits == (5.0, 5.6)
    assert changed(seeds(4.0, 5.0, 6.0), seeds(4.0, 5.0)).digits is None  # nothing was measured again


def test_other_true_values_are_said_where_the_older_record_is_still_there():
    older = run(5.0, truth_hash="older")
    found = changed([older], [older, run(5.6)])
    assert found.reasons == ("other true values",)
    assert found.digits == (5.0, 5.6)


def test_times_are_compared_machine_by_machine():
    found = changed([run(us=2.0), run(us=8.0, machine="B")], [run(us=2.0), run(us=4.0, machine="B")])
    assert found.microseconds == pytest.approx((8.0, 4.0))
    published = [run(us=2.0), run(us=9.0, machine="B", version=2)]
    found = changed(published, [*published, run(us=4.0, version=2)])
    assert found.microseconds == pytest.approx((2.0, 4.0))
    assert found.reasons == ("version 1, now 2",)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a git repository with one published experiment, in place of the project's own."""
    published = tmp_path / "reports" / "published"
    monkeypatch.setattr(corrections, "REPORTS", published.parent)
    monkeypatch.setattr(corrections, "PUBLISHED", published)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "empty"], check=True)
    for one in (run(), run(fields={"order": 5}, params={"order": 5})):
        run_records.write(published / "curves", one)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "records"], check=True)
    return published


def test_the_command_prints_what_became_of_the_records_of_a_commit(project, capsys):
    assert corrections.main(["HEAD"]) == 0
    assert capsys.readouterr().out == (
        "Since HEAD no published mean digits, digits of the worst point, times per integral, preparations or statuses "
        "changed beyond their scatter.\n"
    )
    run_records.write(project / "curves", run(6.0, 4.0, version=2))
    assert corrections.main(["HEAD"]) == 0
    said = capsys.readouterr().out
    assert "`curves`: 1 of 1 configurations that were run again have other figures; 0 are no longer" in said
    assert "- `box1l`, `my_method` (version 1, now 2): 5.0 digits, now 6.0 (order=8, 60 s); 2.00 µs, now 4.00" in said


def test_the_command_names_worst_points_and_preparations(project, capsys):
    run_records.write(project / "curves", run(version=2, digits_worst=1.0, fit_s=1.23))
    assert corrections.main(["HEAD"]) == 0
    assert (
        "3.2 digits at the worst point, now 1.0 (order=8, 60 s); 0.123 s of preparation, now 1.23 (order=8, 60 s);"
    ) in capsys.readouterr().out


@pytest.mark.parametrize(("commit", "said"), [("nonsense", "There is no commit"), ("HEAD~1", "has no records")])
def test_a_commit_without_records_is_refused_in_a_sentence(commit, said, project, capsys):
    assert corrections.main([commit]) == 2
    assert said in capsys.readouterr().err
