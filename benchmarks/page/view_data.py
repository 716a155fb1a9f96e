"""Numbers behind the page's charts that no summary row has: histograms, thresholds, replicas, trainings, devices.

Each function gives lists and dictionaries for JSON, with the names of methods and the numbers of files as they are in
the summary rows.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.experiments import (
    comparison,
    curves,
    devices,
    label_counts,
    paper_surrogates,
    physical,
    uncertain_networks,
)
from benchmarks.page import summaries
from benchmarks.page.page_data import Data
from benchmarks.records import configurations, current_records, histograms
from benchmarks.records.configurations import Configuration
from benchmarks.records.run_records import Record

MOST_INTEGRALS = 6
"""Integrals whose histograms are in the page: headlines first, and then those that come first among the records."""

KINDS = ("p", "r", "pull", "log10_error_ratio")


def best(grouped: Iterable[Configuration]) -> dict[tuple[str, str, str], Configuration]:
    """Find the current configuration with most digits of each (integral, place, method)."""
    found: dict[tuple[str, str, str], Configuration] = {}
    for configuration in grouped:
        if configuration.digits is None or configuration.replaced:
            continue
        first = configuration.first
        key = (first["integral"], summaries.place(first), configuration.method)
        if key not in found or configuration.digits > (found[key].digits or 0.0):
            found[key] = configuration
    return dict(sorted(found.items()))


def accuracy(grouped: Iterable[Configuration], data: Data) -> list[dict[str, Any]]:
    """List histograms {kind: [first edge, width, counts]} of each method's configuration with most digits."""
    chosen = best(grouped)
    wanted = dict.fromkeys((*comparison.INTEGRALS, *curves.HEADLINES, *(key[0] for key in chosen)))
    measured = {key[0] for key in chosen}
    headlines = [name for name in wanted if name in measured][:MOST_INTEGRALS]
    made = []
    for (integral, place, method), configuration in chosen.items():
        totals = {kind: histograms.total(configuration, kind) for kind in KINDS}
        shown = {kind: _trimmed(*total) for kind, total in totals.items() if total}
        if integral in headlines and shown:
            made.append(_named(configuration, data) | {"integral": integral, "place": place, "method": method} | shown)
    return made


def _named(configuration: Configuration, data: Data) -> dict[str, Any]:
    digits = min(configuration.digits or 0.0, configuration.truth_digits)
    return {
        "setting": configuration.fields, "digits": round(digits, 3),
        "file": data.number_of_file(configuration.good[0]),
    }  # fmt: skip


def _trimmed(edges: Any, counts: Any) -> list[Any]:
    """Leave out the empty bins at both ends."""
    filled = counts.nonzero()[0]
    first, last = int(filled[0]), int(filled[-1]) + 1
    width = float(edges[-1] - edges[0]) / len(counts)
    return [round(float(edges[first]), 6), round(width, 6), [int(count) for count in counts[first:last]]]


def thresholds(grouped: Iterable[Configuration], data: Data) -> list[dict[str, Any]]:
    """List digits by intervals of each invariant that has a threshold, with thresholds and corner zeros."""
    import references

    made = []
    for (integral, place, method), configuration in best(grouped).items():
        binned = _by_invariant(configuration)
        if not binned or references.stored_hashes(integral) is None:
            continue
        for invariant, marked in physical.marked(references.integral(integral)).items():
            if invariant in binned:
                made.append(
                    _named(configuration, data)
                    | {"integral": integral, "place": place, "method": method, "invariant": invariant}
                    | {"marked": marked, **_no_better_than_truth(binned[invariant], configuration.truth_digits)}
                )
    return made


def _by_invariant(configuration: Configuration) -> dict[str, dict[str, Any]]:
    """Join the intervals of the repeats that finished: means of their mean digits, and the least of their worst."""
    found = [record["by_invariant"] for record in configuration.good if record["by_invariant"]]
    return {
        invariant: binned
        | {
            "digits_mean": [_mean(digits) for digits in _of_repeats(found, invariant, "digits_mean")],
            "digits_worst": [min(digits, default=None) for digits in _of_repeats(found, invariant, "digits_worst")],
        }
        for invariant, binned in (found[0].items() if found else ())
    }


def _of_repeats(found: Sequence[dict[str, Any]], invariant: str, key: str) -> list[list[float]]:
    """List, for each interval, the digits of the repeats that have points there."""
    columns = zip(*(one[invariant][key] for one in found), strict=True)
    return [[digits for digits in column if digits is not None] for column in columns]


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None


def _no_better_than_truth(binned: dict[str, Any], limit: float) -> dict[str, Any]:
    """Cut the digits in intervals of an invariant at those of the true values."""
    cut = {key: [d if d is None else min(d, limit) for d in binned[key]] for key in ("digits_mean", "digits_worst")}
    return binned | cut


def surrogates(found: Sequence[Record], data: Data) -> list[dict[str, Any]]:
    """List mean digits of each regressor by integral and number of labels."""
    made = []
    for integral in paper_surrogates.INTEGRALS.values():
        here = [r for r in found if (r["integral"], r["budget_s"]) == (integral, label_counts.BUDGET_S)]
        for regressor, base in label_counts.BASES.items():
            for n in label_counts.N_LABELS:
                used = current_records.current(here, f"{base},n_labels={n}")
                digits = [record["digits_mean"] for record in used if record["status"] == "ok"]
                if digits:
                    made.append({"integral": integral, "name": regressor, "x": n, "y": statistics.fmean(digits),
                                 "file": data.number_of_file(used[0])})  # fmt: skip
    return made


PULLS = {
    "labels trained on": ("details", "final", "train", "pull_std"),
    "labels for validation": ("details", "final", "validation", "pull_std"),
    "true values": ("pull_std",),
}


def uncertain(found: Iterable[Record], data: Data) -> list[dict[str, Any]]:
    """List the width of the pulls of networks that know their error, on what they were trained on and on other points.

    A width of one is honest; more on other points than on those trained on is overtraining.
    """
    made = []
    for configuration in uncertain_networks.ordered(found):
        kind = uncertain_networks.network(configuration)
        labels = uncertain_networks.training_labels(configuration)
        expensive = "" if uncertain_networks.labels(configuration) == uncertain_networks.LABELS else " of pySecDec"
        name = f"{uncertain_networks.NETWORKS.get(kind, kind)}, {labels:,.0f} labels{expensive}"
        for of_what, keys in PULLS.items():
            widths = uncertain_networks.values(configuration, *keys)
            if widths and not configuration.replaced:
                made.append({"integral": configuration.first["integral"], "name": name,
                             "class": of_what, "x": statistics.fmean(widths),
                             "file": data.number_of_file(configuration.good[0])})  # fmt: skip
    return made


def device_times(found: Iterable[Record], data: Data) -> list[dict[str, Any]]:
    """List microseconds per value by batch, for each method on each device."""
    made = []
    for configuration in configurations.grouped(filter(devices.is_shown, found)):
        if configuration.replaced or not configuration.good:
            continue
        first = configuration.first
        for batch in devices.BATCHES:
            if seconds := configuration.seconds(str(batch)):
                made.append({"integral": first["integral"], "place": summaries.place(first), "x": batch,
                             "name": configuration.method + (f", {first['precision']}" if first["precision"] else ""),
                             "y": float(f"{1e6 * seconds:.4g}"),
                             "file": data.number_of_file(configuration.good[0])})  # fmt: skip
    return made
