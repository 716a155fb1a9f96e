"""Kinds of value that the keys of a record hold; a report relies on them, whoever wrote the record.

A kind is a function that tells whether a value is of it. All numbers are finite, since JSON has no others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

STATUSES = ("ok", "unsupported", "failed", "crashed", "timeout", "out_of_memory", "infrastructure")

Kind = Callable[[Any], bool]


def text(value: Any) -> bool:
    """Tell whether it is a text."""
    return isinstance(value, str)


def flag(value: Any) -> bool:
    """Tell whether it is true or false."""
    return isinstance(value, bool)


def number(value: Any) -> bool:
    """Tell whether it is a finite number."""
    return whole(value) or (isinstance(value, float) and math.isfinite(value))


def whole(value: Any) -> bool:
    """Tell whether it is a whole number of 64 bits."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def json_object(value: Any) -> bool:
    """Tell whether it is a JSON object, of whatever content."""
    return isinstance(value, dict)


def optional(kind: Kind) -> Kind:
    """Return the kind of values that are null or of `kind`."""
    return lambda value: value is None or kind(value)


def each(kind: Kind) -> Kind:
    """Return the kind of JSON objects with values of `kind`."""
    return lambda value: isinstance(value, dict) and all(map(kind, value.values()))


def items(kind: Kind) -> Kind:
    """Return the kind of lists of values of `kind`."""
    return lambda value: isinstance(value, list) and all(map(kind, value))


def numbers(value: Any) -> bool:
    """Tell whether it is a list of finite numbers: `items(number)`, at once where all are of one plain type."""
    if not isinstance(value, list):
        return False
    types = set(map(type, value))
    if types == {float}:
        return all(map(math.isfinite, value))
    if types == {int}:
        return max(map(abs, value)) < 2**63
    return all(map(number, value))


def having(**kinds: Kind) -> Kind:
    """Return the kind of JSON objects that have these keys with such values, and perhaps others."""
    return lambda value: (
        isinstance(value, dict) and all(key in value and kind(value[key]) for key, kind in kinds.items())
    )


def one_of(*kinds: Kind) -> Kind:
    """Return the kind of values that are of one of these kinds."""
    return lambda value: any(kind(value) for kind in kinds)


histogram = having(edges=numbers, counts=numbers)
histograms = each(optional(histogram))
timing = one_of(having(median=number, p10=number, p90=number), having(reason=text))
figures = each(optional(number))
errors_of_replicas = having(
    coverage_1sigma=number, coverage_3sigma=number, log10_error_ratio_median=number, log10_error_ratio=histogram
)
by_n = having(digits=numbers, spread=optional(errors_of_replicas), mean=optional(errors_of_replicas))
by_interval = having(
    edges=numbers, digits_mean=items(optional(number)), digits_worst=items(optional(number))
)  # fmt: skip
rate = one_of(having(gflop_per_s=number), having(reason=text))
rates = having(
    name=optional(text), n=whole, elements=whole, float32=rate, float64=rate, triad=having(gb_per_s=number)
)  # fmt: skip

TYPES: dict[str, tuple[Kind, str]] = {
    **dict.fromkeys(("integral", "integral_hash", "method", "device", "machine"), (text, "a text")),
    **dict.fromkeys(("schema", "version", "repeat", "seed", "threads"), (whole, "a whole number")),
    **dict.fromkeys(("labels_version", "points", "n_points"), (optional(whole), "a whole number or null")),
    "status": (lambda value: value in STATUSES, f"one of {', '.join(STATUSES)}"),
    "params": (json_object, "an object"),
    "budget_s": (number, "a number"),
    **dict.fromkeys(
        ("truth_hash", "precision", "reason", "traceback", "truth_how", "n_eval_source", "timed_from", "flop_reason",
         "fit_machine", "date_utc", "code_hash", "commit", "host", "cpu", "gpu", "checksum"),
        (optional(text), "a text or null"),
    ),
    **dict.fromkeys(
        ("digits_mean", "digits_std", "digits_median", "digits_worst", "digits_re", "digits_im", "rel_err_median",
         "rel_err_p90", "rel_err_p99", "rel_err_max", "frac_within_1pct", "frac_within_0p1pct", "delta_mean",
         "delta_std", "r_mean", "r_std", "pull_mean", "pull_std", "coverage_1sigma", "coverage_3sigma",
         "truth_rel_err_max", "fit_s", "label_s", "n_eval_fit", "n_eval_per_integral", "n_updates", "peak_mem_mb",
         "model_bytes", "load_1min"),
        (optional(number), "a finite number or null"),
    ),
    **dict.fromkeys(("setup_s", "flop_per_integral"), (optional(each(number)), "an object of numbers, or null")),
    **dict.fromkeys(("by_cornerness", "by_edge"), (optional(each(figures)), "figures by class, or null")),
    "by_invariant": (
        optional(each(by_interval)), "by invariant {edges, digits_mean, digits_worst}, or null",
    ),
    "histograms": (
        optional(having(all=histograms, by_cornerness=each(histograms), by_edge=each(histograms))),
        "histograms of all points, by cornerness and by edge, or null",
    ),
    "by_n_replicas": (optional(each(by_n)), "by number of replicas {digits, spread, mean}, or null"),
    "s_per_integral": (optional(each(timing)), "by batch {median, p10, p90} or {reason}, or null"),
    "anytime": (optional(items(having(fit_s=number, digits_mean=number))), "a list of {fit_s, digits_mean}, or null"),
    "diagnostics": (optional(items(having(fit_s=number))), "a list of objects with fit_s, or null"),
    "rates": (optional(rates), "what `device_rates.measure` returns, or null"),
    **dict.fromkeys(("fields", "details", "environment"), (optional(json_object), "an object or null")),
    "versions": (optional(each(optional(text))), "an object of texts, or null"),
    "dirty": (optional(flag), "true, false or null"),
}  # fmt: skip
"""Key -> its kind, and that in words."""


def problem(record: Mapping[str, Any]) -> str | None:
    """Return a sentence about the first value that is of another kind than its key asks for, or None."""
    for key, (kind, words) in TYPES.items():
        if key in record and not kind(record[key]):
            return f"Key {key} of a record must hold {words}; it holds {str(record[key])[:80]!r}."
    return None
