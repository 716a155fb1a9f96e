"""How the papers train one replica: Adam on the squared residual of the mixed derivative, over points that are renewed.

    loss = mean over points (s, t) of (∂^k N/∂t1…∂tk − target(s, t))²                                   (JHEP eq. 2.5)

What the papers did differently, or left open, has a name here: where the points come from, how the learning rate falls,
and which weights are kept.

Papers: Maître & Santos-Mateos, JHEP 03 (2023) 221, section 2.3; Bentley, MPhys thesis, Durham 2024, sections 3 and 4.

notation: N = network, t = transformed Feynman parameters, update = one step of the optimiser (the thesis's epoch).
"""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import torch

from methods import lattice
from methods.mixed import PrimitiveNetwork, mixed_partial

if TYPE_CHECKING:
    from methods.published_primitive import PublishedPrimitive

FIRST_UPDATES = 50
"""Updates over which the learning rate of `inverse_sqrt` rises from zero, so that Adam's first estimates do no harm."""

DECAY = 300
"""`inverse_sqrt` falls as 1/√(1 + updates/DECAY): a schedule that does not need to know when training will stop."""

AVERAGED = 0.1
"""Weights are averaged over about this share of the updates so far. On box1l after 400 updates: 2.2 digits, where the
last weights alone give 1.8."""

SELECT_EVERY = 100
"""Updates between looks for the best weights (thesis section 4.2)."""

NUMBERS_AT_ONCE = 2**27
"""Coefficients of all layers that one pass works on, more points being taken in parts: autograd keeps about twenty
tensors of this size in plain torch, 11 GB in float32."""

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
    return _shifted(lattice.unshifted(n, dimension, dtype=torch.float64, device=device), generator)


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


def inverse_sqrt(optimiser: torch.optim.Optimizer, method: PublishedPrimitive) -> Schedule:
    """Rise from zero for FIRST_UPDATES updates, and fall as 1/√(1 + updates/DECAY)."""

    def step(done: int, loss: float) -> None:
        factor = min(1.0, (done + 1) / FIRST_UPDATES) / math.sqrt(1 + done / DECAY)
        optimiser.param_groups[0]["lr"] = method.learning_rate * factor

    step(0, math.nan)
    return step


def plateau(optimiser: torch.optim.Optimizer, method: PublishedPrimitive) -> Schedule:
    """Fall by `factor` where the loss has not fallen for `patience` updates: torch's ReduceLROnPlateau (thesis 4.4)."""
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, factor=method.factor, patience=method.patience)
    return lambda done, loss: scheduler.step(loss)


def constant(optimiser: torch.optim.Optimizer, method: PublishedPrimitive) -> Schedule:
    """Keep the learning rate."""
    return lambda done, loss: None


SCHEDULES: dict[str, Callable[[torch.optim.Optimizer, PublishedPrimitive], Schedule]] = {
    "inverse_sqrt": inverse_sqrt,
    "plateau": plateau,
    "constant": constant,
}

# ----- weights that are kept ------------------------------------------------------------------------------------------


class Selection(ABC):
    """Chooses the weights that count: `network` holds them after any number of updates of the network `trained`."""

    def __init__(self, trained: PrimitiveNetwork, validation_loss: Callable[[], float]) -> None:
        self.network = copy.deepcopy(trained).requires_grad_(False)
        self._trained, self._validation_loss = trained, validation_loss

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
    """The weights with the smallest loss on points kept apart, looked at every SELECT_EVERY updates; first the last."""

    smallest = math.inf

    def look(self, done: int) -> None:
        """Compare, where it is time to."""
        if done < SELECT_EVERY:
            self._follow(1.0)
        if done % SELECT_EVERY == 0 and (loss := self._validation_loss()) < self.smallest:
            self.smallest = loss
            self._follow(1.0)


SELECTIONS: dict[str, type[Selection]] = {"average": Average, "best": Best, "last": Last}

# ----- one replica ----------------------------------------------------------------------------------------------------


class Batch(NamedTuple):
    """Points and what the mixed derivative should be there, as the network takes them."""

    s: torch.Tensor
    t: torch.Tensor
    target: torch.Tensor


class Replica:
    """One network in training: its weights, those to keep, its optimiser and its points.

    Parameters
    ----------
    method : PublishedPrimitive
        Gives the hyperparameters, and turns points of the unit cube into a batch.
    index : int
        Of the replica: random numbers follow from it and the method's seed.
    """

    def __init__(self, method: PublishedPrimitive, index: int) -> None:
        self._method = method
        own = self._generator(index)
        self.network = method.new_network(own)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=method.learning_rate)
        self.loss = math.nan
        self._schedule = SCHEDULES[method.schedule](self.optimiser, method)
        self._draw = self._source(self._generator(0, stream=1) if method.shared_points else own)
        self._validation_draw = self._source(self._generator(index, stream=2))
        self._validation: Batch | None = None
        self._selection = SELECTIONS[method.selection](self.network, self.validation_loss)
        self._batch = method.batch(self._draw())

    @property
    def kept(self) -> PrimitiveNetwork:
        """The network with the weights that count."""
        return self._selection.network

    def update(self, done: int) -> None:
        """Make one update, after `done` others."""
        if done and done % self._method.n_repeat == 0:
            self._batch = self._method.batch(self._draw())
        self.optimiser.zero_grad()
        self.loss = self._backward()
        self.optimiser.step()
        self._schedule(done + 1, self.loss)
        self._selection.look(done + 1)

    def validation(self) -> Batch:
        """Return points that training never sees, the same at each call, so that losses on them can be compared."""
        if self._validation is None:
            self._validation = self._method.batch(self._validation_draw())
        return self._validation

    def validation_loss(self) -> float:
        """Return the loss on those points."""
        with torch.no_grad():
            return sum(float(self._squares(part)) for part in self._parts(self.validation()))

    def _backward(self) -> float:
        """Return the loss, leaving its gradients with the weights."""
        total = 0.0
        for part in self._parts(self._batch):
            loss = self._squares(part)
            loss.backward()
            total += float(loss.detach())
        return total

    def _squares(self, part: Batch) -> torch.Tensor:
        """Return what a part of the points adds to the loss."""
        residuals = mixed_partial(self.network, part.s, part.t) - part.target
        return residuals.square().sum() / self._method.lattice_size

    def _parts(self, batch: Batch) -> list[Batch]:
        """Split a batch so that the coefficients of all layers fit in memory."""
        per_point = 2**self.network.k * self._method.width * self._method.depth
        n_points = max(1, NUMBERS_AT_ONCE // per_point)
        return [Batch(*part) for part in zip(*(tensor.split(n_points) for tensor in batch), strict=True)]

    def _source(self, generator: torch.Generator) -> Source:
        integral = self._method.integral_
        return POINTS[self._method.points](
            self._method.lattice_size, integral.k + integral.m, generator, self._method.device
        )

    def _generator(self, index: int, stream: int = 0) -> torch.Generator:
        return torch.Generator().manual_seed(self._method.seed * 1000 + index + (stream << 32))
