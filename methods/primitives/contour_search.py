"""The order of variables of a `ContourMap`, found by short fits, and a second map to compare the first one with.

Which x_i comes first decides what the map can do: on box1l_physical log g varies by 0.20 (root mean square) in the best
order and by 0.41 in the worst, and the rule of 16³ nodes has 12.2 and 7.8 digits (degree 2). A map that is not causal
is left out. What a sample calls causal may still be wrong, but hardly in the same way in two orders of variables: so
the second best map is kept, and values on both are compared.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch

from methods.base import ParametricIntegral
from methods.core.errors import NoCausalContour
from methods.core.moving_nodes import MovingIntegrand
from methods.primitives import contour_fit
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.contour_fit import Fit, Points
from methods.primitives.contour_map import ContourMap, block_sizes
from methods.primitives.contour_parts import Learned
from methods.primitives.map_causality import share_not_causal

POINTS, FEW = 2**13, 2**11
"""Points to which a map is fitted, and of the short fits that compare orders of variables."""

STEPS, SHORT_STEPS = 20, 6
"""Largest numbers of steps of Levenberg's method for a map, and for each degree of a short fit."""

SHORT_DEGREE = 2
"""Largest degree of short fits."""

ALL_ORDERS = 3
"""Up to so many variables all orders are tried; with more, pairs are exchanged as long as that helps."""

MAX_DEGREE, MAX_COEFFICIENTS = 3, 600
"""Largest degree by default, less where the map would have more coefficients. At 16³ nodes degrees 1, 2, 3 have 9.0,
12.2 and 12.7 digits on box1l_physical, and 7.6, 9.8 and 10.0 on box1l_threshold_above (worst point 4.0, 6.1, 8.1)."""

NOT_CAUSAL = 1e-3
"""Largest share of sampled points with Im F > 0 and Re F <= 0 of a map that counts as causal. Where F is stationary the
sign of Im F is a matter of second order, and F far from zero: 2 of 8,192 points on bubble_physical, of degree 1."""


class Found(NamedTuple):
    """A map with what is known of it."""

    contour: ContourMap
    spread: float
    """Root mean square of log g."""
    not_causal: float
    """Share of sampled points at which it is seen not to be causal; 0 for a real integral."""
    smallest: float
    """Smallest |F| in the sample; nan for a real integral."""
    is_refuted: bool = False
    """Whether a zero of F was found on the way to it (`contour_zeros.py`), where that was looked for."""


class Search:
    """The fits of one term.

    Parameters
    ----------
    term : ParametricIntegral
        The term.
    coordinates : BoxCoordinates
        From s to u.
    seed : int
        Of the points.
    device : str
        Where to compute.
    on_arcs : bool
        Whether each x_i runs on arcs of circles, and the factors with which f vanishes at faces are left in log g. Then
        log g varies more, but rules in many variables need fewer nodes: on box2l above its threshold 2e5 nodes have 5.4
        digits so, and 4.0 in the other way.
    learned : "both", "contour" or "importance"
        The part of the maps that is fitted (`contour_parts.py`).

    Attributes
    ----------
    refuted : set of orders of variables
        Those whose maps are refuted (`contour_trials.causal`).
    """

    def __init__(
        self, term: ParametricIntegral, coordinates: BoxCoordinates, seed: int, device: str, on_arcs: bool = False,
        learned: Learned = "both",
    ) -> None:  # fmt: skip
        self.term, self.coordinates, self.seed, self._is_arc = term, coordinates, seed, on_arcs
        self.learned: Learned = learned
        self._points = contour_fit.draw(term.k, coordinates, term.m, POINTS, seed, device)
        self._powers = contour_fit.powers(term, coordinates, device)
        if self._is_arc:
            self._powers = torch.zeros_like(self._powers)
        self._integrand = MovingIntegrand(term, range(term.k))
        f = term.integrand(self._points.s, self._points.t)
        self._can_fit = term.is_complex or bool((f > 0).all() and f.isfinite().all())
        self._short: dict[tuple[int, ...], Found] = {}
        self.refuted: set[tuple[int, ...]] = set()

    def short(self, order: tuple[int, ...]) -> Found:
        """Fit a map to few points in few steps, degree by degree."""
        if order not in self._short:
            self._short[order] = self._fitted_shortly(order)
        return self._short[order]

    def seconds_of_short(self) -> float:
        """Seconds that a short fit takes, once it is compiled."""
        start = time.perf_counter()
        self._fitted_shortly(tuple(range(self.term.k)))
        return time.perf_counter() - start

    def drawn(self, n: int) -> torch.Tensor:
        """Return n of the phase-space points to which maps are fitted."""
        return self._points.s[:n]

    def judged(self, contour: ContourMap) -> Found:
        """Return a map as it is with what is known of it: log h is a constant, the mean of log g."""
        fit = Fit(self._integrand, contour, self._points, self._powers)
        return self._judged(contour, fit.run(0), self._points)

    @property
    def n_tried(self) -> int:
        """How many orders of variables have been tried."""
        return len(self._short)

    def best(self, n_orders: int | None) -> list[Found]:
        """Return short fits in the order of their spreads, those that are not causal last; at most `n_orders`."""
        for _ in itertools.islice(_orders(self.term.k, lambda order: self.short(order).spread), n_orders):
            pass
        return sorted(self._short.values(), key=lambda found: (found.not_causal > NOT_CAUSAL, found.spread))

    def final(self, start: ContourMap, degree: int) -> Found:
        """Fit a map to all points, from a short one."""
        if degree < start.degree:
            start = self._start(self._points, start.order)
        fitted = self._fitted(contour_fit.raised(start, degree), self._points, STEPS)
        if self.term.is_complex:
            return fitted
        # Where f falls by many decades, log g is small in the mean square where f does not matter, and huge where it
        # does: on genz_gaussian_3d the spread of g is then 65 times its mean.
        plain = self._plain(start.order, degree)
        return fitted if self._variation(fitted.contour) < self._variation(plain) else self.judged(plain)

    def _fitted_shortly(self, order: tuple[int, ...]) -> Found:
        points = self._points.first(FEW)
        if self._is_arc:
            return self._fitted(self._start(points, order), points, 2 * SHORT_STEPS)
        found = self._fitted(self._start(points, order), points, SHORT_STEPS)
        return self._fitted(contour_fit.raised(found.contour, SHORT_DEGREE), points, SHORT_STEPS)

    def _start(self, points: Points, order: tuple[int, ...]) -> ContourMap:
        if self.term.is_complex:
            return contour_fit.off_the_axis(self.term, points, 1, order, self._is_arc)
        return self._plain(order, 1)

    def _plain(self, order: tuple[int, ...], degree: int) -> ContourMap:
        m = self._points.u.shape[1]
        return contour_fit.identity(len(order), m, degree, order, self._points.s, self._is_arc)

    def _fitted(self, start: ContourMap, points: Points, steps: int) -> Found:
        if not self._can_fit:
            return self._judged(start, math.inf, points)
        fit = Fit(self._integrand, start, points, self._powers, self.learned)
        square = fit.run(steps)
        return self._judged(fit.map, square, points)

    def _variation(self, contour: ContourMap) -> float:
        """Return the standard deviation of a real g, w and h left out, over its mean."""
        points, columns = self._points, list(contour.order)
        t = list(points.t[:, columns].T)
        x, log_slopes = contour.move(t, *contour.log_c(contour.bases(points.u, points.t[:, columns])))
        g = self._integrand(list(points.s.T), x) * torch.exp(torch.stack(log_slopes).sum(dim=0))
        return float(g.std() / g.mean().abs().clamp(min=1e-300))

    def _judged(self, contour: ContourMap, square: float, p: Points) -> Found:
        share, smallest = 0.0, float("nan")
        if self.term.is_complex:
            near_faces = torch.sin(torch.pi / 2 * p.t).square()  # of density 1/(π √(t (1 − t)))
            share, smallest = share_not_causal(self.term, contour, p.s, p.u, near_faces)
        return Found(contour, square**0.5, share, smallest)


