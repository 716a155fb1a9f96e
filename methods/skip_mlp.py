"""Direct regression of I(s) by a network with skip connections, the sk-DNN (`skip_network.py`).

The network N learns a standardised target y(s) made from I(s) (`targets.py`) by the mean squared error over labels,

    loss = Σ_i (N(s_i) − y_i)² / n,

with Adam, and is evaluated without any sampling over the Feynman parameters.

Bishara, Paul and Dy, *Skip connections for high precision regressors*, NeurIPS ML4PS 2022, eq. 3 and table 1: 10
million labels, hours to a day of training. Here are minutes, so the learning rate falls to zero within the run, where
theirs halves every million updates.

notation: their feature space = s; depth = n_blocks; sk-DNN 9-28 = n_blocks 9, width 28.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch

from methods import targets
from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.lookup import unknown
from methods.schedule import Clock, Schedule
from methods.skip_network import ACTIVATIONS, network

VALIDATE_EVERY = 200
"""Updates between two looks at the validation set; a look costs a few per cent of them."""

CHUNK = 16_384
"""Rows evaluated at once: bounds the memory of `integrate`."""


@dataclass(kw_only=True)
class SkipMLP(Method):
    """sk-DNN regression of I(s), in float32.

    Parameters
    ----------
    n_blocks : int
        Number of blocks (papers' depth: 9, or 14 where it pays).
    width : int, optional
        Width of each layer; None takes the papers' 28, 36 or 50 for m <= 2, m <= 4 and above.
    activation : str
        One of `skip_network.ACTIVATIONS`. The papers print none; after 4,000 updates on box1l tanh reached 3.6 digits
        and relu 3.4.
    target : str
        What is learnt, one of `targets.TARGETS`.
    labels : str
        The direct method that labels come from, as on the command line.
    n_labels : int
        Labels to buy, one in five for validation; fewer where they would take too much of the budget.
    batch_size : int
        Labels per update.
    learning_rate : float
        Adam's, for the first half of the updates; then it falls linearly to zero.
    patience : int
        Looks at the validation set (one per 200 updates) without improvement after which training stops.
    n_updates : int, optional
        Updates to make; None makes as many as the budget allows. A run repeats another one with its `n_updates_`.
    schedule_updates : int, optional
        Updates after which the learning rate would be zero; None means `n_updates`. Only where a run was cut short
        (`n_updates_` below ``details_["schedule_updates"]``) does a repetition need it.
    seed : int
        Of the labelled points, the initial weights and the order of batches.
    device : str
        Where to compute, as torch names it.

    Notes
    -----
    The error is global: the root mean square residual of the validation labels, which training saw only to choose
    among its own states. It does not know where in the box the network is worse.
    """

    name: ClassVar[str] = "skip_mlp"
    source: ClassVar[str] = "Bishara, Paul & Dy, NeurIPS ML4PS 2022, eq. 3 (sk-DNN)"

    n_blocks: int = 9
    width: int | None = None
    activation: str = "tanh"
    target: str = "ratio"
    labels: str = "gauss_legendre"
    n_labels: int = 100_000
    batch_size: int = 512
    learning_rate: float = 1e-3
    patience: int = 200
    n_updates: int | None = None
    schedule_updates: int | None = None
    seed: int = 0
    device: str = "cpu"

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Buy labels and train within `budget`; `monitor` is called after each look at the validation set.

        Raises
        ------
        InputError
            For an unknown activation or target, or labels that cannot be learnt.
        """
        clock = Clock(budget)
        self._prepare(integral)
        examples = targets.examples(integral, self._target, self.labels, self.n_labels, self.seed, clock)
        self.mean_, self.scale_ = examples.mean, examples.scale
        schedule = self._train(examples, clock, monitor)
        self.details_ = {
            "n_labels": len(examples.s),
            "n_weights": sum(w.numel() for w in self.network_.parameters()),
            # A run cut short before the number was decided never lowered its learning rate.
            "schedule_updates": schedule.n_updates or 2 * self.n_updates_,
            "validation_rms": self.residual_ / self.scale_,
        }
        return self

    def integrate(self, s: np.ndarray) -> Estimate:
        """Return the predictions; rows differ from single evaluation by float32 rounding, 1e-6 of the spread of y.

        `n_eval` is the integrand at the centre, once per row, where the target needs it.
        """
        s = self.integral_.check(s)
        y = np.empty(len(s))
        for start in range(0, len(s), CHUNK):
            rows = slice(start, start + CHUNK)
            y[rows] = self._predict(self._scaled(s[rows])).cpu().numpy()
        value, slope = self._target.decode(s, self.mean_ + self.scale_ * y)
        return Estimate(value, self.residual_ * slope, self._target.n_eval * len(s))

    def _prepare(self, integral: ParametricIntegral) -> None:
        """Bind the target and an untrained network to the integral."""
        if self.activation not in ACTIVATIONS:
            raise unknown("activation", self.activation, ACTIVATIONS)
        for field in ("n_blocks", "width", "batch_size", "patience", "n_updates", "schedule_updates"):
            value = getattr(self, field)
            if value is not None and value < 1:
                raise InputError(f"skip_mlp.{field} is {value}; give at least 1.")
        self.integral_ = integral
        self._target = targets.make(self.target, integral)
        net = network(integral.m, self.n_blocks, self._width(integral.m), self.activation, self.seed)
        self.network_ = net.to(self.device)

    def _width(self, m: int) -> int:
        """Return the width of the layers for m kinematic invariants: table 1, by 2, 4 and 8 dimensions."""
        return self.width or (28 if m <= 2 else 36 if m <= 4 else 50)

    def _train(self, examples: targets.Examples, clock: Clock, monitor: Callable[[Self], None] | None) -> Schedule:
        """Run Adam on the squared error, and keep the weights that did best on the validation set."""
        s = self._scaled(examples.s)
        y = torch.as_tensor(examples.y, dtype=torch.float32, device=self.device)
        s_valid, y_valid = s[examples.n_train :], y[examples.n_train :]
        optimizer = torch.optim.Adam(self.network_.parameters(), lr=self.learning_rate, fused=True)
        batches = _batches(examples.n_train, self.batch_size, self.seed)
        start = time.perf_counter()
        best, best_weights = self._rms(s_valid, y_valid), self._weights()
        # The last look at the validation set must fit, and so must an update that takes longer than usual.
        schedule = Schedule(self.schedule_updates or self.n_updates, clock, 2 * (time.perf_counter() - start))
        update, looks_in_vain, finished = 0, 0, False
        while not finished:
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate * schedule.factor(update)
            batch = next(batches).to(self.device)
            loss = (self.network_(s[batch])[:, 0] - y[batch]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            update += 1
            finished = schedule.is_over(update) or update == self.n_updates
            if finished or update % VALIDATE_EVERY == 0:
                error = self._rms(s_valid, y_valid)
                self.residual_ = error * self.scale_
                looks_in_vain += 1
                if error < best:
                    best, best_weights, looks_in_vain = error, self._weights(), 0
                clock.show(monitor, self)
                finished = finished or looks_in_vain >= self.patience
        self.network_.load_state_dict(best_weights)
        self.residual_, self.n_updates_ = best * self.scale_, update
        return schedule

    def _rms(self, s: torch.Tensor, y: torch.Tensor) -> float:
        """Return the root mean square residual."""
        residuals = [self._predict(a) - b for a, b in zip(s.split(CHUNK), y.split(CHUNK), strict=True)]
        return float(torch.cat(residuals).double().square().mean().sqrt())

    def _predict(self, scaled: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return self.network_(scaled)[:, 0]

    def _scaled(self, s: np.ndarray) -> torch.Tensor:
        """Return s mapped from the box to [−1, 1]."""
        low, high = np.array(self.integral_.low), np.array(self.integral_.high)
        return torch.as_tensor((2 * s - low - high) / (high - low), dtype=torch.float32, device=self.device)

    def _weights(self) -> dict[str, torch.Tensor]:
        return {key: weight.detach().clone() for key, weight in self.network_.state_dict().items()}

    def _state(self) -> dict[str, np.ndarray]:
        weights = {f"network.{key}": weight.cpu().numpy() for key, weight in self.network_.state_dict().items()}
        scalars = {key: np.asarray(getattr(self, key)) for key in ("mean_", "scale_", "residual_", "n_updates_")}
        return weights | scalars

    def _restore(self, state: dict[str, Any]) -> None:
        self._prepare(self.integral_)
        weights = {key: torch.as_tensor(value) for key, value in state.items() if key.startswith("network.")}
        self.network_.load_state_dict({key.removeprefix("network."): weight for key, weight in weights.items()})
        self.mean_, self.scale_, self.residual_ = (float(state[key]) for key in ("mean_", "scale_", "residual_"))
        self.n_updates_ = int(state["n_updates_"])


def _batches(n: int, size: int, seed: int) -> Iterator[torch.Tensor]:
    """Yield the indices of one batch after the other, for ever; each pass over n examples has an order of its own."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield from torch.randperm(n, generator=generator).split(size)
