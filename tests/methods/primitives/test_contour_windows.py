"""Where a box is divided: by algebra, at corner zeros, before any map; and which of several maps is taken."""

from __future__ import annotations

import numpy as np
import pytest

import references
from methods.base import ParametricIntegral
from methods.primitives import contour_cuts, contour_vote, contour_windows


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
    assert set(contour_vote.central_pair(distance)) == {1, 2}


def test_of_two_maps_the_first_one_stays_the_first():
    assert contour_vote.central_pair(np.array([[0.0, 1e-3], [1e-3, 0.0]])) == (0, 1)
