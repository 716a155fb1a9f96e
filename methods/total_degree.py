"""A polynomial of weighted total degree in s, fitted to labels: a table for many invariants.

    y(s) ≈ Σ_α c_α T_{α1}(u_1) … T_{αm}(u_m),    Σ_j w_j α_j <= D,    u_j = log |c_j − s_j|, scaled to [−1, 1]

with y = log |I| or |I|^(−1/p), and I itself where it changes sign. A tensor grid with d nodes per invariant has d^m of
them; of total degree there are few enough in eight or nine invariants. Labels lie where Chebyshev polynomials are
orthogonal on average, so that hardly more labels than terms determine them (Cohen & Migliorati). Complex integrals are
treated as by `chebyshev.py`.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from methods.core import chebyshev_series
from methods.core.budget import Clock
from methods.surrogates import targets
from methods.surrogates.label_limit import LabelLimit
from methods.surrogates.labels import LabelSource
from methods.tables import coordinate_choice, total_degree
from methods.tables.coordinates import Target
from methods.tables.polynomial_table import PolynomialTable

LABELS_PER_TERM = 1.4
"""Labels per coefficient that is fitted to them. With 3,000 labels, 1.5 has 0.3 digits more than 2.5 on hexagon1l and
pentagon1l_8d, with 150 labels 1.4 has 0.5 to 0.9 more than 2.2 on box2l, box2l_sum and box1l."""

DEGREES = 100
"""With m invariants there are at most DEGREES^m terms. That matters for m = 1, where 89 of them have 10.7 digits
on `bubble` and 3,834 have no more: those are fitted to the errors of labels."""

FIRST_TERMS = 800
"""Terms, at most, of the fit whose coefficients tell the weights."""

PREPARATION_SHARE, PILOT_SHARE, LABEL_SHARE, FIT_SHARE = 0.3, 0.3, 0.7, 0.7
"""Shares of the time left in which the label method may prepare itself, labels are computed (those at random points,
and the others), and terms are fitted to them."""

PILOT, LABELS_PER_PILOT = 256, 6
"""Labels at random points, unless told otherwise, of which there are at most one in six."""

LABEL_EPSREL = 1e-8
"""Relative error wanted of labels."""


@dataclass(kw_only=True)
class TotalDegree(PolynomialTable):
    """A polynomial of weighted total degree in coordinates of s, fitted to labels by least squares.

    Parameters
    ----------
    max_labels : int
        Largest number of labels; the budget may leave fewer. The number of terms follows from it. The pieces of a box
        that is cut at a threshold share them.
    n_pilot : int, optional
        How many of them are at random points: they choose coordinates and measure the error. None takes one in six, at
        most 256.
    labels : str
        The direct method that computes them.
    seed : int
        Of the points to which the polynomial is fitted; those that choose coordinates and measure the error are the
        same for every seed.
    device : str
        Where to evaluate, as torch names it.

    Notes
    -----
    Labels whose stated error is too large are refused (`methods/surrogates/label_limit.py`).

    The error is the root mean square relative error at random points to which the polynomial is not fitted, times |I|
    (or 1 % of its typical size, where that is more).

    ``details_["cut_short"]`` tells whether the budget left fewer or less precise labels, or time for fewer terms.
    `max_labels` and `n_pilot` from ``details_`` repeat the result, unless the label method or the fit itself was cut
    short.
    """

    name: ClassVar[str] = "total_degree"
    source: ClassVar[str] = (
        "Cohen & Migliorati, SMAI J. Comput. Math. 3 (2017) 181; Trefethen, Proc. AMS 145 (2017) 4837"
    )
    version: ClassVar[int] = 3

    max_labels: int | list[int] = 6000
    n_pilot: int | list[int] | None = None
    labels: str = "gauss_legendre,max_nodes=300000"
    seed: int = 0
    device: str = "cpu"

    def _tabulate(self, clock: Clock) -> None:
        """Choose coordinates by labels at random points, and fit the polynomial to others."""
        integral = self.integral_
        preparation = clock.share(PREPARATION_SHARE)
        source = LabelSource(self.labels, integral, epsrel=LABEL_EPSREL, budget=preparation.budget)
        max_labels = self._number("max_labels")
        n_pilot = self._number("n_pilot")
        if n_pilot is None:
            n_pilot = max(targets.LEAST_LABELS, min(PILOT, max_labels // LABELS_PER_PILOT))
        points, pilot, label_error = self._pilot(source, n_pilot, clock.share(PILOT_SHARE))
        n_known, limit = len(pilot), LabelLimit.of(pilot, label_error)
        pilot, label_error, points = limit.without_refused(pilot, label_error, points)
        choice = coordinate_choice.choose(integral.low, integral.high, points, pilot, self.thresholds_)
        self.c_, coordinates = choice.coordinates.c, choice.coordinates
        sobol = torch.quasirandom.SobolEngine(integral.m, scramble=True, seed=self.seed)
        max_labels = min(max_labels, n_known + math.ceil(LABELS_PER_TERM * DEGREES**integral.m))
        unit = sobol.draw(max(targets.LEAST_LABELS, max_labels - n_known), dtype=torch.float64)
        s = coordinates.s(chebyshev_series.draw(unit).numpy())
        value, error = targets.compute_in_steps(
            source, lambda part: source.compute(part)[:2], s, clock.share(LABEL_SHARE)
        )
        n_wanted, n_labels = len(s), len(value)
        value, _, s, numbers = limit.without_refused(value, error, s[:n_labels], np.arange(n_labels))
        of_all = Target.of_values(np.concatenate([pilot, value]), choice.target.power)
        self.target_ = choice.target if of_all.sign else of_all
        u, y = coordinates.u(torch.as_tensor(s, device=self.device)), self.target_.encode(value)
        start = time.perf_counter()
        first = total_degree.terms(np.ones(integral.m), max(1, min(FIRST_TERMS, int(len(value) / LABELS_PER_TERM))))
        weights = total_degree.weights_of(first, total_degree.fit(first, u, y))
        n = _affordable(len(value), len(first), time.perf_counter() - start, clock)
        alpha = total_degree.terms(weights, max(1, int(n / LABELS_PER_TERM)))
        self.typical_value_ = float(np.abs(pilot).mean())
        self._keep(alpha, total_degree.fit(alpha, u[:, :n].contiguous(), y[:n]), points, pilot, label_error)
        self.details_ = {
            "terms": len(self.alpha_), "weights": (weights / weights.min()).tolist(), "c": self.c_.tolist(),
            "sign": self.target_.sign, "power": self.target_.power,
            "max_labels": n_known + (n_labels if n == len(value) else int(numbers[n])), "n_pilot": n_known,
            "n_refused": n_known - len(pilot) + n_labels - len(value),
            "cut_short": source.cut_short or n_known < n_pilot or n_labels < n_wanted or n < len(value),
        }  # fmt: skip


def _affordable(n_labels: int, n_first: int, seconds: float, clock: Clock) -> int:
    """Count the labels to which as many terms as they allow can be fitted in time: it grows with their cube.

    `seconds` is what a fit of n_first terms to all labels took.
    """
    if not clock.is_limited:
        return n_labels
    n_terms = n_first * math.sqrt(max(0.0, FIT_SHARE * clock.left) / max(seconds, 1e-9))
    share = min(1.0, n_terms / (n_labels / LABELS_PER_TERM))
    return max(targets.LEAST_LABELS, int(n_labels * share ** (2 / 3))) if share < 1 else n_labels
