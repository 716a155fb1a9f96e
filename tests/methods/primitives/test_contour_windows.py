"""Where a box is divided: by algebra, at corner zeros, before any map; and which of several maps is taken."""

from __future__ import annotations

import types

import numpy as np
import pytest

import references
from methods.base import ParametricIntegral
from methods.core.budget import Clock
from methods.primitives import contour_cuts, contour_refinement, contour_trials, contour_vote, contour_windows
from methods.primitives.contour_region import Wanted
from methods.primitives.contour_search import Found
from methods.primitives.contour_windows import WindowSearch


def with_corners(f: str, **ranges: tuple[float, float]) -> ParametricIntegral:
    """Return an integral over x and y with this F."""
    low, high = zip(*ranges.values(), strict=True)
    return ParametricIntegral.from_expression(
        name="with_corners", variables=("x", "y"), parameters=tuple(ranges), low=low, high=high,
        expression="1/F", definitions={"F": f}, prescription="F",
    )  # fmt: skip


@pytest.fixture(scope="module")
def low() -> ParametricIntegral:
    return references.integral("box2l_low")


def test_the_two_loop_sector_is_divided_where_f_vanishes_at_eight_corners(low):
    below, above = contour_windows.first_boxes(low)
    assert (below.low, below.high) == (low.low, (9.0, *low.high[1:]))
    assert (above.low, above.high) == ((9.0, *low.low[1:]), low.high)


def test_a_window_is_divided_at_the_corner_zeros_that_are_left(low):
    below, _ = contour_cuts.parts(low, (0, 9.0))
    assert contour_cuts.at_corner_zeros(below) == (0, 6.0)


def test_a_box_without_corner_zeros_is_one_window():
    between = references.integral("box2l_physical")
    assert contour_windows.first_boxes(between) == [between]


@pytest.mark.parametrize(
    ("f", "ranges", "cut"),
    [
        ("1 + x + y - s*x*y/2", {"s": (4.0, 8.0)}, (0, 6.0)),
        ("1 + x + y - s*x*y/2", {"s": (4.0, 5.5)}, None),
        ("1 + x + y - s*x*y/2", {"s": (5.99, 8.0)}, None),
        ("1 + x + y - s*x*y/2 - t*x", {"t": (0.0, 0.5), "s": (4.0, 8.0)}, None),
        ("1 + x + y - 2*s*x/5 - 2*s*y/5 + 3*s*x*y/10", {"s": (3.0, 8.0)}, (0, 5.0)),
        ("1 + x + y - s*x*y - t*x - t*y + t*x*y", {"t": (2.5, 4.0), "s": (1.0, 3.5)}, None),
        ("4 - s*x - s*y + s*x*y", {"t": (0.0, 1.0), "s": (1.0, 5.0)}, (1, 4.0)),
        ("4 - s**2*x*y", {"s": (1.0, 3.0)}, None),
    ],
)  # fmt: skip
def test_the_plane_of_most_corner_zeros_well_inside_the_box_divides_it(f, ranges, cut):
    assert contour_cuts.at_corner_zeros(with_corners(f, **ranges)) == cut


def test_real_integrals_have_no_corner_zeros_to_divide_at():
    assert contour_cuts.at_corner_zeros(references.integral("box1l")) is None


def test_without_corner_zeros_the_invariant_is_halved_along_which_maps_differ_most():
    integral = with_corners("1 + x + y", s=(2.0, 6.0), t=(1.0, 3.0))
    points = integral.sample(64, seed=0)
    assert contour_cuts.at_middle(integral, points, np.exp(points[:, 1])) == (1, 2.0)


def test_the_map_that_most_others_agree_with_is_taken_with_the_nearest_one():
    values = np.ones((4, 24)) * np.array([[1.002], [1.0], [1.00001], [0.9998]])
    distance = contour_vote.distances(values)
    assert distance[0, 1] == pytest.approx(2e-3, rel=0.01)
    assert set(contour_vote.central_pair(distance, np.zeros(4, dtype=bool))) == {1, 2}


