"""A causal contour, and a map and an order for each Feynman parameter on it, chosen without knowing I(s).

The contour of a term is an arc for each parameter, given by the phases φ_j = arg c_j. For any phases `arc_errors` gives
the error E_j(n) that the best map leaves with n nodes, by how much rules differ from finer ones, and from that follow
the orders for a number of nodes, as for real integrals (`axis_choice.py`), and the error E they leave. So E is a
function of the phases. It is evaluated for all of START_PHASES at causal contours, and where it is least the simplex of
Nelder and Mead (Comput. J. 7, 1965, 308) takes over.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.optimize
import torch

from methods.base import ParametricIntegral
from methods.core.budget import Clock
from methods.core.errors import NoCausalContour
from methods.quadrature import arc_errors, causality
from methods.quadrature.arc_rules import ArcMap, ArcRule
from methods.quadrature.axis_choice import SMALL, AxisErrors, choose_orders

START_PHASES = (-1.2, -0.6, 0.0, 0.6, 1.2)
"""Values of arg c from which the search begins."""

MOST_STARTS = 243
"""Largest number of their combinations; drawn ones where there are more."""

MOST_PHASE = 2.4
"""Largest |arg c|: near π the arc passes through infinity."""

SEARCH_ORDER = 8
"""Nodes, at most, on each of the other parameters while errors are computed for one."""

SIMPLEX_STEP, SIMPLEX_TRIALS = 0.3, 20
"""Size of the first simplex, and trials for each parameter."""

SEARCHED, CHECKED = 512, 8192
"""Points at which a contour is checked to be causal in the search, and at its end."""

NOT_CAUSAL = 9.0
"""log10 E of contours that are not causal."""


class ArcSearch:
    """The search for the contour of one term.

    Parameters
    ----------
    term : ParametricIntegral
        A term of a complex integral.
    s : tensor (n, m)
        Phase-space points.
    corners : array (n, m)
        Corners of the box.
    order : int
        Nodes on each of the other parameters while errors are computed for one.
    max_nodes : int
        Nodes of the rule whose error decides between contours.
    """

    def __init__(
        self, term: ParametricIntegral, s: torch.Tensor, corners: np.ndarray, order: int, max_nodes: int
    ) -> None:
        self.term, self.s, self.order, self.max_nodes = term, s, order, max_nodes
        self._sample = causality.sample(term, corners, SEARCHED)
        self._checked = causality.sample(term, corners, CHECKED)

    def phases(self) -> np.ndarray:
        """Find the phases (k,) of the contour.

        Raises
        ------
        NoCausalContour
            Where no contour that was tried is causal.
        """
        starts = [phases for phases in _starts(self.term.k) if self.look(phases).share_not_causal == 0]
        if not starts:
            raise NoCausalContour(
                f"{self.term.name}: none of the arcs that were tried keeps {self.term.prescription} - i0 on its side "
                "of the zeros all over the box; take a smaller box."
            )
        start = min(starts, key=self.log_error)
        simplex = np.array([start, *(start + SIMPLEX_STEP * np.where(start > 0, -1, 1) * np.eye(len(start)))])
        found = scipy.optimize.minimize(
            self.log_error, start, method="Nelder-Mead",
            options={"initial_simplex": simplex, "maxfev": SIMPLEX_TRIALS * len(start)},
        ).x  # fmt: skip
        causal = (phases for phases in (found, start, *starts) if self.final(phases).share_not_causal == 0)
        phases = next(causal, None)
        if phases is None:
            raise NoCausalContour(
                f"{self.term.name}: the arcs that were tried keep {self.term.prescription} - i0 on its side of the "
                "zeros in most of the box only; take a smaller box."
            )
        return phases

    def look(self, phases: np.ndarray) -> causality.Causality:
        """Check a contour in the search."""
        return causality.look(self.term, functools.partial(_place, phases), self._sample)

    def final(self, phases: np.ndarray) -> causality.Causality:
        """Check a contour at more points."""
        return causality.look(self.term, functools.partial(_place, phases), self._checked)

    def log_error(self, phases: np.ndarray) -> float:
        """Compute log10 E of the rule with at most `max_nodes` nodes on a contour, relative to the term itself."""
        if np.abs(phases).max() > MOST_PHASE or self.look(phases).share_not_causal > 0:
            return NOT_CAUSAL
        axes, _ = self.errors(phases, None)
        orders = choose_orders([axes], 0.0, self.max_nodes, self.max_nodes, 0)[0]
        error = math.hypot(*(axis.error[n - 1] for axis, n in zip(axes, orders, strict=True)))
        return math.log10(max(error, 1e-300)) if math.isfinite(error) else NOT_CAUSAL

    def errors(self, phases: np.ndarray, scale: torch.Tensor | None) -> tuple[list[AxisErrors], torch.Tensor]:
        """Errors of all parameters, relative to `scale` (n,) or else to the term; and the term's integral (n,)."""
        rules = [ArcRule(ArcMap(1.0, float(phase), 0.0), self.order) for phase in phases]
        found = []
        for j, phase in enumerate(phases):
            marginal = arc_errors.marginal(self.term, self.s, j, float(phase), rules[:j] + rules[j + 1 :])
            value = arc_errors.integrated(marginal)
            size = value.abs().clamp_min(1e-300) if scale is None else scale
            squares = arc_errors.squared_errors(marginal) / size.square()[:, None, None]
            best = squares.mean(dim=0).sqrt().min(dim=0)
            maps = arc_errors.maps(float(phase))
            found.append(AxisErrors(best.values.tolist(), [maps[i] for i in best.indices.tolist()]))
        return found, value


