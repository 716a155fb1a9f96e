"""Ensembles of primitives by the number of their replicas: digits, and how honest the error is.

    python -m benchmarks.accuracy --preset replicas --out reports/published/replicas

trains eight replicas of `neural_primitive`; the table also has the ensembles of `thesis_on_cpu`. For both conventions
of the error (σ: JHEP and ACAT; σ/√n: thesis eq. 4.1) there are the share of points within one and three of it, and the
median of log10(error/|e − t|), whose distribution JHEP figure 3, ACAT figure 4 and thesis figures 11 and 21 show.

If the values of n replicas are independent and normal around the truth, (e − t)/(σ/√n) follows Student's t with n − 1
degrees of freedom: what that law gives stands in brackets. Less is found where replicas have errors in common.

Papers: Maître & Santos-Mateos, JHEP 03 (2023) 221; ACAT proceedings of the same; Bentley, MPhys thesis, Durham 2024.

notation: n = number of replicas, σ = their standard deviation, e = their mean, t = the truth.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks.experiments import thesis_on_cpu
from benchmarks.experiments.experiment import Experiment, Preset, Table
from benchmarks.records import configurations
from benchmarks.records.configurations import Configuration
from benchmarks.records.run_records import Record, Row

INTEGRALS, BUDGET_S, METHOD = ("box1l", "box2l"), 60.0, "neural_primitive,n_replicas=8"

SYMBOLS = {"spread": "σ", "mean": "σ/√n"}
"""Conventions of the error, as records call them."""

Entries = list[dict[str, Any]]
"""The figures of a configuration's repeats for one number of replicas."""


def replicas() -> Preset:
    """Run eight replicas on the papers' two integrals."""
    return Preset(dict.fromkeys(INTEGRALS, BUDGET_S), dict.fromkeys(INTEGRALS, (METHOD,)))


def tables(found: Sequence[Record]) -> list[Table]:
    """Make a row for each number of replicas of each ensemble."""
    explanation = (
        "The mean over n of an ensemble's replicas, averaged over which n; digits gained over one replica beside "
        "½ log10 n, what independent errors would give (thesis section 4.2, figure 7). Of errors σ and σ/√n: the share "
        "of points within one and three of them, and the median of log10(error/|e − t|). In brackets: what replicas "
        "would give whose errors are independent and normal, without a bias."
    )
    rows = [row for configuration in ensembles(found) for row in _rows(configuration)]
    return [Table("Digits and errors against the number of replicas", explanation, rows)]


def ensembles(found: Sequence[Record]) -> list[Configuration]:
    """Group the records of ensembles, the current ones, by configuration."""
    several = [record for record in found if len(record["by_n_replicas"] or ()) > 1]
    return [
        configuration
        for configuration in configurations.grouped(several)
        if configuration.good and not configuration.replaced
    ]


def label(configuration: Configuration) -> str:
    """Name an ensemble: by the thesis's table where it has a row there."""
    return thesis_on_cpu.row_name(configuration.first) or configuration.label


def digits_by_number(configuration: Configuration) -> dict[int, float]:
    """Mean digits by the number of replicas."""
    return {n: _digits(entries) for n, entries in _by_n(configuration)}


def _by_n(configuration: Configuration) -> Iterator[tuple[int, Entries]]:
    """Yield each number of replicas with what the repeats have for it."""
    for n in sorted(map(int, configuration.good[0]["by_n_replicas"])):
        yield n, [record["by_n_replicas"][str(n)] for record in configuration.good]


def _rows(configuration: Configuration) -> Iterator[Row]:
    single = _digits(next(_by_n(configuration))[1])
    for n, entries in _by_n(configuration):
        digits = _digits(entries)
        gained = f"{digits - single:+.2f} ({math.log10(n) / 2:.2f})" if n > 1 else "–"
        cells = {"integral": configuration.first["integral"], "ensemble": label(configuration), "n": str(n)}
        cells |= {"digits": f"{digits:.2f}", "gained (½ log10 n)": gained}
        for kind, symbol in SYMBOLS.items():
            cells |= _of_errors([entry[kind] for entry in entries if entry[kind]], n, kind, symbol)
        yield cells | {"note": "; ".join(configuration.notes)}, configuration.records


def _of_errors(entries: Entries, n: int, kind: str, symbol: str) -> dict[str, str]:
    """Write the columns of one convention."""
    within, ratio = f"within 1, 3 {symbol}", f"log10({symbol} / |e − t|)"
    if not entries:
        return dict.fromkeys((within, ratio), "–")
    shares = [100 * _mean(entries, f"coverage_{z}sigma") for z in (1, 3)]
    expected = [100 * share for share in expected_coverages(n, kind)]
    return {
        within: f"{shares[0]:.0f}, {shares[1]:.1f} % ({expected[0]:.0f}, {expected[1]:.1f})",
        ratio: f"{_mean(entries, 'log10_error_ratio_median'):+z.2f} ({expected_median(n, kind):+z.2f})",
    }


def expected_coverages(n: int, kind: str) -> list[float]:
    """Shares of points within one and three errors of that convention, for independent normal replicas."""
    from scipy.stats import t as student

    factor = math.sqrt(n) if kind == "spread" else 1.0
    return [float(1 - 2 * student.sf(z * factor, n - 1)) for z in (1, 3)]


def expected_median(n: int, kind: str) -> float:
    """Compute the median of log10(error/|e − t|) for independent normal replicas."""
    from scipy.stats import t as student

    factor = math.sqrt(n) if kind == "spread" else 1.0
    return math.log10(factor / student.ppf(0.75, n - 1))


def _digits(entries: Entries) -> float:
    return float(np.mean(list(itertools.chain.from_iterable(entry["digits"] for entry in entries))))


def _mean(entries: Entries, key: str) -> float:
    return float(np.mean([entry[key] for entry in entries]))


EXPERIMENT = Experiment(source="replicas", presets={"replicas": replicas}, tables=tables)
