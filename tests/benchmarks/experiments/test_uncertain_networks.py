"""The table of Bayesian networks, from records."""

from __future__ import annotations

import pytest
from uncertain_records import record

from benchmarks.experiments import preset, uncertain_networks
from benchmarks.experiments.uncertain_networks import ENSEMBLE, EXPENSIVE_LABELS


def rows(found):
    (table,) = uncertain_networks.tables(found)
    return table.rows


def test_rows_are_ordered_and_bad_runs_stay():
    found = [record("timeout", boosting="loss"), record(), record(n_labels=112_500, boosting="both")]
    first, second, third = [row for row, _ in rows([*found, record() | {"method": "skip_mlp"}])]
    assert (first["training labels"], first["network"]) == ("90,000", "boosted: both")
    assert (second["training labels"], second["network"]) == ("9,000", "Bayesian")
    assert (third["network"], third["digits"], third["note"]) == ("boosted: loss", "timeout", "timeout: over 180 s")
    assert list(first) == list(second) == list(third)  # a page has the first row's columns


def ensemble(**changes):
    """Return a record of a deep ensemble."""
    made = record(**changes)
    params = {key: value for key, value in made["params"].items() if key != "boosting"}
    return made | {"method": ENSEMBLE, "params": params}


def test_ensembles_and_other_labels_have_rows_of_their_own():
    plain = record()
    expensive = record() | {"params": plain["params"] | {"labels": EXPENSIVE_LABELS}}
    shown = [row for row, _ in rows([expensive, ensemble(), plain])]
    assert [(row["network"], row["labels of"]) for row in shown] == [
        ("Bayesian", "gauss_legendre"), ("deep ensemble", "gauss_legendre"), ("Bayesian", EXPENSIVE_LABELS)
    ]  # fmt: skip


def test_a_superseded_record_says_so():
    shown = rows([record(truth_hash="old"), record()])
    assert [row["note"] for row, _ in shown] == ["superseded: older truth", ""]


def test_cells():
    ((row, used),) = rows([record()])
    assert (row["digits"], row["updates"], row["repeats"]) == ("2.50", "4,000", "1")
    assert [row[key] for key in ("pull std, training", "validation", "truth")] == ["0.75", "1.25", "1.50"]
    assert (row["within 1σ"], row["within 3σ"]) == ("70.0 %", "98.0 %")
    assert (row["mean abs. δ, largest 1 %"], row["largest 0.1 %"]) == ("3.0e-02", "6.0e-02")
    assert (row["systematic"], row["statistical"]) == ("1.0e-03", "2.0e-04")
    assert used == [record()]


def test_repeats_are_averaged_into_one_row_with_all_their_records():
    bad = record("crashed", repeat=2, reason="SIG\nSEGV")
    found = [record(), record(repeat=1, digits_mean=3.5, coverage_1sigma=0.5), bad]
    ((row, used),) = rows(found)
    assert (row["digits"], row["repeats"]) == ("3.00 ± 0.71", "2")
    assert row["within 1σ"] == "60.0 % ± 14.1 %"
    assert row["pull std, training"] == "0.75 ± 0.00"
    assert row["note"] == "mean ± standard deviation of repeats; crashed: SIG SEGV"
    assert used == found


def test_the_preset_has_every_setting_on_both_integrals():
    made = preset("bayesian")
    assert set(made.methods) == {"box1l_4d", "pentagon1l_8d"}
    for settings in made.methods.values():
        assert len(set(settings)) == 11
    assert made.repeats == 3


def boosted(gain_trained, gain_others, repeat):
    """Return a record of boosting by pulls whose widths, 0.75 and 1.25 at the end, came nearer to one by so much."""
    made = record(boosting="loss", repeat=repeat)
    before = {"train": {"pull_std": 0.75 - gain_trained}, "validation": {"pull_std": 1.25 + gain_others}}
    return made | {"details": made["details"] | {"unboosted": before}}


@pytest.mark.parametrize(
    ("trained", "others", "verdict"),
    [(0.31, 0.1, "confirmed"), (0.1, 0.31, "not reproduced at this budget"), (0.2, 0.2, "not decided")],
)
def test_boosting_by_pulls_is_judged_by_what_each_repeat_gains(trained, others, verdict):
    """However much repeats differ in what they gain on either."""
    found = [boosted(trained + 0.2 * n, others + 0.2 * n + 0.01 * (n % 2), n) for n in range(3)]
    ((row, used),) = uncertain_networks.verdicts([*found, record()])
    assert (row["verdict"], used) == (verdict, found)
    assert f"nearer to one by {trained + 0.2:.2f} ± 0.20 (3) on labels trained on" in row["sentence"]


def test_boosting_that_widens_pulls_on_labels_trained_on_confirms_nothing():
    """However much more it widens those on others."""
    found = [boosted(-0.2 + 0.01 * n, -0.24 + 0.01 * n, n) for n in range(3)]
    ((row, _),) = uncertain_networks.verdicts(found)
    assert row["verdict"] == "not reproduced at this budget"


@pytest.mark.parametrize(("few", "verdict"), [(2.95, "confirmed"), (2.5, "not reproduced at this budget")])
def test_boosting_by_sigma_is_judged_by_digits_with_fewer_labels(few, verdict):
    found = [
        record(boosting="process", n_labels=n, repeat=repeat, digits_mean=digits + 0.01 * repeat)
        for n, digits in zip(uncertain_networks.N_LABELS, (3.0, few), strict=True)
        for repeat in range(3)
    ]
    ((row, used),) = uncertain_networks.verdicts(found)
    assert row["verdict"] == verdict
    assert sorted(map(id, used)) == sorted(map(id, found))
    assert uncertain_networks.verdicts(found[:3]) == []


def test_settings_of_different_machines_are_not_compared():
    many, few = uncertain_networks.N_LABELS
    found = [record(boosting="process", n_labels=many), record(boosting="process", n_labels=few) | {"machine": "B"}]
    assert uncertain_networks.verdicts(found) == []
