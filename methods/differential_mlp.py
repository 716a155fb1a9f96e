"""Direct regression of I(s) by a network that learns its derivatives too.

∂I/∂s is the integral of ∂f/∂s: the quadrature that gives a label gives all its m derivatives, too, at about ten times
the cost (`node_gradients.py`), so that a label tells 1 + m numbers. The network N and its own derivatives are fitted
together,

    loss = Σ_i (N(v_i) − y_i)² / n  +  λ/m Σ_j Σ_i (∂N/∂v_j(v_i) − ∂y_i/∂v_j)² / (n ⟨(∂y/∂v_j)²⟩),

v in [−1, 1]^m being the scaled s, y the standardised target (`targets.py`, `target_gradients.py`), and ⟨…⟩ the mean
over the training labels, which makes all derivatives together count as much as the values, whose own mean square is
one. Evaluation is that of any network, and gives ∂I/∂s as well (`gradient`).

Huge and Savine, *Differential machine learning*, arXiv:2005.02347, section 2 and their appendix on training (balance by
mean squares); Czarnecki et al., *Sobolev training for neural networks*, NeurIPS 2017.

notation: paper's x = s, y = I, x̄ = ∂I/∂s (differential labels), λ = gradient_weight.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch

from methods.base import InputError, ParametricIntegral
from methods.core.budget import Clock
from methods.dense_mlp import DenseMLP
from methods.surrogates import symmetry, target_gradients
from methods.surrogates.adam import Descent
from methods.surrogates.lbfgs import minimise
from methods.surrogates.regressor import CHUNK
from methods.surrogates.target_gradients import GradientExamples
from methods.surrogates.targets import Examples

LBFGS_SHARE = 0.8
"""Share of the time after the labels that L-BFGS has; before it is Adam's. 0.6 cost 0.2 digits on box1l."""

LEAST_SQUARE = 1e-4
"""Mean square of a derivative in units of y and v, both of order one, below which it is not scaled up further: where I
does not depend on an invariant, the rounding of labels would be learnt."""


