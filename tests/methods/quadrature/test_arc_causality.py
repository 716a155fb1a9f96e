"""Contours: they lead from 0 to 1, and one on the wrong side of the zeros is noticed."""

from __future__ import annotations

import numpy as np
import pytest

import references
from methods.quadrature import arc_causality
from methods.quadrature.arc_rules import ArcMap, ArcRule, Contour

ARCS = (Contour(-1.1), Contour(-1.3), Contour(-0.1))
"""Of box1l_physical."""


def look(name: str, contours: tuple[Contour, ...]) -> arc_causality.Causality:
    integral = references.integral(name)
    corners = np.array([integral.low, integral.high])
    return arc_causality.look(integral, contours, arc_causality.sample(integral, corners, 2048))


@pytest.mark.parametrize("a", [ArcMap(-1.2), ArcMap(1.5, False, 0.5, 0.8), ArcMap(-1.0, True), ArcMap(1.0, True, 3.0)])
def test_rules_on_a_contour_integrate_what_is_analytic(a):
    x, weights = ArcRule(a, 40).nodes()
    np.testing.assert_allclose((weights * np.exp(x)).sum(), np.e - 1, rtol=1e-11)
    assert abs(x.imag).max() > 0.05


def test_arcs_with_imaginary_parts_of_f_of_either_sign_are_causal():
    found = look("box1l_physical", ARCS)
    assert found.share_not_causal == 0
    assert found.least_modulus > 0.1


@pytest.mark.parametrize("sign", [-1, 0])
def test_the_contour_of_the_other_prescription_and_none_are_not_causal(sign):
    contours = tuple(contour._replace(phase=sign * contour.phase) for contour in ARCS)
    assert look("box1l_physical", contours).share_not_causal > 0.1


def test_the_bubble_needs_an_s():
    for phase in (-1.2, -0.4, 0.4, 1.2):
        assert look("bubble_physical", (Contour(phase),)).share_not_causal > 0
    assert look("bubble_physical", (Contour(-1.0, True),)).share_not_causal == 0
    assert look("bubble_physical", (Contour(1.0, True),)).share_not_causal > 0
