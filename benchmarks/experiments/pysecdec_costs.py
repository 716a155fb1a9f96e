"""Kernel and dispatch of pySecDec's methods: the share of an integral's time that is spent evaluating the integrand.

Its workers report the seconds inside compiled code, and the method measures how long a call takes as a whole: the
difference is dispatch, the messages between pySecDec's scheduler and its workers. Both are means over the points that
the method was judged by.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from benchmarks.experiments.all_configurations import best_first, number
from benchmarks.experiments.experiment import Table
from benchmarks.records import configurations
from benchmarks.records.configurations import Configuration

KERNEL, DISPATCH = "kernel_s_per_integral", "dispatch_s_per_integral"
"""Keys of a method's details."""


def table(grouped: Iterable[Configuration]) -> Table:
    """Make the table: a row for each configuration that reports seconds in kernels and is not replaced."""
    current = [c for c in grouped if not c.replaced and kernel_s(c) is not None]
    explanation = (
        "Microseconds per integral that pySecDec's workers spent evaluating the integrand, and those of everything "
        "else in a call, while the method was judged; the share of the first in both; and the evaluations that it "
        "took. The note says what of it is superseded."
    )
    return Table(
        "pySecDec: kernel and dispatch", explanation, [(_row(c, current), c.records) for c in best_first(current)]
    )


def kernel_s(configuration: Configuration) -> float | None:
    """Average the seconds per integral in compiled code over the finished runs; None where they are not reported."""
    found = [s for record in configuration.good if (s := (record["details"] or {}).get(KERNEL)) is not None]
    return statistics.fmean(found) if found else None


def _row(configuration: Configuration, current: Iterable[Configuration]) -> dict[str, str]:
    first = configuration.good[0]
    compiled_s, dispatch_s = first["details"][KERNEL], first["details"][DISPATCH]
    same = [c for c in current if (c.method, c.first["integral"]) == (configuration.method, first["integral"])]
    return {
        "integral": first["integral"],
        "method": ", ".join(filter(None, (configuration.method, configurations.setting(configuration, same)))),
        "workers": str(first["params"]["workers"]),
        "digits": f"{configuration.digits:.1f}",
        "kernel µs": number(compiled_s, scale=1e6),
        "dispatch µs": number(dispatch_s, scale=1e6),
        "kernel share": f"{100 * compiled_s / (compiled_s + dispatch_s):.0f} %",
        "evaluations": number(first["n_eval_per_integral"]),
        "machine": first["fit_machine"],
        "note": configurations.note([configuration]),
    }
