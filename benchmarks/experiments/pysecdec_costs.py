"""Kernel and dispatch of pySecDec's methods: the share of an integral's time that is spent evaluating the integrand.

Its workers report the seconds inside compiled code, and the method measures how long a call takes as a whole: the
difference is dispatch, the messages between pySecDec's scheduler and its workers. Both are means over the points that
the method was judged by.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import NamedTuple

from benchmarks.experiments.all_configurations import best_first, number
from benchmarks.experiments.experiment import Table
from benchmarks.records import configurations
from benchmarks.records.configurations import Configuration

KERNEL, DISPATCH = "kernel_s_per_integral", "dispatch_s_per_integral"
"""Keys of a method's details."""


def table(grouped: Iterable[Configuration]) -> Table:
    """Make the table: a row for each configuration that reports seconds in kernels and is not replaced."""
    current = [c for c in grouped if not c.replaced and parts(c)]
    explanation = (
        "Microseconds per integral that pySecDec's workers spent evaluating the integrand, and those of everything "
        "else in a call, while the method was judged; the share of the first in both; and the evaluations that it "
        "took. The note says what of it is superseded."
    )
    return Table(
        "pySecDec: kernel and dispatch",
        explanation,
        [(_row(c, both, current), c.records) for c in best_first(current) if (both := parts(c))],
    )


class Parts(NamedTuple):
    """Seconds per integral of pySecDec's two parts, means over the finished runs that report them."""

    kernel_s: float
    dispatch_s: float

    @property
    def kernel_share(self) -> float:
        """Share of the time in compiled code."""
        return self.kernel_s / (self.kernel_s + self.dispatch_s)


def parts(configuration: Configuration) -> Parts | None:
    """Return both parts; None where no run reports them."""
    found = [details for record in configuration.good if KERNEL in (details := record["details"] or {})]
    if not found:
        return None
    return Parts(*(statistics.fmean(details[key] for details in found) for key in (KERNEL, DISPATCH)))


def _row(configuration: Configuration, both: Parts, current: Iterable[Configuration]) -> dict[str, str]:
    first = configuration.good[0]
    same = [c for c in current if (c.method, c.first["integral"]) == (configuration.method, first["integral"])]
    return {
        "integral": first["integral"],
        "method": ", ".join(filter(None, (configuration.method, configurations.setting(configuration, same)))),
        "workers": str(first["params"]["workers"]),
        "digits": f"{configuration.digits:.1f}",
        "kernel µs": number(both.kernel_s, scale=1e6),
        "dispatch µs": number(both.dispatch_s, scale=1e6),
        "kernel share": f"{100 * both.kernel_share:.0f} %",
        "evaluations": number(first["n_eval_per_integral"]),
        "machine": first["fit_machine"],
        "note": configurations.note([configuration]),
    }
