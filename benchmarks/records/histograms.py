"""Histograms in records: their sums over repeats. The outermost bins also count what lies beyond."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.records.configurations import Configuration

Histogram = tuple[np.ndarray, np.ndarray]
"""Edges (n + 1,), and counts (n,)."""


def total(configuration: Configuration, kind: str) -> Histogram | None:
    """Add up the histograms of that kind, of all points, over all repeats; None without one, or without a point."""
    parts = ((record["histograms"] or {}).get("all") or {} for record in configuration.good)
    found: list[dict[str, Any]] = [part[kind] for part in parts if part.get(kind)]
    if not found:
        return None
    counts = np.sum([histogram["counts"] for histogram in found], axis=0)
    return (np.array(found[0]["edges"]), counts) if counts.sum() else None
