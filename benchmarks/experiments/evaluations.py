"""Digits per integrand evaluation: what a method asks of the integrand, however fast machine and code evaluate it.

A value of I(s) costs a method

    evaluations while it prepares itself / n  +  evaluations for each value

when n values are wanted. Labels count with all evaluations of the rule that computes them, and a label with derivatives
as one of the integrand's. A budget is in seconds, so that a faster machine affords more labels and updates, and has
other counts and digits: each machine has rows of its own. The records are those of `curves`.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.experiments import all_configurations, matched_digits
from benchmarks.experiments.experiment import Experiment, Table
from benchmarks.records import configurations
from benchmarks.records.configurations import Configuration
from benchmarks.records.run_records import Record, Row

N_VALUES = 10_000
"""Values that share the preparation."""

DIGITS = (2, 3, 4, 6, 8)


def tables(found: Sequence[Record]) -> list[Table]:
    """Make the table: for each integral, machine and method the fewest evaluations per value with so many digits."""
    made: list[Row] = []
    current = [c for c in configurations.grouped(found) if not c.replaced]
    for (integral, machine), here in configurations.by_place(current).items():
        for method in sorted({c.method for c in here}):
            same = [c for c in here if c.method == method]
            counted = [c for c in same if per_value(c) is not None]
            row, used = _row(counted) if counted else _row_without(same)
            note = matched_digits.note(same, has_numbers=bool(counted))
            made.append(({"integral": integral, "method": method, **row, "machine": machine, "note": note}, used))
    explanation = (
        f"The fewest evaluations of the integrand per value with so many digits on average, where {N_VALUES:,} values "
        "share those of the preparation, labels and training included; and the setting that does with so few. A "
        "machine plays a part only by how many labels and updates it affords in a budget of seconds. A cell "
        "without a number says how many digits the method has at most, or at least where the true values tell no more "
        "(≤ truth). The note says what of a method is superseded, and why it has no numbers."
    )
    return [Table("Digits per integrand evaluation", explanation, made)]


def per_value(configuration: Configuration) -> float | None:
    """Count evaluations per value; None where digits or evaluations are unknown or a repeat failed."""
    preparation, each = configuration.mean("n_eval_fit"), configuration.mean("n_eval_per_integral")
    if configuration.bad or configuration.digits is None or preparation is None or each is None:
        return None
    return preparation / N_VALUES + each


def _digits(configuration: Configuration) -> float:
    """Mean digits, at most those of the true values."""
    return min(configuration.digits or 0.0, configuration.truth_digits)


def _row(found: Sequence[Configuration]) -> tuple[dict[str, str], list[Record]]:
    """Make the cells of a method, and list the records that they tell of."""
    most = max(found, key=_digits)
    row, used = {}, {id(most): most}
    for digits in DIGITS:
        enough = [c for c in found if _digits(c) >= digits]
        if not enough:
            row[_column(digits)] = matched_digits.most_digits(_digits(most), most)
            continue
        best = min(enough, key=lambda c: per_value(c) or 0)
        used[id(best)] = best
        number = all_configurations.number(per_value(best))
        row[_column(digits)] = ": ".join(filter(None, (number, configurations.setting(best, found))))
    return row, [record for c in used.values() for record in c.records]


def _row_without(same: Sequence[Configuration]) -> tuple[dict[str, str], list[Record]]:
    """Make the cells of a method without any count, which say why, and list its records."""
    why = matched_digits.why_without(same, "not counted")
    return dict.fromkeys(map(_column, DIGITS), why), [record for c in same for record in c.records]


def _column(digits: int) -> str:
    return f"{digits} digits"


EXPERIMENT = Experiment(source="curves", tables=tables)
