"""Tables of surrogates, from made-up records: what a row says, what counts, and which verdict follows."""

from __future__ import annotations

import pytest
from surrogate_records import TUNED, points, recipe_record

from benchmarks.experiments import label_counts, paper_surrogates
from benchmarks.page.contents import Contents
from benchmarks.records import run_records
from benchmarks.versioning import lock_file


def only(found, form="tuned", regressor="sk-DNN 14-28"):
    rows = [row for row, _ in paper_surrogates.rows(found, "box1l_2d")]
    (row,) = [row for row in rows if (row["regressor"], row["form"]) == (regressor, form)]
    return row


SPEED = "< 100 µs (batches of 1,024)"


def test_a_row():
    assert only([recipe_record(TUNED)]) == {
        "regressor": "sk-DNN 14-28", "form": "tuned", "paper: within 1 %": "99.97", "paper: within 0.1 %": "73.08",
        "paper: μ": "-0.0022", "paper: σ": "0.12", "within 1 %": "95", "within 0.1 %": "50", "μ": "0.001", "σ": "0.2",
        "> 90 % within 1 %": "yes", SPEED: "yes, 20", "<= 5 MB": "yes, 0.3", "labels": "100,000",
        "preparation s": "59.1", "note": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "column", "said"),
    [
        ({"frac_within_1pct": 0.9}, "> 90 % within 1 %", "no"),
        ({"frac_within_1pct": 0.9001}, "> 90 % within 1 %", "yes"),
        ({"s_per_integral": {"1024": {"median": 1e-4}}}, SPEED, "no, 100"),
        (
            {"s_per_integral": {"1024": {"reason": "a batch is predicted to take 11 s"}}},
            SPEED,
            "not timed",
        ),
        ({"model_bytes": 5_000_001}, "<= 5 MB", "no, 5"),
        ({"model_bytes": 5_000_000}, "<= 5 MB", "yes, 5"),
        ({"status": "timeout", "reason": "over\n180 s"}, "note", "timeout: over 180 s"),
        ({"status": "timeout", "reason": "over 180 s"}, "within 1 %", ""),
        ({"status": "timeout", "reason": "over 180 s"}, SPEED, ""),
        ({"details": {"n_labels": 400_000, "best_n_trees": 89}}, "note", "89 trees"),
        ({"details": None}, "labels", ""),
    ],
)
def test_requirements_and_failures(changes, column, said):
    assert only([recipe_record(TUNED, **changes)])[column] == said


def test_the_table_has_every_row_of_its_integral_and_says_what_was_not_run():
    table = paper_surrogates.rows([recipe_record(TUNED)], "box1l_2d")
    assert [row["form"] for row, _ in table] == ["tuned", "baseline", "ours"] * 3
    assert [(row["note"], used) for row, used in table].count(("not run", [])) == 8
    assert [used for _, used in table if used] == [[recipe_record(TUNED)]]
    assert len(paper_surrogates.rows([recipe_record("box1l_4d BDT tuned")], "box1l_4d")) == 10  # one with the symmetry
    assert paper_surrogates.rows([recipe_record(TUNED)], "box1l_4d") == []
    assert paper_surrogates.rows([recipe_record("box1l_2d sk-DNN ours")], "box1l_2d") == []  # a run of another suite
    assert paper_surrogates.rows([recipe_record(TUNED, budget_s=label_counts.BUDGET_S)], "box1l_2d") == []


def test_repeats_are_averaged_and_what_differs_is_said():
    again = recipe_record(TUNED, repeat=1, frac_within_1pct=0.97)
    assert only([recipe_record(TUNED), again])["within 1 %"] == "96"
    assert only([recipe_record(TUNED), again])["note"] == "mean of 2 repeats"
    older = recipe_record(TUNED, truth_hash="old", date_utc="2027-01-01T00:00:00+00:00", frac_within_1pct=0.1)
    assert only([older, recipe_record(TUNED)])["within 1 %"] == "95"
    ours = recipe_record("box1l_2d sk-DNN ours")
    assert only([older, ours])["note"] == "superseded: older truth"
    assert only([recipe_record(TUNED), ours | {"machine": "B"}])["note"] == "on A"


# ----- accuracy against the number of labels --------------------------------------------------------------------------


def test_a_row_per_number_of_labels():
    found = points("box1l_2d", (3, 3.5, 4)) + points("box1l_2d", (2, 2.5, 3), 1_000, details={"n_labels": 900})
    (few, of_few), (many, of_many) = label_counts.rows(found)
    assert (of_many, of_few) == (found[:6], found[6:])
    assert (few["labels"], many["labels"]) == ("1,000", "100,000")
    assert many["BDT: digits"] == "4.01 ± 0.01 (2)"
    assert many["DNN: within 1 %"] == "30.10 ± 0.14 (2)"
    assert many["note"] == ""
    assert few["note"] == "DNN has 900 labels; sk-DNN has 900 labels; BDT has 900 labels"
    assert label_counts.rows(found[:2])[0][0]["BDT: digits"] == "not run"
    assert label_counts.rows([recipe_record(TUNED)]) == []


