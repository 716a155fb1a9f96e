"""The contract, for every registered method, on small integrals with closed forms.

The checks are those of ``python -m benchmarks.conformance``; that they notice what is wrong is tested there.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re

import numpy as np
import pytest
from integrals import callable_integral, of_invariants, plain, product

import methods
import references
from benchmarks.running import contract_checks
from benchmarks.running.contract_subject import Subject
from methods.base import InputError, Method

INTEGRAL = product(2)

CHEAP = {
    "gauss_legendre": {},
    "chebyshev": {"epsrel": 1e-6},
    "gaussian_process": {"n_labels": 200},
    "rbf": {"n_labels": 200},
    "total_degree": {"max_labels": 300, "n_pilot": 50},
    "tensor_train": {"max_labels": 1000, "n_pilot": 50},
    "learned_contour": {"degree": 2},
    "lattice_qmc": {"epsrel": 1e-6},
    "scipy_qmc": {"points": 128},
    "vegas": {"n_samples": 200},
    "vegas_map": {"points": 512},
    "neural_primitive": {"width": 50, "n_replicas": 2, "n_updates": 2},
    "separable_primitive": {"width": 50, "n_replicas": 2, "n_updates": 2},
    "primitive_corrected": {"width": 50, "lattice_size": 64, "n_shifts": 4},
    "published_primitive": {"width": 8, "depth": 2, "lattice_size": 64, "n_updates": 20},
    "dense_mlp": {"n_labels": 200, "n_updates": 50},
    "skip_mlp": {"n_labels": 200, "n_updates": 50},
    "bayesian_mlp": {"n_labels": 200, "n_updates": 50, "width": 16},
    "deep_ensemble": {"n_labels": 200, "n_updates": 50, "width": 16},
    "differential_mlp": {"n_labels": 200, "width": 16, "n_iterations": 20},
    "boosted_trees": {"n_labels": 500, "n_trees": 20},
    "pysecdec_qmc": {},
    "pysecdec_qmc_pylink": {"cxxflags": "-O0"},
    "pysecdec_cuba": {"cxxflags": "-O0"},
}
"""Fields that make a fit take seconds; every method must be here."""

NAMES = [pytest.param(name, marks=pytest.mark.pysecdec) if "pysecdec" in name else name for name in CHEAP]

CHECKS = [*contract_checks.OF_CLASS, *contract_checks.BEFORE_FIT, *contract_checks.AFTER_FIT]

ROW_RTOL = 1e-13
"""Methods in float64 are held to more than strangers' are."""

CANCELLING = ("gaussian_process", "rbf")
"""Methods in float64 whose sums cancel by many digits, so that rounding shows: they are held to what strangers' are."""


@pytest.fixture(scope="module", params=NAMES)
def subject(request):
    module, _, name = methods.METHODS[request.param].partition(":")
    cls = getattr(importlib.import_module(module), name)
    is_double = {"precision": cls.precision, **CHEAP[request.param]}["precision"] == "float64"

    def make():
        return methods.create(request.param, **CHEAP[request.param])

    is_exact = is_double and request.param not in CANCELLING
    return Subject(cls, make, INTEGRAL, row_rtol=ROW_RTOL if is_exact else None)


def test_every_method_is_under_contract():
    assert set(CHEAP) == set(methods.METHODS)


@pytest.mark.parametrize(("sentence", "check"), CHECKS, ids=[sentence for sentence, _ in CHECKS])
def test_contract_is_kept(subject, sentence, check):
    check(subject)


@pytest.mark.parametrize("name", NAMES)
def test_every_fit_begins_without_digits_of_an_earlier_one(name, monkeypatch):
    """Also one that ends at once, since the method cannot treat the integral."""
    method = methods.create(name, **CHEAP[name])
    method.measured_ = {"mean": 5.0, "worst": 4.0, "points": 100, "integral": INTEGRAL.fingerprint()}
    monkeypatch.setattr(type(method), "unsupported", lambda self, integral: "it is a test")
    with pytest.raises(InputError, match="cannot treat product2: it is a test"):
        method.fit(INTEGRAL)
    assert method.measured_ is None


def test_class_says_what_it_is(subject):
    assert inspect.getdoc(subject.cls)
    assert inspect.getdoc(subject.cls) != inspect.getdoc(Method)


def test_plain_callables_work_or_are_refused_with_a_reason(subject):
    method = subject.make()
    reason = method.unsupported(plain(2))
    if reason is None:
        s = INTEGRAL.sample(5, seed=4)
        value = method.fit(plain(2)).integrate(s).value
        np.testing.assert_allclose(value, subject.method.integrate(s).value, rtol=1e-3)
    else:
        assert "from_expression" in reason or "symbol" in reason


COMPLEX = {
    "function": callable_integral(lambda s, x: 1 / (s[..., 0] - x[..., 0]), prescription="F"),
    "sum": references.integral("box1l_sectors_physical"),
}

OUT_OF_REACH = {
    "gauss_legendre": product(15), "learned_contour": product(15), "chebyshev": of_invariants(5),
    "tensor_train": of_invariants(1),
}  # fmt: skip


@pytest.mark.parametrize("name", methods.METHODS)
@pytest.mark.parametrize("kind", COMPLEX)
def test_a_complex_integral_that_is_unsupported_is_not_fitted(name, kind):
    method, integral = methods.create(name), COMPLEX[kind]
    reason = method.unsupported(integral)
    if reason is None:
        pytest.skip(f"{name} treats it")
    message = f"{name} cannot treat {integral.name}: {reason.removesuffix('.')}."
    with pytest.raises(InputError, match=re.escape(message)):
        method.fit(integral)


@pytest.mark.parametrize("name", OUT_OF_REACH)
def test_an_integral_out_of_reach_is_not_fitted(name):
    with pytest.raises(InputError, match=f"{name} cannot treat {OUT_OF_REACH[name].name}: "):
        methods.create(name).fit(OUT_OF_REACH[name])


def test_a_device_that_is_not_there_is_refused_in_a_sentence(subject):
    if "device" not in subject.make().params():
        return
    with pytest.raises(InputError, match=f"{subject.cls.name}.device is 'abacus', which torch cannot use here"):
        dataclasses.replace(subject.make(), device="abacus").fit(INTEGRAL)


@pytest.mark.parametrize(
    ("name", "fields"), [("nothing", {}), ("gauss_legendre", {"ordr": 3}), ("chebyshev", {"epsrel": "x"})]
)
def test_create_refuses_what_it_does_not_know(name, fields):
    with pytest.raises(InputError):
        methods.create(name, **fields)
