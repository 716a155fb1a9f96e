"""Costs of a given number of digits with each method, on one thread.

Of a method's configurations with at least so many digits, the one that takes the least time per integral in batches of
1,024, after its preparation. One table asks for digits on average over the points, the other for digits at every one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.experiments import all_configurations
from benchmarks.experiments.experiment import Table
from benchmarks.records import configurations, digit_costs
from benchmarks.records.configurations import Configuration
from benchmarks.records.digit_costs import DigitCost, Digits
from benchmarks.records.run_records import Row
from methods.core.digits import rounded_down

DIGITS = (2, 3, 4, 6, 8)

EXPLANATION = (
    "of each method's cheapest configuration with at least so many digits {where}, on one thread: microseconds per "
    "integral in batches of {batch:,}, its preparation in seconds, the digits that it has, and what sets it apart from "
    "the method's other configurations. (by n): timed in batches of n, since the method integrates one point after the "
    "other, or a batch of {batch:,} takes more than ten seconds. A cell without a time says how many digits the method "
    "has at most with the settings that were run, of which those are left out that take too long for a run, or why it "
    "has none, with the reason in the note. The note also says what of a method is superseded. No method is said to "
    "have more digits than the true values, and at least so many (≤ truth) where it has more; points are the uniform "
    "ones that judge it, fewer where a value takes long."
)


def tables(grouped: Iterable[Configuration]) -> list[Table]:
    """Make both tables, text in every cell."""
    found = list(grouped)
    return [
        _table(found, "digits_mean", "Time to matched digits", "on average"),
        _table(found, "digits_worst", "Time to matched digits at the worst point", "at the worst of all points"),
    ]


def _table(grouped: Sequence[Configuration], digits: Digits, title: str, where: str) -> Table:
    made: list[Row] = []
    costs = digit_costs.by_place(grouped)
    on_one_thread = [c for c in grouped if digit_costs.counts(c)]
    for place, here in configurations.by_place(on_one_thread).items():
        for method in sorted({c.method for c in here}):
            same = [c for c in here if c.method == method]
            of_method = costs[place].get(method, [])
            row, used = _row(same, of_method, digits)
            named = {"integral": place[0], "method": method, "points": _points(same)}
            ends = {"machine": place[1], "note": note(same, has_numbers=bool(of_method))}
            made.append((named | row | ends, used))
    explanation = f"Time {EXPLANATION.format(where=where, batch=digit_costs.LARGEST_BATCH)}"
    return Table(title, explanation, made)


def _row(
    same: Sequence[Configuration], costs: Sequence[DigitCost], digits: Digits
) -> tuple[dict[str, str], list[configurations.Record]]:
    """Make the cells of a method, and list the records that they tell of."""
    if not costs:
        return dict.fromkeys(map(_column, DIGITS), why_without(same, "not timed")), [r for c in same for r in c.records]
    most = max(costs, key=lambda cost: getattr(cost, digits))
    without = most_digits(getattr(most, digits), most.configuration)
    row, used = {}, {id(most): most}
    for wanted in DIGITS:
        cost = digit_costs.cheapest(costs, wanted, digits=digits)
        row[_column(wanted)] = _cell(cost, digits, same) if cost else without
        used |= {id(cost): cost} if cost else {}
    return row, [record for cost in used.values() for record in cost.configuration.records]


def most_digits(found: float, configuration: Configuration) -> str:
    """Write "at most 4.9", or "at least 4.5 (≤ truth)" where the digits were cut at those of the true values."""
    if found < configuration.truth_digits:
        return f"at most {rounded_down(found)}"
    return f"at least {rounded_down(found)} {all_configurations.BEYOND_TRUTH}"


def _column(digits: int) -> str:
    return f"{digits} digits"


def _points(same: Iterable[Configuration]) -> str:
    """Say how many points judge the configurations of a method: "10" or "50 to 2,000"."""
    found = sorted({record["n_points"] for c in same for record in c.good if record["n_points"]})
    return " to ".join(f"{n:,}" for n in dict.fromkeys(found[:1] + found[-1:]))


def _cell(cost: DigitCost, digits: Digits, same: Sequence[Configuration]) -> str:
    """Say what an integral costs, after which preparation, with how many digits and which setting."""
    number = all_configurations.number
    batch = "" if cost.batch == digit_costs.LARGEST_BATCH else f" (by {cost.batch:,})"
    time = f"{number(cost.s_per_integral, scale=1e6)} µs{batch} after {number(cost.preparation_s)} s"
    has = f"{time}, {rounded_down(getattr(cost, digits))}"
    return ": ".join(filter(None, (has, configurations.setting(cost.configuration, same))))


def why_without(same: Sequence[Configuration], unmeasured: str) -> str:
    """Say in a word or two why no configuration has both digits and what else was to be measured."""
    failed = ", ".join(dict.fromkeys(record["status"] for c in same for record in c.bad))
    return failed or (unmeasured if any(c.digits is not None for c in same) else "no digits")


def note(same: Sequence[Configuration], *, has_numbers: bool) -> str:
    """Say what of a method's configurations is superseded and, where its row has no numbers, why its runs failed."""
    failures = [] if has_numbers else all_configurations.failures(same)
    return "; ".join(filter(None, [configurations.note(same), *failures]))
