"""Maps for many variables: rules that converge, windows, honest errors where a contour fails, zeros that refute."""

from __future__ import annotations

import dataclasses
import types

import numpy as np
import pytest
import torch
from honest_errors import assert_honest
from integrals import one_pole

import methods
from methods.base import InputError, ParametricIntegral
from methods.core.budget import Clock
from methods.primitives import (
    compiled_rule,
    contour_fit,
    contour_orders,
    contour_refinement,
    contour_search,
    contour_trials,
    contour_zeros,
)
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.contour_region import ContourRegion, Wanted
from methods.primitives.pair_error import pair_error


@pytest.fixture(scope="module")
def rule():
    return methods.create("learned_contour", epsrel=1e-5, n_orders=2, max_windows=2).fit(one_pole())


@pytest.mark.slow
def test_a_rule_in_four_variables_has_the_digits_asked_for(rule):
    s = rule.integral_.sample(200, seed=1)
    found, exact = rule.integrate(s), rule.integral_.exact(s)
    assert np.sqrt(np.mean(np.abs(found.value / exact - 1) ** 2)) < 2e-5
    assert all(map_.is_arc for map_ in rule.maps_)
    assert rule.details_["second_map_differs"] < 1e-4


@pytest.mark.slow
def test_its_errors_are_honest(rule):
    s = rule.integral_.sample(200, seed=2)
    found, exact = rule.integrate(s), rule.integral_.exact(s)
    pull = np.abs(found.value - exact) / found.error
    assert_honest(pull, {1: 0.6, 3: 0.95})
    assert np.median(pull) > 1e-3


@pytest.mark.slow
def test_a_saved_rule_has_both_contours(rule, tmp_path):
    rule.save(tmp_path / "file")
    again = type(rule).load(tmp_path / "file", rule.integral_)
    s = rule.integral_.sample(5, seed=3)
    np.testing.assert_array_equal(again.integrate(s).value, rule.integrate(s).value)
    np.testing.assert_array_equal(again.integrate(s).error, rule.integrate(s).error)


def test_points_where_two_contours_differ_have_that_as_their_error():
    random = np.random.default_rng(0)
    value = np.ones(64, dtype=complex)
    lower, other = value + 1e-3 * random.normal(size=64), value + 1e-5 * random.normal(size=64)
    lower[50], other[50] = 1.3, 1.3
    error = pair_error(value, lower, other)
    assert error(value, lower)[50] == pytest.approx(0.3, rel=0.01)
    assert np.delete(error(value, lower), 50).max() < 2e-4


def test_points_where_both_rules_converge_slowly_do_not_raise_the_errors_of_the_others():
    random = np.random.default_rng(0)
    size = np.where(np.arange(64) % 8 == 0, 1e-2, 1e-5)  # of the smaller rule's errors
    value, exact = np.ones(64, dtype=complex) + 0.1 * size, np.ones(64, dtype=complex)
    lower = value + size * (1 + 0.1 * random.random(64))
    error = pair_error(value, lower, exact)(value, lower)
    assert error[::8].min() > 5e-4
    assert np.delete(error, np.s_[::8]).max() < 5e-6


def test_two_contours_on_which_the_integral_is_infinite_at_a_point_are_not_compared():
    integral = ParametricIntegral.from_expression(
        name="over_mass", variables=("x",), parameters=("s", "m"), low=(5.0, 0.0), high=(30.0, 1.0), prescription="F",
        definitions={"F": "4 - s*x*(2 - x)"}, expression="1/(m*F)",
    )  # fmt: skip
    contour = contour_fit.identity(1, 2, 1, (0,), torch.zeros(1, dtype=torch.complex128))
    region = ContourRegion(integral, [contour], [contour], "cpu", may_compile=False)
    with pytest.raises(
        InputError, match=r"over_mass is .* m = 0 on one of two contours; give an integrand that is finite"
    ):
        region.choose(Wanted(1e-3, 50, 2), Clock(None))


@pytest.mark.parametrize(("slope", "is_refuted"), [(0.0, False), (1.4, True)])
def test_zeros_on_the_way_refute_a_contour_that_changes_sides(slope, is_refuted):
    integral = one_pole()
    points = contour_fit.draw(4, BoxCoordinates(integral, "cpu"), 1, 256, 0, "cpu")
    start = contour_fit.off_the_axis(integral, points, 1, (1, 2, 3, 0), is_arc=True)
    contour = dataclasses.replace(start, a=start.a.clone())
    contour.parts[3][0][2] = 1j * slope  # the phase of x changes with a
    assert (contour_zeros.count_zeros(integral, contour, BoxCoordinates(integral, "cpu"), 0) > 10) == is_refuted


def test_one_order_of_variables_is_refused_where_a_second_contour_is_needed():
    with pytest.raises(InputError, match="second contour"):
        methods.create("learned_contour", n_orders=1).fit(one_pole())


def test_a_short_budget_leaves_two_orders_of_variables_for_two_contours(monkeypatch):
    def end(search, n_orders):
        raise InterruptedError(f"n_orders = {n_orders}")

    monkeypatch.setattr(contour_search, "POINTS", 256)
    monkeypatch.setattr(contour_search, "FEW", 64)
    monkeypatch.setattr(contour_trials, "ranked_orders", end)
    with pytest.raises(InterruptedError, match="n_orders = 2"):
        methods.create("learned_contour").fit(one_pole(), budget=1e-3)


def test_without_steps_nothing_is_compiled_for_a_refinement(monkeypatch):
    def compile_it(*_):
        raise InterruptedError

    monkeypatch.setattr(compiled_rule, "kernel", compile_it)
    found = contour_search.Found("map", 0.1, 0.0, 1.0)
    assert contour_refinement.refined(types.SimpleNamespace(term=None), found, 0) is found


@pytest.mark.parametrize(("share", "is_kept"), [(0.5, True), (1.0001, False)])
def test_zeros_refute_a_refined_map_that_its_sample_calls_causal(monkeypatch, share, is_kept):
    monkeypatch.setattr(contour_search, "POINTS", 1024)
    search = contour_search.Search(one_pole(), BoxCoordinates(one_pole(), "cpu"), 0, "cpu", on_arcs=True)
    points = contour_fit.draw(4, search.coordinates, 1, 256, 0, "cpu")
    start = contour_fit.off_the_axis(one_pole(), points, 1, (1, 2, 3, 0), is_arc=True)
    moved = dataclasses.replace(start, a=start.a.clone())
    moved.parts[3][0][2] = -share * moved.parts[3][0][0]  # with all of it the phase of x changes sign at a = 1

    class Refinement:
        def __init__(self, *_):
            pass

        def run(self, _):
            return moved

    monkeypatch.setattr(contour_zeros, "POINTS", 4096)
    monkeypatch.setattr(contour_zeros, "STARTS", 20)
    monkeypatch.setattr(compiled_rule, "kernel", lambda *_: "a kernel")
    monkeypatch.setattr(contour_refinement, "Refinement", Refinement)
    monkeypatch.setattr(contour_orders, "foreseen_nodes", lambda rules, *_: 1 if rules.maps[0] is moved else 2)
    refined = contour_refinement.refined(search, search.judged(start), 1)
    assert search.judged(moved).not_causal < contour_trials.NOT_CAUSAL
    assert (refined.contour is moved) == is_kept
