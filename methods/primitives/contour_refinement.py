"""A map fitted by the errors of Gauss rules on it, from one fitted by least squares of log g.

    minimise Σ_{s, n} |Q_n(s; a) − I(s)|²/|I(s)|²,    n the orders of some rules, a the coefficients of the map

Rules with few nodes on one axis and more on the others have the errors of that axis; there are two for each. Q_n is
holomorphic in a, so that one difference quotient for each complex coefficient is all that a step of Levenberg's method
needs. I(s) is what a rule of many nodes has on the first map: it does not depend on the map.

On the two-loop sector above its threshold 3.9e4 nodes have 5.2 digits then, where the map of least squares needs 8.2e4,
and 2.7e3 have 3.9, where it needs about 1e4.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

from methods.primitives import compiled_rule, contour_orders, contour_trials
from methods.primitives.compiled_rule import CompiledRule, Kernel
from methods.primitives.contour_map import ContourMap
from methods.primitives.contour_orders import MovingTermRules
from methods.primitives.contour_parts import solver
from methods.primitives.contour_search import Found, Search
from methods.primitives.contour_zeros import count_zeros

N_POINTS = 8
"""Phase-space points at which rules are compared."""

FEW_NODES, MANY_NODES = 6_000, 1_000_000
"""Nodes of the rules whose errors are fitted, and of that for I(s)."""

OTHERS = 2
"""Nodes more on each of the other axes."""

STEP = 1e-4
"""Step of the difference quotients; sums are exact to 1e-13."""

TRIALS = 8
"""Dampings that are tried in a step."""


class Refinement:
    """The fit of the map of one term.

    Parameters
    ----------
    search : Search
        Of the term.
    start : ContourMap
        Its map.
    kernel : Kernel
        The compiled sums on maps of this form.
    """

    def __init__(self, search: Search, start: ContourMap, kernel: Kernel) -> None:
        self._search, self.map, self._kernel = search, start, kernel
        self._s = search.drawn(N_POINTS)
        rules = MovingTermRules([search.term], [start], search.coordinates)
        many = contour_orders.best_orders(rules, self._s, MANY_NODES)
        self._exact = rules.values(many, self._s)
        (few,) = contour_orders.best_orders(rules, self._s, FEW_NODES)
        self._orders = [
            [max(2, n - less) if i == axis else n + OTHERS for i, n in enumerate(few.tolist())]
            for axis in range(start.k) for less in (0, 1)
        ]  # fmt: skip

    def run(self, steps: int) -> ContourMap:
        """Make at most so many steps."""
        error, damping = self._errors(self.map), 1e-2
        solve = solver(self._search.learned, len(self.map.a))
        for _ in range(steps):
            slopes = np.stack([(self._errors(moved) - error) / STEP for moved in self._neighbours()], axis=1)
            hessian, gradient = slopes.conj().T @ slopes, slopes.conj().T @ error
            unit = np.eye(len(gradient)) * hessian.trace().real / len(gradient)
            for _ in range(TRIALS):
                change = solve(torch.as_tensor(hessian + damping * unit), torch.as_tensor(gradient))
                trial = dataclasses.replace(self.map, a=self.map.a - change.to(self.map.a))
                there = self._errors(trial)
                if _square(there) < _square(error):
                    self.map, error, damping = trial, there, damping / 3
                    break
                damping *= 4
            else:
                break
        return self.map

    def _errors(self, contour: ContourMap) -> np.ndarray:
        log_c = compiled_rule.log_c_of(contour)
        values = [
            CompiledRule(self._kernel.compiled, log_c, self._search.coordinates, n)(self._s) for n in self._orders
        ]
        return np.concatenate([(value.numpy() - self._exact) / np.abs(self._exact) for value in values])

    def _neighbours(self) -> list[ContourMap]:
        shifts = STEP * torch.eye(len(self.map.a)).to(self.map.a)
        return [dataclasses.replace(self.map, a=self.map.a + shift) for shift in shifts]


def refined(search: Search, found: Found, steps: int) -> Found:
    """Return the map after so many steps; `found` where that one is not causal, or rules need no fewer nodes on it.

    Rules that cannot be compiled are too slow for it: `found` is returned then, too. From a map that is refuted no step
    leads to one that is not, since values on it are what the steps aim at.
    """
    if not steps or not math.isfinite(found.spread):
        return found
    kernel = compiled_rule.kernel(search.term, found.contour)
    if kernel is None:
        return found
    refinement = Refinement(search, found.contour, kernel)
    new = search.judged(refinement.run(steps))
    is_causal = new.not_causal <= max(found.not_causal, contour_trials.NOT_CAUSAL)
    if not is_causal or _foreseen(search, new) >= _foreseen(search, found):
        return found
    # The steps look at values at N_POINTS only: elsewhere they may carry the contour across a zero of F.
    is_refuted = search.term.is_complex and count_zeros(search.term, new.contour, search.coordinates, search.seed) > 0
    return found if is_refuted else new._replace(is_refuted=found.is_refuted)


def _foreseen(search: Search, found: Found) -> float:
    rules = MovingTermRules([search.term], [found.contour], search.coordinates)
    return contour_orders.foreseen_nodes(rules, search.drawn(3 * N_POINTS)[N_POINTS:], contour_trials.TRIAL_GOAL)


def _square(errors: np.ndarray) -> float:
    return float(np.square(np.abs(errors)).sum())
