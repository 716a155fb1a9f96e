"""Minimisation by a quasi-Newton method that remembers every step: self-scaled BFGS.

With the step s = x₊ − x and the change of the gradient y = g₊ − g, the approximate inverse H of the Hessian becomes

    H₊ = (H − (H y sᵀ + s yᵀH)/(yᵀs) + (yᵀH y) s sᵀ/(yᵀs)²)/τ + s sᵀ/(yᵀs),    τ = min(1, yᵀs/(sᵀ H⁻¹ s))

where τ = 1 is the method of Broyden, Fletcher, Goldfarb and Shanno, and τ < 1 takes back curvature that was thought too
large. A method of limited memory forgets what the loss of a network, whose Hessian has eigenvalues of many orders of
magnitude, needs; for some thousand weights H costs less than the loss.

Most steps need no more than float32, which is twice as fast. Once a line search fails, which at the end of the
descent is due to rounding, all that follows is in float64; H stays, in float32.

Al-Baali, *Numerical experience with a class of self-scaling quasi-Newton algorithms*, JOTA 96 (1998) 533; for networks
with derivatives Urbán, Stefanou and Pons, J. Comput. Phys. 523 (2025) 113656. Line search: bisection for the weak Wolfe
conditions, Lewis and Overton, Math. Program. 141 (2013) 135.

notation: Al-Baali's B = H⁻¹, and since s = −t H g it is sᵀ H⁻¹ s = −t gᵀs.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from methods.core.budget import Clock

DECREASE, CURVATURE = 1e-4, 0.9
"""Constants of the Wolfe conditions: how much of the slope's promise a step keeps, and how much slope it may leave."""

MOST_TRIALS = 20
"""Lengths that a line search tries."""

ITERATIONS_PER_LOOK = 20
"""Iterations between two looks at the validation labels."""

ITERATIONS_WITHOUT_BUDGET = 1000
"""About seven seconds for 1,600 labels with eight derivatives and a network of 2 × 32."""

Loss = Callable[[torch.Tensor], torch.Tensor]


class Minimised(NamedTuple):
    """Outcome of a minimisation."""

    x: torch.Tensor
    """(n,) float64: where the score was best."""
    score: float
    n_iterations: int


class _Point(NamedTuple):
    """A point x, the loss there and its gradient, all in float64."""

    x: torch.Tensor
    value: float
    gradient: torch.Tensor


def minimise(
    loss: Loss, x: torch.Tensor, n_iterations: int | None, clock: Clock, *,
    score: Callable[[torch.Tensor], float], look: Callable[[], None],
) -> Minimised:  # fmt: skip
    """Minimise a loss until the clock, the number of iterations or the end of all progress stops it.

    Parameters
    ----------
    loss : callable
        The loss at x (n,), computed in the precision of x, float32 or float64.
    x : torch.Tensor
        (n,) where to start.
    n_iterations : int, optional
        Iterations to make, each a line search; None makes as many as the budget allows. That of the outcome repeats it.
    clock : Clock
        Of the budget.
    score : callable
        What is to be small in the end, at x (n,) float64, such as the loss of validation labels.
    look : callable
        Called after each judgement of the score.
    """
    if n_iterations is None:
        n_iterations = sys.maxsize if clock.is_limited else ITERATIONS_WITHOUT_BUDGET
    start = time.perf_counter()
    precision = torch.float32
    at = _evaluated(loss, x.double(), precision)
    best, best_x, done = score(at.x), at.x, 0
    judging_s = time.perf_counter() - start
    metric = _InverseHessian()
    finished = n_iterations == 0 or clock.left <= judging_s
    while not finished:
        start = time.perf_counter()
        reached = _line_search(loss, at, metric, precision)
        if reached is not None:
            at = reached
            done += 1
        elif precision == torch.float32:
            precision = torch.float64
            at = _evaluated(loss, at.x, precision)
            metric.refresh(at)
        elif metric.is_identity:
            finished = True
        else:
            metric = _InverseHessian()
        # An iteration may take a few times as long as the one before.
        enough = clock.left > 3 * (time.perf_counter() - start) + judging_s
        finished = finished or done == n_iterations or not enough
        # Where weights are judged must not depend on the clock, or a number of iterations would not repeat a run.
        if finished or (reached is not None and done % ITERATIONS_PER_LOOK == 0):
            current = score(at.x)
            look()
            if current < best:
                best, best_x = current, at.x
    return Minimised(best_x, best, done)


class _InverseHessian:
    """H, and its product with the last gradient: a step needs no more than one product with a vector."""

    def __init__(self) -> None:
        self._h: torch.Tensor | None = None
        self._h_gradient = torch.empty(0)

    @property
    def is_identity(self) -> bool:
        """Whether nothing is known yet."""
        return self._h is None

    def direction(self, at: _Point) -> torch.Tensor:
        """Compute −H g; of length one at most where nothing is known."""
        if self._h is None:
            return -at.gradient / max(1.0, float(at.gradient.norm()))
        return -self._h_gradient

    def refresh(self, at: _Point) -> None:
        """Take the gradient of a point that has been computed again."""
        if self._h is not None:
            self._h_gradient = self._times(at.gradient)

    def update(self, before: _Point, after: _Point, length: float) -> None:
        """Learn from a step of so many times the direction."""
        s, y = after.x - before.x, after.gradient - before.gradient
        ys = float(y @ s)
        if self._h is None:
            self._h = torch.eye(len(s), dtype=torch.float32, device=s.device).mul_(ys / float(y @ y))
            self.refresh(before)
            promised = ys
        else:
            promised = -length * float(before.gradient @ s)
        h_after = self._times(after.gradient)
        h_y = h_after - self._h_gradient
        tau = min(1.0, ys / promised)
        w = 0.5 * (float(y @ h_y) / (ys**2 * tau) + 1 / ys) * s - h_y / (ys * tau)
        # H/τ + s wᵀ + w sᵀ in one pass over H.
        pair = torch.stack([s, w], dim=1).float()
        self._h.addmm_(pair, pair.flip(1).T, beta=1 / tau)
        self._h_gradient = h_after / tau + s * (w @ after.gradient) + w * (s @ after.gradient)

    def _times(self, vector: torch.Tensor) -> torch.Tensor:
        return (self._h @ vector.float()).double()  # type: ignore[operator]


def _line_search(loss: Loss, at: _Point, metric: _InverseHessian, precision: torch.dtype) -> _Point | None:
    """Find a point with a smaller loss along −H g, and update H; None where there is none."""
    direction = metric.direction(at)
    slope = float(at.gradient @ direction)
    if not slope < 0:
        return None
    shortest, longest, length = 0.0, math.inf, 1.0
    for _ in range(MOST_TRIALS):
        trial = _evaluated(loss, at.x + length * direction, precision)
        if not trial.value <= at.value + DECREASE * length * slope:
            longest = length
        elif float(trial.gradient @ direction) < CURVATURE * slope:
            shortest = length
        else:
            break
        length = 2 * shortest if longest == math.inf else (shortest + longest) / 2
    else:
        return None
    if not trial.value < at.value:
        return None
    metric.update(at, trial, length)
    return trial


def _evaluated(loss: Loss, x: torch.Tensor, precision: torch.dtype) -> _Point:
    leaf = x.to(precision, copy=True).requires_grad_()
    value = loss(leaf)
    (gradient,) = torch.autograd.grad(value, leaf)
    return _Point(x, float(value.detach()), gradient.double())