@pytest.mark.parametrize(
    ("refuted", "pair"), [([], (1, 2)), ([1], (2, 1)), ([1, 2, 3], (0, 2)), ([0, 1, 2, 3], (1, 2))]
)
def test_a_refuted_map_is_the_most_central_one_only_where_all_are(refuted, pair):
    values = np.ones((4, 24)) * np.array([[1.01], [1.0], [1.00001], [0.9998]])
    is_refuted = np.isin(np.arange(4), refuted)
    assert contour_vote.central_pair(contour_vote.distances(values), is_refuted) == pair


def test_of_two_maps_the_first_one_stays_the_first():
    assert contour_vote.central_pair(np.array([[0.0, 1e-3], [1e-3, 0.0]]), np.zeros(2, dtype=bool)) == (0, 1)


class Region:
    """Stands for a region whose two maps are that far apart everywhere; None where there is one map only."""

    is_refuted = False

    def __init__(self, integral: ParametricIntegral, distance: float | None) -> None:
        self.integral, self.distance, self.points = integral, distance, integral.sample(16, seed=0)
        self.apart = None if distance is None else np.full(16, distance)

    def choose(self, *_) -> Region:
        return self

    def within(self, integral: ParametricIntegral) -> Region:
        return Region(integral, self.distance)


WHOLE = with_corners("1 + x + y", s=(2.0, 6.0), t=(1.0, 3.0))


@pytest.fixture
def asked(monkeypatch) -> list[bool]:
    """Replace all fits of a window; return whether there was time to compile whenever two maps were compared."""
    calls: list[bool] = []

    def agreeing(search, name, degree, orders, may_compile):
        calls.append(may_compile)
        return Found("map", 0.1, 0.0, 1.0), None

    monkeypatch.setattr(contour_trials, "ranked_orders", lambda *_: [])
    monkeypatch.setattr(contour_trials, "agreeing", agreeing)
    monkeypatch.setattr(contour_vote, "apart", lambda *_: 0.0)
    monkeypatch.setattr(contour_refinement, "refined", lambda search, found, steps: found)
    monkeypatch.setattr(contour_windows, "region_of", lambda box, *_: Region(box, 0.0))
    return calls


def window_search(budget: float | None = None) -> WindowSearch:
    search = types.SimpleNamespace(n_tried=2, refuted=set())
    return WindowSearch(lambda box: [search], None, Wanted(1e-5, 1000, None), 1, 0, "cpu", Clock(budget))


@pytest.mark.parametrize(("budget", "may_compile"), [(None, True), (60.0, True), (1.0, False)])
def test_two_maps_are_compared_by_compiled_sums_where_there_is_time_for_that(asked, budget, may_compile):
    window_search(budget).find([WHOLE], 1)
    assert asked == [may_compile]


def distances(monkeypatch, whole: float | None, part: float | None) -> list[float | None]:
    """Return how far apart maps are in two windows, where those of the whole box and new ones of parts are that far."""
    monkeypatch.setattr(contour_windows, "region_of", lambda box, *_: Region(box, whole if box is WHOLE else part))
    return [window.region.distance for window in window_search().find([WHOLE], 2)[0]]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("whole", "part", "kept"),
    [(1e-2, 1e-3, 1e-3), (1e-2, 1e-1, 1e-2), (1e-2, None, 1e-2), (None, 1e-2, 1e-2), (None, None, None)],
)
def test_a_map_that_no_other_confirms_is_the_worst_of_all(monkeypatch, whole, part, kept):
    assert distances(monkeypatch, whole, part) == [kept, kept]


def test_of_one_map_alone_or_a_refuted_one_nothing_tells_how_far_it_is_from_others():
    two, refuted = Region(WHOLE, 0.1), Region(WHOLE, 0.1)
    refuted.is_refuted = True
    assert contour_windows.quantile(two) == pytest.approx(0.1)
    assert contour_windows.quantile(refuted) == contour_windows.quantile(Region(WHOLE, None)) == np.inf
