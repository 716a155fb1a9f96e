"""Windows of s with maps of their own, where one map for the whole box is too little.

A box inside which F vanishes at corners of the cube is divided there (`contour_cuts.py`) before any map is fitted. A
window whose two maps still differ by more than is wanted at a fifth of its points, or whose map no other one confirms,
is divided further, if more windows are allowed: at corner zeros inside it or, where there are none, at the middle of
the invariant along which that difference varies most. Each window has its own search for the orders of variables: those
that need fewest nodes below a corner zero do not above it. On box2l_low one map has four digits at 43 % of the points
with 9e5 nodes, two windows at 74 %, and at 84 % with 2.2e6.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from methods.base import ParametricIntegral
from methods.core.budget import Clock
from methods.core.errors import NoCausalContour
from methods.primitives import contour_cuts, contour_refinement, contour_trials, contour_vote
from methods.primitives.compiled_rule import COMPILING_SECONDS
from methods.primitives.contour_region import ContourRegion, Wanted
from methods.primitives.contour_search import Found, Search

REFINING_SECONDS, REFINING_SHARE = 3.0, 0.6
"""Seconds that a step of the fit by errors of rules may take, and the share of those left that all may."""

TOO_FAR, SHARE = 1e-4, 0.8
"""Where this quantile of the difference of two maps is above TOO_FAR, or the error wanted if that is larger, a region
is divided."""

Pair = tuple[Found, Found | None]
"""The map of a term, and another one that agrees with it."""

Pairs = list[Pair]
"""For each term."""


class Window(NamedTuple):
    """A region, and what is known of its maps."""

    region: ContourRegion
    pairs: Pairs
    n_tried: int
    """How many orders of variables were tried for a term."""
    n_refuted: int
    """How many maps of all terms a zero of F on the way to them refuted."""
    n_refinements: int
    """Steps in which its maps were fitted to the errors of rules, at most."""
    is_settled: bool = False
    """Whether new maps were no better than those of the region that it is a part of."""

    @property
    def apart(self) -> float:
        """How far apart values by two maps of the region are (`quantile`); 0 where new maps were no better."""
        return 0.0 if self.is_settled else quantile(self.region)


@dataclasses.dataclass(frozen=True)
class WindowSearch:
    """How windows are fitted.

    Attributes
    ----------
    searches_of : callable
        Makes the searches of the terms of an integral, whose box is that of a window.
    n_orders : int or None
        Largest number of orders of variables that are tried for each term.
    wanted : Wanted
        Of the rules.
    degree : int
        Of the maps.
    n_refinements : int
        Steps of the fit by errors of rules.
    device : str
        Where to compute.
    clock : Clock
        Clock of the budget.
    """

    searches_of: Callable[[ParametricIntegral], list[Search]]
    n_orders: int | None
    wanted: Wanted
    degree: int
    n_refinements: int
    device: str
    clock: Clock

    def find(self, boxes: list[ParametricIntegral], max_windows: int) -> tuple[list[Window], bool]:
        """Fit maps for these boxes, and divide them until the maps agree, or there are `max_windows`.

        Returns
        -------
        list of Window
            They make up the boxes.
        bool
            Whether the clock ended it.

        Raises
        ------
        NoCausalContour
            Where there is none for one of the boxes.
        """
        windows, seconds = [], 0.0
        for i, box in enumerate(boxes):
            before = self.clock.left
            windows.append(self._fitted(box, self.clock.share(1 / (len(boxes) - i))))
            seconds = before - self.clock.left if self.clock.is_limited else 0.0
        while len(windows) < max_windows:
            i = max(range(len(windows)), key=lambda i: windows[i].apart)
            if windows[i].apart <= self._too_far:
                break
            if 2 * seconds > self.clock.left:
                return windows, True
            window = windows.pop(i)
            windows += [self._part(window, box) for box in _divided(window.region)]
        return windows, False

    @property
    def _too_far(self) -> float:
        return max(self.wanted.epsrel, TOO_FAR)

    def _fitted(self, box: ParametricIntegral, clock: Clock) -> Window:
        """Fit maps for a box; where the first two that agree still differ too much, others may be better."""
        started, searches = clock.left, self.searches_of(box)
        orders = [contour_trials.ranked_orders(search, self.n_orders) for search in searches]
        compiling_s = 2 * COMPILING_SECONDS * len(searches)
        pairs = [
            contour_trials.agreeing(search, box.name, self.degree, of_term, clock.left > compiling_s)
            for search, of_term in zip(searches, orders, strict=True)
        ]
        may_compile = clock.left > compiling_s
        steps = self.n_refinements if may_compile else 0
        if clock.is_limited and REFINING_SECONDS * steps * len(pairs) > REFINING_SHARE * clock.left:
            steps = 0
        may_compare = may_compile and not (clock.is_limited and started - clock.left > clock.left)
        pairs = [
            self._improved(search, of_term, pair, steps, may_compare)
            for search, of_term, pair in zip(searches, orders, pairs, strict=True)
        ]
        region = region_of(box, pairs, self.device, may_compile).choose(self.wanted, clock)
        n_tried, n_refuted = max(search.n_tried for search in searches), sum(len(search.refuted) for search in searches)
        return Window(region, pairs, n_tried, n_refuted, steps)

    def _improved(
        self, search: Search, orders: Sequence[tuple[int, ...]], pair: Pair, steps: int, may_compare: bool
    ) -> Pair:
        """Fit a map to the errors of rules or, where two maps differ too much for that, take the most central one."""
        if not may_compare or contour_vote.apart(search, pair) <= self._too_far:
            return contour_refinement.refined(search, pair[0], steps), pair[1]
        return contour_vote.central(search, self.degree, orders, pair, self.wanted.max_nodes)

    def _part(self, window: Window, box: ParametricIntegral) -> Window:
        """Return rules for a part on new maps or, where these do not agree better there, on those of the window."""
        region = window.region.within(box).choose(self.wanted, self.clock)
        old = window._replace(region=region, is_settled=True)
        try:
            new = self._fitted(box, self.clock)
        except NoCausalContour:
            return old
        return new if _rank(new.region) < _rank(old.region) else old


def first_boxes(integral: ParametricIntegral) -> list[ParametricIntegral]:
    """Return the boxes for which maps are fitted first: two, which meet at corner zeros, or the whole one."""
    cut = contour_cuts.at_corner_zeros(integral)
    return [integral] if cut is None else contour_cuts.parts(integral, cut)


def quantile(region: ContourRegion) -> float:
    """Return how far apart the values by two maps are at most of the points drawn.

    It is infinite where that tells nothing: of one map alone, and of one that is refuted.
    """
    return math.inf if region.apart is None or region.is_refuted else float(np.quantile(region.apart, SHARE))


def _rank(region: ContourRegion) -> tuple[bool, float]:
    return region.is_refuted, quantile(region)


def region_of(integral: ParametricIntegral, pairs: Pairs, device: str, may_compile: bool = True) -> ContourRegion:
    """Make a region of pairs of maps."""
    seconds = [second.contour for _, second in pairs if second is not None]
    others = seconds if len(seconds) == len(pairs) else None
    is_refuted = any(best.is_refuted for best, _ in pairs)
    maps = [best.contour for best, _ in pairs]
    return ContourRegion(integral, maps, others, device, may_compile, is_refuted=is_refuted)


def _divided(region: ContourRegion) -> list[ParametricIntegral]:
    """Divide the box of a region whose maps differ, or that has one only."""
    box, points = region.integral, region.points
    apart = np.ones(len(points)) if region.apart is None else region.apart  # of one map any invariant is as good
    return contour_cuts.parts(box, contour_cuts.at_corner_zeros(box) or contour_cuts.at_middle(box, points, apart))
