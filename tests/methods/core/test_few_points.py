"""One call of the compiled kernel says what the steps say, and no operation of torch takes part."""

from __future__ import annotations

import numpy as np
import pytest
from integrals import plain, product
from torch.overrides import TorchFunctionMode

import methods
from methods.core import few_points
from methods.core.arithmetic import FUNCTIONS, Arithmetic, Factor

pytestmark = pytest.mark.skipif(few_points.library() is None, reason="there is no compiler")

S = np.array([[0.3, 1.7, -0.4], [2.2, 0.6, 0.9]])

NUMPY = {
    "abs": np.abs,
    "cos": np.cos,
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "exp": np.exp,
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "log": np.log,
    "reciprocal": lambda x: 1 / x,
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "sin": np.sin,
    "softplus": lambda x: np.log1p(np.exp(x)),
    "sqrt": np.sqrt,
    "square": np.square,
    "tanh": np.tanh,
}


def evaluated(arithmetic: Arithmetic, rows, s=S) -> np.ndarray:
    """Evaluate rows (n_rows, n) one by one, each as the value of a method."""
    found = []
    for i in range(rows.n):
        arithmetic.outputs["value"] = arithmetic.cast(arithmetic.take(rows, [i]), "float64")
        found.append(few_points.FewPoints(lambda: arithmetic)(s)[0])
    return np.array(found)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions(function, dtype):
    arithmetic = Arithmetic(3)
    s = np.abs(S) if function in ("log", "sqrt") else S
    found = evaluated(arithmetic, arithmetic.apply(function, arithmetic.cast(arithmetic.s, dtype)), s)
    np.testing.assert_allclose(found, NUMPY[function](s.T), rtol={"float64": 1e-14, "float32": 1e-6}[dtype])


def _polynomial(a: Arithmetic):
    alpha = np.array([[i, j, k] for i in range(5) for j in range(4) for k in range(3) if i + j + k < 6])
    c = np.random.default_rng(1).normal(size=(len(alpha), 2))
    vander = [np.polynomial.chebyshev.chebvander(x, 4) for x in S.T]
    terms = np.prod([of[:, degrees] for of, degrees in zip(vander, alpha.T, strict=True)], axis=0)
    return a.polynomial(a.s, alpha, c), (terms @ c).T


def _affine(a: Arithmetic, n_out: int, n_in: int):
    rng = np.random.default_rng(0)
    weights, bias, x = rng.normal(size=(n_out, n_in)), rng.normal(size=n_out), np.resize(S.T, (n_in, 2))
    return a.affine(a.take(a.s, np.resize(range(3), n_in)), weights, bias), weights @ x + bias[:, None]


STEPS = {
    "take and join": lambda a: (a.join(a.take(a.s, [2, 0]), a.s), np.vstack([S.T[[2, 0]], S.T])),
    "sort": lambda a: (a.sort(a.s, [2, 0, 1]), np.sort(S.T, axis=0)[[1, 2, 0]]),
    "scale": lambda a: (a.scale(a.s, [1, 2, 3], 0.5), S.T * [[1], [2], [3]] + 0.5),
    "one row": lambda a: _affine(a, 1, 9),
    "some rows": lambda a: _affine(a, 7, 6),
    "at least": lambda a: (a.at_least(a.s, 0.5), np.maximum(S.T, 0.5)),
    "add": lambda a: (a.add(a.s, a.take(a.s, [1])), S.T + S.T[1]),
    "multiply": lambda a: (a.multiply(a.s, a.s), S.T**2),
    "outer": lambda a: (a.outer(a.s, a.take(a.s, [2, 1])), (S.T[:, None] * S.T[[2, 1]]).reshape(6, 2)),
    "chebyshev": lambda a: (a.chebyshev(a.take(a.s, [0]), 6), np.polynomial.chebyshev.chebvander(S[:, 0], 5).T),
    "polynomial": _polynomial,
    "node sum": lambda a: (
        a.node_sum(a.s, [Factor(np.arange(1.0, 9).reshape(4, 2), -2), Factor(np.ones((4, 2)), 3)], np.array([2.0, 3])),
        [2, 3] @ ((np.arange(1.0, 9).reshape(4, 2).T @ np.vstack([S.T, [1, 1]])) ** -2 * (S.sum(axis=1) + 1) ** 3),
    ),
    "select": lambda a: (a.select(a.take(a.s, [1]), 1.0, a.s, a.scale(a.s, -1)), np.where(S.T[1] >= 1, S.T, -S.T)),
}


