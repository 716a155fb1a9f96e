"""Boosted trees: what they learn, and that a run can be repeated, saved and kept in time."""

import importlib.util
import os

import numpy as np
import pytest
from integrals import changing_sign, product

from methods import create
from methods.base import InputError
from methods.boosted_trees import BoostedTrees
from methods.surrogates import targets

pytest.importorskip("xgboost", exc_type=ModuleNotFoundError)

EXACT = "label_methods:Exact"


def small(**fields):
    """Return trees that grow in a second."""
    defaults = {"labels": EXACT, "n_labels": 5_000, "max_depth": 6, "n_trees": 40, "max_bin": 256}
    return BoostedTrees(**{**defaults, **fields})


@pytest.mark.parametrize("target", ["ratio", "log_ratio", "log", "plain"])
def test_a_smooth_function_is_learnt(target):
    integral = product(2)
    method = small(target=target, n_labels=20_000, n_trees=100).fit(integral)
    s = integral.sample(500, seed=1)
    assert np.median(np.abs(method.integrate(s).value / integral.exact(s) - 1)) < 0.01


def test_more_labels_and_trees_learn_more():
    integral = product(2)
    s = integral.sample(500, seed=1)

    def error(**fields):
        return np.median(np.abs(small(**fields).fit(integral).integrate(s).value / integral.exact(s) - 1))

    assert error(n_labels=20_000, n_trees=100) < error(n_labels=500, n_trees=20) / 2


def test_a_sign_change_is_learnt_as_it_is():
    integral = changing_sign()
    s = integral.sample(500, seed=1)
    assert np.abs(small(target="plain").fit(integral).integrate(s).value - integral.exact(s)).mean() < 0.05


def test_the_error_covers_most_points():
    integral = product(2)
    method = small().fit(integral)
    s = integral.sample(2000, seed=1)
    estimate = method.integrate(s)
    pull = (estimate.value - integral.exact(s)) / estimate.error
    assert 0.6 < np.mean(np.abs(pull) < 1) < 0.95
    assert np.sqrt(np.mean(pull**2)) == pytest.approx(1, abs=0.3)


def test_the_same_seed_gives_the_same_trees_and_another_others():
    s = product(1).sample(20, seed=1)
    first, second, other = (small(seed=seed, subsample=0.5).fit(product(1)).integrate(s).value for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_a_run_within_a_budget_is_repeated_by_its_number_of_trees():
    integral = product(2)
    s = integral.sample(20, seed=1)
    first = small(n_trees=100_000, learning_rate=1e-3).fit(integral, budget=1.0)
    repeat = small(n_trees=first.n_updates_, learning_rate=1e-3, n_labels=first.details_["n_labels"]).fit(integral)
    assert first.n_updates_ < 100_000
    assert repeat.n_updates_ == first.n_updates_ == first.details_["n_trees"]
    np.testing.assert_array_equal(repeat.integrate(s).value, first.integrate(s).value)


def test_the_budget_is_kept(own_time):
    own_time.tick = 0.05
    method = BoostedTrees(labels=f"{EXACT},seconds_per_label=1e-4", learning_rate=1e-3).fit(product(2), budget=3)
    assert 2.0 < own_time.now < 1.1 * 3
    assert method.details_["n_labels"] < 400_000


def test_without_improvement_growing_stops_and_the_best_trees_are_kept():
    # The tiny training set is learnt by heart at once.
    method = small(n_labels=50, learning_rate=1.0, n_trees=500).fit(product(1))
    assert method.n_updates_ < 500
    assert method.details_["best_n_trees"] < method.n_updates_


def test_the_monitor_sees_a_method_that_integrates_and_changes_nothing():
    integral = product(1)
    s = integral.sample(10, seed=1)
    seen = []
    watched = small().fit(integral, monitor=lambda method: seen.append(method.integrate(s).value))
    assert len(seen) == 2
    assert np.isfinite(seen).all()
    np.testing.assert_array_equal(watched.integrate(s).value, small().fit(integral).integrate(s).value)


def test_labels_are_metered(costs):
    small(n_trees=1).fit(product(1))
    assert sum(p.n_labels for p in costs) == 5_000 + targets.N_NEIGHBOURS


def test_rows_agree_with_a_batch():
    integral = product(2)
    method = small().fit(integral)
    s = integral.sample(50, seed=1)
    batch = method.integrate(s)
    single = np.concatenate([method.integrate(row[None]).value for row in s])
    np.testing.assert_allclose(single, batch.value, rtol=1e-14)  # the centre value's rounding
    assert batch.n_eval == 50  # f(s, 1/2)
    assert method.integrate(s[:0]).value.shape == (0,)


def test_saved_and_loaded_it_predicts_the_same(tmp_path):
    integral = product(2)
    s = integral.sample(50, seed=1)
    method = small().fit(integral)
    method.save(tmp_path / "m")
    loaded = BoostedTrees.load(tmp_path / "m", integral)
    for ours, theirs in zip(loaded.integrate(s), method.integrate(s), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert loaded.params() == method.params()
    assert loaded.n_updates_ == method.n_updates_


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"target": "ration"}, "no target 'ration'"),
        ({"labels": "boosted_trees"}, "learns from labels"),
        ({"n_trees": 0}, "n_trees is 0; give at least 1"),
        ({"learning_rate": -1.0}, "XGBoost refuses the fields"),
    ],
)
def test_fields_that_make_no_sense_are_refused(fields, message):
    with pytest.raises(InputError, match=message):
        create("boosted_trees", **{"labels": EXACT, "n_labels": 100, **fields}).fit(product(1))


def test_trees_grow_on_a_system_that_does_not_tell_the_cpus_of_a_process(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    s = product(1).sample(5, seed=0)
    assert np.isfinite(small(n_trees=5).fit(product(1)).integrate(s).value).all()


def test_without_the_package_it_says_so(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "xgboost is not installed" in BoostedTrees().unsupported(product(1))
    with pytest.raises(InputError, match="xgboost is not installed"):
        small().fit(product(1))
