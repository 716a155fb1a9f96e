"""How good an ensemble of n of its N replicas is, for n = 1 … N: digits, and errors by both conventions.

    value = mean of n replicas,  σ = their standard deviation;  error = σ (JHEP section 3.1) or σ/√n (thesis eq. 4.1)

The n replicas are consecutive ones of a circle of N, in all N ways (one way for n = N), so that each replica counts
equally often, and n = 1 has the digits of each by itself.

Papers: Maître & Santos-Mateos, JHEP 03 (2023) 221, figure 3; ACAT proceedings of the same, figure 4; Bentley, MPhys
thesis, Durham 2024, figures 7, 11 and 21.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.running import metrics

CONVENTIONS = {"spread": lambda n: 1.0, "mean": lambda n: n**-0.5}
"""What multiplies σ of n replicas to give the error."""


def by_n_replicas(replicas: np.ndarray, true: np.ndarray, true_error: np.ndarray) -> dict[str, Any]:
    """Judge every number of replicas, given their values (N, points), by the truth (points,).

    Returns
    -------
    dict
        n as text -> {digits, spread, mean}: `digits` has the mean digits over points of each choice of n replicas;
        `spread` and `mean` have the coverage of the errors σ and σ/√n, the median of log10(error/|e − t|) and its
        histogram over all choices and points, and are None for n = 1.
    """
    n_all = len(replicas)
    return {str(n): _of_choices(_choices(replicas, n), true, true_error) for n in range(1, n_all + 1)}


def _choices(replicas: np.ndarray, n: int) -> np.ndarray:
    """List consecutive n of the circle of replicas: (choices, n, points)."""
    n_all = len(replicas)
    firsts = range(n_all if n < n_all else 1)
    return np.stack([replicas[np.arange(first, first + n) % n_all] for first in firsts])


def _of_choices(chosen: np.ndarray, true: np.ndarray, true_error: np.ndarray) -> dict[str, Any]:
    values = chosen.mean(axis=1)
    digits = [float(-np.log10(metrics.relative_errors(value, true)).mean()) for value in values]
    n = chosen.shape[1]
    if n == 1:
        return {"digits": digits} | dict.fromkeys(CONVENTIONS)
    sigma = chosen.std(axis=1, ddof=1)
    truth = np.tile(true, len(values)), np.tile(true_error, len(values))
    return {"digits": digits} | {
        name: _of_errors(values.ravel(), factor(n) * sigma.ravel(), *truth) for name, factor in CONVENTIONS.items()
    }


def _of_errors(value: np.ndarray, error: np.ndarray, true: np.ndarray, true_error: np.ndarray) -> dict[str, Any]:
    figures = metrics.summary(value, error, true, true_error)
    return {
        "coverage_1sigma": figures["coverage_1sigma"],
        "coverage_3sigma": figures["coverage_3sigma"],
        "log10_error_ratio_median": float(np.median(metrics.log10_error_ratios(value, error, true))),
        "log10_error_ratio": metrics.histograms(value, error, true, true_error)["log10_error_ratio"],
    }
