"""Learned methods on a complex integral with a closed form, the bubble above threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from honest_errors import assert_honest
from integrals import callable_integral
from label_methods import Exact

import references
from methods import create
from methods.base import InputError

EXACT = f"{__name__}:ExactSlopes,epsrel=0"

STEP = 1e-4
"""Of central differences."""


@dataclass(kw_only=True)
class ExactSlopes(Exact):
    """The closed form of one invariant, with differences for derivatives."""

    name: ClassVar[str] = "exact_slopes"
    treats_complex: ClassVar[bool] = True

    def integrate_with_gradient(self, s):
        ends = [self.integral_.exact(s + step) for step in (STEP, -STEP)]
        return self.integrate(s), (ends[0] - ends[1])[:, None] / (2 * STEP)


SMALL = {
    "dense_mlp": {"depth": 2, "width": 16, "n_updates": 300, "learning_rate": 5e-3, "batch_size": 64},
    "skip_mlp": {"n_blocks": 1, "width": 16, "n_updates": 300, "learning_rate": 5e-3, "batch_size": 64},
    "deep_ensemble": {"depth": 2, "width": 16, "n_updates": 300, "n_replicas": 2, "batch_size": 64},
    "bayesian_mlp": {"depth": 2, "width": 16, "n_updates": 300, "batch_size": 64},
    "boosted_trees": {"max_depth": 4, "n_trees": 100, "max_bin": 64},
}

DIGITS = 1.5


@pytest.fixture(scope="module")
def bubble():
    return references.integral("bubble_physical")


@pytest.fixture(scope="module")
def truth(bubble):
    s = bubble.sample(200, seed=77)
    return s, bubble.exact(s)


@pytest.fixture(scope="module", params=SMALL)
def fitted(request, bubble):
    name = request.param
    if name == "boosted_trees":
        pytest.importorskip("xgboost", exc_type=ModuleNotFoundError)
    return create(name, labels=EXACT, n_labels=300, **SMALL[name]).fit(bubble)


def test_both_parts_are_learnt_with_errors_of_the_modulus(fitted, truth):
    s, value = truth
    found, error, _ = fitted.integrate(s)
    assert found.dtype == np.complex128
    assert error.dtype == np.float64
    distance = np.abs(found - value)
    digits = -np.log10(distance / np.abs(value))
    assert digits.mean() > DIGITS
    assert_honest(distance / error, {1: 0.5, 3: 0.9})
    for part in (np.real, np.imag):
        assert np.median(np.abs(part(found - value)) / np.abs(value)) < 10**-DIGITS


def test_a_row_is_what_it_is_in_a_batch(fitted, truth):
    s, _ = truth
    value = fitted.integrate(s).value
    np.testing.assert_allclose(fitted.integrate(s[3:4]).value, value[3:4], rtol=1e-5)
    assert fitted.integrate(s[:0]).value.shape == (0,)


def test_saved_and_loaded_it_predicts_the_same(fitted, truth, bubble, tmp_path):
    fitted.save(tmp_path / "model")
    again = type(fitted).load(tmp_path / "model", bubble)
    for saved, loaded in zip(fitted.integrate(truth[0]), again.integrate(truth[0]), strict=True):
        np.testing.assert_array_equal(saved, loaded)


@pytest.fixture(scope="module")
def differential(bubble):
    return create("differential_mlp", labels=EXACT, n_labels=100, width=12, n_iterations=150).fit(bubble)


def test_values_and_derivatives_are_learnt_together(differential, bubble, truth):
    s, value = truth
    found, error, _ = differential.integrate(s)
    distance = np.abs(found - value)
    assert -np.log10(distance / np.abs(value)).mean() > 3.5
    assert_honest(distance / error, {3: 0.9})
    slope = (bubble.exact(s + STEP) - bubble.exact(s - STEP)) / (2 * STEP)
    gradient = differential.gradient(s)[:, 0]
    assert np.abs(gradient - slope).max() < 0.02 * np.abs(slope).max()


def test_a_saved_network_has_the_same_values_and_derivatives(differential, bubble, truth, tmp_path):
    differential.save(tmp_path / "model")
    again = type(differential).load(tmp_path / "model", bubble)
    np.testing.assert_array_equal(again.integrate(truth[0]).value, differential.integrate(truth[0]).value)
    np.testing.assert_array_equal(again.gradient(truth[0]), differential.gradient(truth[0]))


@pytest.mark.parametrize("name", [*SMALL, "differential_mlp"])
def test_an_integral_of_unknown_thresholds_is_refused(name):
    if name == "boosted_trees":
        pytest.skip("trees need no thresholds")
    unknown = callable_integral(lambda s, x: 1 / (s[..., 0] - x[..., 0]), prescription="F")
    assert "thresholds" in create(name).unsupported(unknown)


@pytest.mark.parametrize("name", ["gaussian_process", "rbf"])
def test_methods_for_real_integrals_refuse(name, bubble):
    with pytest.raises(InputError, match="treats real integrals only"):
        create(name).fit(bubble)


def test_a_monitor_sees_a_network_in_training_and_changes_nothing(bubble, truth):
    s, seen = truth[0][:10], []
    fields = {"labels": EXACT, "n_labels": 100, "width": 8, "n_iterations": 30}
    watched = create("differential_mlp", **fields).fit(bubble, monitor=lambda m: seen.append(m.integrate(s)))
    assert len(seen) == 2  # after 20 and 30 iterations
    assert np.isfinite([part.value for part in seen]).all()
    again = create("differential_mlp", **fields).fit(bubble)
    np.testing.assert_array_equal(watched.integrate(s).value, again.integrate(s).value)
    assert (again.details_["n_labels"], again.details_["n_iterations"]) == (100, 30)
