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

import torch
from torch import nn

from methods.core.budget import Clock
from methods.surrogates.adam import weights_of

HISTORY = 50
"""Pairs of steps and differences of gradients that are remembered."""

ITERATIONS_PER_LOOK = 20
"""Iterations between two looks at the validation labels."""

MOST_EVALUATIONS = 27
"""Evaluations of the loss in an iteration at most: one before the line search, and what torch's allows itself."""

ITERATIONS_WITHOUT_BUDGET = 500
"""About half a minute for 4,000 labels with derivatives of a network of 2 × 64."""


class Minimised(NamedTuple):
    """Outcome of a minimisation."""

    score: float
    """The best score on the validation labels; the network has the weights that reached it."""
    n_iterations: int


def minimise(
    network: nn.Module, loss: Callable[[], torch.Tensor], n_iterations: int | None, clock: Clock, *,
    score: Callable[[], float], look: Callable[[float], None],
) -> Minimised:  # fmt: skip
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
        As those of `adam.descend`.

    Returns
    -------
    Minimised
        How it went; the number of iterations repeats it.
    """
    if n_iterations is None:
        n_iterations = sys.maxsize if clock.is_limited else ITERATIONS_WITHOUT_BUDGET
    # One iteration per call of `step`: a call's limit on evaluations would else depend on when the clock was looked at.
    optimiser = torch.optim.LBFGS(
        network.parameters(), max_iter=1, max_eval=MOST_EVALUATIONS, history_size=HISTORY,
        line_search_fn="strong_wolfe", tolerance_grad=0, tolerance_change=0,
    )  # fmt: skip
    value_at: tuple[torch.Tensor, torch.Tensor] | None = None

    def closure() -> torch.Tensor:
        nonlocal value_at
        weights = nn.utils.parameters_to_vector(network.parameters()).detach()
        # Each call begins where the last line search mostly ended; the gradients are still those of that evaluation.
        if value_at is None or not torch.equal(weights, value_at[0]):
            optimiser.zero_grad()
            value = loss()
            value.backward()
            value_at = weights, value.detach()
        return value_at[1]

    start = time.perf_counter()
    best, best_weights, done = score(), weights_of(network), 0
    judging_s = time.perf_counter() - start
    finished = n_iterations == 0 or clock.left <= judging_s
    while not finished:
        start, before = time.perf_counter(), weights_of(network)
        optimiser.step(closure)
        done += 1
        stuck = all(torch.equal(weight, before[key]) for key, weight in network.state_dict().items())
        # An iteration may take a few times as long as the one before.
        enough = clock.left > 3 * (time.perf_counter() - start) + judging_s
        finished = stuck or done == n_iterations or not enough
        # Where weights are judged must not depend on the clock, or a number of iterations would not repeat a run.
        if finished or done % ITERATIONS_PER_LOOK == 0:
            current = score()
            look(current)
            if current < best:
                best, best_weights = current, weights_of(network)
    network.load_state_dict(best_weights)
    return Minimised(best, done)
