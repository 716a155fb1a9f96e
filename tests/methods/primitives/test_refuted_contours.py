"""Maps that a zero of F refutes: no two of them confirm each other, and what is left of them has no small error."""

from __future__ import annotations

import types
from collections.abc import Callable

import numpy as np
import pytest
import torch
from integrals import one_pole

from methods.core.budget import Clock
from methods.core.errors import NoCausalContour
from methods.primitives import (
    compiled_rule,
    contour_fit,
    contour_orders,
    contour_search,
    contour_target,
    contour_trials,
    contour_vote,
)
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.contour_coordinates import ContourCoordinates
from methods.primitives.contour_region import Wanted
from methods.primitives.contour_search import Found
from methods.primitives.contour_windows import WindowSearch

WANTED = Wanted(epsrel=1e-3, max_nodes=1000, order=4)


class Search:
    """Stands for the search of a complex term, whose maps are letters, as their orders of variables are."""

    term = types.SimpleNamespace(is_complex=True, k=4)
    coordinates, seed, n_tried = None, 0, 7

    def __init__(self) -> None:
        self.refuted: set[str] = set()

    def short(self, order: str) -> Found:
        return Found(types.SimpleNamespace(order=order), 0.1, 0.0, 1.0)

    def final(self, contour: types.SimpleNamespace, degree: int) -> Found:
        return Found(contour, 0.1, 0.0, 1.0)

    def drawn(self, n: int) -> None:
        return None


Given = Callable[[dict[str, float], str], list[bool]]


@pytest.fixture
def given(monkeypatch) -> Given:
    """Return a function that takes values by maps and those that are refuted, and lists which rules are compiled."""

    def give(values: dict[str, float], refuted: str) -> list[bool]:
        compiled = []

        class Rules:
            def __init__(self, terms, maps, coordinates, may_compile=True) -> None:
                compiled.append(may_compile)
                self.map = maps[0]

            def values(self, orders, s) -> np.ndarray:
                return np.full(24, values[self.map.order], dtype=complex)

        for module in (contour_trials, contour_vote):
            monkeypatch.setattr(module, "MovingTermRules", Rules)
        monkeypatch.setattr(contour_orders, "best_orders", lambda *_: None)
        monkeypatch.setattr(contour_trials, "count_zeros", lambda term, contour, *_: int(contour.order in refuted))
        return compiled

    return give


def agreeing(search: Search, orders: str, may_compile: bool = True) -> str:
    pair = contour_trials.agreeing(search, "letters", 1, list(orders), may_compile)
    return "".join(found.contour.order for found in pair)


@pytest.mark.parametrize(
    ("values", "refuted", "pair"),
    [
        ({"a": 1.0, "b": 1.0, "c": 2.0}, "", "ab"),
        ({"a": 1.0, "b": 1.0, "c": 1.0}, "a", "bc"),
        ({"a": 1.0, "b": 2.0, "c": 2.0}, "bc", "ab"),
        ({"a": 2.0, "b": 1.0, "c": 2.0}, "ac", "ba"),
        ({"a": 1.0, "b": 2.0, "c": 1.0}, "bc", "ac"),
        ({"a": 1.0, "b": 3.0, "c": 3.0, "d": 1.2}, "bcd", "ad"),
        ({"a": 1.0, "b": 2.0, "c": 2.0}, "abc", "bc"),
    ],
)
def test_two_refuted_maps_do_not_confirm_each_other_beside_one_that_is_not(given, values, refuted, pair):
    given(values, refuted)
    search = Search()
    assert agreeing(search, "".join(values)) == pair
    assert search.refuted <= set(refuted)
    assert (pair[0] in refuted) == (set(refuted) == set(values))


def test_maps_that_were_tried_and_refuted_are_counted(given):
    given({"a": 1.0, "b": 2.0, "c": 1.0, "d": 1.0, "e": 1.0}, "be")
    search = Search()
    assert agreeing(search, "abcde") == "ac"
    assert search.refuted == {"b"}


@pytest.mark.parametrize("may_compile", [True, False])
def test_whether_sums_on_maps_are_compiled_is_for_the_caller_to_say(given, may_compile):
    compiled = given({"a": 1.0, "b": 1.0}, "")
    agreeing(Search(), "ab", may_compile)
    assert compiled == [may_compile] * 2


def test_where_no_short_fit_is_causal_the_message_counts_those_that_were_tried():
    with pytest.raises(NoCausalContour, match="in all of 7 orders of variables"):
        agreeing(Search(), "")


