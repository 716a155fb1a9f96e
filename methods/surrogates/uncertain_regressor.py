"""Direct regression of I(s) by a family of networks that knows its error at each s.

Each member ω of the family, a draw of the weights or a replica, gives a prediction and its standard deviation,
(A(ω), σ(ω)). With ⟨…⟩ the mean over members, in σ_stat over all but one of them as usual for a sample,

    value = ⟨A⟩,    error² = σ_syst² + σ_stat²,    σ_syst² = ⟨σ(ω)²⟩ + σ_label²,    σ_stat² = ⟨(A(ω) − ⟨A⟩)²⟩

where the statistical part vanishes with many labels, and the systematic part says how well the network can do at all.
σ_label, the root mean square of the errors that labels state, belongs to it where neighbouring labels err alike, which
no σ(ω) shows; it is 0 where they err independently. Of a complex A they are distances in the plane, |A(ω) − ⟨A⟩|², and
σ(ω)² the variance of both parts together.

Badger, Butter, Luchmann, Pitz and Plehn, *Loop amplitudes from precision networks*, arXiv:2206.14831, and slides
"Surrogate loop amplitudes" for draws (`bayesian_mlp.py`); Lakshminarayanan, Pritzel and Blundell, NeurIPS 2017, section
2.4, for replicas (`deep_ensemble.py`).

notation: A = y of `targets.py`, decoded to I(s) at the end; σ_model = σ(ω).
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch

from methods.base import Estimate, ParametricIntegral
from methods.core import calibration, few_points
from methods.core.arithmetic import Arithmetic
from methods.core.batches import in_batches
from methods.core.storage import StorageError
from methods.surrogates import complex_parts, network_arithmetic, symmetry, targets
from methods.surrogates.batched_layers import BatchedLayers, separate
from methods.surrogates.likelihood import FLOOR, variance
from methods.surrogates.regressor import Regressor

ROWS = 512
"""Rows evaluated at once, by all members: what fits into a cache."""

N_DIAGNOSED = 5_000
"""Training and validation labels whose pulls are recorded, of each: a second or two, for 1 % in the shares."""

PILOT = 500
"""Labels by which the time for that is estimated beforehand."""


@dataclass(kw_only=True)
class UncertainRegressor(Regressor):
    """Fully connected networks that learn I(s) with a systematic and a statistical uncertainty, in float32.

    Parameters
    ----------
    depth, width : int
        Number and width of the hidden layers.
    activation : str
        One of `skip_network.TORCH_ACTIVATIONS`.

    The other fields are those of `Regressor`.

    Notes
    -----
    ``details_["final"]`` holds pulls and coverage on labels trained on and on labels for validation, |δ| on the largest
    values, and medians of both uncertainties relative to |I(s)|.
    """

    depth: int = 3
    width: int = 48
    activation: str = "silu"
    target: str = "log_ratio"
    batch_size: int = 256
    learning_rate: float = 2e-3

    @abstractmethod
    def _members(self, scaled: torch.Tensor) -> torch.Tensor:
        """Return the parts of A, and log σ, of each member for scaled s (n, m): (n_members, n, n_parts + 1)."""

    @abstractmethod
    def _layers(self) -> BatchedLayers:
        """Return weights and biases of all members."""

    def fit(
        self, integral: ParametricIntegral, *, budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:  # fmt: skip
        """Compute labels and train within `budget`, pulls included; see `Regressor.fit`."""
        self._found: dict[str, Any] = {}
        super().fit(integral, budget=budget, monitor=monitor)
        self.details_ |= self._found
        return self

    @in_batches
    def integrate(self, s: np.ndarray) -> Estimate:
        """Return means and errors; rows differ from single evaluation by float32 rounding, 1e-6 of the spread of y."""
        s = self.integral_.check(s)
        if few_points.serve(self._few, s):
            return Estimate(*self._few(s), self._target.n_eval * len(s))
        value, systematic, statistical = self._parts(s)
        return Estimate(value, np.hypot(systematic, statistical), self._target.n_eval * len(value))

    def uncertainties(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the systematic and the statistical uncertainty (n,) of I(s), each one standard deviation."""
        _, systematic, statistical = self._parts(self.integral_.check(s))
        return systematic, statistical

    def export_form(self) -> Arithmetic:
        """List the steps of value and error, as `methods.base.Exportable` says."""
        arithmetic, s, x = self._input_steps()
        a, variances, n_parts = [], [], 2 if self.integral_.is_complex else 1
        for layers in separate(self._layers()):
            found = arithmetic.cast(network_arithmetic.dense(arithmetic, x, layers, self.activation), "float64")
            a.append(arithmetic.take(found, range(n_parts)))
            log_sigma = arithmetic.take(found, [n_parts])
            variances.append(arithmetic.scale(arithmetic.apply("exp", arithmetic.scale(log_sigma, 2.0)), 1.0, FLOOR**2))
        n = len(a)
        members, mean_of, of_parts = arithmetic.join(*a), np.full((1, n), 1 / n), np.eye(n_parts)
        y = arithmetic.affine(members, np.kron(mean_of, of_parts))
        deviations = arithmetic.affine(members, np.kron(np.eye(n) - 1 / n, of_parts))
        squares = arithmetic.apply("square", deviations)
        statistical = arithmetic.affine(squares, np.full((1, squares.n), 1 / (n - 1)))
        label_variance = (self.label_error_ / self.scale_) ** 2
        systematic = arithmetic.scale(arithmetic.affine(arithmetic.join(*variances), mean_of), 1.0, label_variance)
        sigma = arithmetic.apply("sqrt", arithmetic.add(systematic, statistical))
        y = arithmetic.scale(y, self.scale_, complex_parts.parts(np.asarray(self.mean_)))
        value, slope = network_arithmetic.decoded(arithmetic, s, y, self._target)
        arithmetic.outputs |= {
            "value": value, "error": arithmetic.multiply(arithmetic.scale(slope, self.scale_), sigma),
        }  # fmt: skip
        return arithmetic

    def _parts(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        s = symmetry.fold(s, self._exchangeable)
        return self._decode(s, *self._moments(self._scaled(s)))

    def _decode(
        self, s: np.ndarray, y: np.ndarray, systematic: np.ndarray, statistical: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        value, slope = self._target.decode(s, self.mean_ + self.scale_ * y)
        systematic = np.hypot(self.scale_ * systematic, self.label_error_)
        return value, slope * systematic, self.scale_ * slope * statistical

    def _moments(self, scaled: torch.Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return ⟨A⟩, σ_syst and σ_stat (n,) of y."""
        found = []
        with torch.inference_mode():
            for rows in scaled.split(ROWS):
                *parts, log_sigma = self._members(rows).double().unbind(-1)
                a = complex_parts.joined(torch.stack(parts))
                y, systematic = a.mean(dim=0), variance(log_sigma).mean(dim=0).sqrt()
                # not std(), which warns where there are no rows
                statistical = ((a - y).abs().square().sum(dim=0) / (len(a) - 1)).sqrt()
                found.append((y, systematic, statistical))
        columns = [torch.cat(column).cpu().numpy() for column in zip(*found, strict=True)]
        return columns[0], columns[1], columns[2]

    def _state(self) -> dict[str, np.ndarray]:
        return super()._state() | {"label_error_": np.asarray(self.label_error_)}

    def _restore(self, state: dict[str, Any]) -> None:
        if "label_error_" not in state:
            raise StorageError(f"The file lacks the errors of the labels; save this {self.name} again.")
        self.label_error_ = float(state["label_error_"])
        super()._restore(state)

    def _seconds_to_diagnose(self, examples: targets.Examples) -> float:
        """Return about how many seconds `_diagnose` will take."""
        start = time.perf_counter()
        self._diagnose(examples, PILOT)
        return (time.perf_counter() - start) * max(1.0, min(N_DIAGNOSED, examples.n_train) / PILOT)

    def _diagnose(self, examples: targets.Examples, n: int = N_DIAGNOSED) -> dict[str, Any]:
        """Return pulls and coverage on n labels trained on and n for validation, and |δ| on the largest of these."""
        n_train = examples.n_train
        label, _ = self._target.decode(examples.s, self.mean_ + self.scale_ * examples.y)
        found: dict[str, Any] = {}
        for part, rows in (("train", slice(0, min(n, n_train))), ("validation", slice(n_train, n_train + n))):
            y, systematic, statistical = self._moments(self._scaled(examples.s[rows]))
            residual = y - examples.y[rows]
            error = np.sqrt(systematic**2 + statistical**2 + examples.noise[rows] ** 2)
            residual = np.abs(residual) if np.iscomplexobj(residual) else residual
            found[part] = calibration.summary(residual / error)
        found["validation"]["rms"] = float(np.sqrt((residual**2).mean()))
        _, *parts = self._decode(examples.s[rows], y, systematic, statistical)
        medians = [float(np.median(part / np.abs(label[rows]))) for part in parts]
        found |= dict(zip(("systematic", "statistical"), medians, strict=True))
        for part, share in calibration.LARGEST.items():
            top = n_train + calibration.largest(label[n_train:], share)
            value = self._decode(examples.s[top], *self._moments(self._scaled(examples.s[top])))[0]
            found[f"delta_largest_{part}"] = float(np.abs(value / label[top] - 1).mean())
        return found