@pytest.mark.parametrize(
    ("integral", "tenths", "verdict"),
    [
        ("box1l_2d", (3, 3.5, 4), "confirmed"),
        ("box1l_2d", (3, 4.5, 4), "not reproduced at this budget"),
        ("box1l_2d", (3, 4.0, 4), "not decided"),
        ("pentagon1l_8d", (3, 3.5, 2), "confirmed"),
        ("pentagon1l_8d", (3.6, 3.5, 2), "not reproduced at this budget"),
    ],
)
def test_the_verdict_follows_from_the_records(integral, tenths, verdict):
    ((row, used),) = label_counts.verdicts(points(integral, tenths))
    assert used == points(integral, tenths)
    claim = {"box1l_2d": "Trees win in two dimensions", "pentagon1l_8d": "Skip connections win in eight dimensions"}
    one, tenth = (
        ", ".join(
            f"{regressor} {unit * (value + 0.01):.2f} ± {unit * 0.02 / 2**0.5:.2f} (2)"
            for regressor, value in zip(("DNN", "sk-DNN", "BDT"), tenths, strict=True)
        )
        for unit in (10, 5)
    )
    where = f"{integral} with 100,000 labels and {label_counts.BUDGET_S:g} s"
    assert row["sentence"] == f"{claim[integral]}, on {where}: within 1 %, in %: {one}; within 0.1 %, in %: {tenth}"
    assert (row["verdict"], row["note"]) == (verdict, "")


def test_either_share_has_a_verdict_where_they_differ():
    found = points("box1l_2d", (3, 3.5, 4))
    found = [one | {"frac_within_0p1pct": 0.5 - one["frac_within_1pct"]} for one in found]
    ((row, _),) = label_counts.verdicts(found)
    assert row["verdict"] == "confirmed by points within 1 %, not reproduced at this budget by points within 0.1 %"


def test_without_all_three_there_is_no_verdict():
    assert label_counts.verdicts(points("box1l_2d", (3, 3.5, 4))[:4]) == []
    assert label_counts.verdicts(points("box1l_4d", (3, 3.5, 4))) == []


def test_superseded_records_are_compared_with_one_another():
    """Labels that all were trained on have a newer version: a note says so, and the best of them stays the best."""
    newest = lock_file.current_version("gauss_legendre")
    ((row, _),) = label_counts.verdicts(points("box1l_2d", (3, 3.5, 4), labels_version=1))
    assert row["verdict"] == "confirmed"
    assert row["note"] == f"superseded: version 1 of gauss_legendre, now {newest}"


def test_a_regressor_with_a_newer_version_of_its_own_is_compared():
    found = points("box1l_2d", (3, 3.5, 4))
    older = [record | {"version": 0} if record["method"] == "skip_mlp" else record for record in found]
    ((row, _),) = label_counts.verdicts(older)
    assert row["note"].startswith("sk-DNN: superseded: version 0 of skip_mlp, now ")


@pytest.mark.parametrize(
    "changes",
    [{"labels_version": 1}, {"truth_hash": "old"}, {"machine": "B"}, {"threads": 1}],
    ids=lambda changes: next(iter(changes)),
)
def test_regressors_with_other_labels_truth_or_place_are_not_compared(changes):
    found = [record | (changes if record["method"] == "skip_mlp" else {}) for record in points("box1l_2d", (3, 3.5, 4))]
    assert label_counts.verdicts(found) == []
    assert "sk-DNN: " in label_counts.rows(found)[0][0]["note"]


def test_records_of_other_runs_on_another_machine_do_not_matter():
    found = points("box1l_2d", (3, 3.5, 4))
    elsewhere = [recipe_record(TUNED, machine="B"), *points("box1l_4d", (3, 3.5, 4), machine="B")]
    assert label_counts.verdicts([*found, *elsewhere]) == label_counts.verdicts(found)
    assert [row["note"] for row, _ in label_counts.rows([*found, *elsewhere])] == ["", ""]


# ----- report ---------------------------------------------------------------------------------------------------------


def test_the_report_shows_them(tmp_path):
    assert Contents.published(tmp_path).tables[1:] == []  # what the papers published is there
    own = tmp_path / "published" / paper_surrogates.EXPERIMENT.source
    for one in [recipe_record(TUNED), *points("box1l_2d", (3, 3.5, 4))]:
        run_records.write(own, one)
    _, *shown = Contents.published(tmp_path).tables
    assert [len(table.rows) for table in shown] == [9, 1, 1]
    # A report of the folder by itself shows the same.
    assert [table for table in Contents.local(own).tables if "surrogate" in table.title.lower()] == shown
