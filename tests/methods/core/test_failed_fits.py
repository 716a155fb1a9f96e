"""A fit that fails leaves a method that gives no values, rather than those of the integral before."""

from __future__ import annotations

import copy
import inspect
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import methods
from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.core.errors import NoCausalContour


def integral(expression: str, f: str = "1 + x1", prescription: str | None = None) -> ParametricIntegral:
    return ParametricIntegral.from_expression(
        name="mine", variables=("x1",), parameters=("s1",), low=(-0.4,), high=(0.4,), definitions={"F": f},
        expression=expression, prescription=prescription,
    )  # fmt: skip


PINCHED = integral("1/F", "s1 + 0*x1", "F")
NO_NUMBER = integral("log(s1 - 3*x1)")


@pytest.mark.parametrize(
    ("name", "fields", "bad", "error"),
    [
        ("gauss_legendre", {"epsrel": 1e-3}, PINCHED, NoCausalContour),
        ("lattice_qmc", {"points": 16, "transform": "tent", "a": 0.0}, PINCHED, NoCausalContour),
        ("learned_contour", {"order": 2, "degree": 1}, NO_NUMBER, InputError),
        ("chebyshev", {"max_labels": 40, "labels": "lattice_qmc,points=64"}, NO_NUMBER, InputError),
        ("total_degree", {"max_labels": 100, "labels": "lattice_qmc,points=64"}, NO_NUMBER, InputError),
        ("dense_mlp", {"n_labels": 20, "n_updates": 1, "labels": "lattice_qmc,points=64"}, NO_NUMBER, InputError),
    ],
)
def test_a_method_whose_fit_failed_gives_no_values(name, fields, bad, error):
    method, s = methods.create(name, **fields).fit(integral("1/(2 + s1 + x1)")), [[0.1]]
    assert method.integrate(s).value.shape == (1,)
    with pytest.raises(error):
        method.fit(bad)
    with pytest.raises(InputError, match="is not fitted; call fit or load it first"):
        method.integrate(s)
    assert method.fit(integral("1/(3 + s1 + x1)")).integrate(s).value.shape == (1,)


@pytest.mark.parametrize("name", methods.METHODS)
def test_no_method_keeps_its_integral_where_it_refuses_another_one(name, monkeypatch):
    method = methods.create(name)
    method.integral_ = integral("1/(2 + s1 + x1)")
    monkeypatch.setattr(type(method), "unsupported", lambda self, integral: "it is a test")
    with pytest.raises(InputError, match="cannot treat mine: it is a test"):
        method.fit(integral("1/(3 + s1 + x1)"))
    assert "integral_" not in vars(method)


@pytest.mark.parametrize("name", methods.METHODS)
def test_a_method_that_is_not_fitted_says_so(name, tmp_path):
    method = methods.create(name)
    assert not hasattr(method, "integral_")
    for ask in (lambda: method.integrate(np.array([[0.1]])), lambda: method.save(tmp_path / "model")):
        with pytest.raises(InputError, match=rf"^{method.name} is not fitted; call fit or load it first\.$"):
            ask()
    assert not (tmp_path / "model").exists()


@dataclass(kw_only=True)
class Own(Method):
    """A method of one's own that calls no function of `Method` in its `fit`."""

    name: ClassVar[str] = "own"
    source: ClassVar[str] = "a test"
    ends_by: type[BaseException] | None = None

    def fit(self, integral, *, budget=None, monitor=None):
        """Keep the integral, or end by an exception."""
        self.integral_ = integral
        if self.ends_by is not None:
            raise self.ends_by
        return self

    def integrate(self, s):
        return Estimate(np.ones(len(self.integral_.check(s))), np.zeros(len(s)), 0)


class Inheriting(Own):
    """Fits by the `fit` of its base class."""

    def fit(self, integral, *, budget=None, monitor=None):
        return super().fit(integral, budget=budget, monitor=monitor)


@pytest.mark.parametrize("cls", [Own, Inheriting])
@pytest.mark.parametrize("ends_by", [RuntimeError, KeyboardInterrupt])
def test_a_method_of_ones_own_forgets_an_earlier_fit(cls, ends_by):
    method = cls().fit(integral("1/(2 + s1 + x1)"))
    assert method.integrate(np.array([[0.1]])).value == [1.0]
    method.measured_ = {"mean": 5.0}
    assert method.fit(integral("1/(3 + s1 + x1)")).measured_ is None
    method.ends_by = ends_by
    with pytest.raises(ends_by):
        method.fit(integral("1/(2 + s1 + x1)"))
    with pytest.raises(InputError, match="is not fitted; call fit or load it first"):
        method.integrate(np.array([[0.1]]))


class WithoutIntegral(Own):
    """Keeps its integral under a name of its own, and has a property."""

    def fit(self, integral, *, budget=None, monitor=None):
        self.mine_ = integral
        return self

    def integrate(self, s):
        return Estimate(np.full(len(self.mine_.check(s)), self.factor), np.zeros(len(s)), 0)

    @property
    def factor(self):
        return self.mine_.k + 0.5


def test_a_method_of_ones_own_need_not_keep_its_integral():
    method, s = WithoutIntegral(), np.array([[0.1]])
    for name in ("mine_", "nothing"):
        with pytest.raises(AttributeError, match=f"'WithoutIntegral' object has no attribute '{name}'") as problem:
            getattr(method, name)
        assert not isinstance(problem.value, InputError)
    with pytest.raises(AttributeError, match="'mine_'"):
        _ = method.factor
    assert copy.copy(method.fit(integral("1/(2 + s1 + x1)"))).integrate(s).value == [1.5]


def test_a_fit_keeps_its_signature_and_its_documentation():
    assert list(inspect.signature(Own.fit).parameters) == ["self", "integral", "budget", "monitor"]
    assert Own.fit.__doc__ == "Keep the integral, or end by an exception."
