"""Exchange symmetries: what is learnt and said at sorted invariants is symmetric exactly."""

from __future__ import annotations

import numpy as np
import pytest
from integrals import callable_integral, product

import methods
import references
from methods.base import InputError
from methods.core.budget import Clock
from methods.surrogates import symmetry, targets

SWAPPED = [0, 1, 3, 2]
"""Columns of box1l_4d with its two masses exchanged."""

FIELDS = {
    "dense_mlp": {"depth": 2, "width": 8, "n_updates": 20},
    "skip_mlp": {"n_blocks": 1, "width": 8, "n_updates": 20},
    "bayesian_mlp": {"depth": 2, "width": 8, "n_updates": 20},
    "deep_ensemble": {"depth": 2, "width": 8, "n_updates": 20},
    "boosted_trees": {"max_depth": 4, "n_trees": 20, "max_bin": 64},
}
SURROGATES = pytest.mark.parametrize("name", FIELDS)


@pytest.fixture(scope="module")
def box():
    return references.integral("box1l_4d")


def fitted(name, box, **fields):
    if name == "boosted_trees":
        pytest.importorskip("xgboost", exc_type=ModuleNotFoundError)
    return methods.create(name, n_labels=500, **FIELDS[name], **fields).fit(box)


def test_the_integral_has_the_symmetry(box):
    assert box.parameters == ("s12", "s14", "mA2", "mB2")
    s = box.sample(20, seed=1)
    rule = methods.create("gauss_legendre", epsrel=1e-8).fit(box)
    np.testing.assert_allclose(rule.integrate(s[:, SWAPPED]).value, rule.integrate(s).value, rtol=1e-6)
    wrong = rule.integrate(s[:, [2, 1, 0, 3]]).value / rule.integrate(s).value - 1
    assert np.abs(wrong).max() > 1e-3


@SURROGATES
def test_values_are_symmetric_exactly_where_asked_for(name, box):
    s = box.sample(50, seed=2)
    folded = fitted(name, box, symmetry="mA2:mB2")
    np.testing.assert_array_equal(folded.integrate(s[:, SWAPPED]).value, folded.integrate(s).value)
    plain = fitted(name, box)
    assert not np.array_equal(plain.integrate(s[:, SWAPPED]).value, plain.integrate(s).value)


def test_the_training_set_is_folded(box):
    def points(text):
        columns = symmetry.columns(text, box)
        target = targets.make("ratio", box)
        return targets.examples(box, target, "gauss_legendre", 200, 0, Clock(None), columns).s

    folded, plain = points("mA2:mB2"), points("")
    assert (folded[:, 2] <= folded[:, 3]).all()
    assert (plain[:, 2] > plain[:, 3]).any()
    np.testing.assert_array_equal(np.sort(plain[:, 2:], axis=1), folded[:, 2:])
    np.testing.assert_array_equal(plain[:, :2], folded[:, :2])


def test_folding_leaves_the_caller_s_points_as_they_are(box):
    s = np.array([[-5.0, -6.0, -7.0, -8.0]])
    np.testing.assert_array_equal(symmetry.fold(s, [2, 3]), [[-5, -6, -8, -7]])
    np.testing.assert_array_equal(s, [[-5, -6, -7, -8]])
    assert symmetry.fold(s, []) is s


@SURROGATES
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mA2:mC2", "no kinematic invariant of box1l_4d 'mC2'"),
        ("mA2,mB2", "no kinematic invariant of box1l_4d 'mA2,mB2'"),
        ("mA2", "names no exchange"),
        ("mA2:mA2", "names no exchange"),
        ("mA2:mB2:mA2", "names no exchange"),
    ],
)
def test_wrong_names_are_refused(name, text, message, box):
    with pytest.raises(InputError, match=message):
        fitted(name, box, symmetry=text)


@SURROGATES
def test_an_exchange_that_changes_the_integral_is_refused(name, box):
    with pytest.raises(InputError, match=r"The symmetry is none: the integral is .* where these invariants are"):
        fitted(name, box, symmetry="s12:mA2")


def test_invariants_with_other_ranges_cannot_be_exchanged():
    uneven = callable_integral(
        lambda s, x: s[..., 0] + s[..., 1] + 0 * x[..., 0], parameters=("a", "b"), low=(1.0, 1.0), high=(2.0, 3.0)
    )
    with pytest.raises(InputError, match="same range"):
        symmetry.columns("a:b", uneven)
    assert symmetry.columns("s2:s1", product(1)) == [1, 0]
