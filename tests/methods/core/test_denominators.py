"""The terms of an integral, and `integral.polynomial`: the polynomial in the denominator of each."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from integrals import plain, product
from published_formulas import F1

import references
from benchmarks.running.evaluation_counter import Meter
from methods.base import InputError, ParametricIntegral

S, X = np.array([[1.5, 2.5], [2.0, 3.0]]), np.array([[0.2, 0.7], [0.5, 0.1], [0.9, 0.4]])


def written(expression: str, **definitions: str) -> ParametricIntegral:
    return ParametricIntegral.from_expression(
        name="written", expression=expression, definitions=definitions, variables=("x", "y"), parameters=("s", "t"),
        low=(1.0, 1.0), high=(2.0, 3.0),
    )  # fmt: skip


def values(integral, s=S, x=X):
    return [value.tolist() for value in integral.polynomial(s[:, None], x)]


def expected(function, s=S, x=X):
    return function(s[:, None, 0], s[:, None, 1], x[:, 0], x[:, 1])


def test_it_is_f_of_the_paper():
    box1l = references.integral("box1l")
    s, x = np.array([-4.0, -9.0, -25.0]), np.array([0.1, 0.2, 0.3])
    point = dict(zip(("x1", "x2", "x3", "s12", "s14", "mH2"), [*x, *s], strict=True)) | {"mt2": 1.0}
    (f,) = box1l.polynomial(s, x)
    assert f.shape == ()
    assert f == pytest.approx(eval(" ".join(F1.split()), {}, point), rel=1e-14)


def test_each_term_of_a_sum_has_its_own():
    integral = written("x*U/F**2 + y/G**3", U="1 + x", F="s + t*x*y", G="s*t + x**2")
    by_term = dict(zip(map(str, (term.outer for term in integral.expression.terms)), values(integral), strict=True))
    assert by_term.keys() == {"U*x/F**2", "y/G**3"}
    np.testing.assert_allclose(by_term["U*x/F**2"], expected(lambda s, t, x, y: s + t * x * y), rtol=1e-14)
    np.testing.assert_allclose(by_term["y/G**3"], expected(lambda s, t, x, y: s * t + x**2 + 0 * y), rtol=1e-14)


@pytest.mark.parametrize(
    "formula",
    ["1/(U*F**2)", "1/(U*F)", "U**-1*F**-(3/2)", "(U*F)**(-1/2)", "exp(-x)*log(F)/F", "U**2/(s*F)", "1/(s + x*t)"],
)
def test_the_most_negative_power_counts_and_of_equals_the_one_whose_zeros_move(formula):
    integral = written(formula, U="1 + x*y", F="s + x*t")
    np.testing.assert_allclose(values(integral), [expected(lambda s, t, x, y: s + x * t + 0 * y)], rtol=1e-14)


def prescribed(expression: str, **definitions: str) -> ParametricIntegral:
    return ParametricIntegral.from_expression(
        name="prescribed", expression=expression, definitions=definitions, variables=("x",), parameters=("s",),
        low=(5.0,), high=(9.0,), prescription="F",
    )  # fmt: skip


@pytest.mark.parametrize("expression", ["1/D", "1/(F + 2)", "s + x"])
def test_a_prescription_names_what_the_formula_has(expression):
    with pytest.raises(InputError, match="names F, which the formula"):
        prescribed(expression, F="4 - s*x*(1 - x)", D="1 + s*x").polynomial(S[:, :1], X[:, :1])


def test_a_prescription_may_name_what_another_definition_is_made_of():
    integral = prescribed("R", F="4 - s*x*(1 - x)", R="1/F")
    s, x = S[:1, :1], X[:, :1]
    np.testing.assert_allclose(integral.polynomial(s, x)[0], 4 - s[:, 0] * x[:, 0] * (1 - x[:, 0]), rtol=1e-14)


def test_a_term_without_denominator_has_one():
    assert values(written("exp(-s*x) * (y + t)**2")) == [np.ones((2, 3)).tolist()]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex128])
def test_torch_keeps_dtype(dtype):
    s, x = torch.tensor(S, dtype=dtype), torch.tensor(X, dtype=dtype)
    (found,) = written("x/F**2", F="s + t*x*y").polynomial(s[:, None], x)
    assert found.dtype == dtype
    np.testing.assert_allclose(found.numpy().real, expected(lambda s, t, x, y: s + t * x * y), rtol=1e-6)


@pytest.mark.parametrize("array", [np.asarray, torch.tensor], ids=["numpy", "torch"])
def test_x_may_be_complex(array):
    x = X + 0.3j * X[:, ::-1]
    (found,) = written("x/F**2", F="s - t*x*y").polynomial(array(S)[:, None], array(x))
    np.testing.assert_allclose(np.asarray(found), expected(lambda s, t, x, y: s - t * x * y, x=x), rtol=1e-14)


def test_counting_evaluations_leaves_it_alone():
    meter = Meter()
    assert values(meter.metered(product(2))) == values(product(2))
    assert meter.n_eval == 0


def test_terms_add_up_and_one_of_them_is_part_of_an_evaluation():
    meter = Meter()
    integral = meter.metered(written("x*U/F**2 + y/G**3", U="1 + x", F="s + t*x*y", G="s*t + x**2"))
    s, x, weights = torch.tensor(S), torch.tensor(X), torch.ones(3, dtype=torch.float64)
    parts = [term.weighted_sum(x, weights)(s) for term in integral.terms]
    assert meter.n_eval == len(S) * len(X)
    assert [term.name for term in integral.terms] == ["written_term1", "written_term2"]
    torch.testing.assert_close(sum(parts), integral.weighted_sum(x, weights)(s))
    assert [len(term.polynomial(s[:, None], x)) for term in integral.terms] == [1, 1]


@pytest.mark.parametrize("integral", [product(2), plain(2)], ids=lambda integral: integral.name)
def test_what_is_no_sum_is_its_only_term(integral):
    assert integral.terms == [integral]


@pytest.mark.parametrize(
    ("integral", "message"),
    [
        (plain(2), "plain2 is a Python function, whose denominators are not known"),
        (written("1/(1 + exp(s*x)*y)"), "is no polynomial in"),
    ],
)
def test_unknown_denominators_are_refused(integral, message):
    with pytest.raises(InputError, match=message):
        integral.polynomial(S, X[0])
