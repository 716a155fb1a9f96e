"""Figures by number of replicas: those of replicas whose law is known, and on their way into a record."""

from __future__ import annotations

import contextvars
import json

import nonconforming_methods
import numpy as np
import pytest

from benchmarks.experiments import replicas as experiment
from benchmarks.running import plan, run
from benchmarks.running.estimate_check import Disqualified
from benchmarks.running.jobs import Job
from benchmarks.running.plan import Options
from benchmarks.running.replica_figures import by_n_replicas
from benchmarks.running.task import Place

POINTS = 20_000


def normal_replicas(n, bias=0.0):
    """Return values of n replicas that scatter around the truth by 1 %, and truth and its error."""
    noise = np.random.default_rng(0).normal(bias, 0.01, (n, POINTS))
    return 2.0 * (1 + noise), np.full(POINTS, 2.0), np.zeros(POINTS)


def test_independent_normal_replicas_follow_students_law():
    found = by_n_replicas(*normal_replicas(5))
    assert list(found) == ["1", "2", "3", "4", "5"]
    for n in (2, 3, 4, 5):
        entry = found[str(n)]
        assert len(entry["digits"]) == (5 if n < 5 else 1)
        gained = np.mean(entry["digits"]) - np.mean(found["1"]["digits"])
        assert gained == pytest.approx(np.log10(n) / 2, abs=0.01)
        for kind in ("spread", "mean"):
            shares = [entry[kind][f"coverage_{z}sigma"] for z in (1, 3)]
            assert shares == pytest.approx(experiment.expected_coverages(n, kind), abs=0.01)
            expected = experiment.expected_median(n, kind)
            assert entry[kind]["log10_error_ratio_median"] == pytest.approx(expected, abs=0.01)
            assert sum(entry[kind]["log10_error_ratio"]["counts"]) == len(entry["digits"]) * POINTS


def test_a_bias_that_replicas_share_is_seen():
    found = by_n_replicas(*normal_replicas(5, bias=0.03))["5"]["mean"]
    assert found["coverage_3sigma"] < experiment.expected_coverages(5, "mean")[1] - 0.2
    assert found["log10_error_ratio_median"] < experiment.expected_median(5, "mean") - 0.5


def test_one_replica_has_digits_and_no_error():
    values, true, error = normal_replicas(3)
    found = by_n_replicas(values[:1], true, error)
    assert found == {"1": {"digits": found["1"]["digits"], "spread": None, "mean": None}}
    each = by_n_replicas(values, true, error)["1"]["digits"]
    assert each[0] == found["1"]["digits"][0]
    assert len(set(each)) == 3


# ----- in a run -------------------------------------------------------------------------------------------------------


def judged(tmp_path, method, integral="box1l"):
    """Fit and judge by 50 points; return the first stage's part of the record, and the task."""
    options = Options(tmp_path, 0, "cpu", (Place("cpu", 1),), 0.0)
    (planned,) = plan.runs({integral: [Job(method, 60.0, points=50, batches=(1,))]}, options)
    return contextvars.copy_context().run(next, run.fit_and_judge(planned.task)), planned.task


def test_a_run_of_an_ensemble_records_it_by_number_and_keeps_the_values_of_each_replica(tmp_path):
    spec = "published_primitive,width=8,depth=2,lattice_size=64,n_updates=3,n_replicas=3,uncertainty=mean"
    record, task = judged(tmp_path, spec)
    found = record["by_n_replicas"]
    json.dumps(found, allow_nan=False)
    assert list(found) == ["1", "2", "3"]
    assert found["3"]["digits"] == [pytest.approx(record["digits_mean"])]
    assert found["3"]["mean"]["coverage_1sigma"] == pytest.approx(record["coverage_1sigma"])
    assert found["3"]["mean"]["log10_error_ratio"] == record["histograms"]["all"]["log10_error_ratio"]
    raw = np.load(task.raw)
    np.testing.assert_allclose(raw["replicas"].mean(axis=0), raw["value"], rtol=1e-12)


def test_a_run_without_replicas_has_none(tmp_path):
    record, task = judged(tmp_path, "gauss_legendre,order=4")
    assert record["by_n_replicas"] is None
    assert "replicas" not in np.load(task.raw)


def test_replicas_of_another_shape_disqualify(tmp_path):
    spec = f"{nonconforming_methods.__name__}:Offers,fault=replica_values"
    with pytest.raises(Disqualified, match=r"no finite array of shape \(n_replicas, "):
        judged(tmp_path, spec, "genz_product_peak_2d")
