"""Tables of complex integrals with closed forms: digits on either side of a threshold, errors, files, evaluation."""

from __future__ import annotations

import copy
import dataclasses
import functools

import numpy as np
import pytest
import torch

import methods
from methods.base import InputError, ParametricIntegral
from methods.core.storage import StorageError
from methods.tables import cpu_polynomial, threshold_pieces
from methods.tables.complex_polynomial import ComplexSplitPolynomial
from methods.tables.coordinates import Target

EXACT = "label_methods:Exact,epsrel=1e-15"


def bubble(s: np.ndarray) -> np.ndarray:
    """Compute ∫ dx/(1 − s x(1 − x) − i0) = 2/(sβ) [log((1 − β)/(1 + β)) + iπ] at s (n,), real below 4."""
    beta = np.sqrt(1 - 4 / s.astype(np.complex128))
    value = 2 / (s * beta) * (np.log((1 - beta) / (1 + beta)) + 1j * np.pi)
    return np.where(s < 4, value.real, value)


def bubble_times_pole(low: float = 4.5, high: float = 30.0) -> ParametricIntegral:
    """∫ dx1 dx2 /(F (s2 + x2)²), F = 1 − s1 x1(1 − x1) − i0: the bubble times 1/(s2 (s2 + 1))."""
    return ParametricIntegral.from_expression(
        name="bubble_times_pole", variables=("x1", "x2"), parameters=("s1", "s2"), low=(low, 1.0), high=(high, 3.0),
        expression="1/(F*D**2)", definitions={"F": "1 - s1*x1*(1 - x1)", "D": "s2 + x2"}, prescription="F",
        exact=lambda s: bubble(s[:, 0]) / (s[:, 1] * (s[:, 1] + 1)),
    )  # fmt: skip


INTEGRALS = {
    "above": bubble_times_pole(),
    "below": bubble_times_pole(-20.0, 3.0),
    "across": bubble_times_pole(2.0, 8.0),
}
FIELDS = {
    "chebyshev": {"max_labels": 250},
    "total_degree": {"max_labels": 300, "n_pilot": 40},
    "tensor_train": {"max_labels": 600, "n_pilot": 40},
}
CASES = [(name, where) for name in FIELDS for where in INTEGRALS]


@functools.cache
def fitted(name, where):
    """Make a table, once."""
    return methods.create(name, labels=EXACT, **FIELDS[name]).fit(INTEGRALS[where])


@pytest.mark.parametrize(("name", "where"), CASES)
def test_digits_and_errors(name, where):
    integral, table = INTEGRALS[where], fitted(name, where)
    s = integral.sample(400, seed=5)
    value, error, n_eval = table.integrate(s)
    exact = integral.exact(s)
    assert value.dtype == np.complex128
    assert error.dtype == np.float64
    assert n_eval == 0
    miss = np.abs(value - exact)
    assert np.median(miss / np.abs(exact)) < 1e-5
    pull = miss / error
    assert 0.05 < np.sqrt(np.mean(pull**2)) < 5
    below = s[:, 0] < 4
    assert (value[below].imag == 0).all()
    assert (value[~below].imag > 0).all()


