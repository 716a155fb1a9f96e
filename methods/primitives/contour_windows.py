"""Windows of s with maps of their own, where one map for the whole box is too little: where two maps disagree.

A region whose two maps differ by more than is wanted at a fifth of its points is halved, at the middle of the invariant
along which that difference varies most. A half takes new maps, of the orders of variables found for the whole box,
where they differ less from each other than those of the region do there; and else it keeps these.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from methods.base import ParametricIntegral
from methods.core.budget import Clock
from methods.core.errors import NoCausalContour
from methods.primitives import contour_trials
from methods.primitives.contour_region import ContourRegion, Wanted
from methods.primitives.contour_search import Found, Search

TOO_FAR, SHARE = 1e-4, 0.8
"""Where this quantile of the difference of two maps is above TOO_FAR, or the error wanted if that is larger, a region
is halved."""

Pairs = list[tuple[Found, Found | None]]
"""For each term its map, and another one that agrees with it."""


class Window(NamedTuple):
    """A region, and what is known of its maps."""

    region: ContourRegion
    pairs: Pairs
    is_settled: bool = False
    """Whether new maps were no better than those of the region that it is a part of."""

    @property
    def apart(self) -> float:
        """How far apart the values by its two maps are at most of its points; 0 where that helps no more."""
        return 0.0 if self.is_settled else quantile(self.region)


@dataclasses.dataclass(frozen=True)
class WindowSearch:
    """How windows are fitted.

    Attributes
    ----------
    searches_of : callable
        Makes the searches of the terms of an integral, whose box is that of a window.
    orders : sequence of sequences
        For each term the orders of variables that are tried.
    wanted : Wanted
        Of the rules.
    degree : int
        Of the maps.
    device : str
        Where to compute.
    clock : Clock
        Its seconds.
    """

    searches_of: Callable[[ParametricIntegral], list[Search]]
    orders: Sequence[Sequence[tuple[int, ...]]]
    wanted: Wanted
    degree: int
    device: str
    clock: Clock

    def halved(self, whole: Window, max_windows: int) -> tuple[list[Window], bool]:
        """Halve windows until their maps agree, or there are `max_windows`; return whether the clock ended it."""
        windows, seconds = [whole], 0.0
        while len(windows) < max_windows:
            i = max(range(len(windows)), key=lambda i: windows[i].apart)
            if windows[i].apart <= max(self.wanted.epsrel, TOO_FAR):
                break
            if seconds > self.clock.left:
                return windows, True
            before = self.clock.left
            window = windows.pop(i)
            windows += [self._part(window, half) for half in _halves(window.region)]
            seconds = 2 * (before - self.clock.left) if self.clock.is_limited else 0.0
        return windows, False

    def _part(self, window: Window, half: ParametricIntegral) -> Window:
        """Return rules for a half on new maps or, where these do not agree better there, on those of the window."""
        old = Window(window.region.within(half).choose(self.wanted, self.clock), window.pairs, is_settled=True)
        try:
            pairs = [
                contour_trials.agreeing(search, half.name, self.degree, of_term)
                for search, of_term in zip(self.searches_of(half), self.orders, strict=True)
            ]
        except NoCausalContour:
            return old
        new = Window(region_of(half, pairs, self.device).choose(self.wanted, self.clock), pairs)
        return new if quantile(new.region) < quantile(old.region) else old


def quantile(region: ContourRegion) -> float:
    """Return how far apart the values by two maps are at most of the points drawn."""
    return 0.0 if region.apart is None else float(np.quantile(region.apart, SHARE))


def region_of(integral: ParametricIntegral, pairs: Pairs, device: str, may_compile: bool = True) -> ContourRegion:
    """Make a region of pairs of maps."""
    seconds = [second.contour for _, second in pairs if second is not None]
    others = seconds if len(seconds) == len(pairs) else None
    return ContourRegion(integral, [best.contour for best, _ in pairs], others, device, may_compile)


def _halves(region: ContourRegion) -> list[ParametricIntegral]:
    """Halve the box of a region along the invariant along which the difference of its maps varies most."""
    integral, apart = region.integral, np.asarray(region.apart)
    unit = integral.to_unit(region.points)
    log_apart = np.log(np.maximum(apart, 1e-16))
    contrast = [abs(log_apart[column > 0.5].mean() - log_apart[column <= 0.5].mean()) for column in unit.T]
    j = int(np.argmax(contrast))
    middle = integral.from_unit(np.full((1, integral.m), 0.5))[0, j]
    low, high = list(integral.low), list(integral.high)
    below, above = [*low], [*high]
    below[j], above[j] = middle, middle
    return [
        dataclasses.replace(integral, low=tuple(low), high=tuple(above), exact=None),
        dataclasses.replace(integral, low=tuple(below), high=tuple(high), exact=None),
    ]
