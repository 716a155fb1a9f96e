"""Costs of a given number of digits with each method, on one thread and on all.

Of a method's configurations with at least so many digits on average, the fastest per integral in batches of 1,024. Its
preparation is the training time after which it first had them, or all of it where it was not watched while it trained.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.experiments import all_configurations
from benchmarks.experiments.experiment import Table
from benchmarks.records import configurations
from benchmarks.records.run_records import Row
from benchmarks.running.machine import n_cpus_named

DIGITS = (3, 4, 6)

BATCH = "1024"


def table(grouped: Iterable[configurations.Configuration]) -> Table:
    """Make the table, text in every cell."""
    made: list[Row] = []
    for (integral, machine), here in configurations.by_place(g for g in grouped if not g.replaced).items():
        most = max(g.first["threads"] for g in here)
        for method, device in sorted({(g.method, g.first["device"]) for g in here}):
            same = [g for g in here if (g.method, g.first["device"]) == (method, device)]
            row = {"integral": integral, "method": method, "machine": machine, "device": device}
            used: list[configurations.Configuration] = []
            for name, count in (("one thread", 1), ("all threads", most if most > 1 else n_cpus_named(machine))):
                alike = [g for g in same if g.first["threads"] == count]
                for digits in DIGITS:
                    text, configuration = _cell(alike, digits)
                    row[f"{digits} digits, {name}"] = text
                    used += [configuration] if configuration and configuration not in used else []
            made.append((row, [record for c in used for record in c.records]))
    explanation = (
        "Time per integral in batches of 1,024 of each method's fastest configuration with at least so many digits on "
        "average, and the preparation after which it first had them. All threads: the most that any method used on "
        "this integral and machine, or the machine's CPUs where all used one. A cell without a time says why."
    )
    return Table("Time to matched digits", explanation, made)


def preparation(configuration: configurations.Configuration, digits: float) -> float | None:
    """Seconds after which it had so many digits: the mean over its finished runs."""
    times = []
    for record in configuration.good:
        stages = record["anytime"] or []
        times.append(next((stage["fit_s"] for stage in stages if stage["digits_mean"] >= digits), record["fit_s"]))
    known = [time for time in times if time is not None]
    return sum(known) / len(known) if known else None


def _cell(
    candidates: Sequence[configurations.Configuration], digits: float
) -> tuple[str, configurations.Configuration | None]:
    """Make a cell, and name the configuration that it tells of."""
    if not candidates:
        return "no run", None
    finished = [g for g in candidates if g.digits is not None]
    if not finished:
        bad = [record["status"] for configuration in candidates for record in configuration.bad]
        return f"run {bad[0]}" if bad else "no digits", candidates[0]
    best = max(finished, key=lambda g: g.digits or 0)
    enough = [g for g in finished if (g.digits or 0) >= digits]
    if not enough:
        return f"at most {best.digits:.1f} digits", best
    timed = [g for g in enough if g.seconds(BATCH) is not None]
    if not timed:
        return "not timed", enough[0]
    fastest = min(timed, key=lambda g: g.seconds(BATCH) or 0)
    spent = preparation(fastest, digits)
    after = f" after {all_configurations.number(spent)} s" if spent is not None else ""
    return f"{all_configurations.number(fastest.seconds(BATCH), scale=1e6)} µs{after}", fastest
