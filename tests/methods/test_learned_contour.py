"""learned_contour: closed forms above threshold, honest errors, and contours that are not causal refused."""

from __future__ import annotations

import types

import numpy as np
import pytest
from honest_errors import assert_honest
from integrals import changing_sign, one_pole, product

import methods
import references
from methods.base import InputError, ParametricIntegral
from methods.core.errors import NoCausalContour
from methods.primitives import compiled_rule, contour_fit, contour_search
from methods.primitives.contour_search import Found
from methods.primitives.contour_windows import Window, WindowSearch
from methods.quadrature import corner_zero_error
from references.integrals import physical
from references.values import dispersion


def digits(value: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return -np.log10(np.maximum(np.abs(value / truth - 1), 1e-16))


@pytest.fixture(scope="module")
def triangle():
    return methods.create("learned_contour", epsrel=1e-7).fit(physical.triangle_physical())


def test_the_triangle_above_threshold_is_its_closed_form(triangle):
    s = triangle.integral_.sample(300, seed=3)
    estimate, truth = triangle.integrate(s), triangle.integral_.exact(s)
    assert estimate.value.dtype == np.complex128
    assert np.sqrt(np.mean(np.abs(estimate.value / truth - 1) ** 2)) < 1e-7
    assert triangle.orders_.prod() < 500


def test_its_errors_are_honest_and_real(triangle):
    s = triangle.integral_.sample(300, seed=4)
    estimate, truth = triangle.integrate(s), triangle.integral_.exact(s)
    pull = np.abs(estimate.value - truth) / estimate.error
    assert estimate.error.dtype == np.float64
    # All points have the root mean square error at least, which is that of few.
    assert_honest(pull, {1: 0.6, 3: 0.95}, largest_stated=100.0)
    assert np.median(pull) > 1e-3


def test_the_contour_of_the_bubble_passes_above_one_pole_and_below_the_other():
    integral = physical.bubble_physical()
    rule = methods.create("learned_contour", order=24).fit(integral)
    s = integral.sample(100, seed=3)
    assert digits(rule.integrate(s).value, integral.exact(s)).min() > 9
    assert rule.details_["share_not_causal"] == 0.0


def test_derivatives_are_those_of_the_closed_form(triangle):
    s, step = triangle.integral_.sample(20, seed=1) * 0.9 + 1, 1e-4
    estimate, gradient = triangle.integrate_with_gradient(s)
    exact = triangle.integral_.exact
    change = (exact(s + step) - exact(s - step)) / (2 * step)
    np.testing.assert_allclose(gradient[:, 0], change, rtol=1e-5)
    np.testing.assert_allclose(estimate.value, triangle.integrate(s).value, rtol=1e-13)


def test_a_contour_learned_alone_crowds_no_nodes_and_has_fewer_digits():
    integral = physical.triangle_physical()
    s = integral.sample(50, seed=0)
    both, alone = (
        methods.create("learned_contour", order=8, degree=2, learned=part).fit(integral) for part in ("both", "contour")
    )
    assert max(float(map_.a.real.abs().max()) for map_ in alone.maps_) == 0
    of_both, of_alone = (digits(rule.integrate(s).value, integral.exact(s)).mean() for rule in (both, alone))
    assert 1 < of_alone < of_both


def test_an_importance_map_learned_alone_keeps_the_phases_of_the_start():
    integral = physical.triangle_physical()
    (found,) = methods.create("learned_contour", order=4, degree=2, learned="importance").fit(integral).maps_
    of_start = 2 * integral.k  # a + b (2t_i − 1) for each variable
    assert 0 < np.count_nonzero(found.a.imag) <= of_start < np.count_nonzero(found.a.real.abs() > 1e-3)


def test_a_real_integral_without_an_importance_map_has_the_plain_rule():
    rule = methods.create("learned_contour", order=5, learned="contour").fit(references.integral("bubble"))
    assert float(rule.maps_[0].a.abs().max()) == 0


def test_the_part_that_is_learned_has_a_name():
    with pytest.raises(InputError, match="both, contour, importance"):
        methods.create("learned_contour", learned="nothing").fit(product(1))


def test_saved_maps_are_complex_still(triangle, tmp_path):
    triangle.save(tmp_path / "file")
    s = triangle.integral_.sample(10, seed=0)
    again = type(triangle).load(tmp_path / "file", physical.triangle_physical())
    np.testing.assert_array_equal(again.integrate(s).value, triangle.integrate(s).value)
    np.testing.assert_array_equal(again.integrate(s).error, triangle.integrate(s).error)


@pytest.mark.slow
def test_errors_hold_near_corner_zeros(tmp_path):
    """Where F vanishes at a corner of the cube rules converge slowly, and one of half the order says little."""
    sectors = references.integral("box1l_sectors_physical")
    zeros = corner_zero_error.planes(sectors)
    s = corner_zero_error.points(zeros, sectors)[:, ::3, :3].reshape(-1, sectors.m)
    exact = dispersion.values(s)
    fitted = methods.create("learned_contour").fit(sectors)
    fitted.save(tmp_path / "sectors")
    for method in (fitted, methods.load(tmp_path / "sectors", sectors)):
        found = method.integrate(s)
        off = np.abs(found.value - exact)
        assert np.mean(off < 3 * found.error) > 0.95
        assert np.median(found.error / np.abs(exact)) < 1e-2


def test_a_second_map_in_another_order_of_variables_agrees(triangle):
    assert triangle.details_["second_map_differs"] < 1e-3


def window(differs: float | None) -> Window:
    """Return a window of four variables whose second map differs by so much; None where there is no second one."""
    region = types.SimpleNamespace(differs=differs, max_nodes=20_000, orders=np.full((1, 4), 2))
    best = Found(types.SimpleNamespace(order=(0, 1, 2, 3)), 0.1, 0.0, 1.0)
    return Window(region, [(best, None)], n_tried=2, n_refuted=3, n_refinements=6)


@pytest.mark.parametrize("differs", [2e-5, None])
def test_a_window_of_one_map_alone_leaves_unknown_how_much_second_ones_differ(monkeypatch, differs):
    monkeypatch.setattr(WindowSearch, "find", lambda *_: ([window(1e-5), window(differs)], False))
    details = methods.create("learned_contour").fit(one_pole()).details_
    assert details["second_map_differs"] == differs
    assert details["n_refuted"] == 6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "order", "mean", "worst"),
    [("box1l_physical", 16, 12.0, 8.5), ("box1l_hh", 16, 11.5, 9.0), ("box1l_threshold_above", 20, 11.0, 8.0)],
)
def test_digits_of_the_box_above_threshold(name, order, mean, worst):
    integral = getattr(physical, name)()
    s = integral.sample(30, seed=5)
    truth = dispersion.values(s if integral.m == 3 else np.column_stack([s, np.full(30, physical.HIGGS)]))
    found = digits(methods.create("learned_contour", order=order).fit(integral).integrate(s).value, truth)
    assert found.mean() > mean
    assert found.min() > worst


