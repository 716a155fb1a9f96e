"""Thresholds and corner zeros: those of the physical integrals, and polynomials that have none of their own."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from integrals import plain

import references
from methods.base import InputError, ParametricIntegral
from methods.core.thresholds import corner_zeros, is_positive, thresholds
from methods.quadrature import corner_zero_error
from references.integrals import physical

WHOLE = (
    physical.bubble_physical, physical.triangle_physical, physical.box1l_physical, physical.box1l_hh,
    physical.box1l_threshold_above,
)  # fmt: skip


def of_polynomial(f: str, **ranges: tuple[float, float]) -> ParametricIntegral:
    """∫ dx1 dx2 /F over a box."""
    low, high = zip(*ranges.values(), strict=True)
    return ParametricIntegral.from_expression(
        name="of_polynomial", variables=("x1", "x2"), parameters=tuple(ranges), low=low, high=high, expression="1/F",
        definitions={"F": f}, prescription="F",
    )  # fmt: skip


@pytest.mark.parametrize("make", WHOLE, ids=lambda make: make.__name__)
def test_the_threshold_is_four_and_no_corner_vanishes(make):
    integral = make()
    assert thresholds(integral) == {integral.parameters[0]: 4.0}
    assert corner_zeros(integral) == []


@pytest.mark.parametrize("mass", [1e-9, 1.0, 3e10])
def test_a_threshold_is_found_in_any_unit(mass):
    f = f"{mass!r}*(x1 + x2)**2 + {mass!r}*(1 - x1)*(1 - x2) + {mass!r} - s*x1*(1 - x1)"
    in_gev = thresholds(of_polynomial(f.replace(repr(mass), "1.0"), s=(5.0, 30.0)))
    found = thresholds(of_polynomial(f, s=(5 * mass, 30 * mass)))
    assert found["s"] == pytest.approx(in_gev["s"] * mass, rel=1e-8)


def test_a_threshold_is_found_far_below_the_upper_end_of_the_box():
    assert thresholds(of_polynomial("1 - s*x1*(1 - x1)", s=(5.0, 1e8))) == {"s": 4.0}
    assert thresholds(of_polynomial("x1*x2 - s*x1*(1 - x1)", s=(5.0, 1e8))) == {}


def test_a_polynomial_that_is_negative_in_a_tiny_part_of_the_cube_is_not_positive():
    f = "(x1 - 3/8 - 1/999)**2 + (x2 - 5/8 + 1/777)**2 - s"
    assert not is_positive(of_polynomial(f, s=(1e-9, 1e-8)))
    assert is_positive(of_polynomial(f, s=(-1e-8, -1e-9)))


def test_a_box_across_the_threshold_has_it_and_its_corner():
    integral = physical.box1l_crossing()
    assert thresholds(integral) == {"s12": 4.0}
    assert {str(zero.polynomial) for zero in corner_zeros(integral)} == {"4 - s12"}


def test_a_threshold_is_found_though_the_box_reaches_further_below_zero():
    box = physical.box1l_crossing()
    for low, expected in ((-30.0, 4.0), (2.0, 4.0)):
        assert thresholds(dataclasses.replace(box, low=(low, *box.low[1:]))) == {"s12": expected}


def test_sectors_share_the_threshold_and_have_corner_zeros():
    integral = physical.box1l_sectors_physical()
    assert thresholds(integral) == {"s12": 4.0}
    found = corner_zeros(integral)
    expected = {"9 - s12", "-2*mH2 - s12 + 9", "-2*mH2 - s12 - s14 + 16"}
    assert {str(zero.polynomial) for zero in found} == expected
    term, corner, polynomial = found[0]
    (f,) = integral.terms[term].polynomial(integral.sample(1, seed=0), integral.sample(1, seed=0) * 0 + corner)
    s = dict(zip(integral.expression.parameters, integral.sample(1, seed=0)[0], strict=True))
    assert f[0] == pytest.approx(float(polynomial.subs(s)))


def test_a_corner_at_which_the_polynomial_is_not_affine_hides_no_corner_zero_of_others():
    integral = of_polynomial("(s - 9)*x1 + m**2*(1 - x1)", s=(5.0, 30.0), m=(1.0, 2.0))
    assert {str(zero.polynomial) for zero in corner_zeros(integral)} == {"s - 9"}
    assert len(corner_zero_error.planes(integral)) == 1
    mixed = of_polynomial("(s - 9)*x1 - (s*m**3 + 1)*(1 - x1)", s=(5.0, 30.0), m=(0.0, 2.0))
    assert {zero.corner for zero in corner_zeros(mixed)} == {(1, 0), (1, 1)}


@pytest.mark.parametrize(
    ("f", "m"), [("s - 2*m**2 + x1", (1.0, 2.0)), ("(s - 9)*x1 + m**2*(1 - x1)", (-1.0, 2.0))], ids=["both", "square"]
)
def test_a_corner_at_which_it_is_not_affine_and_may_vanish_is_told(f, m):
    with pytest.raises(InputError, match="at a corner, is not affine in"):
        corner_zeros(of_polynomial(f, s=(5.0, 30.0), m=m))


def test_an_error_is_stated_near_the_other_corner_zeros_where_one_corner_is_not_affine():
    planes = corner_zero_error.planes(of_polynomial("(s - 9)*x1 + m**2*(1 - x1)", s=(5.0, 30.0), m=(-1.0, 2.0)))
    np.testing.assert_allclose(planes / planes[0, 0], [[1.0, 0.0, -9.0]])


@pytest.mark.parametrize(("low", "n_planes"), [((21.0, -30.0, 0.5), 0), ((16.0, -30.0, 0.5), 2)])
def test_two_loops(low, n_planes):
    integral = dataclasses.replace(references.integral("box2l"), low=low, high=(28.5, -3.0, 1.5))
    assert thresholds(integral) == {"s12": 4.0}
    assert len({zero.polynomial for zero in corner_zeros(integral)}) == n_planes


def test_no_threshold_below_zero_nor_for_invariants_that_raise_the_polynomial():
    assert thresholds(references.integral("box1l")) == {}
    assert thresholds(of_polynomial("1 + s*x1*x2", s=(1.0, 9.0))) == {}


def test_a_threshold_that_depends_on_other_invariants_is_none():
    assert thresholds(of_polynomial("m - s*x1*(1 - x1)*x2", s=(5.0, 9.0), m=(1.0, 1.2))) == {}


def test_a_polynomial_that_is_negative_anyhow_has_no_threshold():
    assert thresholds(of_polynomial("x1 - 0.5 - s*x2", s=(1.0, 2.0))) == {}


def test_a_threshold_on_the_negative_side_and_faces_where_the_polynomial_vanishes():
    assert thresholds(of_polynomial("x1*x2*(1 + x1 + s*x1*x2)", s=(-9.0, -3.0))) == {"s": -2.0}
    # Towards x1 = 0, where the polynomial vanishes for all s, the quotient (x1 + x2)/x2 comes near to 1.
    assert thresholds(of_polynomial("x1*(x1 + x2) - s*x1*x2", s=(2.0, 3.0)))["s"] == pytest.approx(1.0, abs=1e-5)


def test_a_python_function_is_refused():
    for find in (thresholds, corner_zeros):
        with pytest.raises(InputError, match="Python function"):
            find(plain(2))
