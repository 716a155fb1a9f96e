"""The table of the papers' claims: which repeats count as such, and what a setting without a record says."""

from __future__ import annotations

from sample_records import of_claim

from benchmarks.experiments import paper_claims
from benchmarks.page import findings

DIGITS = "digits, mean ± standard deviation of repeats"


def repeats(label, digits, **changes):
    """Return three repeats of a setting of the claim on activations, a tenth of a digit apart."""
    return [of_claim(label, repeat=n, seed=n, digits_mean=digits + n / 10, **changes) for n in range(3)]


def row(found):
    """Return the row of the claim on activations."""
    (table,) = paper_claims.tables(found)
    return table.rows[0][0]


def test_a_setting_that_was_not_run_decides_nothing():
    found = repeats("tanh", 2.0)
    (table,) = paper_claims.tables(found)
    tanh = paper_claims.CLAIMS[0].settings["tanh"]
    assert [cells["claim"].partition(":")[0] for cells, _ in table.rows] == [
        claim.name for claim in paper_claims.CLAIMS if tanh in claim.settings.values()
    ]
    assert {cells["verdict"] for cells, _ in table.rows} == {"not run"}
    assert row(found)[DIGITS] == "softsign not run; sigmoid not run; tanh 2.10 ± 0.10 (3); gelu not run"


def test_findings_confirm_nothing_that_was_not_run():
    found = repeats("tanh", 2.0)
    said = findings.text(lambda name: found if name == "paper_claims" else [], lambda one: one["method"])
    assert "**not run**: Korobov transform" in said
    assert "**confirmed**" not in said


def test_without_records_there_is_no_row():
    (table,) = paper_claims.tables([])
    assert not table.rows


def test_versions_and_machines_are_no_further_repeats():
    """A step of 0.15 between settings counts with nine repeats a tenth apart, and does not with three."""
    steps = {"softsign": 1.0, "sigmoid": 1.5, "tanh": 2.0, "gelu": 2.15}
    places = [{}, {"machine": "B"}, {"truth_hash": "old"}]
    once, *more = ([r for label, digits in steps.items() for r in repeats(label, digits, **each)] for each in places)
    said = row(once)
    assert said["verdict"] == "not decided"
    assert row([*once, *more[0], *more[1]]) == said
    (table,) = paper_claims.tables([*once, *more[0], *more[1]])
    assert table.rows[0][1] == once


def test_settings_of_other_versions_and_machines_are_named():
    found = repeats("tanh", 2.0) + repeats("gelu", 2.5, truth_hash="old") + repeats("sigmoid", 1.5, machine="B")
    assert row(found)["note"] == (
        "sigmoid: on B, cpu, 2 threads; tanh, gelu: on A, cpu, 2 threads; gelu: superseded: older truth"
    )
    assert row(repeats("tanh", 2.0))["note"] == ""
