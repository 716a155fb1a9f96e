"""Measures of values and error bars: digits, ratios and pulls against the truth, in all and class by class.

notation: e = a method's value, t = the truth; P = log10|(e − t)/t| (JHEP eq. 3.7), digits = −P, R = log10|e/t|
(eq. 3.8), δ = (e − t)/t (Bishara, Paul, Dy, Table 1), pull = (e − t)/√(error² + truth_error²).

Where values are complex, digits, R and pulls are those of moduli, δ is its real part, and the digits of the real and of
the imaginary part are relative to |t|: either of them may vanish somewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SMALLEST = 1e-17
"""Relative errors below this count as this: a double holds 16 digits, and log10(0) has no mean."""

EDGES = {
    "p": np.linspace(-17, 3, 81),
    "r": np.linspace(-0.02, 0.02, 81),
    "pull": np.linspace(-8, 8, 65),
    "log10_error_ratio": np.linspace(-4, 4, 65),
}
"""Bins of the histograms; the outermost ones also count what lies beyond."""

WRITTEN_EDGES = {key: [round(float(edge), 6) for edge in edges] for key, edges in EDGES.items()}
"""The same as a record holds them."""


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def relative_errors(value: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return |e − t|/|t|, (n,), at least `SMALLEST`."""
    return np.maximum(np.abs(value - true) / np.abs(true), SMALLEST)


def summary(value: np.ndarray, error: np.ndarray, true: np.ndarray, true_error: np.ndarray) -> dict[str, Any]:
    """Return the figures of merit over n points; null where the method claims no errors."""
    rel = relative_errors(value, true)
    digits = _digits(rel)
    delta = np.real((value - true) / true)
    ratio = np.log10(np.maximum(np.abs(value / true), 1e-300))
    figures = {
        "digits_mean": digits.mean(), "digits_std": digits.std(), "digits_median": np.median(digits),
        "digits_worst": digits.min(), "rel_err_median": np.median(rel), "rel_err_p90": np.quantile(rel, 0.9),
        "rel_err_p99": np.quantile(rel, 0.99), "rel_err_max": rel.max(), "frac_within_1pct": (rel < 1e-2).mean(),
        "frac_within_0p1pct": (rel < 1e-3).mean(), "delta_mean": delta.mean(), "delta_std": delta.std(),
        "r_mean": ratio.mean(), "r_std": ratio.std(),
    }  # fmt: skip
    claimed: dict[str, float] = dict.fromkeys(("pull_mean", "pull_std", "coverage_1sigma", "coverage_3sigma"), np.nan)
    if np.isfinite(error).all():
        pull = pulls(value, error, true, true_error)
        claimed = {
            "pull_mean": pull.mean(), "pull_std": pull.std(),
            "coverage_1sigma": (np.abs(pull) <= 1).mean(), "coverage_3sigma": (np.abs(pull) <= 3).mean(),
        }  # fmt: skip
    if np.iscomplexobj(true):
        figures |= {
            "digits_re": _digits(np.real(value - true) / np.abs(true)).mean(),
            "digits_im": _digits(np.imag(value - true) / np.abs(true)).mean(),
        }
    return {key: _finite(figure) for key, figure in (figures | claimed).items()} | {"n_points": len(value)}


def _digits(relative_error: np.ndarray) -> np.ndarray:
    """Compute −log10 of the moduli of relative errors (n,), with `SMALLEST` as the least."""
    return -np.log10(np.maximum(np.abs(relative_error), SMALLEST))


def pulls(value: np.ndarray, error: np.ndarray, true: np.ndarray, true_error: np.ndarray) -> np.ndarray:
    """Return (e − t)/√(error² + truth_error²), (n,); zero where value and truth agree exactly."""
    scale = np.sqrt(error**2 + true_error**2)
    difference = np.abs(value - true) if np.iscomplexobj(true) else value - true
    return np.where(value == true, 0.0, difference / np.maximum(scale, 1e-300))


def log10_error_ratios(value: np.ndarray, error: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Compute log10(error/|e − t|), (n,), of claimed errors; both count as `SMALLEST` · |t| at least."""
    return np.log10(np.maximum(error / np.abs(true), SMALLEST) / relative_errors(value, true))


def histograms(value: np.ndarray, error: np.ndarray, true: np.ndarray, true_error: np.ndarray) -> dict[str, Any]:
    """Return {p, r, pull, log10_error_ratio} -> {edges, counts}; the last two null without claimed errors."""
    rel = relative_errors(value, true)
    samples: dict[str, np.ndarray | None] = {
        "p": np.log10(rel),
        "r": np.log10(np.maximum(np.abs(value / true), 1e-300)),
        "pull": None,
        "log10_error_ratio": None,
    }
    if np.isfinite(error).all():
        samples["pull"] = pulls(value, error, true, true_error)
        samples["log10_error_ratio"] = log10_error_ratios(value, error, true)
    return {key: None if sample is None else _histogram(sample, key) for key, sample in samples.items()}


def _histogram(sample: np.ndarray, kind: str) -> dict[str, Any]:
    edges = EDGES[kind]
    counts, _ = np.histogram(np.clip(sample, edges[0], edges[-1]), bins=edges)
    return {"edges": WRITTEN_EDGES[kind], "counts": counts.tolist()}


def by_class(
    value: np.ndarray, error: np.ndarray, true: np.ndarray, true_error: np.ndarray, masks: dict[str, np.ndarray]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return `summary` and `histograms` of each class of points that has any."""
    parts = {name: (value[mask], error[mask], true[mask], true_error[mask]) for name, mask in masks.items()}
    filled = {name: part for name, part in parts.items() if len(part[0])}
    return {name: summary(*part) for name, part in filled.items()}, {
        name: histograms(*part) for name, part in filled.items()
    }
