"""The neural primitive: train a network N so that its mixed derivative is the integrand, then sum N over the corners.

    ∂^k N(s, x)/∂x1…∂xk = f(s, x)  ⇒  I(s) = Σ_{x ∈ {0,1}^k} (−1)^(k − Σ x_i) N(s, x)          (JHEP eq. 2.1, 2.3)

N is fitted in a transformed variable t and to f divided by its value at the centre of the cube (eq. 2.19, 2.23):

    loss = mean over (s, t) of (∂^k N/∂t1…∂tk − f(s, x(t)) Π_i x'(t_i) / f(s, ½))²              (eq. 2.5)

The points (s, t) are a rank-1 lattice in k + m dimensions with a random shift that is renewed every few updates, so
that there is always new data and no epoch (section 2.3). An ensemble of replicas gives value and error (section 3.1).

Paper: Maître & Santos-Mateos, JHEP 03 (2023) 221, arXiv:2211.02834.

notation: N = network; lattice grid size = lattice_size; n_repeat, gain as in its Table 1.
"""

from __future__ import annotations

import copy
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch

from methods import lattice
from methods.activations import ACTIVATIONS
from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.mixed import PrimitiveNetwork, corner_sum, mixed_partial
from methods.transforms import TRANSFORMS

FIRST_UPDATES = 50
"""Updates over which the learning rate rises from zero, so that Adam's first estimates do no harm."""

DECAY = 300
"""The learning rate falls as 1/√(1 + updates/DECAY): a schedule that does not need to know when training will stop."""

AVERAGED = 0.1
"""Weights are averaged over about this share of the updates so far. On box1l after 400 updates: 2.2 digits, where the
last weights alone give 1.8."""

MONITOR_EVERY = 25
"""Updates between calls of the monitor."""

PRECISIONS = {"float32": torch.float32, "float64": torch.float64}

CHUNK = 2**14
"""Phase-space points that `integrate` treats at once."""