@dataclass(kw_only=True)
class DifferentialMLP(DenseMLP):
    """Fully connected network that learns I(s) and ∂I/∂s, in float32.

    Parameters
    ----------
    gradient_weight : float
        λ, how much all derivatives together count against the values; with 0 they are computed but not learnt.
    labels : str
        The direct method that labels come from; it must give derivatives, as gauss_legendre does.
    n_labels : int
        As `Regressor` says; L-BFGS uses the first 16,384 of the training labels, so that more serve Adam alone.
        With more labels there is time for fewer iterations.
    n_iterations : int, optional
        Iterations of L-BFGS after the updates of Adam, 0 for none; None makes as many as the budget allows. A run
        repeats another one with its ``details_["n_iterations"]``.
    activation : str
        One of `skip_network.TORCH_ACTIVATIONS`; a smooth one, as its derivative is fitted.

    Notes
    -----
    Digits after 15 s of one core, on average and at worst: box1l 4.9 and 3.6, box1l_4d 4.6 and 3.0, pentagon1l_8d 3.7
    and 2.3, box2l 4.8 and 4.0. With 5,000 labels they were 4.7, 4.5, 3.6 and 4.5 on average; on box1l with 12,000 0.3
    less than those, with width 96 or silu 0.3, with ``target="ratio"`` 0.2. After 6 s of Adam alone on box1l, with
    10,000 labels: tanh 4.0 (depth 2), 3.7 (depth 3); at depth 3 gelu 3.8, sine 3.7, silu 3.6 (without derivatives 3.0),
    softplus 3.0; sk-DNN 9-36 with derivatives 3.5.

    The other fields are those of `Regressor` and `DenseMLP`. The validation labels judge values alone.
    """

    name: ClassVar[str] = "differential_mlp"
    source: ClassVar[str] = "Huge & Savine, arXiv:2005.02347 (2020); Czarnecki et al., NeurIPS 2017"

    depth: int = 2
    width: int | None = 64
    learning_rate: float = 3e-3
    batch_size: int = 256
    target: str = "log_ratio"
    n_labels: int = 3_000
    gradient_weight: float = 1.0
    n_iterations: int | None = None

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Compute labels with derivatives and train within `budget`.

        Raises
        ------
        InputError
            As `Regressor.fit`; also for a negative `gradient_weight` or `n_iterations`, or labels without derivatives.
        """
        if not self.gradient_weight >= 0:
            raise InputError(f"{self.name}.gradient_weight is {self.gradient_weight}; give a number of at least 0.")
        if self.n_iterations is not None and self.n_iterations < 0:
            raise InputError(f"{self.name}.n_iterations is {self.n_iterations}; give at least 0, or None.")
        super().fit(integral, budget=budget, monitor=monitor)
        self.details_["n_iterations"] = self._n_iterations
        return self

    def gradient(self, s: np.ndarray) -> np.ndarray:
        """Return ∂I/∂s (n, m) of the network for s (n, m), in units of I per unit of s, without an error.

        At points that an exchange of invariants maps to themselves it is the derivative from one side.

        Raises
        ------
        InputError
            For s of the wrong shape or outside the box.
        """
        s = self.integral_.check(s)
        order = symmetry.order(s, self._exchangeable)
        folded = np.take_along_axis(s, order, axis=1)
        y, slopes = np.empty(len(s)), np.empty_like(s)
        for start in range(0, len(s), CHUNK):
            rows = slice(start, start + CHUNK)
            value, slope = self._value_and_slope(self._scaled(folded[rows]))
            y[rows], slopes[rows] = value.detach().cpu().numpy(), slope.detach().cpu().numpy()
        slopes *= self.scale_ / target_gradients.input_slope(self.integral_, folded)
        gradient = target_gradients.decode(self._target, folded, self.mean_ + self.scale_ * y, slopes)
        unfolded = np.empty_like(gradient)
        np.put_along_axis(unfolded, order, gradient, axis=1)
        return unfolded

    def _examples(self, clock: Clock) -> GradientExamples:
        return target_gradients.examples(
            self.integral_, self._target, self.labels, self.n_labels, self.seed, clock, self._exchangeable
        )

    def _train(self, examples: Examples, clock: Clock, show: Callable[[float], None]) -> Descent:
        """Train by Adam on batches, then by L-BFGS on the first labels together."""
        trained = super()._train(examples, clock.share(1 - LBFGS_SHARE), show)
        self.network_.double()
        loss, labels = self._loss(examples), torch.arange(min(examples.n_train, CHUNK), device=self.device)
        minimised = minimise(
            self.network_, lambda: loss(labels), self.n_iterations, clock, score=self._score(examples), look=show
        )
        self.network_.float()
        self._n_iterations = minimised.n_iterations
        return trained._replace(score=minimised.score)

    def _loss(self, examples: Examples) -> Callable[[torch.Tensor], torch.Tensor]:
        """Return the loss of the module's docstring for a batch, λ = 0 being that of `Regressor`."""
        if self.gradient_weight == 0:
            return super()._loss(examples)
        slopes = self._tensor(examples.slopes)  # type: ignore[attr-defined]
        v, y = self._scaled(examples.s), self._tensor(examples.y)
        squares = slopes[: examples.n_train].square().mean(dim=0)
        weights = self.gradient_weight / squares.clamp_min(LEAST_SQUARE)

        def loss(batch: torch.Tensor) -> torch.Tensor:
            value, slope = self._value_and_slope(v[batch], create_graph=True)
            return (value - y[batch]).square().mean() + ((slope - slopes[batch]).square() * weights).mean()

        return loss

    def _value_and_slope(self, v: torch.Tensor, *, create_graph: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        """Return N(v) (n,) and ∂N/∂v (n, m) by one pass back, which can itself be differentiated on request."""
        v = v.detach().requires_grad_()
        value = self.network_(v)[:, 0]
        return value, torch.autograd.grad(value.sum(), v, create_graph=create_graph)[0]