@pytest.mark.parametrize(("refuted", "first"), [("", "d"), ("cd", "b"), ("bcd", "a"), ("abcd", "d")])
def test_of_several_maps_no_refuted_one_is_taken_beside_one_that_is_not(given, refuted, first):
    values = {"a": 1.01, "b": 1.005, "c": 1.0, "d": 1.0001}
    given(values, refuted)
    known = [Found(types.SimpleNamespace(order=x), 0.1, 0.0, 1.0, x in refuted) for x in "ab"]
    best, _ = contour_vote.central(Search(), 1, list(values), tuple(known), 1000)
    assert best.contour.order == first


# ----- what is said of a contour that is refuted --------------------------------------------------------------------


def a_map(is_refuted: bool) -> Found:
    """Return a map of arcs on the allowed side; a zero refutes it by word only."""
    points = contour_fit.draw(4, BoxCoordinates(one_pole(), "cpu"), 1, 256, 0, "cpu")
    contour = contour_fit.off_the_axis(one_pole(), points, 1, (1, 2, 3, 0), is_arc=True)
    return Found(contour, 0.1, 0.0, 1.0, is_refuted)


@pytest.fixture
def windows(monkeypatch):
    """Return a function that fits a window of `one_pole` on a map that the test gives."""
    monkeypatch.setattr(compiled_rule, "kernel", lambda *_: None)
    monkeypatch.setattr(contour_trials, "ranked_orders", lambda *_: [])

    def fitted(found: Found):
        monkeypatch.setattr(contour_trials, "agreeing", lambda *_: (found, None))
        search = types.SimpleNamespace(n_tried=4, refuted={(0, 1, 2, 3), (1, 2, 3, 0)} if found.is_refuted else set())
        return WindowSearch(lambda _: [search], None, WANTED, 1, 0, "cpu", Clock(None)).find([one_pole()], 1)[0][0]

    return fitted


@pytest.mark.parametrize("is_refuted", [False, True])
def test_the_error_on_a_refuted_contour_is_no_smaller_than_the_value(windows, is_refuted):
    window, s = windows(a_map(is_refuted)), one_pole().sample(20, seed=1)
    value, error = window.region.estimate(s)
    assert (error >= np.abs(value)).all() == is_refuted
    assert window.n_refuted == (2 if is_refuted else 0)


def test_it_stays_so_in_a_part_of_the_window_and_in_a_file(windows):
    region = windows(a_map(True)).region
    state = region.state("region.")
    again = type(region).of_state(one_pole(), state, "region.", "cpu")
    part = region.within(one_pole()).choose(WANTED, Clock(None))
    assert min(again.error.floor, part.error.floor) >= 1


def test_a_primitive_is_not_made_on_a_refuted_contour(monkeypatch):
    def end(*_):
        raise InterruptedError("the search by spread")

    monkeypatch.setattr(contour_search, "find", end)
    assert target_on(monkeypatch, a_map(False), 10, None) == (True, [])
    with pytest.raises(InterruptedError, match="by spread"):
        target_on(monkeypatch, a_map(True), 10, None)


@pytest.mark.parametrize(
    ("n_tried", "budget", "cut_short"), [(24, 245.0, []), (10, 105.0, ["order_of_map"]), (10, None, [])]
)
def test_a_primitive_says_that_the_clock_ended_the_search_where_orders_of_variables_are_left(
    monkeypatch, n_tried, budget, cut_short
):
    """A short fit takes a second here, so that a fifth of the budget is for 24 and for 10 orders."""
    assert target_on(monkeypatch, a_map(False), n_tried, budget) == (True, cut_short)


def target_on(monkeypatch, found: Found, n_tried: int, budget: float | None) -> tuple[bool, list[str]]:
    """Make a target on a map that the search by trial has found; return whether it has this map, and what was cut."""

    class Trial:
        def __init__(self, *_, on_arcs: bool = False, **__) -> None:
            self.n_tried = n_tried

        def short(self, order):
            return found

        def seconds_of_short(self) -> float:
            return 1.0

    monkeypatch.setattr(contour_search, "POINTS", 256)
    monkeypatch.setattr(contour_target, "Search", Trial)
    monkeypatch.setattr(contour_trials, "ranked_orders", lambda *_: [])
    monkeypatch.setattr(contour_trials, "agreeing", lambda *_: (found, None))
    coordinates = ContourCoordinates(one_pole(), {}, "cpu")
    target, cut_short = contour_target.find(one_pole(), coordinates, 0, "cpu", Clock(budget))
    return torch.equal(target.contour.a, found.contour.a), cut_short
