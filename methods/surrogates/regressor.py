"""Direct regression of I(s) by a network: what all of them have in common.

A network N learns a standardised target y(s) made from I(s) (`targets.py`) by the mean squared error over labels,

    loss = Σ_i (N(s_i) − y_i)² / n,

and is evaluated without any sampling over the Feynman parameters. Where I(s) is complex, N has two outputs, the real
and the imaginary part of y (`complex_parts.py`), and the loss is the mean of |N − y|². A subclass says which network,
and may have another loss: `dense_mlp.py`, `skip_mlp.py`, and those that know their error (`uncertain_regressor.py`).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import nn

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.core import devices, few_points, thresholds
from methods.core.arithmetic import Arithmetic, Rows
from methods.core.batches import in_batches
from methods.core.budget import Clock
from methods.core.names import unknown
from methods.core.storage import StorageError
from methods.surrogates import complex_parts, network_arithmetic, symmetry, targets
from methods.surrogates.adam import RATES, Descent, descend
from methods.surrogates.threshold_inputs import Inputs

CHUNK = 16_384
"""Rows evaluated at once: bounds the memory of `integrate`."""


@dataclass(kw_only=True)
class Regressor(Method):
    """A network that learns I(s) from labels, in float32.

    Parameters
    ----------
    target : str
        What is learnt of a real integral, one of `targets.TARGETS`; a complex one is learnt itself.
    labels : str
        The direct method that labels come from, as on the command line.
    n_labels : int
        Labels to compute, one in five for validation; fewer where they would take too much of the budget.
    symmetry : str
        Kinematic invariants that may be exchanged, joined by colons, as ``mA2:mB2`` of box1l_4d; "" uses none.
    batch_size : int
        Labels per update.
    learning_rate : float
        Adam's, at the start.
    schedule : str
        How it goes on, one of `adam.RATES`. By default it falls to zero within the run.
    patience : int
        Looks at the validation set (one per 200 updates) without improvement after which training stops.
    n_updates : int, optional
        Updates to make; None makes as many as the budget allows. A run repeats another one with its `n_updates_` and
        the `n_labels` of its `details_`, unless the budget cut the label method short.
    schedule_updates : int, optional
        Updates after which the learning rate would be zero; None means `n_updates`. Only where a run was cut short
        (`n_updates_` below ``details_["schedule_updates"]``) does a repetition need it.
    seed : int
        Of the labelled points, the initial weights and the order of batches.
    device : str
        Where to compute, as torch names it.

    Notes
    -----
    The error is global unless a subclass knows better: the root mean square residual of the validation labels, which
    training saw only to choose among its own states. Where neighbouring labels err alike, as those of one rule do, no
    residual shows it, and the errors that they state are added in quadrature. It does not know where in the box the
    network is worse. That of a complex value is √(σ_Re² + σ_Im²).
    """

    treats_complex: ClassVar[bool] = True
    precision = "float32"

    target: str = "ratio"
    labels: str = "gauss_legendre"
    n_labels: int = 100_000
    symmetry: str = ""
    batch_size: int = 512
    learning_rate: float = 1e-3
    schedule: str = "linear"
    patience: int = 200
    n_updates: int | None = None
    schedule_updates: int | None = None
    seed: int = 0
    device: str = "cpu"

    @abstractmethod
    def _network(self, m: int, n_parts: int) -> nn.Module:
        """Return an untrained network from scaled s (n, m) to y (n, n_parts), or more columns for a loss of its own.

        A complex y has two parts, its real and its imaginary part.
        """

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Say why the thresholds of an integral are not known."""
        return super().unsupported(integral) or thresholds.reason_if_unknown(integral)

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Compute labels and train within `budget`; `monitor` is called after each look at the validation set.

        Raises
        ------
        InputError
            For a complex integral of unknown thresholds, an unknown activation, target, schedule or device, a count
            or learning rate that is not positive, or labels that cannot be learnt.
        """
        clock = Clock(budget)
        self._require_supported(integral)
        self._prepare(integral)
        self._few, few = None, few_points.of(self)
        examples = self._examples(clock)
        self.mean_, self.scale_ = examples.mean, examples.scale

        self.label_error_ = examples.label_error

        def show(score: float) -> None:
            self.residual_ = math.hypot(score * self.scale_, self.label_error_)
            clock.show(monitor, self)

        trained = self._train(examples, clock, show)
        self.residual_, self.n_updates_ = math.hypot(trained.score * self.scale_, self.label_error_), trained.n_updates
        self.details_ = {
            **examples.details,
            "n_weights": sum(weight.numel() for weight in self.network_.parameters()),
            "schedule_updates": trained.schedule_updates,
            "validation_rms": trained.score,
        }
        self._few = few and few.listed()
        return self

    @in_batches
    def integrate(self, s: np.ndarray) -> Estimate:
        """Return the predictions; rows differ from single evaluation by float32 rounding, 1e-6 of the spread of y.

        `n_eval` is the integrand at the centre, once per row, where the target needs it.
        """
        s = self.integral_.check(s)
        if few_points.serve(self._few, s):
            return Estimate(*self._few(s), self._target.n_eval * len(s))
        s = symmetry.fold(s, self._exchangeable)
        y = np.empty(len(s), dtype=np.complex128 if self.integral_.is_complex else np.float64)
        for start in range(0, len(s), CHUNK):
            rows = slice(start, start + CHUNK)
            y[rows] = complex_parts.joined(self._predict(self._scaled(s[rows])).T).cpu().numpy()
        value, slope = self._target.decode(s, self.mean_ + self.scale_ * y)
        return Estimate(value, self.residual_ * slope, self._target.n_eval * len(s))

    def _input_steps(self) -> tuple[Arithmetic, Rows, Rows]:
        """Begin a list of steps: s in the order that the symmetry asks for, and what the network takes."""
        arithmetic = Arithmetic(self.integral_.m)
        s = arithmetic.sort(arithmetic.s, self._exchangeable)
        return arithmetic, s, arithmetic.cast(self._inputs.steps(arithmetic, s), self.precision)

    def export_form(self) -> Arithmetic:
        """List the steps of value and error, as `methods.base.Exportable` says."""
        arithmetic, s, x = self._input_steps()
        y = network_arithmetic.network(arithmetic, x, list(self.network_.children()))
        y = arithmetic.scale(arithmetic.cast(y, "float64"), self.scale_, complex_parts.parts(np.asarray(self.mean_)))
        value, slope = network_arithmetic.decoded(arithmetic, s, y, self._target)
        arithmetic.outputs |= {"value": value, "error": arithmetic.scale(slope, self.residual_)}
        return arithmetic

    def _prepare(self, integral: ParametricIntegral) -> None:
        """Bind the target, the symmetry and an untrained network to the integral."""
        for field, value in self.params().items():
            if field in POSITIVE and value is not None and value < 1:
                raise InputError(f"{self.name}.{field} is {value}; give at least 1.")
        if not 0 < self.learning_rate < np.inf:
            raise InputError(f"{self.name}.learning_rate is {self.learning_rate}; give a positive number.")
        self.integral_ = integral
        self._target = targets.make(self.target, integral)
        self._inputs = Inputs(integral)
        self._exchangeable = symmetry.columns(self.symmetry, integral)
        devices.check(self.name, self.device)
        if self.schedule not in RATES:
            raise unknown("schedule", self.schedule, RATES)
        self.network_ = self._network(integral.m, 2 if integral.is_complex else 1).to(self.device)

    def _examples(self, clock: Clock) -> targets.Examples:
        return targets.examples(
            self.integral_, self._target, self.labels, self.n_labels, self.seed, clock, self._exchangeable
        )

    def _train(self, examples: targets.Examples, clock: Clock, show: Callable[[float], None]) -> Descent:
        """Train on the loss of the first labels, judged by the others."""
        return descend(
            self.network_, self, examples.n_train, clock,
            loss=self._loss(examples), score=self._score(examples), look=show,
        )  # fmt: skip

    def _score(self, examples: targets.Examples) -> Callable[[], float]:
        """Return the root mean square residual of the validation labels as a function of nothing."""
        valid = slice(examples.n_train, None)
        s, y = self._scaled(examples.s[valid]), self._as_parts(examples.y[valid])

        def rms() -> float:
            residuals = [self._predict(a) - b for a, b in zip(s.split(CHUNK), y.split(CHUNK), strict=True)]
            return float(torch.cat(residuals).double().square().sum(dim=1).mean().sqrt())

        return rms

    def _loss(self, examples: targets.Examples) -> Callable[[torch.Tensor], torch.Tensor]:
        """Return the loss of a batch as a function of the indices of its labels: here the mean squared error."""
        s, y = self._scaled(examples.s), self._as_parts(examples.y)
        return lambda batch: (self.network_(s[batch]) - y[batch]).square().sum(dim=1).mean()

    def _predict(self, scaled: torch.Tensor) -> torch.Tensor:
        """Return the parts of y (n, n_parts) for scaled s (n, m)."""
        with torch.inference_mode():
            return self.network_(scaled)

    def _scaled(self, s: np.ndarray) -> torch.Tensor:
        """Return s mapped from the box to [−1, 1]."""
        return self._tensor(self._inputs.scaled(s))

    def _as_parts(self, y: np.ndarray) -> torch.Tensor:
        """Return the parts (n, n_parts) of y (n,) in the precision of the network."""
        return self._tensor(np.stack(complex_parts.parts(y), axis=-1))

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        """Return an array in the precision of the network."""
        return torch.as_tensor(array, dtype=next(self.network_.parameters()).dtype, device=self.device)

    def _state(self) -> dict[str, np.ndarray]:
        weights = {f"network.{key}": weight.cpu().numpy() for key, weight in self.network_.state_dict().items()}
        scalars = {key: np.asarray(getattr(self, key)) for key in ("mean_", "scale_", "residual_", "n_updates_")}
        return weights | scalars

    def _restore(self, state: dict[str, Any]) -> None:
        self._prepare(self.integral_)
        self._few = few_points.of(self)
        weights = {key: torch.as_tensor(value) for key, value in state.items() if key.startswith("network.")}
        try:
            self.network_.load_state_dict({key.removeprefix("network."): weight for key, weight in weights.items()})
            self.mean_, self.scale_, self.residual_ = (state[key].item() for key in ("mean_", "scale_", "residual_"))
            self.n_updates_ = int(state["n_updates_"])
        except (KeyError, RuntimeError) as problem:
            raise StorageError(f"The file's weights are not those of this {self.name}; save it again: {problem}") from (
                problem
            )


POSITIVE = ("n_blocks", "depth", "width", "batch_size", "patience", "n_updates", "schedule_updates")
"""Fields of regression networks that count something."""
