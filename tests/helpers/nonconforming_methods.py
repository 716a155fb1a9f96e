"""Methods that each break one rule of the contract, and one that offers everything a method can."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from broken_methods import Exact

from methods.base import Estimate, Method
from methods.core.arithmetic import Arithmetic


class NoMethod:
    """Has what a method has, but does not inherit it."""

    name, source, version = "no_method", "closed form", 1


class OnlyFits(Method):
    """Does not integrate."""

    name, source = "only_fits", "closed form"

    def fit(self, integral, *, budget=None, monitor=None):
        return self


@dataclass
class Positional(Exact):
    """Takes a field by position."""

    order: int = 3


class Undecorated(Exact):
    """Means to have a field."""

    order: int = 3


@dataclass(kw_only=True)
class NeedsOrder(Exact):
    """Has no default."""

    order: int


@dataclass(kw_only=True)
class ArrayField(Exact):
    """Has a default that no record holds."""

    nodes: np.ndarray = dataclasses.field(default_factory=lambda: np.ones(2))


class BadName(Exact):
    """Has a name with spaces."""

    name = "my method"


class NoSource(Exact):
    """Says nothing of where it comes from."""

    source = ""


class BadVersion(Exact):
    """Counts versions by halves."""

    version = 1.5


@dataclass(kw_only=True)
class WorksEarly(Exact):
    """Computes before it is asked to."""

    def __post_init__(self):
        self.nodes_ = np.ones(3)


@dataclass(kw_only=True)
class SeedsEarly(Exact):
    """Seeds everybody's generator when it is made."""

    def __post_init__(self):
        np.random.seed(1)  # noqa: NPY002


class SaysFalse(Exact):
    """Answers another question than the one asked."""

    def unsupported(self, integral):
        return False


class ReturnsNothing(Exact):
    """Forgets to return itself."""

    def fit(self, integral, *, budget=None, monitor=None):
        super().fit(integral)


class ForgetsIntegral(Exact):
    """Keeps the integral under a name of its own."""

    def fit(self, integral, *, budget=None, monitor=None):
        self._mine = integral
        return self

    def integrate(self, s):
        return Estimate(self._mine.exact(self._mine.check(s)), np.full(len(s), np.nan), 0)


class ChangesField(Exact):
    """Keeps what it chose in a field."""

    def fit(self, integral, *, budget=None, monitor=None):
        self.factor = 1.5
        return super().fit(integral)


class TakesItsTime(Exact):
    """Sleeps for twice its budget."""

    def fit(self, integral, *, budget=None, monitor=None):
        time.sleep(2 * (budget or 0.0))
        return super().fit(integral)


class Single(Exact):
    """Returns float32."""

    def integrate(self, s):
        value, error, n_eval = super().integrate(s)
        return Estimate(value.astype(np.float32), error, n_eval)


class NegativeError(Exact):
    """Has a sign in its error."""

    def integrate(self, s):
        value, error, n_eval = super().integrate(s)
        return Estimate(value, np.full_like(error, -1.0), n_eval)


class NeedsPoints(Exact):
    """Divides by the largest value."""

    def integrate(self, s):
        value, error, n_eval = super().integrate(s)
        return Estimate(value * (value.max() / value.max()), error, n_eval)


class CountsFromOne(Exact):
    """Counts an evaluation too many."""

    def integrate(self, s):
        value, error, _ = super().integrate(s)
        return Estimate(value, error, len(s) + 1)


class LooksAround(Exact):
    """Shifts each row by the mean of the batch."""

    def integrate(self, s):
        value, error, n_eval = super().integrate(s)
        return Estimate(value + 1e-3 * (value - value.sum() / max(1, len(value))), error, n_eval)


class TrustsPoints(Exact):
    """Takes any array of the right shape."""

    def integrate(self, s):
        self.integral_.check(np.ones_like(s))
        return Estimate(self.integral_.exact(s), np.full(len(s), np.nan), 0)


class OtherError(Exact):
    """Refuses in its own words."""

    def integrate(self, s):
        if np.shape(s)[1:] != (self.integral_.m,):
            raise ValueError("bad shape")
        return super().integrate(s)


class SeedsInFit(Exact):
    """Seeds everybody's generator."""

    def fit(self, integral, *, budget=None, monitor=None):
        torch.manual_seed(1)
        return super().fit(integral)


class WantsDouble(Exact):
    """Changes the dtype of everybody's tensors."""

    def integrate(self, s):
        torch.set_default_dtype(torch.float64)
        return super().integrate(s)


class Unseeded(Exact):
    """Draws other numbers in each fit."""

    def fit(self, integral, *, budget=None, monitor=None):
        self.noise_ = 1 + 1e-3 * np.random.default_rng().random()
        return super().fit(integral)

    def integrate(self, s):
        value, error, n_eval = super().integrate(s)
        return Estimate(self.noise_ * value, error, n_eval)


@dataclass(kw_only=True)
class CutShort(Exact):
    """Makes one update more in each fit that is not told how many, as a faster machine would."""

    n_updates: int | None = None
    fits: ClassVar[int] = 0

    def fit(self, integral, *, budget=None, monitor=None):
        type(self).fits += 1
        self.n_updates_ = self.n_updates or type(self).fits
        return super().fit(integral)

    def integrate(self, s):
        value, error, n_eval = super().integrate(s)
        return Estimate(value * (1 + 1e-3 / self.n_updates_), error, n_eval)


class LoadsAnything(Exact):
    """Does not look into the file."""

    @classmethod
    def load(cls, path, integral):
        return cls().fit(integral)


@dataclass(kw_only=True)
class Offers(Exact):
    """Offers all that a method can; `fault` names a member that gives nonsense."""

    device: str = "cpu"
    labels: str | None = None
    fault: str = ""

    def fit(self, integral, *, budget=None, monitor=None):
        self.n_updates_ = "many" if self.fault == "n_updates_" else 3
        self.setup_s_ = {"compile": float("nan") if self.fault == "setup_s_" else 1.0}
        self.details_ = {"degrees": {4} if self.fault == "details_" else [4, 4], "cut_short": False}
        return super().fit(integral)

    def diagnose(self):
        return [1.0] if self.fault == "diagnose" else {"loss": 1.0}

    def integrate_with_gradient(self, s):
        return self.integrate(s) if self.fault == "integrate_with_gradient" else (self.integrate(s), np.ones_like(s))

    def gradient(self, s):
        return np.ones(len(s)) if self.fault == "gradient" else np.ones_like(s)

    def export_form(self):
        return [] if self.fault == "export_form" else Arithmetic(self.integral_.m)

    def replica_values(self, s):
        value = self.integrate(s).value
        return value if self.fault == "replica_values" else np.stack([value, value])

    def partial(self, s, t, given, i, points):
        return points if self.fault == "partial" else points.expand(len(t), -1)

    def place(self, s, t):
        return t, torch.ones_like(t)
