"""How the papers train one replica: Adam on the squared residual of the mixed derivative, over points that are renewed.

    loss = mean over points (s, t) of (∂^k N/∂t1…∂tk − target(s, t))²                                   (JHEP eq. 2.5)

`methods/deep/training_choices.py` has what the papers did differently, or left open.

Papers: Maître & Santos-Mateos, JHEP 03 (2023) 221, section 2.3; Bentley, MPhys thesis, Durham 2024, sections 3 and 4.

notation: N = network, t = transformed Feynman parameters, update = one step of the optimiser (the thesis's epoch).
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import torch

from methods.base import ParametricIntegral
from methods.deep.network import PrimitiveNetwork, mixed_partial
from methods.deep.optimiser import adam
from methods.deep.training_choices import POINTS, SCHEDULES, SELECTIONS, Source

NUMBERS_AT_ONCE = 2**27
"""Coefficients of all layers that one pass works on; more points are taken in parts. In plain torch, autograd keeps
some twenty tensors of this size: by this estimate 11 GB in float32."""


class Batch(NamedTuple):
    """Points and what the mixed derivative should be there, as the network takes them."""

    s: torch.Tensor
    t: torch.Tensor
    target: torch.Tensor


class Trainable(Protocol):
    """What training asks of a method: hyperparameters (`published_primitive` explains each), and two functions."""

    width: int
    depth: int
    seed: int
    device: str
    points: str
    lattice_size: int
    n_repeat: int
    shared_points: bool
    learning_rate: float
    schedule: str
    factor: float
    patience: int
    selection: str
    labels: str | None
    integral_: ParametricIntegral

    def new_network(self, generator: torch.Generator) -> PrimitiveNetwork:
        """Return an untrained network."""

    def batch(self, points: torch.Tensor) -> Batch:
        """Return network inputs and target for points (t, s) of the unit cube."""

    def label_errors(self, network: PrimitiveNetwork) -> torch.Tensor:
        """Compute log10 of a network's relative error at each label."""


class Replica:
    """One network in training: its weights, those to keep, its optimiser and its points.

    Parameters
    ----------
    method : Trainable
        Gives the hyperparameters, and turns points of the unit cube into a batch.
    index : int
        Of the replica: random numbers follow from it and the method's seed.

    Attributes
    ----------
    network, optimiser, schedule, selection
        The network in training, and what trains it, sets the learning rate and keeps the weights that count.
    loss : torch.Tensor
        That of the last update, on the device; to make a number of it waits until the update has ended.
    state_of_points : torch.Tensor
        The generator's state before it drew the points of the next update: `renew_points` draws them again.
    """

    def __init__(self, method: Trainable, index: int) -> None:
        self._method = method
        own = self._generator(index)
        self.network = method.new_network(own)
        self.optimiser = adam(self.network.parameters(), method.learning_rate, method.device)
        self.loss = torch.tensor(math.nan)
        self.schedule = SCHEDULES[method.schedule](self.optimiser, method.factor, method.patience)
        self._of_points = self._generator(0, stream=1) if method.shared_points else own
        self._draw = self._source(self._of_points)
        self._validation_draw = self._source(self._generator(index, stream=2))
        self._validation: Batch | None = None
        self.selection = SELECTIONS[method.selection](self.network, self._merit)
        self.renew_points(self._of_points.get_state())

    @property
    def kept(self) -> PrimitiveNetwork:
        """The network with the weights that count."""
        return self.selection.network

    def update(self, done: int) -> None:
        """Make one update, after `done` others; on a GPU it returns before that has ended."""
        if done and done % self._method.n_repeat == 0:
            self.renew_points(self._of_points.get_state())
        self.optimiser.zero_grad()
        self.loss = self._backward()
        self.optimiser.step()
        self.schedule(done + 1, self.loss)
        self.selection.look(done + 1)

    def renew_points(self, state: torch.Tensor) -> None:
        """Draw the points that the next updates take; `state` of the generator (its `get_state`) decides which."""
        self.state_of_points = state
        self._of_points.set_state(state)
        self._batch = self._method.batch(self._draw())

    def validation(self) -> Batch:
        """Return points that training never sees, the same at each call, so that losses on them can be compared."""
        if self._validation is None:
            self._validation = self._method.batch(self._validation_draw())
        return self._validation

    def validation_loss(self) -> float:
        """Return the loss on those points."""
        with torch.no_grad():
            return sum(float(self._squares(part)) for part in self._parts(self.validation()))

    def label_errors(self) -> torch.Tensor | None:
        """Compute log10 of the relative error at each label, of the weights in training; None without labels."""
        return None if self._method.labels is None else self._method.label_errors(self.network)

    def _merit(self) -> float:
        """Measure how bad weights are: the best ones have the least."""
        errors = self.label_errors()
        return self.validation_loss() if errors is None else float(errors.mean())

    def _backward(self) -> torch.Tensor:
        """Return the loss, on the device and in float64, leaving its gradients with the weights."""
        losses = []
        for part in self._parts(self._batch):
            loss = self._squares(part)
            loss.backward()
            losses.append(loss.detach().double())
        return sum(losses[1:], losses[0])

    def _squares(self, part: Batch) -> torch.Tensor:
        """Sum the loss over some of the points."""
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