def test_a_real_integral_has_a_real_map():
    integral = references.integral("box1l")
    rule = methods.create("learned_contour", n_orders=1, degree=1, epsrel=1e-6).fit(integral)
    truth = references.truth("box1l")
    assert not np.iscomplexobj(rule.maps_[0].a)
    assert digits(rule.integrate(truth.s[:200]).value, truth.value[:200]).mean() > 6


def test_an_integrand_of_both_signs_is_left_as_it_is():
    rule = methods.create("learned_contour").fit(changing_sign())
    s = changing_sign().sample(10, seed=0)
    np.testing.assert_allclose(rule.integrate(s).value, changing_sign().exact(s), rtol=1e-12)
    assert rule.details_["spread_of_log_g"] == [None]


def test_where_every_contour_is_on_the_wrong_side_it_says_so():
    pinched = ParametricIntegral.from_expression(
        name="pinched", variables=("x1",), parameters=("s",), low=(0.4,), high=(0.6,), expression="1/F",
        definitions={"F": "(x1 - s)**2 - 0.0001*x1"}, prescription="F",
    )  # fmt: skip
    with pytest.raises(InputError, match="wrong side"):
        methods.create("learned_contour").fit(pinched)


def test_a_python_function_with_a_prescription_is_refused():
    reason = methods.create("learned_contour").unsupported(
        ParametricIntegral(name="f", k=1, parameters=("s",), low=(1.0,), high=(2.0,), integrand=max, prescription="F")
    )
    assert "from_expression" in reason


