"""The contract, for every registered method, on small integrals with closed forms."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest
import torch
from integrals import plain, product

import methods
from methods.base import InputError, Method
from methods.core.storage import StorageError

INTEGRAL = product(2)

CHEAP = {
    "gauss_legendre": {},
    "chebyshev": {"epsrel": 1e-6},
    "lattice_qmc": {"epsrel": 1e-6},
    "neural_primitive": {"width": 50, "n_replicas": 2, "n_updates": 2},
    "separable_primitive": {"width": 50, "n_replicas": 2, "n_updates": 2},
    "primitive_corrected": {"width": 50, "lattice_size": 64, "n_shifts": 4},
    "published_primitive": {"width": 8, "depth": 2, "lattice_size": 64, "n_updates": 20},
    "dense_mlp": {"n_labels": 200, "n_updates": 50},
    "skip_mlp": {"n_labels": 200, "n_updates": 50},
    "bayesian_mlp": {"n_labels": 200, "n_updates": 50, "width": 16},
    "deep_ensemble": {"n_labels": 200, "n_updates": 50, "width": 16},
    "differential_mlp": {"n_labels": 200, "n_updates": 50, "n_iterations": 5},
    "boosted_trees": {"n_labels": 500, "n_trees": 20},
    "pysecdec_qmc": {},
    "pysecdec_qmc_pylink": {"cxxflags": "-O0"},
    "pysecdec_cuba": {"cxxflags": "-O0"},
}
"""Fields that make a fit take seconds; every method must be here."""

FLOAT32 = (
    "neural_primitive",
    "published_primitive",
    "dense_mlp",
    "skip_mlp",
    "bayesian_mlp",
    "deep_ensemble",
    "differential_mlp",
)
BATCH_TOLERANCE = dict.fromkeys(FLOAT32, 1e-5)
"""float32: the order of summation differs with the batch."""

NAMES = [pytest.param(name, marks=pytest.mark.pysecdec) if "pysecdec" in name else name for name in CHEAP]


@pytest.fixture(scope="module", params=NAMES)
def fitted(request):
    return methods.create(request.param, **CHEAP[request.param]).fit(INTEGRAL)


def test_every_method_is_under_contract():
    assert set(CHEAP) == set(methods.METHODS)


def test_is_a_keyword_only_dataclass_with_a_source(fitted):
    cls = type(fitted)
    assert dataclasses.is_dataclass(cls)
    assert issubclass(cls, Method)
    assert methods.METHODS[cls.name].endswith(f":{cls.__name__}")
    assert cls.source
    assert inspect.getdoc(cls)
    kinds = {p.kind for p in inspect.signature(cls).parameters.values()}
    assert kinds <= {inspect.Parameter.KEYWORD_ONLY}


def test_estimate_has_the_right_form(fitted):
    s = INTEGRAL.sample(7, seed=3)
    value, error, n_eval = fitted.integrate(s)
    assert value.shape == error.shape == (7,)
    assert value.dtype == error.dtype == np.float64
    assert np.isfinite(value).all()
    assert (np.isnan(error) | (error >= 0)).all()
    assert isinstance(n_eval, int)
    assert n_eval >= 0


def test_no_points_are_fine(fitted):
    value, error, n_eval = fitted.integrate(np.empty((0, 2)))
    assert value.shape == error.shape == (0,)
    assert n_eval == 0


def test_rows_do_not_depend_on_their_batch(fitted):
    s = INTEGRAL.sample(5, seed=4)
    whole = fitted.integrate(s).value
    single = np.concatenate([fitted.integrate(row[None]).value for row in s])
    np.testing.assert_allclose(single, whole, rtol=BATCH_TOLERANCE.get(fitted.name, 1e-13))


def test_inputs_and_global_state_are_untouched(fitted):
    s = INTEGRAL.sample(5, seed=4)
    before, numpy_state, torch_state = s.copy(), np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    fitted.integrate(s)
    np.testing.assert_array_equal(s, before)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert torch.get_default_dtype() == torch.float32


@pytest.mark.parametrize(
    ("s", "message"),
    [
        (np.ones((3, 3)), r"takes s \(n, 2\)"),
        (np.ones(2), r"takes s \(n, 2\)"),
        (np.array([[1.5, np.nan]]), "s2 = nan in row 0 lies outside the box"),
        (np.array([[1.5, 1.5], [0.5, 1.5]]), "s1 = 0.5 in row 1 lies outside the box"),
    ],
)
def test_bad_points_are_refused(fitted, s, message):
    with pytest.raises(InputError, match=message):
        fitted.integrate(s)


def test_save_and_load_give_the_same_values(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    again = type(fitted).load(tmp_path / "model", INTEGRAL)
    s = INTEGRAL.sample(5, seed=4)
    assert again.params() == fitted.params()
    np.testing.assert_array_equal(again.integrate(s).value, fitted.integrate(s).value)


def test_files_of_others_are_refused(fitted, tmp_path):
    path = tmp_path / "model"
    fitted.save(path)
    with pytest.raises(StorageError, match="holds integral"):
        type(fitted).load(path, product(3))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(StorageError, match="damaged"):
        type(fitted).load(path, INTEGRAL)


def test_fits_are_deterministic(fitted):
    again = methods.create(fitted.name, **CHEAP[fitted.name]).fit(INTEGRAL)
    s = INTEGRAL.sample(5, seed=4)
    np.testing.assert_array_equal(again.integrate(s).value, fitted.integrate(s).value)


def test_plain_callables_work_or_are_refused_with_a_reason(fitted):
    method = methods.create(fitted.name, **CHEAP[fitted.name])
    reason = method.unsupported(plain(2))
    if reason is None:
        s = INTEGRAL.sample(5, seed=4)
        value = method.fit(plain(2)).integrate(s).value
        np.testing.assert_allclose(value, fitted.integrate(s).value, rtol=1e-3)
    else:
        assert "from_expression" in reason or "symbol" in reason


@pytest.mark.parametrize(
    ("name", "fields"), [("nothing", {}), ("gauss_legendre", {"ordr": 3}), ("chebyshev", {"epsrel": "x"})]
)
def test_create_refuses_what_it_does_not_know(name, fields):
    with pytest.raises(InputError):
        methods.create(name, **fields)
