"""The end of a training by L-BFGS on many labels at once, in double precision.

Adam's steps on batches leave a noise floor; a quasi-Newton method with an exact loss goes on where the network is small
and the labels have no noise. The network is computed in float64 meanwhile, as line searches fail at float32's rounding,
and given back in its own precision.

Liu and Nocedal, *On the limited memory BFGS method for large scale optimization*, Math. Program. 45 (1989) 503, with
torch's line search for the strong Wolfe conditions.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from methods.descent import weights_of
from methods.schedule import Clock

HISTORY = 50
"""Pairs of steps and differences of gradients that are remembered."""

ITERATIONS_PER_LOOK = 20
"""Iterations between two looks at the validation labels and the clock; fewer at the end of the budget."""

MOST_EVALUATIONS = 27
"""Evaluations of the loss in an iteration at most: what torch's line search allows itself, so that how often the clock
is looked at does not change the path."""

ITERATIONS_WITHOUT_BUDGET = 500
"""About half a minute for 4,000 labels with derivatives of a network of 2 × 64."""


class Polished(NamedTuple):
    """How it went."""

    score: float
    """The best score on the validation labels; the network has the weights that reached it."""
    n_iterations: int


def polish(
    network: nn.Module, loss: Callable[[], torch.Tensor], n_iterations: int | None, clock: Clock, *,
    score: Callable[[], float], look: Callable[[float], None],
) -> Polished:  # fmt: skip
    """Minimise a loss until the clock, the number of iterations or the end of all progress stops it.

    Parameters
    ----------
    network : nn.Module
        What is trained, in float64.
    loss : callable
        The loss on all labels.
    n_iterations : int, optional
        Iterations to make, each a line search; None makes as many as the budget allows.
    clock : Clock
        Of the budget.
    score, look : callable
        As those of `descent.descend`.
    """
    if n_iterations is None:
        n_iterations = sys.maxsize if np.isfinite(clock.left) else ITERATIONS_WITHOUT_BUDGET
    optimiser = torch.optim.LBFGS(
        network.parameters(), history_size=HISTORY, line_search_fn="strong_wolfe", tolerance_grad=0, tolerance_change=0
    )
    group = optimiser.param_groups[0]

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    best, best_weights, done, slowest = score(), weights_of(network), 0, 0.0
    finished = n_iterations == 0 or clock.left <= 0
    while not finished:
        # The first iteration, alone, tells how long one takes.
        due = ITERATIONS_PER_LOOK - (done - 1) % ITERATIONS_PER_LOOK if done else 1
        affordable = max(1, int(min(due, 0.5 * clock.left / slowest))) if done else 1
        group["max_iter"] = min(n_iterations - done, affordable)
        group["max_eval"] = MOST_EVALUATIONS * group["max_iter"]
        start, before = time.perf_counter(), weights_of(network)
        optimiser.step(closure)
        slowest = max(slowest, (time.perf_counter() - start) / group["max_iter"])
        done += group["max_iter"]
        stuck = all(torch.equal(weight, before[key]) for key, weight in network.state_dict().items())
        finished = stuck or done == n_iterations or clock.left < 2 * slowest
        # Where weights are judged must not depend on the clock, or a number of iterations would not repeat a run.
        if finished or done % ITERATIONS_PER_LOOK == 1:
            current = score()
            look(current)
            if current < best:
                best, best_weights = current, weights_of(network)
    network.load_state_dict(best_weights)
    return Polished(best, done)
