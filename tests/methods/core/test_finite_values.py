"""Formulas that have no real value somewhere in the cube or the box: told by a sentence, never by a silent NaN."""

from __future__ import annotations

import numpy as np
import pytest

import methods
from methods.base import InputError, ParametricIntegral
from methods.core.finite_values import finite

DIRECT = {
    "gauss_legendre": {"order": 4}, "lattice_qmc": {"points": 64}, "scipy_qmc": {"points": 64}, "vegas": {},
    "vegas_map": {"points": 64}, "learned_contour": {"order": 4}, "tensor_train": {},
}  # fmt: skip


def integral(text, parameters=("s1",), name="partly"):
    m = len(parameters)
    return ParametricIntegral.from_expression(
        name=name, expression=text, variables=("x1",), parameters=parameters, low=(1.0,) * m, high=(2.0,) * m
    )


@pytest.mark.parametrize("name", DIRECT)
def test_an_integrand_that_is_no_number_at_the_fixed_points_is_not_fitted(name):
    pytest.importorskip("vegas")
    bad = integral("log(s1 - 3*x1) + s2", ("s1", "s2"))
    with pytest.raises(InputError, match=r"integrand of partly is no number at s1 = .*, s2 = .*, x = \[.*\]; give"):
        methods.create(name, **DIRECT[name]).fit(bad)


@pytest.mark.parametrize("name", [name for name in DIRECT if name != "tensor_train"])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_value_that_is_no_number_is_told_with_its_point(name):
    pytest.importorskip("vegas")
    # Not real within 1e-6 of s1 = 1.37 alone, which no fixed point, corner or drawn point meets.
    rarely = integral("x1 + sqrt((s1 - 1.37)**2 - 1e-12)")
    method = methods.create(name, **DIRECT[name]).fit(rarely)
    assert np.isfinite(method.integrate([[1.5]]).value).all()
    with pytest.raises(InputError, match=r"partly is nan at s1 = 1\.37; give an integrand that is real and finite"):
        method.integrate([[1.5], [1.37], [1.37]])


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_value_with_derivatives_that_is_no_number_is_told_with_its_point():
    method = methods.create("learned_contour", order=4).fit(
        integral("s1*x1 + sqrt((s1 - 1.37)**2 - 1e-12)"), budget=1.0
    )
    estimate, gradient = method.integrate_with_gradient([[1.5]])
    assert np.isfinite(estimate.value).all()
    assert np.isfinite(gradient).all()
    with pytest.raises(InputError, match=r"partly is nan at s1 = 1\.37; give an integrand that is real and finite"):
        method.integrate_with_gradient([[1.5], [1.37]])


def test_complex_integrals_may_have_no_value_on_the_real_cube():
    physical = ParametricIntegral.from_expression(
        name="physical", expression="F**(-0.5)", definitions={"F": "x1 - s1/3"}, variables=("x1",), parameters=("s1",),
        low=(1.0,), high=(2.0,), prescription="F",
    )  # fmt: skip
    assert np.isnan(physical.check_integrand()).any()
    assert len(physical.fingerprint()) == 16


@pytest.mark.parametrize(
    ("integrand", "said"),
    [
        (lambda s, x: x, r"float64 of shape \(8, 1\)"),
        (lambda s, x: 1.0, r"float64 of shape \(\)"),
        (lambda s, x: None, r"object of shape \(\)"),
        (lambda s, x: x[..., 0] > s[..., 0], r"bool of shape \(8,\)"),
    ],
)
def test_a_function_that_gives_no_numbers_is_told_what_it_must_give(integrand, said):
    wrong = ParametricIntegral(name="mine", k=1, parameters=("s1",), low=(1.0,), high=(2.0,), integrand=integrand)
    with pytest.raises(InputError, match=rf"integrand of mine gives {said}.*must give numbers \(8,\)"):
        wrong.fingerprint()


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_ratio_to_an_infinite_centre_is_no_target():
    peak = integral("s1/(x1 - 0.5)**2")
    with pytest.raises(InputError, match=r"f\(s, 1/2\) changes sign, vanishes or is not finite in the box of partly"):
        methods.create("dense_mlp", n_labels=20, n_updates=1, labels="lattice_qmc,points=64").fit(peak)


