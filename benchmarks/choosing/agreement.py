"""Choices compared with records: how many of them take at most twice the least time that was recorded.

    python -m benchmarks.choosing.agreement --out reports/local/choices.json
    python -m benchmarks.choosing.agreement --integral hexagon1l --digits 3 --count 1e9

The records are those of `curves`. The best of them for so many digits and values is the configuration with the least

    preparation + count · seconds per integral

among those with the digits. A choice is made first, without them, among the methods that have any on the integral. Then
the best configuration is fitted here, too: the ratio of both is not that of two machines, or of a busy and an idle one.
A second ratio has no measurement of today in it: the recorded seconds of the chosen method, in its cheapest recorded
configuration with the digits, over the best.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import references
from benchmarks.choosing import calls, pilot_run, ranking
from benchmarks.choosing.candidates import CANDIDATES
from benchmarks.choosing.choice import Chooser
from benchmarks.choosing.search import Wish
from benchmarks.records import configurations, digit_costs, files, run_records
from benchmarks.records.digit_costs import DigitCost
from benchmarks.records.folders import PUBLISHED
from methods.base import InputError

INTEGRALS = (
    "box1l", "hexagon1l", "box2l_sum", "pentagon1l_8d", "box2l", "heptagon1l", "box1l_wide", "kite2l_sum",
    "pentabox_s01", "ladder2l_s01", "triangle2l_s01", "crossed2l_sum",
)  # fmt: skip
"""Integrals of `curves` with one and two loops, three to nine invariants, three of them held out."""

DIGITS, COUNTS = (3.0, 6.0), (1e9, 1e4)

FACTOR = 2.0
"""A choice agrees with the records where it takes at most so many times the least recorded seconds."""

BUDGET_S = 120.0
"""Default seconds of a choice."""


def recorded(integral: str) -> dict[str, list[DigitCost]]:
    """Read what digits cost with each method on an integral, from the records of `curves`."""
    found, _ = run_records.read_all(PUBLISHED / "curves")
    places = digit_costs.by_place(configurations.grouped(found))
    here = [methods for (name, _), methods in places.items() if name == integral]
    if not here:
        raise InputError(f"There are no records of {integral}; give one of {', '.join(INTEGRALS)}.")
    return here[0]


def best_recorded(costs: Mapping[str, Sequence[DigitCost]], digits: float, count: float) -> DigitCost | None:
    """Return the configuration with the digits that takes least seconds in all by the records; None for none."""
    return digit_costs.cheapest([cost for own in costs.values() for cost in own], digits, n_integrals=count)


def measured_here(integral: str, cost: DigitCost, truth: references.Truth, count: float) -> float | None:
    """Fit a recorded configuration here; return the seconds that it takes in all, None where that fails."""
    record = cost.configuration.first
    arguments = (integral, record["method"], record["fields"], record["budget_s"], truth, None)
    outcome = calls.call(pilot_run.fit_and_measure, *arguments, time_limit=4 * record["budget_s"] + 60)
    if outcome.status != "ok" or "preparation_s" not in outcome.result:
        return None
    preparation_s = outcome.result["preparation_s"]
    if any(candidate.learns for candidate in CANDIDATES if candidate.method == record["method"]):
        preparation_s = max(preparation_s, record["budget_s"])
    return float(preparation_s + count * outcome.result["s_per_integral"])


def compared(integral: str, digits: Sequence[float], counts: Sequence[float], budget_s: float) -> list[dict[str, Any]]:
    """Make a choice for each number of digits and of values, then read the records; a row for each."""
    known = set(recorded(integral))
    own = [candidate for candidate in CANDIDATES if candidate.method in known]

    def told(spec: str, pilot: Any) -> None:
        if pilot is not None:
            print(f"{integral}: {spec}: {pilot.reason or round(pilot.digits_mean, 1)}", file=sys.stderr, flush=True)

    chooser = Chooser(integral, max(digits), budget_s, told, own)
    rows = []
    for wanted in digits:
        for count in counts:
            choice = chooser.choose(Wish(wanted, count))
            print(f"\n{ranking.text(choice)}\n", file=sys.stderr, flush=True)
            rows.append({
                "integral": integral, "digits": wanted, "count": count, "reached": choice.reached,
                "chosen": choice.pilot.title, "method": choice.pilot.candidate.method, "total_s": choice.total_s,
                "preparation_s": choice.pilot.preparation_s, "s_per_integral": choice.pilot.s_per_integral,
                "digits_mean": choice.pilot.digits_mean, "digits_worst": choice.pilot.digits_worst,
                "rule": choice.rule, "rule_error": choice.rule_error,
            })  # fmt: skip
    costs = recorded(integral)
    return [row | _by_records(row, costs, chooser.truth) for row in rows]


def _by_records(
    row: Mapping[str, Any], costs: Mapping[str, Sequence[DigitCost]], truth: references.Truth
) -> dict[str, Any]:
    """Return the best of the records, and both ratios; null where nothing has the digits."""
    count = row["count"]
    best = best_recorded(costs, row["digits"], count)
    if best is None:
        return dict.fromkeys(("best", "best_recorded_s", "best_s", "ratio", "ratio_of_records"))
    own = best_recorded({row["method"]: costs[row["method"]]}, row["digits"], count)
    best_s = measured_here(row["integral"], best, truth, count)
    return {
        "best": ", ".join(filter(None, (best.configuration.method, best.configuration.fields))),
        "best_recorded_s": count * best.seconds(count), "best_s": best_s,
        "ratio": row["total_s"] / best_s if best_s and row["reached"] else None,
        "ratio_of_records": own.seconds(count) / best.seconds(count) if own else None,
    }  # fmt: skip


def agrees(row: Mapping[str, Any], ratio: str = "ratio") -> bool:
    """Tell whether a choice takes at most FACTOR times the best recorded seconds; so it does where only it has any."""
    if row["best"] is None:
        return True
    return bool(row["reached"]) and row[ratio] is not None and row[ratio] <= FACTOR


def text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write the table, and in how many cases choice and records agree."""
    lines = [
        "| integral | digits | values | chosen | s | best recorded | s here | s recorded | ratio | of records |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [
            row["integral"], f"{row['digits']:g}", f"{row['count']:.0e}", row["chosen"], f"{row['total_s']:.3g}",
            row["best"] or "none",
            *(_number(row[key]) for key in ("best_s", "best_recorded_s", "ratio", "ratio_of_records")),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    shares = {ratio: sum(agrees(row, ratio) for row in rows) for ratio in ("ratio", "ratio_of_records")}
    lines.append(
        f"\nWithin a factor {FACTOR:g} of the best: {shares['ratio']} of {len(rows)} choices as measured here, "
        f"{shares['ratio_of_records']} of {len(rows)} by the records of the chosen method."
    )
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _check_file(path: Path) -> None:
    """Make the folder of a file, or say why nothing can be written there: before the minutes that choices take."""
    if path.is_dir():
        raise InputError(f"--out {path} is a folder; give a file, such as {path / 'choices.json'}.")
    files.check_writable(path.parent)


def main(arguments: list[str] | None = None) -> int:
    """Compare as the command line asks; return the exit status: 0 where four choices of five agree, else 1."""
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.choosing.agreement", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = command.add_argument
    add("--integral", action="append", metavar="I", help="one with records of curves; may be repeated")
    add("--digits", action="append", type=float, metavar="D", help="default: 3 and 6")
    add("--count", action="append", type=float, metavar="N", help="default: 1e9 and 1e4")
    add("--budget", type=float, default=BUDGET_S, metavar="S", help=f"seconds of a choice (default: {BUDGET_S:g})")
    add("--out", type=Path, metavar="FILE", help="JSON file, which grows by an integral at a time")
    given = command.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    try:
        if given.out:
            _check_file(given.out)
        for integral in given.integral or INTEGRALS:
            rows += compared(integral, given.digits or DIGITS, given.count or COUNTS, given.budget)
            if given.out:
                given.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    print(text(rows))
    return 0 if sum(map(agrees, rows)) >= 0.8 * len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
