"""Contours: they lead from 0 to 1, and one on the wrong side of the zeros is noticed."""

from __future__ import annotations

import numpy as np
import pytest

import methods
import references
from methods.base import InputError, ParametricIntegral
from methods.core.causality import around_other_zeros
from methods.quadrature import arc_causality
from methods.quadrature.arc_rules import ArcMap, ArcRule, Contour

ARCS = (Contour(-1.1), Contour(-1.3), Contour(-0.1))
"""Of box1l_physical."""


def causality_on(integral: ParametricIntegral | str, contours: tuple[Contour, ...]) -> arc_causality.Causality:
    if isinstance(integral, str):
        integral = references.integral(integral)
    corners = np.array([integral.low, integral.high])
    return arc_causality.causality_on(integral, contours, arc_causality.sample(integral, corners, 2048))


@pytest.mark.parametrize("a", [ArcMap(-1.2), ArcMap(1.5, False, 0.5, 0.8), ArcMap(-1.0, True), ArcMap(1.0, True, 3.0)])
def test_rules_on_a_contour_integrate_what_is_analytic(a):
    x, weights = ArcRule(a, 40).nodes()
    np.testing.assert_allclose((weights * np.exp(x)).sum(), np.e - 1, rtol=1e-11)
    assert abs(x.imag).max() > 0.05


def test_arcs_with_imaginary_parts_of_f_of_either_sign_are_causal():
    found = causality_on("box1l_physical", ARCS)
    assert found.share_not_causal == 0
    assert found.least_modulus > 0.1


@pytest.mark.parametrize("sign", [-1, 0])
def test_the_contour_of_the_other_prescription_and_none_are_not_causal(sign):
    contours = tuple(contour._replace(phase=sign * contour.phase) for contour in ARCS)
    assert causality_on("box1l_physical", contours).share_not_causal > 0.1


def test_the_bubble_needs_an_s():
    for phase in (-1.2, -0.4, 0.4, 1.2):
        assert causality_on("bubble_physical", (Contour(phase),)).share_not_causal > 0
    assert causality_on("bubble_physical", (Contour(-1.0, True),)).share_not_causal == 0
    assert causality_on("bubble_physical", (Contour(1.0, True),)).share_not_causal > 0


def beside_a_pole(factor: str) -> ParametricIntegral:
    """∫ factor/F dx, where all arcs with Im x > 0 are causal for F, and G and H vanish at x = 1/2 ± i/10."""
    g = "(x1 - 1/2)**2 + 1/100"
    return ParametricIntegral.from_expression(
        name="beside_a_pole", variables=("x1",), parameters=("s",), low=(1.5,), high=(3.0,), prescription="F",
        definitions={"F": "1 - s*x1", "G": g, "H": f"-s*({g})"}, expression=f"{factor}/F",
    )  # fmt: skip


@pytest.mark.parametrize("factor", ["1/G", "1/sqrt(G)", "log(G)", "1/H", "1/(G**2*(1 + x1))", "(G*H)**(-1/3)"])
def test_a_contour_beyond_a_pole_of_another_denominator_is_noticed(factor):
    integral = beside_a_pole(factor)
    assert causality_on(integral, (Contour(-0.6),)).share_not_causal > 0.03  # it passes x = 1/2 at 0.15i
    assert causality_on(integral, (Contour(-0.3),)).share_not_causal == 0  # at 0.08i


@pytest.mark.parametrize("factor", ["1", "G", "G**2*x1**(-1/2)", "1/(1 + x1)", "1/(3*s*x1 - 3)"])
def test_zeros_that_are_no_poles_may_be_passed(factor):
    assert causality_on(beside_a_pole(factor), (Contour(-0.6),)).share_not_causal == 0


def test_a_rule_that_would_pass_a_pole_is_refused_in_a_sentence():
    with pytest.raises(InputError, match=r"tried for beside_a_pole .* other denominators"):
        methods.create("gauss_legendre").fit(beside_a_pole("1/G"))


def test_the_other_denominator_of_a_triangle_leaves_all_contours_but_the_widest():
    triangle = references.integral("triangle1l_physical")
    points = arc_causality.sample(triangle, np.array([triangle.low, triangle.high]), 8192)

    def n_around(phase: float) -> int:
        def x(tau: float) -> np.ndarray:
            return Contour(phase).part(tau).at(points.t)[0]

        (around,) = around_other_zeros(triangle, points.s, x)
        return around.sum()

    assert causality_on(triangle, (Contour(-0.9), Contour(-0.9))).share_not_causal == 0
    assert [n_around(phase) for phase in (-2.2, -1.2, 0.0, 1.2, 2.2)] == [0] * 5
    assert n_around(2.4) > 0  # 1 + x1*x2 vanishes where x1 = -1/x2 = -i
