"""Records of networks that know their error, as runs leave them."""

from __future__ import annotations

from sample_records import record as sample

from benchmarks.experiments import uncertain_networks
from benchmarks.records import run_records


def record(status="ok", n_labels=11_250, boosting="none", date_utc="2026-01-02T00:00:00+00:00", **changes):
    final = {
        "train": {"pull_std": 0.75}, "validation": {"pull_std": 1.25}, "systematic": 1e-3, "statistical": 2e-4,
        "delta_largest_1pct": 0.03, "delta_largest_0p1pct": 0.06,
    }  # fmt: skip
    good = {
        "digits_mean": 2.5, "frac_within_1pct": 0.9, "pull_std": 1.5, "coverage_1sigma": 0.7, "coverage_3sigma": 0.98,
        "n_updates": 4_000, "details": {"final": final, "n_labels": n_labels},
    }  # fmt: skip
    none = dict.fromkeys(run_records.MEASURED)
    base = {
        "integral": "box1l_4d", "method": "bayesian_mlp", "threads": 1, "date_utc": date_utc, "status": status,
        "params": {"n_labels": n_labels, "boosting": boosting}, "budget_s": uncertain_networks.BUDGET_S,
        "reason": "over 180 s",
    }  # fmt: skip
    return sample(**{**none, **base, **(good if status == "ok" else {}), **changes})
