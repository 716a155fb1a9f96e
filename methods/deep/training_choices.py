"""What the papers on primitives did differently in training, or left open: each choice by the name that a field takes.

Where the points come from, how the learning rate falls, and which weights are kept.

Papers: Maître & Santos-Mateos, JHEP 03 (2023) 221, section 2.3; Bentley, MPhys thesis, Durham 2024, sections 3 and 4.

notation: update = one step of the optimiser (the thesis's epoch).
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable

import torch

from methods.deep.network import PrimitiveNetwork
from methods.quadrature import lattices

FIRST_UPDATES = 50
"""Updates over which the learning rate of `inverse_sqrt` rises from zero, so that Adam's first estimates do no harm."""

DECAY = 300
"""`inverse_sqrt` falls as 1/√(1 + updates/DECAY): a schedule that does not need to know when training will stop."""

AVERAGED = 0.1
"""Weights are averaged over about this share of the updates so far. On box1l after 400 updates: 2.2 digits, where the
last weights alone give 1.8."""

SELECT_EVERY = 100
"""Updates between looks for the best weights (thesis section 4.2)."""

# ----- points ---------------------------------------------------------------------------------------------------------

Source = Callable[[], torch.Tensor]
"""Returns new points of the unit cube (n, d), in float64, at each call."""


def _shifted(points: torch.Tensor, generator: torch.Generator) -> Source:
    """Return a source that shifts the same points at random, modulo 1."""

    def draw() -> torch.Tensor:
        # Drawn on the CPU, so that a seed means the same on every device.
        shift = torch.rand(points.shape[1], generator=generator, dtype=torch.float64)
        return (points + shift.to(points.device)) % 1.0

    return draw


def from_lattice(n: int, dimension: int, generator: torch.Generator, device: str) -> Source:
    """Draw a rank-1 lattice with a random shift (JHEP section 3.1)."""
    points = torch.as_tensor(lattices.points(lattices.powers(n, dimension), n), device=device)
    return _shifted(points, generator)


def from_sobol(n: int, dimension: int, generator: torch.Generator, device: str) -> Source:
    """Draw the first n points of Sobol's sequence with a random shift."""
    points = torch.quasirandom.SobolEngine(dimension).draw(n, dtype=torch.float64)
    return _shifted(points.to(device), generator)


def at_random(n: int, dimension: int, generator: torch.Generator, device: str) -> Source:
    """Draw independent uniform points."""
    return lambda: torch.rand(n, dimension, generator=generator, dtype=torch.float64).to(device)


POINTS: dict[str, Callable[[int, int, torch.Generator, str], Source]] = {
    "lattice": from_lattice,
    "sobol": from_sobol,
    "random": at_random,
}

# ----- learning rate --------------------------------------------------------------------------------------------------

Schedule = Callable[[int, float], None]
"""Called after each update, with the number made so far and the loss before the last: sets the next learning rate."""


def inverse_sqrt(optimiser: torch.optim.Optimizer, factor: float, patience: int) -> Schedule:
    """Rise from zero for FIRST_UPDATES updates, and fall as 1/√(1 + updates/DECAY)."""
    highest = optimiser.param_groups[0]["lr"]

    def step(done: int, loss: float) -> None:
        share = min(1.0, (done + 1) / FIRST_UPDATES) / math.sqrt(1 + done / DECAY)
        optimiser.param_groups[0]["lr"] = highest * share

    step(0, math.nan)
    return step


def plateau(optimiser: torch.optim.Optimizer, factor: float, patience: int) -> Schedule:
    """Fall by `factor` where the loss has not fallen for `patience` updates: torch's ReduceLROnPlateau (thesis 4.4)."""
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=factor, patience=patience)
    return lambda done, loss: scheduler.step(loss)


def constant(optimiser: torch.optim.Optimizer, factor: float, patience: int) -> Schedule:
    """Keep the learning rate."""
    return lambda done, loss: None


SCHEDULES: dict[str, Callable[[torch.optim.Optimizer, float, int], Schedule]] = {
    "inverse_sqrt": inverse_sqrt,
    "plateau": plateau,
    "constant": constant,
}

# ----- weights that are kept ------------------------------------------------------------------------------------------


class Selection(ABC):
    """Chooses the weights that count: `network` holds them after any number of updates of the network `trained`."""

    def __init__(self, trained: PrimitiveNetwork, merit: Callable[[], float]) -> None:
        self.network = copy.deepcopy(trained).requires_grad_(False)
        self._trained, self._merit = trained, merit

    @abstractmethod
    def look(self, done: int) -> None:
        """Choose, after `done` updates."""

    def _follow(self, share: float) -> None:
        """Move the kept weights by this share of the way to those in training."""
        with torch.no_grad():
            for kept, current in zip(self.network.parameters(), self._trained.parameters(), strict=True):
                kept.lerp_(current, share)


class Last(Selection):
    """The last weights."""

    def look(self, done: int) -> None:
        """Take the weights as they are."""
        self._follow(1.0)


class Average(Selection):
    """A running mean over the last AVERAGED share of the updates."""

    def look(self, done: int) -> None:
        """Move on by 1/(AVERAGED · done)."""
        self._follow(min(1.0, 1 / (AVERAGED * done)))


class Best(Selection):
    """The weights with the smallest merit, a loss on points kept apart or a miss of labels, looked at now and then.

    That is every SELECT_EVERY updates; before the first time, the last weights.
    """

    smallest = math.inf

    def look(self, done: int) -> None:
        """Compare, where it is time to."""
        if done < SELECT_EVERY:
            self._follow(1.0)
        if done % SELECT_EVERY == 0 and (merit := self._merit()) < self.smallest:
            self.smallest = merit
            self._follow(1.0)


SELECTIONS: dict[str, type[Selection]] = {"average": Average, "best": Best, "last": Last}
