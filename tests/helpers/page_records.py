"""Records of several experiments, and the page of them, for tests of the page."""

from __future__ import annotations

from pathlib import Path

from sample_records import full, hardware_record, timing

from benchmarks.experiments import devices, uncertain_networks
from benchmarks.records import run_records
from benchmarks.records.folders import COMPARISON

BAYESIAN, HARDWARE = uncertain_networks.EXPERIMENT.source, devices.EXPERIMENT.source

SCRIPT = "<script>window.stolen = true</script><img src=x onerror='window.stolen = true'>"


def timed(many_us, one_us=900.0):
    return {"1": timing(1e-6 * one_us), "1024": timing(1e-6 * many_us)}


FOUND = [
    full(digits_mean=9.5, digits_worst=5.0, fit_s=0.5, s_per_integral=timed(40.0, 50.0)),
    full(digits_mean=4.5, digits_worst=2.5, fit_s=0.4, s_per_integral=timed(2.0, 60.0), params={"order": 3}),
    full(method="skip_mlp", digits_mean=6.25, fit_s=7.0, commit="0123abc", versions={"numpy": "2"}, params={},
         s_per_integral=timed(0.5)),
    full(method="skip_mlp", repeat=1, digits_mean=6.75, fit_s=7.0, params={}, s_per_integral=timed(0.7)),
    full(method="boosted_trees", digits_mean=2.0, fit_s=100.0, integral="box2l"),
    full(method="gauss_legendre", digits_mean=7.0, digits_worst=6.0, fit_s=2.0, integral="box2l",
         s_per_integral=timed(9.0)),
    full(method="worse", status="failed", reason=SCRIPT, digits_mean=None, machine="B", histograms=None),
]  # fmt: skip

BOOSTED = full(
    method=uncertain_networks.METHOD, budget_s=uncertain_networks.BUDGET_S, params={"n_labels": 10, "boosting": SCRIPT},
    status="failed", reason=SCRIPT,
)  # fmt: skip
"""A run of another experiment."""

TIMED = hardware_record(1e-6, method=SCRIPT)


def write(folder: Path) -> None:
    """Write the records as if they were published below `folder`."""
    for name, found in ((COMPARISON, FOUND), (BAYESIAN, [BOOSTED]), (HARDWARE, [TIMED])):
        for record in found:
            run_records.write(folder / "published" / name, record)


def path_of(folder: Path, name: str, record: run_records.Record) -> Path:
    """Return where the record of a published experiment lies."""
    return run_records.path_of(folder / "published" / name, record)