@dataclass(kw_only=True)
class NeuralPrimitive(Method):
    """An ensemble of fully connected networks trained as primitives of the integrand.

    Parameters
    ----------
    width, depth : int
        Neurons per hidden layer, and number of hidden layers. The paper has 4 × 100 for I1 and 4 × 30 for I2, trained
        for about ten hours on a GPU; the default suits a minute on two cores.
    activation : str
        A name of `methods.activations.ACTIVATIONS`.
    gain : float
        Of the Xavier initialisation, in PyTorch's convention; Table 1 has 1.5 for tanh and 2 for the sigmoid (I1).
    transform : str
        Change of variables t -> x: a name of `methods.transforms.TRANSFORMS`. The paper's is "korobov3".
    lattice_size : int
        Points (s, t) per update (Table 1: 100,000 for I1, 20,000 for I2).
    n_repeat : int
        Updates between random shifts of the lattice (Table 1: 5).
    learning_rate : float
        Adam's, at its highest; the paper states none.
    n_replicas : int
        Networks in the ensemble (the paper: 8). Their standard deviation is the error; with one replica it is nan.
    n_updates : int, optional
        Updates of each replica; None trains until the budget is used, or 20,000 without a budget.
    seed : int
        Of weights and shifts.
    precision : str
        "float32" or "float64".
    device : str
        Where to train and evaluate, as torch names it.

    Attributes
    ----------
    n_updates_ : int
        Updates made of each replica. As nothing in the training depends on the time, fitting again with `n_updates` set
        to this number repeats the result.
    """

    name: ClassVar[str] = "neural_primitive"
    source: ClassVar[str] = "Maître & Santos-Mateos, JHEP 03 (2023) 221"

    width: int = 64
    depth: int = 3
    activation: str = "tanh"
    gain: float = 1.5
    transform: str = "korobov3"
    lattice_size: int = 2048
    n_repeat: int = 5
    learning_rate: float = 5e-3
    n_replicas: int = 2
    n_updates: int | None = None
    seed: int = 0
    precision: str = "float32"
    device: str = "cpu"

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Train all replicas in step until the budget or `n_updates` is used up."""
        deadline = math.inf if budget is None else time.perf_counter() + budget
        n_updates = self.n_updates or (20_000 if budget is None else sys.maxsize)
        self._prepare(integral)
        replicas = [_Replica(self, integral, index) for index in range(self.n_replicas)]
        self._networks = [replica.averaged for replica in replicas]
        self.scale_, self.n_updates_ = replicas[0].scale, 0
        longest = 0.0
        while self.n_updates_ < n_updates:
            start = time.perf_counter()
            if start + longest > deadline and self.n_updates_ > 0:
                break
            for replica in replicas:
                replica.update(self.n_updates_)
            self.n_updates_ += 1
            longest = max(longest, time.perf_counter() - start)
            if monitor is not None and self.n_updates_ % MONITOR_EVERY == 0:
                start = time.perf_counter()
                monitor(self)
                deadline += time.perf_counter() - start
        return self

    def integrate(self, s: np.ndarray) -> Estimate:
        """Sum the networks over the corners; value and error are mean and standard deviation of the replicas.

        `n_eval` is the integrand at the centre, once per row.
        """
        points = torch.as_tensor(self.integral_.check(s), device=self.device)
        values = points.new_empty(self.n_replicas, len(points))
        with torch.no_grad():
            for start in range(0, len(points), CHUNK):
                chunk = points[start : start + CHUNK]
                normalisation = self.scale_ * self._at_centre(chunk)
                scaled = self._scaled(chunk).to(self._dtype)
                for value, network in zip(values, self._networks, strict=True):
                    value[start : start + CHUNK] = corner_sum(network, scaled) * normalisation
        of_replicas = values.cpu().numpy()
        error = of_replicas.std(axis=0, ddof=1) if self.n_replicas > 1 else np.full(len(s), np.nan)
        return Estimate(of_replicas.mean(axis=0), error, len(s))

    def target(self, points: torch.Tensor) -> torch.Tensor:
        """Return what the mixed derivative is fitted to, at points (t, s) of the unit cube (n, k + m): (n,)."""
        k = self.integral_.k
        x, dx_dt = TRANSFORMS[self.transform](points[:, :k])
        s = self._low + (self._high - self._low) * points[:, k:]
        return self.integral_.integrand(s, x) * dx_dt.prod(dim=1) / self._at_centre(s)

    def _prepare(self, integral: ParametricIntegral) -> None:
        """Check the fields, and keep what training and evaluation share."""
        for field, allowed in (("activation", ACTIVATIONS), ("transform", TRANSFORMS), ("precision", PRECISIONS)):
            if getattr(self, field) not in allowed:
                raise InputError(f"{self.name} has no {field} {getattr(self, field)!r}; known: {', '.join(allowed)}.")
        if min(self.width, self.depth, self.lattice_size, self.n_repeat, self.n_replicas) < 1:
            raise InputError(f"{self.name}: width, depth, lattice_size, n_repeat and n_replicas must be at least 1.")
        self.integral_ = integral
        self._dtype = PRECISIONS[self.precision]
        self._low, self._high = torch.tensor([integral.low, integral.high], dtype=torch.float64, device=self.device)

    def _scaled(self, s: torch.Tensor) -> torch.Tensor:
        """Scale the box of s to [−1, 1]."""
        return 2 * (s - self._low) / (self._high - self._low) - 1

    def _at_centre(self, s: torch.Tensor) -> torch.Tensor:
        """Return f(s, ½), the normalisation of eq. 2.19: (n,)."""
        return self.integral_.integrand(s, s.new_full((1, self.integral_.k), 0.5))

    def _new_network(self, generator: torch.Generator) -> PrimitiveNetwork:
        k, m = self.integral_.k, self.integral_.m
        network = PrimitiveNetwork(
            k, m, self.width, self.depth, self.activation, self._dtype, gain=self.gain, generator=generator
        )
        return network.to(self.device)

    def _state(self) -> dict[str, np.ndarray]:
        weights = {
            f"{index}.{key}": value.cpu().numpy()
            for index, network in enumerate(self._networks)
            for key, value in network.state_dict().items()
        }
        return super()._state() | weights

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        super()._restore({key: value for key, value in state.items() if "." not in key})
        self._prepare(self.integral_)
        self._networks = [self._new_network(torch.Generator()) for _ in range(self.n_replicas)]
        for index, network in enumerate(self._networks):
            network.load_state_dict({key: torch.from_numpy(state[f"{index}.{key}"]) for key in network.state_dict()})


class _Replica:
    """One network in training: its weights, their average, its optimiser and its shifts of the lattice."""

    def __init__(self, method: NeuralPrimitive, integral: ParametricIntegral, index: int) -> None:
        self._method = method
        self._k = integral.k
        # Drawn on the CPU, so that a seed means the same on every device.
        self._generator = torch.Generator().manual_seed(method.seed * 1000 + index)
        self._network = method._new_network(self._generator)
        self.averaged = copy.deepcopy(self._network).requires_grad_(False)
        self._optimiser = torch.optim.Adam(self._network.parameters(), lr=method.learning_rate)
        self._lattice = lattice.unshifted(
            method.lattice_size, integral.k + integral.m, dtype=torch.float64, device=method.device
        )
        # The mixed derivative then is of order one. All replicas share it: it follows from the unshifted lattice.
        self.scale = float(method.target(self._lattice + 0.5 / method.lattice_size).std(correction=0)) or 1.0
        if not math.isfinite(self.scale):
            raise InputError(
                f"{method.name} divides by f(s, 1/2), but that vanishes, or f is not finite, in the box of "
                f"{integral.name}; give a smaller box."
            )

    def update(self, done: int) -> None:
        """Make one update, after `done` others, and move the averaged weights."""
        if done % self._method.n_repeat == 0:
            self._draw()
        warmup = min(1.0, (done + 1) / FIRST_UPDATES)
        self._optimiser.param_groups[0]["lr"] = self._method.learning_rate * warmup / math.sqrt(1 + done / DECAY)
        self._optimiser.zero_grad()
        loss = (mixed_partial(self._network, self._s, self._t) - self._target).square().mean()
        loss.backward()
        self._optimiser.step()
        share = min(1.0, 1 / (AVERAGED * (done + 1)))
        with torch.no_grad():
            for averaged, current in zip(self.averaged.parameters(), self._network.parameters(), strict=True):
                averaged.lerp_(current, share)

    def _draw(self) -> None:
        """Shift the lattice at random and evaluate the target there."""
        method = self._method
        shift = torch.rand(self._lattice.shape[1], generator=self._generator, dtype=torch.float64)
        points = (self._lattice + shift.to(method.device)) % 1.0
        self._target = (method.target(points) / self.scale).to(method._dtype)
        self._t = points[:, : self._k].to(method._dtype)
        self._s = (2 * points[:, self._k :] - 1).to(method._dtype)
