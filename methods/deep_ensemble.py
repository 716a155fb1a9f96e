"""Direct regression of I(s) by an ensemble of networks, which knows its error at each s (`uncertain_regressor.py`).

Each replica r is a network of its own start and its own order of the labels, and is trained by their likelihood,

    loss = Σ_r Σ_j [ (A_j,r − A_true,j)²/(2σ_j,r²) + log σ_j,r ],

divided by the numbers of labels and replicas, and with the square of the label's own noise added to σ_j,r². It is the
simplest method with errors, and the one that Bayesian networks are to be compared with. All replicas are one network
of batched layers, so that training five costs less than five trainings.

Lakshminarayanan, Pritzel and Blundell, *Simple and scalable predictive uncertainty estimation using deep ensembles*,
NeurIPS 2017, eq. 1 and algorithm 1, without its adversarial examples.

notation: μ_θm, σ_θm of replica m = A(ω), σ(ω) of `uncertain_regressor.py`; M = n_replicas.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from methods.base import InputError, ParametricIntegral
from methods.core.arithmetic import Arithmetic
from methods.core.budget import Clock
from methods.surrogates import complex_parts, network_arithmetic
from methods.surrogates.adam import Descent, descend
from methods.surrogates.batched_layers import outputs
from methods.surrogates.likelihood import FLOOR, negative_log_likelihood
from methods.surrogates.regressor import CHUNK
from methods.surrogates.skip_network import Elementwise
from methods.surrogates.targets import Examples
from methods.surrogates.uncertain_regressor import UncertainRegressor


class EnsembleNetwork(nn.Module):
    """Fully connected networks of the same widths, each with weights of Glorot and Bengio of its own.

    Parameters
    ----------
    widths : list of int
        Of the input, each hidden layer and the output.
    n_replicas : int
        How many.
    activation : str
        One of `skip_network.TORCH_ACTIVATIONS`.
    seed : int
        Of the initial weights.
    """

    def __init__(self, widths: list[int], n_replicas: int, activation: str, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for i, o in itertools.pairwise(widths):
            bound = math.sqrt(6 / (i + o))
            weight = torch.empty(n_replicas, i, o, dtype=torch.float32)
            self.weights.append(weight.uniform_(-bound, bound, generator=generator))
            self.biases.append(torch.zeros(n_replicas, 1, o, dtype=torch.float32))
        self.activation = Elementwise(activation)

    def replicas(self) -> list[list[tuple[np.ndarray, np.ndarray]]]:
        """Give weights (n_out, n_in) and biases (n_out,) of each layer, replica by replica."""
        pairs = zip(self.weights, self.biases, strict=True)
        layers = [(w.detach().cpu().numpy(), b.detach().cpu().numpy()) for w, b in pairs]
        return [[(weights[i].T, biases[i, 0]) for weights, biases in layers] for i in range(len(layers[0][0]))]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the outputs (n_replicas, n, n_out) for x (n_replicas, n, n_in), or x (n, n_in) for all of them."""
        if x.ndim == 2:
            x = x.expand(len(self.weights[0]), *x.shape)
        return outputs(list(zip(self.weights, self.biases, strict=True)), self.activation, x)


@dataclass(kw_only=True)
class DeepEnsemble(UncertainRegressor):
    """Ensemble regression of I(s) with systematic and statistical uncertainty, in float32.

    Parameters
    ----------
    n_replicas : int
        Networks, at least 2 (paper: 5); `batch_size` labels of its own for each of them make an update.

    The other fields are those of `UncertainRegressor` and `Regressor`.

    Notes
    -----
    The error is that of one replica rather than of their mean, and the larger of the two. After 20 s of one core with
    100,000 labels its pulls had standard deviation 0.63 on box1l_4d and 0.55 on box1l, with 4.0 digits on both, where
    `bayesian_mlp` had 0.74 and 0.59, 3.8 and 3.9 digits. Above threshold, after 20 s of processor time, it has
    2.9 digits on box1l_physical (worst 0.6); of its points 96 % lie within one error.
    """

    name: ClassVar[str] = "deep_ensemble"
    source: ClassVar[str] = "Lakshminarayanan, Pritzel & Blundell, NeurIPS 2017"

    n_replicas: int = 5

    def export_form(self) -> Arithmetic:
        """List the steps of value and error, as `methods.base.Exportable` says."""
        arithmetic, s, x = self._input_steps()
        a, variances, n_parts = [], [], 2 if self.integral_.is_complex else 1
        ensemble: Any = self.network_
        for layers in ensemble.replicas():
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
        systematic = arithmetic.affine(arithmetic.join(*variances), mean_of)
        sigma = arithmetic.apply("sqrt", arithmetic.add(systematic, statistical))
        y = arithmetic.scale(y, self.scale_, complex_parts.parts(np.asarray(self.mean_)))
        value, slope = network_arithmetic.decoded(arithmetic, s, y, self._target)
        arithmetic.outputs |= {
            "value": value, "error": arithmetic.multiply(arithmetic.scale(slope, self.scale_), sigma),
        }  # fmt: skip
        return arithmetic

    def _prepare(self, integral: ParametricIntegral) -> None:
        if self.n_replicas < 2:
            raise InputError(f"{self.name}.n_replicas is {self.n_replicas}; a spread needs at least 2.")
        super()._prepare(integral)

    def _network(self, m: int, n_parts: int) -> EnsembleNetwork:
        widths = [m] + [self.width] * self.depth + [n_parts + 1]
        return EnsembleNetwork(widths, self.n_replicas, self.activation, self.seed)

    def _members(self, scaled: torch.Tensor) -> torch.Tensor:
        return self.network_(scaled)

    def _train(self, examples: Examples, clock: Clock, show: Callable[[float], None]) -> Descent:
        """Train all replicas together, judged by their mean likelihood of the validation labels."""
        diagnosis_s, n_train = self._seconds_to_diagnose(examples), examples.n_train
        s, y, variance = self._scaled(examples.s), self._as_parts(examples.y), self._tensor(examples.noise**2)
        generator = torch.Generator().manual_seed(self.seed)
        orders = torch.stack([torch.randperm(n_train, generator=generator) for _ in range(self.n_replicas)])
        orders = orders.to(self.device)

        def loss(batch: torch.Tensor) -> torch.Tensor:
            rows = orders[:, batch]
            return negative_log_likelihood(self.network_(s[rows]), y[rows], variance[rows]).mean()

        def validation() -> float:
            parts = (part[n_train:].split(CHUNK) for part in (s, y, variance))
            with torch.inference_mode():
                found = [negative_log_likelihood(self.network_(a), b, c) for a, b, c in zip(*parts, strict=True)]
            return float(torch.cat(found, dim=1).double().mean())

        trained = descend(
            self.network_, self, n_train, clock.reserve(diagnosis_s),
            loss=loss, score=validation, look=lambda _: show(math.nan),  # the error is not the one of all regressors
        )  # fmt: skip
        self._found["final"] = self._diagnose(examples)
        return trained._replace(score=self._found["final"]["validation"].pop("rms"))
