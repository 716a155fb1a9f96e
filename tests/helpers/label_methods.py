"""Direct methods for tests of labels: exact, noisy, slow or sometimes wrong."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from methods.base import Estimate, Method


@dataclass(kw_only=True)
class Exact(Method):
    """The closed form as a direct method, slowed down at will."""

    name: ClassVar[str] = "exact"
    source: ClassVar[str] = "closed form"

    epsrel: float = 1e-3
    seconds_per_label: float = 0.0
    seconds_to_prepare: float = 0.0
    factor: float = 1.0
    imaginary: bool = False

    def unsupported(self, integral):
        return None if integral.exact else "it has no closed form"

    def fit(self, integral, *, budget=None, monitor=None):
        self.integral_, self.budget_ = integral, budget
        cut_short = budget is not None and budget < self.seconds_to_prepare
        time.sleep(budget if cut_short else self.seconds_to_prepare)
        self.details_ = {"cut_short": cut_short}
        return self

    def integrate(self, s):
        time.sleep(self.seconds_per_label * len(s))
        factor = 1j * self.factor if self.imaginary else self.factor
        return Estimate(factor * self.integral_.exact(s), np.full(len(s), self.epsrel), 7 * len(s))


@dataclass(kw_only=True)
class Noisy(Exact):
    """The closed form with Gaussian errors of size `noise`, others for other points, of which it states a factor."""

    name: ClassVar[str] = "noisy"

    noise: float = 0.01
    stated: float = 1.0

    def integrate(self, s):
        value, _, n_eval = super().integrate(s)
        deviation = np.random.default_rng(np.ascontiguousarray(s).view(np.uint32).ravel()).normal(size=len(s))
        return Estimate(value + self.noise * deviation, np.full(len(s), self.stated * self.noise), n_eval)


@dataclass(kw_only=True)
class Slopes(Method):
    """I(s) and ∂I/∂s of `integrals.product(k)` in closed form, the derivatives times `sign`."""

    name: ClassVar[str] = "slopes"
    source: ClassVar[str] = "closed form"

    sign: float = 1.0
    seconds_per_label: float = 0.0

    def fit(self, integral, *, budget=None, monitor=None):
        self.integral_ = integral
        return self

    def integrate(self, s):
        return Estimate(self.integral_.exact(s), np.full(len(s), np.nan), 7 * len(s))

    def integrate_with_gradient(self, s):
        time.sleep(self.seconds_per_label * len(s))
        return self.integrate(s), self.sign * closed_gradient(self.integral_, s)


def closed_gradient(integral, s):
    """∂/∂s of (s1 (s1 + s2))^−k."""
    value, total = integral.exact(s), s.sum(axis=1)
    return np.stack([-integral.k * value * (1 / s[:, 0] + 1 / total), -integral.k * value / total], axis=1)


@dataclass(kw_only=True)
class SometimesWrong(Exact):
    """The closed form, wrong by 30 % at a share of the points, where the error that is stated is `stated` of that."""

    name: ClassVar[str] = "sometimes_wrong"

    share: float = 0.05
    stated: float = 1.0

    def integrate(self, s):
        value, _, n_eval = super().integrate(s)
        is_wrong = np.modf(1e4 * np.abs(np.sin(1e3 * s.sum(axis=1))))[0] < self.share
        off = 0.3 * np.abs(value) * is_wrong
        return Estimate(value + off, self.stated * off + 1e-12 * np.abs(value), n_eval)

    def integrate_with_gradient(self, s):
        return self.integrate(s), closed_gradient(self.integral_, s)
