"""Compiled sums over complex maps against the formula in thirty digits: one node each, of maps that are drawn."""

from __future__ import annotations

import numpy as np

from methods.base import ParametricIntegral
from references.integrals import catalogue
from references.values import formula_check, map_rules, tensor_sums
from references.values.complex_maps import ComplexMap, moved
from references.values.truth_files import TruthError

N_POINTS = 1000
"""Nodes (s, t), in equal parts of each term, with maps of their own, so that x is complex and different everywhere."""

LARGEST = 1e-12
"""Largest difference allowed, relative to |f ∂x/∂t| or its mean, whichever is larger."""


def check(integral: ParametricIntegral, n: int = N_POINTS) -> str:
    """Compare the sums of each term, in its first order of variables, with mpmath; say how well they agree.

    Raises
    ------
    TruthError
        Where they differ by more than `LARGEST`; it names the term.
    """
    terms = map_rules.terms_of(integral)
    largest = 0.0
    for i, term in enumerate(terms):
        difference = _difference(term, -(-n // len(terms)), np.random.default_rng(i))
        if not difference <= LARGEST:
            raise TruthError(f"The compiled sum of {term.name} differs from mpmath by {difference:.1e}.")
        largest = max(largest, difference)
    return f"compiled sums compared with mpmath at {n} complex points, differences up to {largest:.1e}"


def check_registered(name: str) -> str:
    """Do what `check` does for a registered integral, which a process of its own finds by name."""
    return check(catalogue.integral(name))


def _difference(term: ParametricIntegral, n: int, rng: np.random.Generator) -> float:
    """Find the largest relative difference at n nodes."""
    order, k = map_rules.variable_orders(term)[0], term.k
    s, t = term.sample(n, seed=2), rng.random((n, k))
    a = np.tril(rng.normal(size=(n, k, k)) + 1j * rng.normal(size=(n, k, k))) / 3
    found, x, slopes = [], [], []
    for point, node, matrix in zip(s, t, a, strict=True):
        axes = [(value[None], np.ones(1)) for value in node]
        found.append(tensor_sums.over(term, ComplexMap(order, matrix, 0.0), point, axes))
        there, log_slope = moved(order, matrix, node[None])
        x.append(there[0])
        slopes.append(np.exp(log_slope.sum()))
    exact = formula_check.in_many_digits(term, s, np.array(x)) * slopes
    return float(np.max(np.abs(found - exact) / np.maximum(np.abs(exact), np.abs(exact).mean())))
