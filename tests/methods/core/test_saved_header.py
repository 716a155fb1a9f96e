"""The header of a saved method: whose integral it is, however that is written."""

from __future__ import annotations

import numpy as np
import pytest

import methods
from methods.base import InputError, ParametricIntegral
from methods.core import storage
from methods.core.storage import StorageError


def integral(expression: str, f: str = "1 - s*x1*x2") -> ParametricIntegral:
    return ParametricIntegral.from_expression(
        name="written", expression=expression, definitions={"F": f, "U": "1 + x1"}, variables=("x1", "x2"),
        parameters=("s",), low=(2.0,), high=(3.0,), prescription="F",
    )  # fmt: skip


@pytest.fixture
def saved(tmp_path):
    method = methods.create("chebyshev", max_labels=30).fit(integral("x1/F**2 + x2/F**2 + U/F**2"), budget=5)
    method.save(tmp_path / "model")
    return tmp_path / "model"


def test_terms_may_be_taken_together(saved):
    methods.load(saved, integral("(x1 + x2)/F**2 + U/F**2"))
    methods.load(saved, integral("(x1 + x2 + U)/F**2"))


def test_the_other_side_of_a_zero_is_another_integral(saved):
    with pytest.raises(StorageError, match="complex conjugate"):
        methods.load(saved, integral("(x1 + x2 + U)/F**2", f="s*x1*x2 - 1"))


def of_two_terms(first: str, second: str, expression: str = "1/F**2 + 1/G**2") -> ParametricIntegral:
    """∫ 1/(s + 5 a)² + 1/(s + b)² da db, with these names of the polynomials."""
    return ParametricIntegral.from_expression(
        name="of_two_terms", expression=expression, definitions={first: "s + 5*a", second: "s + b"},
        variables=("a", "b"), parameters=("s",), low=(1.0,), high=(2.0,),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["gauss_legendre", "learned_contour"])
def test_rules_are_loaded_for_the_terms_that_they_were_made_for(tmp_path, name):
    """Terms are ordered by the names in them."""
    saved, renamed = of_two_terms("F", "G"), of_two_terms("G", "F")
    assert saved.terms[0].expression.full == renamed.terms[1].expression.full
    method = methods.create(name, **({"order": 6} if name == "learned_contour" else {})).fit(saved, budget=2.0)
    method.save(tmp_path / "model")
    s = saved.sample(5, seed=0)
    for integral in (None, saved, renamed):
        again = methods.load(tmp_path / "model", integral).integrate(s)
        np.testing.assert_allclose(again.value, method.integrate(s).value, rtol=1e-11)


@pytest.mark.parametrize("name", ["gauss_legendre", "learned_contour"])
def test_rules_for_other_terms_are_refused(tmp_path, name):
    method = methods.create(name, order=2).fit(of_two_terms("F", "G"), budget=1.0)
    method.save(tmp_path / "model")
    with pytest.raises(StorageError, match="rules for 2 terms, and the formula of of_two_terms has 1"):
        methods.load(tmp_path / "model", of_two_terms("F", "G", "(F**2 + G**2)/(F*G)**2"))


@pytest.mark.parametrize(("name", "fields"), [("gauss_legendre", {"order": 2}), ("chebyshev", {"max_labels": 40})])
def test_a_device_that_is_not_here_is_told_in_a_sentence(tmp_path, name, fields):
    path = tmp_path / "model"
    methods.create(name, **fields).fit(of_two_terms("F", "G")).save(path)
    header, arrays = storage.read(path)
    header["params"]["device"] = "cuda:99"
    storage.write(path, header, arrays)
    with pytest.raises(InputError, match=f"{name}.device is 'cuda:99', which torch cannot use here"):
        methods.load(path)