def find(search: Search, name: str, degree: int, n_orders: int | None) -> tuple[Found, Found | None]:
    """Return the best map, and that of a short fit, in another order of variables where there is one.

    Raises
    ------
    NoCausalContour
        Where no map is causal.
    """
    shorts = search.best(n_orders)
    for i, short in enumerate(shorts):
        found = search.final(short.contour, degree)
        if found.not_causal <= NOT_CAUSAL:
            others = [other for other in [*shorts[:i], *shorts[i + 1 :], short] if other.not_causal <= NOT_CAUSAL]
            return found, others[0] if others else None
    raise none_found(name, len(shorts), search.term.k)


def none_found(name: str, n_tried: int, k: int) -> NoCausalContour:
    """Say that so many orders of k variables have no causal contour of the integral of this name."""
    left = math.factorial(k) - n_tried
    advice = f"give a smaller box, or time for some of the {left:,} other orders" if left else "give a smaller box"
    return NoCausalContour(
        f"No contour of {name} was found that avoids the zeros of its prescribed polynomial: in all of {n_tried} "
        f"orders of variables some points are on the wrong side; {advice}."
    )


def least_orders(integral: ParametricIntegral) -> int:
    """Return how many orders of variables must be tried: two where a sample tells little of whether a map is causal."""
    return 2 if integral.is_complex and integral.k > ALL_ORDERS else 1


def degree_of(k: int, m: int) -> int:
    """Return the default degree."""
    return max(d for d in range(MAX_DEGREE + 1) if d <= 1 or n_coefficients(k, m, d) <= MAX_COEFFICIENTS)


def n_coefficients(k: int, m: int, degree: int) -> int:
    """Count the coefficients of a map."""
    return sum(map(sum, block_sizes(k, m, degree)))


def times_a_short(k: int, m: int, degree: int) -> float:
    """Return how many times the seconds of a short fit the last fit of a degree takes, at most."""
    n_coefficients_of_short = n_coefficients(k, m, SHORT_DEGREE)
    larger = max(1.0, n_coefficients(k, m, degree) / n_coefficients_of_short) ** 1.5
    return larger * POINTS / FEW * STEPS / (2 * SHORT_STEPS)


def _orders(k: int, spread: Callable[[tuple[int, ...]], float]) -> Iterator[tuple[int, ...]]:
    """Yield orders of variables to be tried, each after its spread was asked for."""
    if k <= ALL_ORDERS:
        for order in itertools.permutations(range(k)):
            spread(order)
            yield order
        return
    order, improved = tuple(range(k)), True
    spread(order)
    yield order
    tried = {order}
    while improved:
        improved = False
        for i, j in itertools.combinations(range(k), 2):
            other = list(order)
            other[i], other[j] = other[j], other[i]
            trial = tuple(other)
            if trial in tried:
                continue
            tried.add(trial)
            if spread(trial) < 0.99 * spread(order):
                order, improved = trial, True
            yield trial
