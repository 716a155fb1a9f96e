"""Mini-batch training by Adam, judged by validation labels: the loop that all regression networks share.

An update is one step on one batch. Every VALIDATE_EVERY updates the network is judged on labels kept apart, and the
weights that did best there are the ones that count.

Kingma and Ba, *Adam*, ICLR 2015; the settings of the code of Bishara, Paul and Dy, NeurIPS ML4PS 2022: batches of
512, learning rate 1e-3, a patience of 200.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import torch
from torch import nn

from methods.core.budget import Clock
from methods.surrogates.schedule import Schedule

VALIDATE_EVERY = 200
"""Updates between two looks at the validation set; a look costs a few per cent of them."""

HALF_LIFE = 1e6
"""Updates in which `halving` halves the learning rate: what the authors of the sk-DNN used."""

RATES: dict[str, Callable[[Schedule, int], float]] = {
    "linear": lambda schedule, update: schedule.factor(update),
    "halving": lambda schedule, update: 0.5 ** (update / HALF_LIFE),
    "constant": lambda schedule, update: 1.0,
}
"""Factor on the learning rate: `linear` is constant for half of the run and then falls to zero."""


class Settings(Protocol):
    """Fields of a method that the loop reads."""

    batch_size: int
    learning_rate: float
    schedule: str
    """One of `RATES`."""
    patience: int
    n_updates: int | None
    schedule_updates: int | None
    seed: int
    device: str


class Descent(NamedTuple):
    """Outcome of a training."""

    score: float
    """The best score on the validation labels; the network has the weights that reached it."""
    n_updates: int
    schedule_updates: int
    """Updates after which `linear` would be at zero."""


def descend(
    network: nn.Module, settings: Settings, n_train: int, clock: Clock, *, loss: Callable[[torch.Tensor], torch.Tensor],
    score: Callable[[], float], look: Callable[[float], None], latest: Clock | None = None,
) -> Descent:  # fmt: skip
    """Train until the clock, the number of updates or the patience ends it, and restore the best weights.

    Parameters
    ----------
    network : nn.Module
        What is trained.
    settings : Settings
        The method's fields.
    n_train : int
        Number of training labels.
    clock : Clock
        The time to plan with.
    loss : callable
        The loss of a batch, given the indices of its labels.
    score : callable
        The loss on the validation labels, the smaller the better.
    look : callable
        Called with the score after each look at the validation labels.
    latest : Clock, optional
        When to end at the latest; by default when `clock` ends. See `Schedule`.
    """
    rate = RATES[settings.schedule]
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate, fused=True)
    batches = _batches(n_train, settings.batch_size, settings.seed)
    start = time.perf_counter()
    best, best_weights = score(), weights_of(network)
    # The last look at the validation set must fit, even if it takes longer than this one.
    reserve = 2 * (time.perf_counter() - start)
    schedule = Schedule(settings.schedule_updates or settings.n_updates, clock, reserve, latest)
    update, looks_in_vain, finished, longest = 0, 0, False, 0.0
    while not finished:
        begun = time.perf_counter()
        optimiser.param_groups[0]["lr"] = settings.learning_rate * rate(schedule, update)
        value = loss(next(batches).to(settings.device))
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        update += 1
        longest = max(0.9 * longest, time.perf_counter() - begun)  # the first says little: it loads code
        finished = schedule.is_over(update, longest) or update == settings.n_updates
        if finished or update % VALIDATE_EVERY == 0:
            current = score()
            looks_in_vain += 1
            if current < best:
                best, best_weights, looks_in_vain = current, weights_of(network), 0
            look(current)
            finished = finished or looks_in_vain >= settings.patience
    network.load_state_dict(best_weights)
    # A run cut short before the number was decided never lowered its learning rate.
    return Descent(best, update, schedule.n_updates or 2 * update)


def weights_of(network: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of the network's weights by name."""
    return {key: weight.detach().clone() for key, weight in network.state_dict().items()}


def _batches(n: int, size: int, seed: int) -> Iterator[torch.Tensor]:
    """Yield the indices of one batch after the other, for ever; each pass over n labels has an order of its own."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield from torch.randperm(n, generator=generator).split(size)