@pytest.mark.parametrize(("name", "where"), CASES)
def test_a_file_gives_the_same_values(name, where, tmp_path):
    integral, table = INTEGRALS[where], fitted(name, where)
    path = tmp_path / "table"
    table.save(path)
    again = type(table).load(path, integral)
    s = integral.sample(30, seed=6)
    for found, expected in zip(again.integrate(s), table.integrate(s), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_file_of_a_table_above_the_threshold_is_not_one_of_a_real_table(tmp_path):
    path = tmp_path / "table"
    fitted("chebyshev", "above").save(path)
    with pytest.raises(StorageError):
        methods.create("chebyshev").load(path, dataclasses.replace(INTEGRALS["above"], prescription=None))


@pytest.mark.parametrize("name", FIELDS)
def test_rows_batches_and_no_points(name):
    integral, table = INTEGRALS["across"], fitted(name, "across")
    s = integral.sample(50, seed=7)
    together = table.integrate(s).value
    singly = np.concatenate([table.integrate(row[None]).value for row in s])
    np.testing.assert_allclose(singly, together, rtol=1e-12)
    assert table.integrate(s[:0]).value.shape == (0,)


def test_without_a_compiler_the_values_are_the_same(monkeypatch, tmp_path):
    integral, table = INTEGRALS["above"], fitted("chebyshev", "above")
    s = integral.sample(50, seed=3)
    expected = table.integrate(s).value
    table.save(tmp_path / "table")
    monkeypatch.setattr(cpu_polynomial, "library", lambda: None)
    again = methods.load(tmp_path / "table", integral)
    np.testing.assert_allclose(again.integrate(s).value, expected, rtol=1e-10)


def test_the_parts_of_a_complex_polynomial():
    rng = np.random.default_rng(0)
    alpha = np.array(list(np.ndindex(3, 4)))
    c = rng.normal(size=12) + 1j * rng.normal(size=12)
    u = rng.uniform(-1, 1, (2, 20))
    terms = np.cos(alpha[:, :, None] * np.arccos(u)).prod(axis=1)
    found = ComplexSplitPolynomial(alpha, c, "cpu")(torch.as_tensor(u)).numpy()
    np.testing.assert_allclose(found, c @ terms, rtol=1e-12)


@pytest.mark.parametrize("power", [0, 1])
def test_targets_of_complex_labels(power):
    value = np.array([1 + 2j, -3 + 0.1j, 0.5j])
    target = Target.of_values(value, power)
    y = target.encode(value)
    np.testing.assert_allclose(y * target.scale if power == 0 else target.scale / y, value)
    np.testing.assert_allclose(target.decode(y), value)


def test_near_the_threshold_labels_are_not_computed_and_the_error_grows():
    table = fitted("chebyshev", "across")
    s = np.array([[4.001, 2.0], [4.1, 2.0], [6.0, 2.0]])
    relative = table.integrate(s).error / np.abs(table.integrate(s).value)
    assert relative[0] > 10 * relative[2]
    assert relative[1] < 2 * relative[2]


def two_sided(low: float, high: float) -> ParametricIntegral:
    """∫ dx1 dx2 /(F − i0), F = 1 − s x1(1 − x1) + s x2(1 − x2): thresholds at 4 and at −4."""
    return ParametricIntegral.from_expression(
        name="two_sided", variables=("x1", "x2"), parameters=("s",), low=(low,), high=(high,),
        expression="1/F", definitions={"F": "1 - s*x1*(1 - x1) + s*x2*(1 - x2)"}, prescription="F",
    )  # fmt: skip


@pytest.mark.parametrize(("low", "are_complex"), [(-8.0, [True, True]), (-3.0, [False, True])])
def test_a_piece_below_one_threshold_and_beyond_another_stays_complex(low, are_complex):
    pieces = threshold_pieces.pieces(two_sided(low, 8.0), np.array([4.0]))
    assert [piece.integral.is_complex for piece in pieces] == are_complex


def test_the_pieces_share_the_labels():
    table = fitted("total_degree", "across")
    assert [piece["max_labels"] for piece in table.details_["pieces"]] == [150, 150]
    assert table.details_["thresholds"] == {"s1": 4.0}


def test_a_complex_python_function_is_unsupported():
    integral = ParametricIntegral(
        name="python", k=1, parameters=("s",), low=(1.0,), high=(2.0,), prescription="F",
        integrand=lambda s, x: 1 / (s[..., 0] - 3 * x[..., 0]),
    )  # fmt: skip
    assert "threshold" in methods.create("chebyshev").unsupported(integral)


def test_a_table_that_was_complex_before_is_a_real_one_afterwards(tmp_path):
    real = dataclasses.replace(INTEGRALS["below"], prescription=None, exact=lambda s: INTEGRALS["below"].exact(s).real)
    table = copy.copy(fitted("chebyshev", "above")).fit(real)
    s = real.sample(20, seed=1)
    assert table.integrate(s).value.dtype == np.float64
    np.testing.assert_allclose(table.integrate(s).value, real.exact(s), rtol=1e-3)
    table.save(tmp_path / "table")
    np.testing.assert_array_equal(
        type(table).load(tmp_path / "table", real).integrate(s).value, table.integrate(s).value
    )
    assert table.export_form().outputs["value"].n == 1


@pytest.mark.parametrize("name", [pytest.param("chebyshev", marks=pytest.mark.slow), "tensor_train"])
def test_a_fit_cut_short_is_repeated_by_the_numbers_of_its_pieces(name, own_time):
    integral = INTEGRALS["across"]
    costly = f"{EXACT},seconds_per_label=0.01"
    first = methods.create(name, labels=costly).fit(integral, budget=3.0)
    assert own_time.now < 3.3
    assert first.details_["cut_short"]
    made = {field: first.details_[field] for field in ("max_labels", "n_pilot")}
    assert [len(numbers) for numbers in made.values()] == [2, 2]
    again = methods.create(name, labels=EXACT, **made).fit(integral)
    s = integral.sample(30, seed=6)
    for found, expected in zip(again.integrate(s), first.integrate(s), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_numbers_for_more_pieces_than_there_are_are_refused():
    with pytest.raises(InputError, match=r"max_labels has 3 numbers, and thresholds cut the box .* into 2 pieces"):
        methods.create("chebyshev", labels=EXACT, max_labels=[100, 100, 100]).fit(INTEGRALS["across"])


@pytest.mark.parametrize("name", ["chebyshev", "total_degree", "tensor_train"])
@pytest.mark.parametrize(
    ("n_pilot", "integral"),
    [
        (-5, "below"),
        (0, "below"),
        (1, "below"),
        (9, "below"),
        (400, "below"),
        (300, "below"),
        ([2.5, 9], "across"),
        ([9, 150], "across"),
    ],
)
def test_numbers_of_random_points_that_leave_no_labels_or_are_none_are_refused(name, n_pilot, integral):
    with pytest.raises(InputError, match=r"n_pilot is .*whole number .* smaller than max_labels, here (300|150) for"):
        methods.create(name, labels=EXACT, max_labels=300, n_pilot=n_pilot).fit(INTEGRALS[integral])
