"""Direct regression of I(s) by a Bayesian network, which knows its error at each s.

The weights ω are independent Gaussians q(ω) (`variational.py`), and for each ω the network gives a prediction and its
standard deviation, (A(ω), σ(ω)). It is trained by the likelihood of the labels and the closeness to a prior,

    loss = ∫ dω q(ω) Σ_j n_j [ (A_j(ω) − A_true,j)²/(2σ_j(ω)²) + log σ_j(ω) ] + KL[q, prior],

divided by the number of labels, with n_j = 1 except where boosting (`boosting.py`) makes it larger. With σ_j² the
square of the label's own noise is added, so that σ need not learn what the label's method states. Then

    value = ⟨A⟩,    error² = σ_syst² + σ_stat²,    σ_syst² = ∫ dω q(ω) σ(ω)²,    σ_stat² = ∫ dω q(ω) [A(ω) − ⟨A⟩]²

where the statistical part vanishes with many labels, and the systematic part says how well the network can do at all.

Badger, Butter, Luchmann, Pitz and Plehn, *Loop amplitudes from precision networks*, arXiv:2206.14831, and slides
"Surrogate loop amplitudes".

notation: A = y of `targets.py`, decoded to I(s) at the end; σ_model = σ(ω).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self, cast

import numpy as np
import torch

from methods import boosting, calibration, symmetry, targets
from methods.base import Estimate, InputError, ParametricIntegral
from methods.boosting import BOOSTING, Part
from methods.descent import Descent, descend
from methods.likelihood import Likelihood, variance
from methods.lookup import unknown
from methods.regressor import Regressor
from methods.schedule import UPDATES_WITHOUT_BUDGET, Clock
from methods.variational import VariationalNetwork

ROWS = 512
"""Rows evaluated at once, at all drawn weights: what fits into a cache."""

N_DIAGNOSED = 5_000
"""Training and validation labels whose pulls are recorded, of each: a second or two, for 1 % in the shares."""

PILOT = 500
"""Labels by which the time for that is estimated beforehand."""


@dataclass(kw_only=True)
class BayesianMLP(Regressor):
    """Bayesian regression of I(s) with systematic and statistical uncertainty, in float32.

    An evaluation costs `n_samples` passes through the network, at weights drawn once from the seed: 30 times what a
    network without errors costs.

    Parameters
    ----------
    depth, width : int
        Number and width of the hidden layers.
    activation : str
        One of `skip_network.ACTIVATIONS`.
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

    Notes
    -----
    ``details_["final"]``, and ``["unboosted"]`` where there was boosting, hold pulls and coverage on labels trained on
    and on labels for validation, |δ| on the largest values, and medians of both uncertainties relative to |I(s)|.
    Rounds of boosting are judged by the boosted loss itself: validation labels would undo them.
    """

    name: ClassVar[str] = "bayesian_mlp"
    source: ClassVar[str] = "Badger, Butter, Luchmann, Pitz & Plehn, arXiv:2206.14831"

    depth: int = 3
    width: int = 48
    activation: str = "silu"
    prior_std: float = 1.0
    initial_std: float = 1e-4
    target: str = "log_ratio"
    batch_size: int = 256
    learning_rate: float = 2e-3
    n_samples: int = 30
    boosting: str = "none"
    boost_share: float = 0.3
    boost_rate: float = 0.3

    def fit(
        self, integral: ParametricIntegral, *, budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:  # fmt: skip
        """Buy labels and train within `budget`, pulls included; see `Regressor.fit`."""
        super().fit(integral, budget=budget, monitor=monitor)
        self.details_ |= self._found
        return self

    def integrate(self, s: np.ndarray) -> Estimate:
        """Return means and errors; rows differ from single evaluation by float32 rounding, 1e-6 of the spread of y."""
        value, systematic, statistical = self._parts(s)
        return Estimate(value, np.hypot(systematic, statistical), self._target.n_eval * len(value))

    def uncertainties(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the systematic and the statistical uncertainty (n,) of I(s), each one standard deviation."""
        _, systematic, statistical = self._parts(s)
        return systematic, statistical

    def _parts(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        s = symmetry.fold(self.integral_.check(s), self._exchangeable)
        return self._decode(s, *self._moments(self._scaled(s)))

    def _decode(
        self, s: np.ndarray, y: np.ndarray, systematic: np.ndarray, statistical: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        value, slope = self._target.decode(s, self.mean_ + self.scale_ * y)
        return value, self.scale_ * slope * systematic, self.scale_ * slope * statistical

    def _network(self, m: int) -> VariationalNetwork:
        return VariationalNetwork([m] + [self.width] * self.depth + [2], self.activation, self.initial_std, self.seed)

    def _prepare(self, integral: ParametricIntegral) -> None:
        if self.boosting not in BOOSTING:
            raise unknown("boosting", self.boosting, BOOSTING)
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
        start = time.perf_counter()
        self._draw()
        self._diagnose(examples, PILOT)
        rules = BOOSTING[self.boosting]
        price = (time.perf_counter() - start) * max(1.0, min(N_DIAGNOSED, examples.n_train) / PILOT)
        labels = self._likelihood(examples)

        def look(_: float) -> None:
            self._draw()
            show(float("nan"))  # the error is not the one of all regressors

        plan = self._plan(clock)
        first = boosting.lengths(plan, len(rules), self.boost_share)[0] if plan else None
        settings = dataclasses.replace(self, n_updates=_least(first, self.n_updates), schedule_updates=first)
        part = Part(clock, 1 - self.boost_share if rules else 1.0, price * (2 if rules else 1))
        trained = descend(
            self.network_, settings, examples.n_train, part, loss=labels.loss, score=labels.validation, look=look
        )
        n_updates = trained.n_updates
        plan = plan or boosting.total(trained.schedule_updates, len(rules), self.boost_share)
        self._draw()
        self._found: dict[str, Any] = {}
        if rules:
            self._found["unboosted"] = self._diagnose(examples, N_DIAGNOSED)
        _, each = boosting.lengths(plan, len(rules), self.boost_share)
        for i, rule in enumerate(rules):
            length = _least(each, self.n_updates and self.n_updates - n_updates)
            if not length or clock.left < price:
                break
            labels.boost(rule, self.seed + i)
            settings = dataclasses.replace(
                self, n_updates=length, schedule_updates=each, seed=self.seed + 1 + i,
                learning_rate=self.boost_rate * self.learning_rate,
            )  # fmt: skip
            n_updates += descend(
                self.network_, settings, examples.n_train, Part(clock, 1.0, price),
                loss=labels.loss, score=labels.boosted, look=look,
            ).n_updates  # fmt: skip
        self._draw()
        n_boosted = int((labels.multiplicity > 1).sum())
        self._found |= {"final": self._diagnose(examples, N_DIAGNOSED), "n_boosted": n_boosted}
        return Descent(self._found["final"]["validation"].pop("rms"), n_updates, plan)

    def _plan(self, clock: Clock) -> int | None:
        """Return how many updates there will be, boosting included; None leaves it to the clock."""
        without_budget = None if np.isfinite(clock.left) else UPDATES_WITHOUT_BUDGET
        return self.schedule_updates or self.n_updates or without_budget

    def _likelihood(self, examples: targets.Examples) -> Likelihood:
        _, slope = self._target.decode(examples.s, self.mean_ + self.scale_ * examples.y)
        columns = np.stack((examples.y, examples.noise**2, slope))
        y, variances, slopes = torch.as_tensor(columns, dtype=torch.float32, device=self.device)
        return Likelihood(
            network=self._bayesian, prior_std=self.prior_std, s=self._scaled(examples.s), y=y, noise_variance=variances,
            slope=slopes, n_train=examples.n_train, seed=self.seed,
        )  # fmt: skip

    @property
    def _bayesian(self) -> VariationalNetwork:
        return cast(VariationalNetwork, self.network_)

    def _draw(self) -> None:
        self._draws = self._bayesian.draw(self.n_samples, self.seed)

    def _moments(self, scaled: torch.Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return ⟨A⟩, σ_syst and σ_stat (n,) of y, by the drawn weights."""
        parts = []
        with torch.inference_mode():
            for rows in scaled.split(ROWS):
                a, log_sigma = self._bayesian.at(self._draws, rows).double().unbind(-1)
                y, systematic = a.mean(dim=0), variance(log_sigma).mean(dim=0).sqrt()
                # not std(), which warns where there are no rows
                statistical = ((a - y).square().sum(dim=0) / (self.n_samples - 1)).sqrt()
                parts.append(torch.stack((y, systematic, statistical)).cpu())
        found = torch.cat(parts, dim=1).numpy()
        return found[0], found[1], found[2]

    def _diagnose(self, examples: targets.Examples, n: int) -> dict[str, Any]:
        """Return pulls and coverage on n labels trained on and n for validation, and |δ| on the largest of these."""
        n_train = examples.n_train
        label, _ = self._target.decode(examples.s, self.mean_ + self.scale_ * examples.y)
        found: dict[str, Any] = {}
        for part, rows in (("train", slice(0, min(n, n_train))), ("validation", slice(n_train, n_train + n))):
            y, systematic, statistical = self._moments(self._scaled(examples.s[rows]))
            residual = y - examples.y[rows]
            error = np.sqrt(systematic**2 + statistical**2 + examples.noise[rows] ** 2)
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

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state)
        self._draw()


def _least(*numbers: int | None) -> int | None:
    """Return the smallest number there is; None where there is none."""
    return min((n for n in numbers if n is not None), default=None)
