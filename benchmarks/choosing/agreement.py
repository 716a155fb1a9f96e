"""Choices compared with records: how many of them take at most twice the least time that was recorded.

    python -m benchmarks.choosing.agreement --jobs 2                   all integrals; choices.json in reports/local
    python -m benchmarks.choosing.agreement --integral hexagon1l --digits 3 --count 1e9
    python -m benchmarks.choosing.agreement --jobs 2 --out reports/published
    python -m benchmarks.choosing.agreement_table                      that file's table, into docs/choose.md

The records are those of `curves`. The best of them for so many digits and values is the configuration with the least

    preparation + count · seconds per integral

among those with the digits. All choices of an integral are made first, among all methods, as `benchmarks.choose` makes
them; pilots of one serve the next. Only then are the integral's records read, and the best configuration is fitted
here, too: the ratio of both is not that of two machines, or of a busy and an idle one. A second ratio is that to the
recorded seconds themselves.

The file grows by an integral at a time, and one that was interrupted goes on with what it lacks: an integral is kept
where formula, digits, values, budget, machine and the versions of all methods are the same. Where the code of choices
has changed, remove the file.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from tqdm import tqdm

import references
from benchmarks.choosing import agreement_table, calls, pilot_run, ranking
from benchmarks.choosing.agreement_table import FILE, agrees
from benchmarks.choosing.candidates import CANDIDATES
from benchmarks.choosing.choice import Chooser
from benchmarks.choosing.search import Told, Wish
from benchmarks.interrupts import INTERRUPTED
from benchmarks.records import configurations, digit_costs, run_records
from benchmarks.records.digit_costs import DigitCost
from benchmarks.records.folders import LOCAL, PUBLISHED, check_writable, result_folder
from benchmarks.running import machine
from methods.base import InputError
from methods.core import files
from methods.core.digits import rounded_down
from references.integrals import catalogue

DIGITS, COUNTS = (3.0, 6.0), (1e9, 1e4)

BUDGET_S = 120.0
"""Default seconds of a choice, as of `benchmarks.choose`."""

ENOUGH = 0.8
"""Share of the choices that is to agree with the records."""

Costs = dict[str, list[DigitCost]]
"""The configurations recorded on one integral, as digits with their cost, by the name of the method."""


class Stopped(Exception):
    """Raised in a comparison that goes on while its command has been interrupted."""


@functools.cache
def recorded() -> dict[str, Costs]:
    """Read what digits cost with each method on each integral, from the records of `curves`, held-out ones first."""
    found, _ = run_records.read_all(PUBLISHED / "curves")
    places = digit_costs.by_place(digit_costs.one_machine_each(configurations.grouped(found)))
    costs = {integral: by_method for (integral, _machine), by_method in places.items()}
    names = sorted(costs, key=lambda name: not catalogue.is_held_out(name))
    return {name: costs[name] for name in names}


def best_recorded(costs: Mapping[str, Sequence[DigitCost]], digits: float, count: float) -> DigitCost | None:
    """Return the configuration with the digits that takes least seconds in all by the records; None for none."""
    return digit_costs.cheapest([cost for own in costs.values() for cost in own], digits, n_integrals=count)


def measured_here(integral: str, cost: DigitCost, truth: references.Truth, count: float) -> float | None:
    """Fit a recorded configuration here; return the seconds that it takes in all, None where that fails.

    It is fitted twice, and the shorter times count, as of a choice, which was fitted as a pilot and for its check.
    """
    record = cost.configuration.first
    arguments = (integral, record["method"], record["fields"], record["budget_s"], truth, None)
    found = []
    for _ in range(2):
        outcome = calls.call(pilot_run.fit_and_measure, *arguments, time_limit=4 * record["budget_s"] + 60)
        if outcome.status != "ok" or "preparation_s" not in outcome.result:
            return None
        found.append(outcome.result)
    preparation_s, s_per_integral = (min(one[key] for one in found) for key in ("preparation_s", "s_per_integral"))
    if any(candidate.learns for candidate in CANDIDATES if candidate.method == record["method"]):
        preparation_s = max(preparation_s, record["budget_s"])
    return float(preparation_s + count * s_per_integral)


def compared(
    integral: str, digits: Sequence[float], counts: Sequence[float], budget_s: float, told: Told
) -> list[dict[str, Any]]:
    """Make a choice for each number of digits and of values, then read the records; a row for each."""
    chooser = Chooser(integral, max(digits), budget_s, told)
    rows = []
    for wanted in digits:
        for count in counts:
            choice = chooser.choose(Wish(wanted, count))
            rows.append({
                "digits": wanted, "count": count, "reached": choice.reached, "chosen": choice.pilot.title,
                "method": choice.pilot.candidate.method, "total_s": choice.total_s,
                "preparation_s": choice.pilot.preparation_s, "s_per_integral": choice.pilot.s_per_integral,
                "digits_mean": choice.pilot.digits_mean, "digits_worst": choice.pilot.digits_worst,
                "rule": choice.rule, "rule_error": choice.rule_error, "verdict": ranking.verdict(choice),
            })  # fmt: skip
    return [row | _by_records(integral, row, recorded()[integral], chooser.truth, told) for row in rows]


def _by_records(
    integral: str, row: Mapping[str, Any], costs: Costs, truth: references.Truth, told: Told
) -> dict[str, Any]:
    """Return the best of the records, and both ratios; null where nothing has the digits."""
    count = row["count"]
    best = best_recorded(costs, row["digits"], count)
    if best is None:
        return dict.fromkeys(("best", "best_recorded_s", "best_s", "ratio", "ratio_to_recorded"))
    told(f"{best.configuration.method}, the best recorded", None)
    recorded_s, best_s = count * best.seconds(count), measured_here(integral, best, truth, count)
    return {
        "best": ", ".join(filter(None, (best.configuration.method, best.configuration.fields))),
        "best_recorded_s": recorded_s, "best_s": best_s,
        "ratio": row["total_s"] / best_s if best_s and row["reached"] else None,
        "ratio_to_recorded": row["total_s"] / recorded_s if row["reached"] else None,
    }  # fmt: skip


def _without_choice(digits: float, count: float, problem: InputError) -> dict[str, Any]:
    """Return the row of a wish for which there was no choice."""
    row: dict[str, Any] = {
        "digits": digits,
        "count": count,
        "reached": False,
        "chosen": f"none: {' '.join(str(problem).split())}",
    }
    numbers = ("digits_mean", "digits_worst", "total_s", "best_s", "best_recorded_s", "ratio", "ratio_to_recorded")
    return row | dict.fromkeys(numbers) | {"best": "not looked up"}


class Comparison:
    """The comparisons of a command, which are written to a file as they end.

    Parameters
    ----------
    path : Path
        The file, whose integrals are kept where they were asked the same on this machine.
    digits, counts : sequence of float
        What is wanted.
    budget_s : float
        Seconds of a choice.
    """

    def __init__(self, path: Path, digits: Sequence[float], counts: Sequence[float], budget_s: float) -> None:
        self._path, self._digits, self._counts, self._budget_s = path, digits, counts, budget_s
        self._stopped = threading.Event()
        self._entries: dict[str, dict[str, Any]] = agreement_table.read(path)

    def rows(self, integrals: Sequence[str]) -> list[dict[str, Any]]:
        """List the rows of integrals that have been compared."""
        return agreement_table.rows({name: self._entries[name] for name in integrals})

    def run(self, integrals: Sequence[str], jobs: int) -> None:
        """Compare what the file lacks, `jobs` integrals at a time."""
        left = [name for name in integrals if not self._is_kept(name)]
        with (
            tqdm(total=len(integrals), initial=len(integrals) - len(left), unit="integral", disable=None) as bar,
            ThreadPoolExecutor(jobs) as pool,
        ):
            try:
                running = {pool.submit(self._compared, name): name for name in left}
                for done in as_completed(running):
                    name = running[done]
                    self._entries[name] = self._asked(name) | self._provenance() | {"rows": done.result()}
                    files.write_text(self._path, json.dumps(self._entries, indent=1, sort_keys=True) + "\n")
                    bar.update()
            except BaseException:
                self._stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _compared(self, integral: str) -> list[dict[str, Any]]:
        start = time.monotonic()

        def told(title: str, pilot: Any) -> None:
            if self._stopped.is_set():
                raise Stopped
            if pilot is not None:
                found = pilot.reason or f"{rounded_down(pilot.digits_mean)} digits"
                tqdm.write(f"{time.monotonic() - start:4.0f} s  {integral}: {title}: {found}", file=sys.stderr)

        try:
            return compared(integral, self._digits, self._counts, self._budget_s, told)
        except InputError as problem:
            return [_without_choice(digits, count, problem) for digits in self._digits for count in self._counts]

    def _asked(self, integral: str) -> dict[str, Any]:
        """Return the settings of an entry: one that was made with others is made again."""
        return {
            "integral_hash": references.integral(integral).fingerprint(), "budget_s": self._budget_s,
            "digits": list(self._digits), "counts": list(self._counts), "machine": machine.name(),
        }  # fmt: skip

    def _is_kept(self, integral: str) -> bool:
        entry = self._entries.get(integral, {})
        return agreement_table.is_current(entry) and all(
            entry.get(key) == value for key, value in self._asked(integral).items()
        )

    @staticmethod
    def _provenance() -> dict[str, Any]:
        date = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        provenance = {"commit": machine.describe()["commit"], "date_utc": date, **machine.load()}
        return provenance | {"versions": agreement_table.versions()}


def _parser() -> argparse.ArgumentParser:
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.choosing.agreement", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    add = command.add_argument
    add("--integral", action="append", metavar="I", help="one with records of curves; may be repeated (default: all)")
    add("--digits", action="append", type=float, metavar="D", help="default: 3 and 6")
    add("--count", action="append", type=float, metavar="N", help="default: 1e9 and 1e4")
    add("--budget", type=float, default=BUDGET_S, metavar="S", help=f"seconds of a choice (default: {BUDGET_S:g})")
    add("--jobs", type=int, choices=range(1, 257), default=1, metavar="N", help="integrals at a time (default: 1)")
    add("--out", type=result_folder, default=LOCAL, metavar="DIR", help=f"folder of {FILE} (default: {LOCAL})")
    return command


def main(arguments: list[str] | None = None) -> int:
    """Compare as the command line asks; return the exit status: 0 where four choices of five agree, else 1."""
    given = _parser().parse_args(arguments)
    try:
        check_writable(given.out)
        integrals = given.integral or list(recorded())
        if unknown := [name for name in integrals if name not in recorded()]:
            raise InputError(f"There are no records of {unknown[0]}; give one of {', '.join(recorded())}.")
        comparison = Comparison(given.out / FILE, given.digits or DIGITS, given.count or COUNTS, given.budget)
        comparison.run(integrals, given.jobs)
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted; the same command goes on with the integrals that are left.", file=sys.stderr)
        return INTERRUPTED
    rows = comparison.rows(integrals)
    print(agreement_table.text(rows))
    return 0 if sum(map(agrees, rows)) >= ENOUGH * len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