@pytest.mark.parametrize("step", STEPS)
def test_steps(step):
    arithmetic = Arithmetic(3)
    rows, expected = STEPS[step](arithmetic)
    np.testing.assert_allclose(evaluated(arithmetic, rows), np.atleast_2d(expected), rtol=1e-13)


def test_a_complex_value_has_two_rows_and_an_error_may_be_missing():
    arithmetic = Arithmetic(3)
    arithmetic.outputs["value"] = arithmetic.take(arithmetic.s, [0, 1])
    value, error = few_points.FewPoints(lambda: arithmetic)(S)
    assert np.array_equal(value, S[:, 0] + 1j * S[:, 1])
    assert np.isnan(error).all()


# ----- methods that use it --------------------------------------------------------------------------------------------


class NoTorch(TorchFunctionMode):
    """Refuse all functions of torch."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        raise AssertionError(f"{function} was called")


METHODS = {
    "tensor_train": {"max_labels": 400, "n_pilot": 50},
    "separable_primitive": {"width": 50, "n_replicas": 2, "n_updates": 1},
    "dense_mlp": {"n_labels": 60, "n_updates": 2, "width": 8, "depth": 2},
    "deep_ensemble": {"n_labels": 60, "n_updates": 2, "width": 8, "depth": 1, "n_replicas": 2},
    "differential_mlp": {"n_labels": 50, "n_iterations": 2, "width": 8},
}


@pytest.mark.parametrize("name", METHODS)
def test_few_points_need_no_torch_and_agree_with_batches(name, tmp_path):
    method = methods.create(name, **METHODS[name]).fit(product(2))
    s = product(2).sample(few_points.MOST + 1, seed=0)
    expected = method.integrate(s)
    method.save(tmp_path / "saved")
    tolerance = 1e-13 if method.precision == "float64" else 1e-6
    for subject in (method, methods.load(tmp_path / "saved")):
        with NoTorch():  # from the first call on: the steps are listed by then
            found = subject.integrate(s[:-1])
        np.testing.assert_allclose(found.value, expected.value[:-1], rtol=tolerance)
        np.testing.assert_allclose(found.error, expected.error[:-1], rtol=1e-3, atol=tolerance)
        assert found.n_eval == expected.n_eval // len(s) * few_points.MOST


def test_calls_of_torch_are_noticed():
    """A batch makes them."""
    method = methods.create("differential_mlp", **METHODS["differential_mlp"]).fit(product(2))
    with pytest.raises(AssertionError, match="was called"), NoTorch():
        method.integrate(product(2).sample(few_points.MOST + 1, seed=0))


def test_what_cannot_be_listed_goes_the_usual_way():
    """f(s, 1/2) of a Python function is no list of steps."""
    method = methods.create("dense_mlp", **METHODS["dense_mlp"]).fit(plain(2))
    s = plain(2).sample(20, seed=0)
    np.testing.assert_allclose(method.integrate(s[:1]).value, method.integrate(s).value[:1], rtol=1e-6)


def test_another_fit_forgets_the_first_one():
    table, s = methods.create("total_degree", max_labels=100).fit(product(2)), product(2).sample(1, seed=0)
    first = table.integrate(s).value
    np.testing.assert_allclose(table.fit(product(1)).integrate(s).value, product(1).exact(s), rtol=1e-4)
    assert table.integrate(s).value != first


def test_nothing_is_kept_during_a_fit():
    s, n_looks = product(2).sample(few_points.MOST + 1, seed=0), 0

    def look(method):
        nonlocal n_looks
        n_looks += 1
        np.testing.assert_allclose(method.integrate(s[:1]).value, method.integrate(s).value[:1], rtol=1e-6)

    methods.create("dense_mlp", **METHODS["dense_mlp"] | {"n_updates": 401}).fit(product(2), monitor=look)
    assert n_looks > 1
