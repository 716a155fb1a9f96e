"""Truth above threshold: contours on the right side, the dispersion relation, and files of complex values."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import references
from methods.base import InputError, ParametricIntegral
from references import tabulate
from references.integrals import physical
from references.values import arcs, deformation, dispersion, truth_files
from references.values.table_plans import Check, TablePlan

BOX = "box1l_physical"
ARC = arcs.Arcs((0.35 - 0.35j, 0.76 - 1.19j, 0.33 - 0.14j))
"""A contour for the box, near those that `arcs.tune` finds."""


def conjugate(contour):
    return arcs.Arcs(tuple(c.conjugate() for c in contour.c))


def heavy(low, high):
    """Return the box with other masses mH2."""
    ranges = physical.ABOVE | {"mH2": (low, high)}
    box = references.integral(BOX)
    lows, highs = zip(*ranges.values(), strict=True)
    return dataclasses.replace(box, low=lows, high=highs)


# --- contours ------------------------------------------------------------------------------------------------------


def test_a_contour_on_the_other_side_is_caught():
    box = references.integral(BOX)
    arcs.certify(box, ARC)
    with pytest.raises(InputError, match="crosses a zero of its F - i0"):
        arcs.certify(box, conjugate(ARC))


def test_the_other_side_gives_the_conjugate_value_which_dispersion_contradicts():
    box = references.integral(BOX)
    s = box.sample(3, seed=5)
    value, _ = arcs.integrate(box, ARC, 40, s)
    other, _ = arcs.integrate(box, conjugate(ARC), 40, s)
    exact = dispersion.values(s)
    np.testing.assert_allclose(value, exact, rtol=1e-7)
    np.testing.assert_allclose(other, exact.conj(), rtol=1e-7)
    assert (np.abs(other / exact - 1) > 0.1).all()


def test_one_axis_on_the_wrong_side_is_caught():
    box = references.integral(BOX)
    wrong = arcs.Arcs((ARC.c[0].conjugate(), *ARC.c[1:]))
    assert not arcs.is_causal(box, wrong, 512)


def test_arcs_beyond_the_anomalous_threshold_are_caught():
    """From mH2 = 2 on there is another threshold, at mH2 (4 − mH2): no arc serves both."""
    assert arcs.is_causal(heavy(0.5, 1.9), ARC, arcs.CERTIFIED)
    assert not arcs.is_causal(heavy(3.4, 3.6), ARC, arcs.CERTIFIED)
    with pytest.raises(InputError, match="mH2 < 2"):
        dispersion.values(np.array([[6.0, -10.0, 3.5]]))


@pytest.mark.parametrize(("expression", "is_causal"), [("1/(F*G)", False), ("G/F", True)])
def test_an_arc_beyond_a_pole_of_another_denominator_is_caught(expression, is_causal):
    beside_a_pole = ParametricIntegral.from_expression(
        name="beside_a_pole", variables=("x1",), parameters=("s",), low=(1.5,), high=(3.0,), prescription="F",
        definitions={"F": "1 - s*x1", "G": "(x1 - 1/2)**2 + 1/100"}, expression=expression,
    )  # fmt: skip
    below, above = (arcs.Arcs((complex(np.exp(1j * phase)),)) for phase in (-0.3, -0.6))  # 1/2 + 0.08i and 1/2 + 0.15i
    assert arcs.is_causal(beside_a_pole, below, 512)
    assert arcs.is_causal(beside_a_pole, above, 512) == is_causal


def test_converged_arcs_agree_with_dispersion_within_their_errors():
    box = references.integral("box1l_hh")
    s = box.sample(4, seed=1)
    found = arcs.converge(box, s, epsrel=1e-8)
    exact = dispersion.values(dispersion.arguments(box, s))
    assert (found.error <= 1e-8 * np.abs(exact)).all()
    assert (np.abs(found.value - exact) <= found.error).all()


def test_a_contour_that_follows_f_has_the_closed_forms():
    for name in ("bubble_physical", "triangle_physical"):
        integral = references.integral(name)
        s = integral.from_unit(np.array([[0.0], [0.4]]))
        found = deformation.converge(integral, s, epsrel=1e-8)
        assert (np.abs(found.value - integral.exact(s)) <= found.error).all()
        assert (found.error <= 1e-8 * np.abs(found.value)).all()


def test_a_contour_follows_f_that_is_linear_too():
    plane = ParametricIntegral.from_expression(
        name="plane", variables=("x1", "x2"), parameters=("s1",), low=(4.0,), high=(6.0,), prescription="F",
        definitions={"F": "3 - s1*x1 - x2"}, expression="1/F",
    )  # fmt: skip
    found = deformation.converge(plane, np.array([[5.0]]), epsrel=1e-8)
    # F changes its sign at x1 = (3 - x2)/5, and the integrals of log|F| at x1 = 0 and 1 are equal.
    np.testing.assert_allclose(found.value, 1j * np.pi / 5, rtol=1e-8)


def test_a_contour_that_follows_minus_f_is_refused(monkeypatch):
    monkeypatch.setattr(deformation, "STRENGTHS", (-0.5, -0.7))
    bubble = references.integral("bubble_physical")
    with pytest.raises(InputError, match="crosses a zero"):
        deformation.converge(bubble, np.array([[10.0]]), epsrel=1e-8)


# --- the dispersion relation ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [BOX, "box1l_hh", "box1l_threshold_above", "box1l_crossing"])
def test_two_quadratures_of_the_dispersion_integral_agree(name):
    integral = references.integral(name)
    corners = np.array(np.meshgrid(*[[0.0, 1.0]] * integral.m)).reshape(integral.m, -1).T
    s = np.concatenate([integral.from_unit(corners)[::4], integral.sample(2, seed=2)])
    s = dispersion.arguments(integral, s)
    exact, other = dispersion.values(s), dispersion.values_off_axis(s)
    np.testing.assert_allclose(other, exact, rtol=dispersion.OFF_AXIS_ERROR)


def test_dispersion_below_the_threshold_is_the_real_integral():
    integral = references.integral("box1l_crossing")
    s = np.array([[2.5, -10.0, 0.8], [3.5, -5.0, 1.2], [2.5, 2.5, 0.8], [3.0, 3.4, 1.5]])
    t, weight = np.polynomial.legendre.leggauss(48)
    t, weight = (t + 1) / 2, weight / 2
    x = np.stack(np.meshgrid(t, t, t, indexing="ij"), axis=-1).reshape(-1, 3)
    by_rule = integral.at_nodes(x)(s) @ np.einsum("i,j,k->ijk", weight, weight, weight).ravel()
    exact = dispersion.values(s)
    assert (exact.imag == 0).all()
    np.testing.assert_allclose(exact.real, by_rule, rtol=1e-9)
    np.testing.assert_allclose(dispersion.values_off_axis(s), exact, rtol=1e-12, atol=1e-14)


def test_two_quadratures_of_the_dispersion_integral_agree_where_q_changes_sign_on_the_cut():
    s = np.array([[6.0, 2.5, 0.8], [20.0, 3.4, 1.5], [5.0, 2.2, -10.0]])
    np.testing.assert_allclose(dispersion.values_off_axis(s), dispersion.values(s), rtol=1e-12)


@pytest.mark.parametrize(
    ("function", "point"),
    [
        (dispersion.values, [6.0, 4.0, 0.8]),
        (dispersion.values, [6.0, -4.0, 2.0]),
        (dispersion.values_off_axis, [6.0, 3.6, 0.8]),
        (dispersion.values_off_axis, [6.0, -4.0, 2.0]),
    ],
)
def test_dispersion_is_refused_where_the_relation_does_not_hold(function, point):
    with pytest.raises(InputError, match="dispersion relation holds for mH2 < 2 and s14 < "):
        function(np.array([point]))


def test_sectors_above_threshold_add_up_to_the_box_without_faces():
    """At complex s, away from all zeros of F, both are integrals over the same simplex."""
    whole, sectors = references.integral(BOX), references.integral("box1l_sectors_physical")
    t, weight = np.polynomial.legendre.leggauss(32)
    t, weight = (t + 1) / 2, weight / 2
    x = np.stack(np.meshgrid(t, t, t, indexing="ij"), axis=-1).reshape(-1, 3)
    w = np.einsum("i,j,k->ijk", weight, weight, weight).ravel()
    s = np.array([[6.0 + 6.0j, -10.0, 0.8]])
    one, four = (integral.integrand(s, x) @ w for integral in (whole, sectors))
    assert one == pytest.approx(four, rel=1e-7)


# --- definitions ---------------------------------------------------------------------------------------------------


def test_the_prescription_is_part_of_what_an_integral_is():
    box = references.integral(BOX)
    real = dataclasses.replace(box, prescription=None)
    assert box.is_complex
    assert not real.is_complex
    assert box.fingerprint() != real.fingerprint()


def test_a_prescription_names_a_polynomial_of_each_term():
    def integral(prescription):
        return ParametricIntegral.from_expression(
            name="two", variables=("x1",), parameters=("s",), low=(5.0,), high=(6.0,),
            expression="1/F1 + x1/F2", definitions={"F1": "1 - s*x1*(1 - x1)", "F2": "1 + x1 - s*x1"},
            prescription=prescription,
        )  # fmt: skip

    s, x = np.array([[5.0]]), np.array([[0.25]])
    one, two = integral("F").polynomial(s, x)
    assert one == pytest.approx(1 - 5 * 0.25 * 0.75)
    assert two == pytest.approx(1.25 - 5 * 0.25)
    with pytest.raises(InputError, match="name one polynomial of each term"):
        integral("U")
    with pytest.raises(InputError, match="name one polynomial of each term"):
        integral("F1")


# --- files ---------------------------------------------------------------------------------------------------------

PLAN = TablePlan(4, 3, 1e-12, (Check("dispersion_off_axis", 1e-12, 4, 3),), values_by="dispersion")


def test_complex_values_are_written_and_read_again(tmp_path):
    box = references.integral("box1l_hh")
    said = tabulate.tabulate(box, PLAN, tmp_path)
    assert "dispersion relation" in said
    path = tmp_path / "box1l_hh.csv"
    table = truth_files.read(path, box)
    truth = table.truth
    assert truth.value.dtype == np.complex128
    assert truth.error.dtype == np.float64
    np.testing.assert_array_equal(truth.value, dispersion.values(dispersion.arguments(box, truth.s)))
    independent = table.independent["dispersion_off_axis"]
    assert np.abs(independent[:, 0] / truth.value - 1).max() < 1e-12
    assert truth_files.stored_hashes(path).truth_hash == truth.digest()
    # What is as planned is left alone.
    before = path.read_bytes()
    tabulate.tabulate(box, PLAN, tmp_path)
    assert path.read_bytes() == before


def test_a_table_of_conjugate_values_is_not_written(tmp_path, monkeypatch):
    box = references.integral("box1l_hh")
    off_axis = dispersion.values_off_axis
    monkeypatch.setattr(dispersion, "values_off_axis", lambda s: off_axis(s).conj())
    with pytest.raises(truth_files.TruthError, match="one of them is wrong"):
        tabulate.tabulate(box, PLAN, tmp_path)
    assert not list(tmp_path.glob("*.csv"))