class ArcErrors:
    """Contours of all terms, and the errors of maps and orders on them."""

    def __init__(
        self, terms: list[ParametricIntegral], s: torch.Tensor, corners: np.ndarray, order: int, max_nodes: int
    ) -> None:
        searches = [ArcSearch(term, s, corners, order, max_nodes) for term in terms]
        phases = [search.phases() for search in searches]
        values = [search.errors(phi, None)[1] for search, phi in zip(searches, phases, strict=True)]
        total = torch.stack(values).sum(dim=0).abs()
        scale = total.clamp_min(max(SMALL * float(total.mean()), 1e-300))
        self.axes = [search.errors(phi, scale)[0] for search, phi in zip(searches, phases, strict=True)]
        """By term and parameter."""
        looks = [search.final(phi) for search, phi in zip(searches, phases, strict=True)]
        self.details: dict[str, Any] = {
            "phases": [phi.tolist() for phi in phases],
            "share_not_causal": max(look.share_not_causal for look in looks),
            "least_modulus_of_polynomial": min(look.least_modulus for look in looks),
            "corner_zeros": [
                causality.corner_zeros(term, causality.sample(term, corners, CHECKED).s) for term in terms
            ],
        }
        """What the contours are, and what the final sample says of them, as JSON values."""


def affordable_order(terms: Sequence[ParametricIntegral], s: torch.Tensor, wanted: int, clock: Clock) -> int:
    """Nodes on the other parameters, at most `wanted`, with which a search ends in time."""
    if not clock.is_limited:
        return wanted
    k = terms[0].k
    trials = min(len(START_PHASES) ** k, MOST_STARTS) / 4 + SIMPLEX_TRIALS * k
    first, order = min(wanted, 3), wanted
    rules = [ArcRule(ArcMap(1.0, 0.5, 0.0), first)] * (k - 1)
    arc_errors.squared_errors(arc_errors.marginal(terms[0], s, 0, 0.5, rules))  # compiles, and makes the candidates
    before = clock.left
    for term in terms:
        arc_errors.squared_errors(arc_errors.marginal(term, s, 0, 0.5, rules))
    seconds = trials * k * (before - clock.left) / first ** (k - 1)
    while order > 1 and seconds * order ** (k - 1) > clock.left:
        order -= 1
    return order


def _starts(k: int) -> list[np.ndarray]:
    every = itertools.product(START_PHASES, repeat=k)
    if len(START_PHASES) ** k <= MOST_STARTS:
        return [np.array(phases) for phases in every]
    return list(np.random.default_rng(0).choice(START_PHASES, (MOST_STARTS, k)))


def _place(phases: np.ndarray, t: np.ndarray, tau: float) -> np.ndarray:
    """Place t (n, k) on the contour with so large a share of the phases."""
    return t / (t + np.exp(1j * tau * phases) * (1 - t))
