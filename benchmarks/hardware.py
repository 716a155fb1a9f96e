"""Measure what an integral costs on each device of this machine, and compare that with what the device can do.

    python -m benchmarks.hardware                              every method of the list below, on every device found
    python -m benchmarks.hardware --device cuda --integral box2l
    python -m benchmarks.hardware --method chebyshev --method my_file:MyMethod,n_samples=1000 --out DIR
    python -m benchmarks.report --out reports/local            shows it, beside what is published

The timing stage of `benchmarks.accuracy` in more places: batches of 1 to a million points, on the CPU by one thread and
by all, and on the first GPU that torch finds (cuda, mps, xpu). A time is that of `integrate`: from an array on the host
to arrays on the host. Methods are fitted once, on the CPU, and loaded on each device; those with a field `precision` in
float32 and in float64, others as they are.

One record per method × device × threads × precision. Finished ones are reused; interrupt at any moment and start again.
Exit status: 0 when all finished, 1 when some failed (they are listed), 2 for wrong arguments, 3 when it could not go
on, as on a full disk, 130 when interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys

from benchmarks.command_line import documented_parser
from benchmarks.experiments import devices as experiment
from benchmarks.records.folders import LOCAL, result_folder
from benchmarks.running import device_rates, isolated, machine, plan
from benchmarks.running.plan import Options
from benchmarks.running.task import Place
from benchmarks.running.whole_suite import carry_out, report_failures
from methods.base import InputError

TIMED_S = 0.5
"""Seconds of calls per batch: all cells of two cores and eight methods take a few minutes."""

DEVICES_LIMIT_S = 120.0


def parser() -> argparse.ArgumentParser:
    """Make the command line's parser."""
    command = documented_parser("benchmarks.hardware", __doc__, f"\nMethods: {', '.join(experiment.default_methods())}")
    add = command.add_argument
    add(
        "--integral", default="box1l", metavar="I",
        help="a registered name, module:attribute or FILE.json[:SECTOR] (default: box1l)",
    )  # fmt: skip
    add("--method", action="append", metavar="M", help="a name or module:Class, with ,field=value; may be repeated")
    add("--device", action="append", choices=device_rates.KINDS, help="only this one; may be repeated (default: all)")
    add(
        "--jobs", type=int, choices=range(1, 257), metavar="N",
        help="fits at a time, each on one thread (default: one per CPU)",
    )  # fmt: skip
    add("--force", action="store_true", help="fit and time again what is finished")
    add("--out", type=result_folder, default=LOCAL, metavar="DIR", help=f"folder for everything (default: {LOCAL})")
    return command


def places(wanted: list[str] | None, names: dict[str, str | None]) -> tuple[Place, ...]:
    """Choose where to time: of the wanted kinds of device (None: all) those that have a name here.

    The CPU counts twice, with one thread and with all, where there are several.
    """
    n = machine.n_cpus()
    chosen = [kind for kind, name in names.items() if name and (wanted is None or kind in wanted)]
    threads = {kind: (n,) for kind in names} | {"cpu": tuple(dict.fromkeys((1, n)))}
    return tuple(Place(kind, number) for kind in chosen for number in threads[kind])


def specs(methods: list[str]) -> list[str]:
    """List the methods in each precision that they have. Raises InputError for what does not fit."""
    found: list[str] = []
    for spec in methods:
        method = plan.described(plan.describe_method, spec)
        if "device" in method["fields"]:
            raise InputError(f"{spec} names a device; leave that field out and give --device.")
        found += plan.in_each_precision(spec, method)
    return found


def devices() -> dict[str, str | None]:
    """Find the devices by `device_rates.found`, in a process of its own. Raises InputError where torch cannot tell."""
    outcome = isolated.call(device_rates.found, time_limit=DEVICES_LIMIT_S)
    if outcome.status != "ok":
        raise InputError(f"The devices of this machine could not be listed: {outcome.reason}")
    return outcome.result


def warn() -> None:
    """Say what will spoil the timings."""
    load = machine.load()
    if machine.is_busy(load["load_1min"], os.cpu_count() or 1):
        print(f"warning: the machine is busy (load {load['load_1min']:.1f}); the records say so.", file=sys.stderr)
    if names := " and ".join(load["environment"]):
        print(f"warning: {names} set, which slows NumPy down; unset and start again.", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Time what the command line asks for; return the exit status."""
    given = parser().parse_args(arguments)
    try:
        names = devices()
        for kind in given.device or names:
            if names[kind] is None:
                print(f"{kind}: there is none here")
        wanted = places(given.device, names)
        if not wanted:
            return 0
        methods = specs(given.method or experiment.default_methods())
        work = {given.integral: [experiment.job(spec, given.integral) for spec in methods]}
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    warn()
    options = Options(given.out, 0, "cpu", wanted, TIMED_S, counts_products=True)
    status, results = carry_out(work, options, force=given.force, jobs=given.jobs or machine.n_cpus())
    if status != 0:
        return status
    import pandas

    for table in experiment.tables_of_all(results):
        print(f"\n{table.title}\n{pandas.DataFrame([row for row, _ in table.rows]).to_string(index=False)}")
    return report_failures(results)


if __name__ == "__main__":
    sys.exit(main())