@pytest.mark.parametrize(
    ("text", "low", "told"),
    [
        ("x1 + sqrt(1.97 - s1)", 1.0, "nan at s1 = 2"),
        ("sqrt(s1 - x1)", 0.9, "nan at s1 = 0.9"),
        ("sqrt(s1 - x1)", 0.999, "nan at s1 = 0.999"),  # rules of one node do not meet it, whatever their map
        ("1/(s1*(1 + x1))", 0.0, "inf at s1 = 0"),
    ],
)
@pytest.mark.parametrize("fields", [{}, {"order": 4}])
@pytest.mark.filterwarnings("ignore:(invalid value|divide by zero)")
def test_rules_are_not_chosen_by_values_that_are_no_numbers(text, low, told, fields):
    """One corner of the box would ruin the rule for all s."""
    somewhere = ParametricIntegral.from_expression(
        name="somewhere", expression=text, variables=("x1",), parameters=("s1",), low=(low,), high=(2.0,)
    )
    with pytest.raises(InputError, match=rf"somewhere(_term\d)? is {told}; give an integrand that is real and finite"):
        methods.create("gauss_legendre", **fields).fit(somewhere)


def test_a_corner_among_many_that_has_no_value_is_told():
    """Maps are searched at 16 of 64 corners, which do not have it."""
    names = [f"s{j + 1}" for j in range(6)]
    rarely = integral(f"x1 + sqrt(11.5 - {' - '.join(names)})", names, "rarely")
    with pytest.raises(InputError, match=r"rarely(_term\d)? is nan at s1 = 2, s2 = 2, s3 = 2, s4 = 2, s5 = 2, s6 = 2"):
        methods.create("gauss_legendre").fit(rarely)


def over_mass() -> ParametricIntegral:
    """∫ dx/(m F) above threshold, over a box that begins at m = 0."""
    return ParametricIntegral.from_expression(
        name="over_mass", variables=("x",), parameters=("s", "m"), low=(5.0, 0.0), high=(30.0, 1.0), prescription="F",
        definitions={"F": "4 - s*x*(2 - x)"}, expression="1/(m*F)",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "fields", "told"),
    [
        ("gauss_legendre", {}, r"over_mass(_term1)? is .* at s = .*, m = 0; give an integrand that is finite"),
        # At m = 0 the product of all denominators is zero on every contour.
        ("learned_contour", {}, "No contour of over_mass was found"),
        ("learned_contour", {"order": 4}, "No contour of over_mass was found"),
    ],
)
@pytest.mark.filterwarnings("ignore:(invalid value|divide by zero)")
def test_a_rule_on_a_contour_is_not_chosen_by_values_that_are_no_numbers(name, fields, told):
    """One such point would make all errors NaN, so that each axis got one node."""
    with pytest.raises(InputError, match=told):
        methods.create(name, **fields).fit(over_mass())


@pytest.mark.parametrize("fields", [{}, {"order": 4}])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_learned_map_is_not_taken_for_an_integral_without_a_value_at_a_corner_of_the_box(fields):
    with pytest.raises(InputError, match=r"partly is nan at s1 = 2; give an integrand that is real and finite"):
        methods.create("learned_contour", **fields).fit(integral("x1 + sqrt(1.97 - s1)"))


@pytest.mark.parametrize("bad", [np.nan, np.inf, complex(1.0, np.nan), complex(np.inf, 0.0)])
def test_a_complex_value_that_is_no_number_is_told_with_its_point(bad):
    s = np.array([[6.0, 0.5], [7.0, 0.25]])
    with pytest.raises(InputError, match=r"over_mass is .* at s = 7, m = 0\.25; give an integrand that is finite away"):
        finite(np.array([1.0 + 1.0j, bad]), s, over_mass())
    with pytest.raises(InputError, match=r"at s = 7, m = 0\.25 on one of two contours; give"):
        finite(np.array([1.0 + 1.0j, bad]), s, over_mass(), remark=" on one of two contours")
    value = np.array([1.0 + 1.0j, 2.0j])
    assert finite(value, s, over_mass()) is value
