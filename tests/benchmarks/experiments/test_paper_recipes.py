"""The table of published recipes: a row for each configuration that was run, with its version and its machine."""

from __future__ import annotations

from sample_records import record

from benchmarks.experiments import paper_recipes
from methods.papers.primitive_recipes import RECIPES

NAME = "thesis_gelu"


def run(**changes):
    """Return a run of one replica of that recipe."""
    params = RECIPES[NAME].fields() | {"n_replicas": 1}
    base = {"integral": RECIPES[NAME].integral, "method": "published_primitive", "params": params, "n_updates": 7}
    return record(**base | changes)


def rows(*found):
    (table,) = paper_recipes.tables(found)
    return [(row, used) for row, used in table.rows if row["recipe"] == NAME]


def test_repeats_are_one_row():
    found = [run(digits_mean=2.0), run(digits_mean=3.0, repeat=1, n_updates=5, digits_worst=1.0)]
    ((row, used),) = rows(*found)
    assert used == found
    assert row["here"] == "2.5 (spread 0.3), worst 1.0"
    assert (row["updates made / printed"], row["replicas here / printed"]) == ("5 / 10,000", "1 / 3")
    assert (row["machine"], row["note"]) == ("A", "")


def test_machines_have_rows_of_their_own():
    found = [run(), run(machine="B")]
    assert [(row["machine"], row["note"], used) for row, used in rows(*found)] == [
        ("A", "", found[:1]), ("B", "", found[1:]),
    ]  # fmt: skip


def test_a_superseded_run_says_so_until_it_was_made_again():
    old, new = run(truth_hash="old"), run()
    assert [row["note"] for row, _ in rows(old)] == ["superseded: older truth"]
    assert [used for _, used in rows(old, new)] == [[new]]


def test_a_run_that_failed_says_why():
    ((row, _),) = rows(run(status="timeout", reason="over 90 s", digits_mean=None, n_updates=None))
    assert (row["here"], row["updates made / printed"]) == ("timeout: over 90 s", "0 / 10,000")


def test_other_runs_have_no_row():
    (table,) = paper_recipes.tables([record(), run(params={"width": 3})])
    assert not table.rows


def test_minutes_confirm_what_hours_reached_and_refute_nothing():
    assert rows(run(digits_mean=3.75))[0][0]["verdict"] == "confirmed"  # published: 3.9 ± 0.2
    assert rows(run(digits_mean=3.6))[0][0]["verdict"] == "not reproduced at this budget"
    assert paper_recipes.verdict("about 2 (table 2)", 2.0) == "confirmed"
    assert (
        paper_recipes.verdict("figure 3 only", 3.5) == paper_recipes.verdict("similar to tanh", 3.5) == "open question"
    )
    assert paper_recipes.verdict("about 2 (table 2)", None) == "not run"


def test_a_recipe_in_words():
    assert paper_recipes.in_words("thesis_gelu_10x30_cpu") == "GELU, 10 layers of 30 nodes, on box1l"
    assert paper_recipes.in_words("jhep_tanh_i2") == "tanh, 4 layers of 30 nodes, on box2l"
