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
from methods.deep.optimiser import set_rate
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
        # Drawn on the CPU, so that a seed means the same on every device. Numbers travel there with the additions
        # themselves, where a tensor would have to be copied, and the device waited for.
        shift = torch.rand(points.shape[1], generator=generator, dtype=torch.float64).tolist()
        columns = zip(points.unbind(dim=1), shift, strict=True)
        return torch.stack([(column + number) % 1.0 for column, number in columns], dim=1)

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


class Schedule(ABC):
    """Sets the next learning rate after each update.

    Parameters
    ----------
    optimiser : torch.optim.Optimizer
        Has the highest learning rate, and its weights are on the device of the loss.
    factor, patience : float, int
        Of the schedule "plateau".

    Attributes
    ----------
    kept : dict of str to torch.Tensor
        What it keeps from one update to the next, besides the learning rate, on the device.
    """

    def __init__(self, optimiser: torch.optim.Optimizer, factor: float, patience: int) -> None:
        self._optimiser, self._factor, self._patience = optimiser, factor, patience
        self._highest = float(optimiser.param_groups[0]["lr"])
        self.kept: dict[str, torch.Tensor] = {}

    @abstractmethod
    def __call__(self, done: int, loss: torch.Tensor) -> None:
        """Set the learning rate of the next update, after `done` updates; `loss` () is that before the last of them."""


class InverseSqrt(Schedule):
    """Rises from zero for FIRST_UPDATES updates, and falls as 1/√(1 + updates/DECAY)."""

    def __init__(self, optimiser: torch.optim.Optimizer, factor: float, patience: int) -> None:
        super().__init__(optimiser, factor, patience)
        self._set(0)

    def __call__(self, done: int, loss: torch.Tensor) -> None:
        """Take the rate for this number of updates."""
        self._set(done)

    def _set(self, done: int) -> None:
        share = min(1.0, (done + 1) / FIRST_UPDATES) / math.sqrt(1 + done / DECAY)
        set_rate(self._optimiser, self._highest * share)


class Plateau(Schedule):
    """Falls by `factor` where the loss has not fallen for `patience` updates (thesis section 4.4).

    The rule is that of torch's ReduceLROnPlateau, with its defaults, on numbers that stay on the device: that one asks
    for the loss as a number of the host at each update.
    """

    THRESHOLD = 1e-4
    """Relative fall of the loss from which on it counts."""

    LEAST_FALL = 1e-8
    """A rate that would fall by less stays."""

    def __init__(self, optimiser: torch.optim.Optimizer, factor: float, patience: int) -> None:
        super().__init__(optimiser, factor, patience)
        start = {"rate": self._highest, "smallest": math.inf, "in_vain": 0.0}
        device = optimiser.param_groups[0]["params"][0].device
        self.kept = {key: torch.full((), number, dtype=torch.float64, device=device) for key, number in start.items()}

    def __call__(self, done: int, loss: torch.Tensor) -> None:
        """Compare the loss with the smallest so far."""
        rate, smallest, in_vain = self.kept.values()
        has_fallen = loss < smallest * (1 - self.THRESHOLD)
        in_vain.add_(1).mul_(~has_fallen)
        smallest.copy_(torch.where(has_fallen, loss, smallest))
        is_over = in_vain > self._patience
        in_vain.mul_(~is_over)
        lower = rate * self._factor
        rate.copy_(torch.where(is_over & (rate - lower > self.LEAST_FALL), lower, rate))
        set_rate(self._optimiser, rate)


class Constant(Schedule):
    """Keeps the learning rate."""

    def __call__(self, done: int, loss: torch.Tensor) -> None:
        """Leave the learning rate as it is."""


SCHEDULES: dict[str, type[Schedule]] = {"inverse_sqrt": InverseSqrt, "plateau": Plateau, "constant": Constant}

# ----- weights that are kept ------------------------------------------------------------------------------------------


class Selection(ABC):
    """Chooses the weights that count: `network` holds them after any number of updates of the network `trained`."""

    smallest = math.inf
    """The least merit so far, where merits are compared."""

    def __init__(self, trained: PrimitiveNetwork, merit: Callable[[], float]) -> None:
        self.network = copy.deepcopy(trained).requires_grad_(False)
        self._trained, self._merit = trained, merit

    @abstractmethod
    def look(self, done: int) -> None:
        """Choose, after `done` updates."""

    def _follow(self, share: float) -> None:
        """Move the kept weights by this share of the way to those in training."""
        with torch.no_grad():  # all tensors in one call, as torch's own averaging does: one kernel on a GPU
            torch._foreach_lerp_(list(self.network.parameters()), list(self._trained.parameters()), share)


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

    def look(self, done: int) -> None:
        """Compare, where it is time to."""
        if done < SELECT_EVERY:
            self._follow(1.0)
        if done % SELECT_EVERY == 0 and (merit := self._merit()) < self.smallest:
            self.smallest = merit
            self._follow(1.0)


SELECTIONS: dict[str, type[Selection]] = {"average": Average, "best": Best, "last": Last}
