"""Compiled integrands against mpmath: all of the catalogue, and mistakes that must be noticed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from integrals import plain, product

import references
from references.values import formula_check, truth_files
from references.values.truth_files import TruthError

FORMULAS = [name for name in references.names() if references.integral(name).expression is not None]


@pytest.mark.parametrize("name", FORMULAS)
def test_compiled_integrands_are_what_mpmath_finds(name):
    assert formula_check.check(references.integral(name), n=20)


@pytest.mark.parametrize("name", FORMULAS)
def test_stored_truth_says_that_its_formula_was_compared(name):
    table = truth_files.read(truth_files.folder() / f"{name}.csv", references.integral(name))
    assert f"mpmath at {formula_check.N_POINTS} points" in table.truth.how


def test_digits_lost_by_the_compiled_formula_are_noticed():
    integral = product(3)
    wrong = dataclasses.replace(integral, integrand=lambda s, x: integral.integrand(s, x) * (1 + 2e-13))
    with pytest.raises(TruthError, match=r"differs from mpmath by 2\.\de-13 at s = \["):
        formula_check.check(wrong)


def test_digits_lost_by_the_fast_path_alone_are_noticed():
    integral = product(3)

    class Wrong:
        def __call__(self, s, x):
            return integral.integrand(s, x)

        def at_nodes(self, x):
            return lambda s: integral.at_nodes(x)(s) * (1 - 1e-12)

        def weighted_sum(self, x, weights):
            return integral.weighted_sum(x, weights)

    with pytest.raises(TruthError, match="differs from mpmath"):
        formula_check.check(dataclasses.replace(integral, integrand=Wrong()))


def test_python_functions_are_left_out():
    assert formula_check.check(plain(2)) is None


def test_many_digits_are_those_of_the_closed_form():
    integral = product(2)
    s, x = integral.sample(5, seed=0), np.random.default_rng(1).random((5, 2))
    expected = np.prod(1 / (s[:, :1] + s[:, 1:] * x) ** 2, axis=1)
    np.testing.assert_allclose(formula_check.in_many_digits(integral, s, x), expected, rtol=1e-14)
