"""Direct regression of I(s) by a Bayesian network, which knows its error at each s (`uncertain_regressor.py`).

The weights ω are independent Gaussians q(ω) (`variational.py`), and for each ω the network gives a prediction and its
standard deviation, (A(ω), σ(ω)). It is trained by the likelihood of the labels and the closeness to a prior,

    loss = ∫ dω q(ω) Σ_j n_j [ (A_j(ω) − A_true,j)²/(2σ_j(ω)²) + log σ_j(ω) ] + KL[q, prior],

divided by the number of labels, with n_j = 1 except where boosting (`boosting.py`) makes it larger. With σ_j² the
square of the label's own noise is added, so that σ need not learn what the label's method states. Value and error are
those of weights drawn from q.

Badger, Butter, Luchmann, Pitz and Plehn, *Loop amplitudes from precision networks*, arXiv:2206.14831, and slides
"Surrogate loop amplitudes".

notation: A = y of `targets.py`, decoded to I(s) at the end; σ_model = σ(ω).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
import torch

from methods.base import InputError, ParametricIntegral
from methods.core.budget import Clock
from methods.core.names import unknown
from methods.surrogates import boosting, targets
from methods.surrogates.adam import Descent, descend
from methods.surrogates.batched_layers import BatchedLayers
from methods.surrogates.boosting import BOOSTING
from methods.surrogates.likelihood import Likelihood
from methods.surrogates.schedule import UPDATES_WITHOUT_BUDGET
from methods.surrogates.uncertain_regressor import UncertainRegressor
from methods.surrogates.variational import VariationalNetwork


@dataclass(kw_only=True)
class BayesianMLP(UncertainRegressor):
    """Bayesian regression of I(s) with systematic and statistical uncertainty, in float32.

    An evaluation costs `n_samples` passes through the network, at weights drawn once from the seed: 30 times what a
    network without errors costs. A file has the mean and the standard deviation of each weight, which is a fifteenth of
    what is drawn, and `load` draws again from the seed by `torch.randn`: another release of PyTorch may give other
    draws, and values that differ by less than their statistical uncertainty.

    Parameters
    ----------
    prior_std : float
        Standard deviation of the prior of each weight.
    initial_std : float
        Standard deviation of each weight at the start of the training. The systematic part is learnt at drawn weights,
        so it contains the statistical part once more. After 2,000 updates with 90,000 labels on pentagon1l_8d, 1e-3
        left a statistical part of half the total (pulls of standard deviation 0.7), 3e-4 a third (0.87).
    n_samples : int
        Draws of the weights at evaluation.
    boosting : str
        What is boosted, one of `boosting.BOOSTING`.
    boost_share : float
        Share of the updates that boosting takes.
    boost_rate : float
        Factor on the learning rate while boosting.

    The other fields are those of `UncertainRegressor` and `Regressor`.

    Notes
    -----
    ``details_["unboosted"]`` is, where there was boosting, what ``["final"]`` was before. Rounds of boosting are judged
    by the boosted loss itself: validation labels would undo them.
    """

    name: ClassVar[str] = "bayesian_mlp"
    source: ClassVar[str] = "Badger, Butter, Luchmann, Pitz & Plehn, arXiv:2206.14831"
    version: ClassVar[int] = 2

    prior_std: float = 1.0
    initial_std: float = 1e-4
    n_samples: int = 30
    boosting: str = "none"
    boost_share: float = 0.3
    boost_rate: float = 0.3

    def _network(self, m: int, n_parts: int) -> VariationalNetwork:
        widths = [m] + [self.width] * self.depth + [n_parts + 1]
        return VariationalNetwork(widths, self.activation, self.initial_std, self.seed)

    def _prepare(self, integral: ParametricIntegral) -> None:
        if self.boosting not in BOOSTING:
            raise unknown("boosting", self.boosting, BOOSTING)
        if self.boosting != "none" and self.schedule != "linear":
            raise InputError(
                f"{self.name} is boosted after a number of updates that only schedule='linear' plans; "
                f"schedule is {self.schedule!r}."
            )
        if not 0 < self.boost_share < 1:
            raise InputError(f"{self.name}.boost_share is {self.boost_share}; give a share between 0 and 1.")
        if self.n_samples < 2:
            raise InputError(f"{self.name}.n_samples is {self.n_samples}; a spread needs at least 2.")
        for field in ("prior_std", "initial_std", "boost_rate"):
            if not getattr(self, field) > 0:
                raise InputError(f"{self.name}.{field} is {getattr(self, field)}; give a positive number.")
        super()._prepare(integral)

    def _train(self, examples: targets.Examples, clock: Clock, show: Callable[[float], None]) -> Descent:
        """Train on the likelihood of the first labels, judged by that of the others; then boost."""
        self._draw()
        rules, diagnosis_s = BOOSTING[self.boosting], self._seconds_to_diagnose(examples)
        labels = self._likelihood(examples)

        def look(_: float) -> None:
            self._draw()
            show(float("nan"))  # the error is not the one of all regressors

        plan = self._plan(clock)
        first = boosting.lengths(plan, len(rules), self.boost_share)[0] if plan else None
        settings = dataclasses.replace(self, n_updates=_least(first, self.n_updates), schedule_updates=first)
        latest = clock.reserve(diagnosis_s * (2 if rules else 1))
        planned = latest.share(1 - self.boost_share) if rules else latest
        trained = descend(
            self.network_, settings, examples.n_train, planned,
            loss=labels.loss, score=labels.validation, look=look, latest=latest,
        )  # fmt: skip
        n_updates = trained.n_updates
        plan = plan or boosting.total(trained.schedule_updates, len(rules), self.boost_share)
        self._draw()
        if rules:
            self._found["unboosted"] = self._diagnose(examples)
        _, each = boosting.lengths(plan, len(rules), self.boost_share)
        for i, rule in enumerate(rules):
            length = _least(each, self.n_updates and self.n_updates - n_updates)
            if not length or clock.left < diagnosis_s:
                break
            labels.boost(rule, self.seed + i)
            settings = dataclasses.replace(
                self, n_updates=length, schedule_updates=each, seed=self.seed + 1 + i,
                learning_rate=self.boost_rate * self.learning_rate,
            )  # fmt: skip
            n_updates += descend(
                self.network_, settings, examples.n_train, clock.reserve(diagnosis_s),
                loss=labels.loss, score=labels.boosted, look=look,
            ).n_updates  # fmt: skip
        self._draw()
        n_boosted = int((labels.multiplicity > 1).sum())
        self._found |= {"final": self._diagnose(examples), "n_boosted": n_boosted}
        return Descent(self._found["final"]["validation"].pop("rms"), n_updates, plan)

    def _plan(self, clock: Clock) -> int | None:
        """Return how many updates there will be, boosting included; None leaves it to the clock."""
        without_budget = None if clock.is_limited else UPDATES_WITHOUT_BUDGET
        return self.schedule_updates or self.n_updates or without_budget

    def _likelihood(self, examples: targets.Examples) -> Likelihood:
        _, slope = self._target.decode(examples.s, self.mean_ + self.scale_ * examples.y)
        columns = np.stack((examples.noise**2, self.scale_ * slope))
        variances, slopes = torch.as_tensor(columns, dtype=torch.float32, device=self.device)
        return Likelihood(
            network=self._bayesian, prior_std=self.prior_std, s=self._scaled(examples.s), y=self._as_parts(examples.y),
            noise_variance=variances, slope=slopes, n_train=examples.n_train, seed=self.seed,
        )  # fmt: skip

    @property
    def _bayesian(self) -> VariationalNetwork:
        return cast(VariationalNetwork, self.network_)

    def _draw(self) -> None:
        self._draws = self._bayesian.draw(self.n_samples, self.seed)

    def _layers(self) -> BatchedLayers:
        return self._draws

    def _members(self, scaled: torch.Tensor) -> torch.Tensor:
        return self._bayesian.at(self._draws, scaled)

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state)
        self._draw()


def _least(*numbers: int | None) -> int | None:
    """Return the smallest number there is; None where there is none."""
    return min((n for n in numbers if n is not None), default=None)
