"""The table of Bayesian networks, from records."""

from benchmarks import bayesian_table, records
from benchmarks.presets import PRESETS


def record(status="ok", n_labels=11_250, boosting="none", date_utc="2026-01-02T00:00:00+00:00", **changes):
    pulls = {"pull_std": 0.75}
    final = {
        "train": pulls, "validation": {"pull_std": 1.25}, "systematic": 1e-3, "statistical": 2e-4,
        "delta_largest_1pct": 0.03, "delta_largest_0p1pct": 0.06,
    }  # fmt: skip
    good = {
        "digits_mean": 2.5, "frac_within_1pct": 0.9, "pull_std": 1.5, "coverage_1sigma": 0.7, "coverage_3sigma": 0.98,
        "n_updates": 4_000, "details": {"final": final, "n_labels": n_labels},
    }  # fmt: skip
    params = {"n_labels": n_labels, "boosting": boosting}
    base = dict.fromkeys(records.KEYS) | {
        "integral": "box1l_4d",
        "method": "bayesian_mlp",
        "repeat": 0,
        "date_utc": date_utc,
    }
    base |= changes | {"budget_s": bayesian_table.BUDGET_S, "reason": "over 180 s"}
    return base | {"params": params, "status": status} | (good if status == "ok" else {})


def test_rows_are_ordered_and_bad_runs_stay():
    found = [record(), record("timeout", boosting="loss"), record(n_labels=112_500, boosting="both")]
    first, second, third = bayesian_table.rows([*found, record() | {"method": "skip_mlp"}])
    assert (first["training labels"], first["boosting"]) == ("90,000", "both")
    assert (second["training labels"], second["boosting"]) == ("9,000", "none")
    assert (third["boosting"], third["digits"], third["note"]) == ("loss", "timeout", "over 180 s")


def test_older_code_says_so():
    older = record(code_hash="a", date_utc="2025-01-02T00:00:00+00:00")
    assert [row["note"] for row in bayesian_table.rows([older, record(code_hash="b")])] == ["older code", ""]


def test_cells():
    (row,) = bayesian_table.rows([record()])
    assert row["digits"] == "2.50"
    assert [row[key] for key in ("pull std, training", "validation", "truth")] == ["0.75", "1.25", "1.50"]
    assert (row["within 1σ"], row["within 3σ"]) == ("70.0 %", "98.0 %")
    assert (row["mean abs. δ, largest 1 %"], row["largest 0.1 %"]) == ("3.0e-02", "6.0e-02")
    assert (row["systematic"], row["statistical"]) == ("1.0e-03", "2.0e-04")


def test_the_preset_has_every_setting_on_both_integrals():
    preset = PRESETS["bayesian"]
    assert set(preset.methods) == {"box1l_4d", "pentagon1l_8d"}
    for settings in preset.methods.values():
        assert len(set(settings)) == 8
