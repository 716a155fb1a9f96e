"""Counting what a method spends: integrand evaluations, wherever they happen, and the time for labels."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from methods.base import ParametricIntegral
from methods.core import direct_evaluations
from methods.core.integral import FixesNodes, HasTerms


class Meter:
    """Counts evaluations of the integral that `metered` returns; one of a single term of n counts as 1/n.

    Those of formulas that are evaluated without the integrand count from then on, in this context.
    """

    def __init__(self) -> None:
        self.n_eval: float = 0

    def metered(self, integral: ParametricIntegral) -> ParametricIntegral:
        """Return the same integral with an integrand that counts."""
        n_terms = len(integral.terms)
        direct_evaluations.COUNT.set(lambda n: self._count(n / n_terms))
        return dataclasses.replace(integral, integrand=_counted(integral.integrand, self, 1))

    def _count(self, n: float) -> None:
        self.n_eval += n


def _counted(integrand: Any, meter: Meter, share: float) -> _CountedCallable:
    if isinstance(integrand, HasTerms):
        return _CountedSum(integrand, meter, share)
    counting = _CountedIntegrand if isinstance(integrand, FixesNodes) else _CountedCallable
    return counting(integrand, meter, share)


class _CountedCallable:
    """An integrand given as a function."""

    def __init__(self, integrand: Any, meter: Meter, share: float) -> None:
        self._integrand = integrand
        self.meter = meter
        self.share = share

    def __call__(self, s: Any, x: Any) -> Any:
        self.meter.n_eval += self.share * math.prod(np.broadcast_shapes(tuple(s.shape[:-1]), tuple(x.shape[:-1])))
        return self._integrand(s, x)


class _CountedIntegrand(_CountedCallable):
    """An integrand made from text, which can also fix its nodes."""

    def at_nodes(self, x: Any) -> Callable[[Any], Any]:
        return self._counted(self._integrand.at_nodes(x), len(x))

    def weighted_sum(self, x: Any, weights: Any) -> Callable[[Any], Any]:
        return self._counted(self._integrand.weighted_sum(x, weights), len(x))

    def weighted_sum_with_gradient(self, x: Any, weights: Any) -> Callable[[Any], Any] | None:
        made = self._integrand.weighted_sum_with_gradient(x, weights)
        return None if made is None else self._counted(made, len(x))

    def _counted(self, function: Callable[[Any], Any], n_nodes: int) -> Callable[[Any], Any]:
        def counted(s: Any) -> Any:
            self.meter.n_eval += self.share * len(s) * n_nodes
            return function(s)

        return counted


class _CountedSum(_CountedIntegrand):
    """A sum of such integrands."""

    @property
    def terms(self) -> list[_CountedCallable]:
        share = self.share / len(self._integrand.terms)
        return [_counted(term, self.meter, share) for term in self._integrand.terms]
