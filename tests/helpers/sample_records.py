"""Records as runs leave them, for tests of tables, figures and pages."""

from __future__ import annotations

import methods
import references
from benchmarks.experiments import devices, paper_claims
from benchmarks.records import run_records
from benchmarks.versioning import lock_file
from methods.core import names


def record(**changes):
    """Return a complete record of a finished run, current unless the changes say otherwise."""
    timing = {"median": 2e-6, "p10": 1e-6, "p90": 3e-6}
    base = dict.fromkeys(run_records.KEYS) | {
        "schema": run_records.SCHEMA, "integral": "box1l", "method": "gauss_legendre", "params": {"order": 8},
        "repeat": 0, "seed": 0, "budget_s": 60.0, "device": "cpu", "threads": 2, "machine": "A", "fit_machine": "A",
        "code_hash": "c", "status": "ok", "digits_mean": 4.56, "digits_std": 0.31, "digits_median": 4.5,
        "digits_worst": 3.2, "frac_within_1pct": 1.0, "frac_within_0p1pct": 0.999, "truth_rel_err_max": 1e-13,
        "fit_s": 0.123, "n_eval_per_integral": 512.0, "model_bytes": 2048, "date_utc": "2026-01-02T00:00:00+00:00",
        "s_per_integral": {"1": timing, "1024": {"reason": "a batch is predicted to take 11 s"}, "65536": timing},
        "timed_from": "file",
    }  # fmt: skip
    found = base | changes
    stored = references.stored_hashes(found["integral"])
    current = {
        "version": lock_file.current_version(found["method"]) or 1,
        "integral_hash": stored.integral_hash if stored else "i",
        "truth_hash": stored.truth_hash if stored else "t",
    }
    return found | current | changes


RATES = {
    "name": "A", "float32": {"gflop_per_s": 100.0}, "float64": {"gflop_per_s": 50.0}, "triad": {"gb_per_s": 10.0},
    "n": 1024, "elements": 2**25,
}  # fmt: skip


def hardware_record(median, **changes):
    """Return a record as `benchmarks.hardware` leaves it, with that median in seconds for single points."""
    share = {"of_product_rate": 0.25, "of_bandwidth": 0.004}
    timing = {"median": median, "p10": 0.9 * median, "p90": 1.1 * median, "share": share}
    defaults = {
        "method": "chebyshev", "machine": "A, 2 CPUs", "threads": 1, "fields": {}, "params": {}, "rates": RATES,
        "load_1min": 0.0, "environment": {}, "precision": "float64",
        "s_per_integral": {
            "1": timing, **{str(n): {"reason": "a batch is predicted to take 99 s"} for n in devices.BATCHES[1:]}
        },
    }  # fmt: skip
    return record(**{**defaults, **changes})


STAGES = [{"fit_s": 1.0, "digits_mean": 2.0}, {"fit_s": 2.0, "digits_mean": 2.5}]


HISTOGRAMS = {
    "p": {"edges": [-3.0, -2.0, -1.0, 0.0], "counts": [0, 30, 10]},
    "r": {"edges": [-0.02, 0.0, 0.02], "counts": [15, 25]},
    "pull": {"edges": [-2.0, -1.0, 0.0, 1.0, 2.0], "counts": [4, 12, 20, 4]},
    "log10_error_ratio": {"edges": [-1.0, 0.0, 1.0], "counts": [10, 30]},
}


CLASS = {"r_std": 1e-3, "n_points": 40}


DIAGNOSTICS = [
    {"fit_s": t, "loss": 0.1, "validation_loss": 0.2, "learning_rate": 1e-3,
     "layers": [{"a_mean": 0.1, "dead": 0.0}, {"a_mean": 0.2, "dead": 0.5}]}
    for t in (1.0, 2.0)
]  # fmt: skip


def timing(median):
    return {"median": median, "p10": median, "p90": median}


def full(**changes):
    classes = {"0": CLASS, "3+": CLASS}
    return record(**{
        "anytime": STAGES, "n_points": 40, "by_cornerness": classes, "by_edge": {"edge": CLASS},
        "histograms": {"all": HISTOGRAMS, "by_cornerness": dict.fromkeys(classes, HISTOGRAMS),
                       "by_edge": {"edge": HISTOGRAMS}},
        "s_per_integral": {"1": timing(1e-3), "1024": timing(2e-6)}, "fit_s": 3.0,
    } | changes)  # fmt: skip


def of_claim(label, **changes):
    """Return a run of the claim on activations, with that activation."""
    name, fields = names.parse_spec(paper_claims.CLAIMS[0].settings[label])
    params = methods.create(name, **fields).params()
    return full(method=name, params=params, integral=paper_claims.INTEGRAL, budget_s=paper_claims.BUDGET_S, **changes)


def step(contender, s, kind="step", status="ok", batch=1024, busy=0):
    """Make a result of `mixed_speed` for a contender."""
    return {
        "kind": kind, "contender": contender, "k": 3, "depth": 4, "width": 100, "batch": batch, "busy": busy,
        "status": status, "reason": None, "s": s, "first_s": 31.4, "peak_mem_mb": 8.4,
    }  # fmt: skip


STEPS = {
    "results": [
        step("this", 0.03), step("this", 0.06, busy=1), step("compiled recursion", 0.05),
        step("compiled recursion", None, status="timeout", busy=1), step("nested grad", None, status="timeout"),
        step("nested grad", None, status="timeout", busy=1), step("products", 0.02), step("products", 1.7, busy=1),
        step("corner sum", 0.012, "corners"), step("products and tanh", 0.01, "corners"),
        step("corner sum", 0.018, "corners", busy=1),
    ],
    "threads": 2, "machine": "A", "date_utc": "2026-01-02T00:00:00+00:00",
}  # fmt: skip
"""What `mixed_speed` writes."""
