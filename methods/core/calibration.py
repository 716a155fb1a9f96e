"""Whether an error bar says how far a prediction is off: pulls and their summary.

    pull = (A − A_true)/√(σ² + noise²),        δ = (A − A_true)/A_true

with the noise of the label, where it has any. Honest Gaussian errors give pulls of mean 0 and standard deviation 1, of
which 68.3 %, 95.4 % and 99.7 % lie within 1, 2 and 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LARGEST = {"1pct": 0.01, "0p1pct": 0.001}
"""Shares of the largest |A_true| that are looked at apart: there the published networks were least precise."""


EDGES = np.linspace(-8, 8, 65)
"""Edges of a histogram of pulls, whose outermost bins also count what lies beyond."""


def summary(pull: np.ndarray) -> dict[str, Any]:
    """Return mean and standard deviation of pulls (n,), the share within 1, 2 and 3, and {edges, counts}."""
    within = {f"coverage_{n}sigma": float((np.abs(pull) <= n).mean()) for n in (1, 2, 3)}
    counts, _ = np.histogram(np.clip(pull, EDGES[0], EDGES[-1]), bins=EDGES)
    histogram = {"edges": EDGES.tolist(), "counts": counts.tolist()}
    return {"pull_mean": float(pull.mean()), "pull_std": float(pull.std()), **within, "histogram": histogram}


def largest(value: np.ndarray, share: float) -> np.ndarray:
    """Return the indices of this share of values (n,), at least one, that have the largest |value|."""
    n = max(1, round(share * len(value)))
    return np.argsort(np.abs(value))[-n:]