def test_rules_too_large_to_compare_orders_are_refused_in_words_of_their_own():
    assert "4^11 nodes" in methods.create("learned_contour").unsupported(product(11))
    assert "max_nodes = 20000" in methods.create("learned_contour").unsupported(product(15))


@pytest.mark.parametrize("field", ["epsrel", "max_nodes", "order", "degree", "n_orders"])
def test_fields_are_above_zero(field):
    with pytest.raises(InputError, match=field):
        methods.create("learned_contour", **{field: 0}).fit(product(1))


def test_the_choices_of_a_short_budget_repeat_its_result():
    integral = physical.triangle_physical()
    rule = methods.create("learned_contour").fit(integral, budget=0.3)
    chosen = {name: rule.details_[name] for name in ("degree", "n_orders", "max_nodes")}
    s = integral.sample(5, seed=0)
    again = methods.create("learned_contour", **chosen).fit(integral)
    # Not to the last bit: a short budget has no seconds for compiling the sums.
    np.testing.assert_allclose(again.integrate(s).value, rule.integrate(s).value, rtol=1e-13)


def test_a_budget_that_is_over_at_once_leaves_nodes_enough_for_values():
    integral = physical.triangle_physical()
    rule = methods.create("learned_contour").fit(integral, budget=1e-3)
    s = integral.sample(20, seed=0)
    assert digits(rule.integrate(s).value, integral.exact(s)).min() > 3
    assert rule.details_["cut_short"]


def test_where_all_orders_of_variables_were_tried_nothing_was_cut_short():
    rule = methods.create("learned_contour", degree=1, order=8).fit(product(1), budget=1e-3)
    assert rule.details_["n_orders"] == 1
    assert not rule.details_["cut_short"]


@pytest.mark.parametrize(("budget", "degree"), [(None, 3), (1e-3, 1)])
def test_where_arcs_fail_the_degree_is_one_that_the_clock_allows(monkeypatch, budget, degree):
    asked = []

    def no_arcs(*_):
        raise NoCausalContour("every arc crosses a zero")

    def find(search, name, degree, n_orders):
        asked.append(degree)
        points = contour_fit.draw(4, search.coordinates, 1, 256, 0, "cpu")
        return Found(contour_fit.off_the_axis(search.term, points, 1, (0, 1, 2, 3)), 0.1, 0.0, 1.0), None

    monkeypatch.setattr(WindowSearch, "find", no_arcs)
    monkeypatch.setattr(contour_search, "find", find)
    monkeypatch.setattr(contour_search, "POINTS", 256)
    monkeypatch.setattr(contour_search, "FEW", 64)
    monkeypatch.setattr(compiled_rule, "kernel", lambda *_: None)
    details = methods.create("learned_contour", order=3).fit(one_pole(), budget=budget).details_
    assert asked == [details["degree"]] == [degree]
    assert details["n_refinements"] == 0
    assert details["cut_short"] == (budget is not None)


def test_a_budget_that_is_over_keeps_to_fewer_nodes_where_no_more_are_allowed():
    rule = methods.create("learned_contour", max_nodes=30).fit(physical.triangle_physical(), budget=1e-3)
    assert 1 < rule.orders_.prod() <= 30
