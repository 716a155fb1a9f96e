"""What every surrogate does with files that are not its own, labels that are not numbers, and next to no data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from integrals import callable_integral, product

from methods import create
from methods.base import Estimate, InputError, Method
from methods.core import storage
from methods.core.storage import StorageError

EXACT = f"{__name__}:Altered"

FIELDS = {
    "dense_mlp": {"depth": 2, "width": 16, "n_updates": 1},
    "skip_mlp": {"n_blocks": 1, "width": 16, "n_updates": 1},
    "bayesian_mlp": {"depth": 2, "width": 16, "n_updates": 1},
    "deep_ensemble": {"depth": 2, "width": 16, "n_updates": 1},
    "differential_mlp": {"width": 16, "n_iterations": 1},
    "boosted_trees": {"max_depth": 4, "n_trees": 2, "max_bin": 64},
}

TRAINED = {
    "dense_mlp": {"n_updates": 300, "learning_rate": 3e-3},
    "skip_mlp": {"n_updates": 300, "learning_rate": 3e-3},
    "bayesian_mlp": {"n_updates": 300},
    "deep_ensemble": {"n_updates": 300},
    "differential_mlp": {"n_iterations": 20},
    "boosted_trees": {"n_trees": 50},
}


def maker(name):
    """Return a function that makes one of the surrogates, small, with fields changed."""
    if name == "boosted_trees":
        pytest.importorskip("xgboost", exc_type=ModuleNotFoundError)

    def made(*, trained=False, **fields):
        more = TRAINED[name] if trained else {}
        return create(name, **{"labels": EXACT, "n_labels": 300, **FIELDS[name], **more, **fields})

    return made


@pytest.fixture(params=FIELDS)
def make(request):
    """Return a function that makes one of the surrogates."""
    return maker(request.param)


@pytest.fixture(params=[name for name in FIELDS if name != "differential_mlp"])
def make_with_target(request):
    """Return a function that makes one of the surrogates which learn what their field `target` says."""
    return maker(request.param)


@dataclass(kw_only=True)
class Altered(Method):
    """The closed form, except for the labels from the n-th on."""

    name: ClassVar[str] = "altered"
    source: ClassVar[str] = "closed form"

    first: int = 0
    add: float = 0.0

    def fit(self, integral, *, budget=None, monitor=None):
        self.integral_, self.n_ = integral, 0
        return self

    def integrate(self, s):
        value = self.integral_.exact(s)
        value[np.arange(self.n_, self.n_ + len(s)) >= self.first] += self.add
        self.n_ += len(s)
        return Estimate(value, np.zeros(len(s)), 0)

    def integrate_with_gradient(self, s):
        steps = 1e-5 * np.eye(s.shape[1])
        slopes = [(self.integral_.exact(s + step) - self.integral_.exact(s - step)) / 2e-5 for step in steps]
        return self.integrate(s), np.stack(slopes, axis=1)


def altered(first, add):
    return f"{__name__}:Altered,first={first},add={add}"


# ----- errors ---------------------------------------------------------------------------------------------------------


def test_the_errors_that_labels_state_are_part_of_the_error(make_with_target, tmp_path):
    integral = product(2)
    s = integral.sample(20, seed=1)
    method = make_with_target(target="plain", labels="label_methods:Exact,epsrel=0.05").fit(integral)
    error = method.integrate(s).error
    assert (error > 0.0499).all()
    method.save(tmp_path / "m")
    np.testing.assert_array_equal(type(method).load(tmp_path / "m", integral).integrate(s).error, error)


# ----- files ----------------------------------------------------------------------------------------------------------


def test_a_missing_file(make, tmp_path):
    with pytest.raises(FileNotFoundError):
        type(make()).load(tmp_path / "nothing", product(2))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_file(make, tmp_path, share):
    method = make().fit(product(2))
    path = tmp_path / "m"
    method.save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(StorageError, match="damaged"):
        type(method).load(path, product(2))


def test_files_of_others(make, tmp_path):
    method = make().fit(product(2))
    path = tmp_path / "m"
    method.save(path)
    with pytest.raises(StorageError, match="holds the integral product2, but product1 was asked for"):
        type(method).load(path, product(1))
    header, arrays = storage.read(path)
    storage.write(path, header | {"method": "chebyshev"}, arrays)
    with pytest.raises(StorageError, match="holds method 'chebyshev'"):
        type(method).load(path, product(2))
    storage.write(path, header | {"params": {"n_leaves": 3}}, arrays)
    with pytest.raises(StorageError, match="does not suit the code of"):
        type(method).load(path, product(2))
    path.write_text("no archive")
    with pytest.raises(StorageError, match="not a file written by"):
        type(method).load(path, product(2))


def test_files_without_what_they_should_hold(make, tmp_path):
    method = make().fit(product(2))
    path = tmp_path / "m"
    method.save(path)
    header, arrays = storage.read(path)
    for key in arrays:
        storage.write(path, header, {other: value for other, value in arrays.items() if other != key})
        with pytest.raises(StorageError, match="save"):
            type(method).load(path, product(2))
    for key, value in arrays.items():
        if value.ndim:
            storage.write(path, header, arrays | {key: value[: len(value) // 2]})
            with pytest.raises(StorageError, match="save"):
                type(method).load(path, product(2))
    storage.write(path, header, arrays)
    assert type(method).load(path, product(2)).params() == method.params()


# ----- labels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("add", ["1e999", "-1e999"])
def test_labels_that_are_not_finite(make, add):
    with pytest.raises(InputError, match="gave labels of product2 that are not finite"):
        make(labels=altered(250, add)).fit(product(2))


def test_labels_that_are_nan(make, monkeypatch):
    monkeypatch.setattr(Altered, "integrate", lambda self, s: Estimate(s[:, 0] * np.nan, np.zeros(len(s)), 0))
    with pytest.raises(InputError, match="not finite"):
        make(labels=altered(0, 0.0)).fit(product(2))


def test_fewer_points_than_a_batch(make):
    method = make(n_labels=10).fit(product(2))  # 8 for training; the networks' batch is 512
    s = product(2).sample(20, seed=1)
    estimate = method.integrate(s)
    assert np.isfinite(estimate.value).all()
    assert np.isfinite(estimate.error).all()
    assert method.details_["n_labels"] == 10


def test_too_few_points(make):
    with pytest.raises(InputError, match="n_labels is 9; at least 10"):
        make(n_labels=9).fit(product(2))


@pytest.mark.parametrize("target", ["ratio", "log"])
def test_a_constant_is_learnt(make_with_target, target):
    constant = callable_integral(lambda s, x: 3.0 + 0.0 * s[..., 0] * x[..., 0], exact=lambda s: np.full(len(s), 3.0))
    method = make_with_target(trained=True, target=target).fit(constant)
    value = method.integrate(constant.sample(50, seed=1)).value
    assert np.abs(value / 3 - 1).max() < 0.02
    assert method.scale_ == 1  # not the rounding of log 3


def test_one_invariant(make_with_target):
    line = callable_integral(lambda s, x: s[..., 0] + x[..., 0], exact=lambda s: s[:, 0] + 0.5)
    s = line.sample(200, seed=1)

    def error(**fields):
        method = make_with_target(n_labels=2_000, target="plain", **fields).fit(line)
        return np.median(np.abs(method.integrate(s).value / line.exact(s) - 1))

    assert line.m == 1
    assert error(trained=True) < 0.02 < error()


def test_one_scaler_is_fitted_on_training_labels_only(make_with_target):
    """Labels 0 … 239 of 300 train; changed ones among the others must not move mean and standard deviation."""

    def scaler(first, add):
        method = make_with_target(labels=altered(first, add), target="plain").fit(product(1))
        return method.mean_, method.scale_

    assert scaler(240, 5.0) == scaler(0, 0.0)
    assert scaler(239, 5.0) != scaler(0, 0.0)
    y = product(1).exact(product(1).sample(300, seed=0))
    assert scaler(0, 0.0) == (pytest.approx(y[:240].mean(), rel=1e-12), pytest.approx(y[:240].std(), rel=1e-12))
    assert scaler(0, 0.0) != (pytest.approx(y.mean(), rel=1e-4), pytest.approx(y.std(), rel=1e-4))
