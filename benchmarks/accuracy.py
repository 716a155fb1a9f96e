"""Digits against cost: run methods on integrals, and print a table for each integral.

    python -m benchmarks.accuracy                                   the preset `quick`
    python -m benchmarks.accuracy --preset smoke                    a minute's check that everything works
    python -m benchmarks.accuracy --integral box1l --method gauss_legendre,order=8 --method chebyshev
    python -m benchmarks.accuracy --integral box1l --method "chebyshev,labels=(gauss_legendre,order=12)"
    python -m benchmarks.accuracy --preset curves --dry-run         how many runs, and how many minutes
    python -m benchmarks.accuracy --scheduler tcp://HOST:8786       fits on the cluster of a Dask scheduler
    python -m benchmarks.accuracy --integral my_file:my_integral --method my_file:MyMethod,n_samples=1000 --budget 10

First every method is fitted, on one pinned thread, and judged by true values, as many at a time as there are CPUs, or
on a Dask cluster (--scheduler, see docs/cluster.md); then each is timed by itself, on this machine. Records and tables
go to reports/local; python -m benchmarks.report makes a page of them.

Finished runs are reused; interrupt at any moment and start again. Exit status: 0 when all runs finished, 1 when some
failed (they are listed), 2 for wrong arguments, 3 when it could not go on, as on a full disk, 130 when interrupted.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks import experiments
from benchmarks.command_line import documented_parser, positive_seconds
from benchmarks.records import run_records
from benchmarks.records.folders import LOCAL, published_folders, result_folder
from benchmarks.running import machine
from benchmarks.running.jobs import Job
from benchmarks.running.plan import Options
from benchmarks.running.task import Place
from benchmarks.running.whole_suite import NOT_FINISHED, carry_out, report_failures, say
from methods.base import InputError
from methods.core import files

LARGEST_SEED = 2**62
"""Half of what a whole number of a record may be: later repeats have larger seeds."""


def parser() -> argparse.ArgumentParser:
    """Make the command line's parser."""
    command = documented_parser("benchmarks.accuracy", __doc__)
    add = command.add_argument
    presets = experiments.PRESETS
    add(
        "--preset", choices=presets, default="quick", metavar="P",
        help=f"what to run where nothing else is said: {', '.join(presets)} (default: quick)",
    )  # fmt: skip
    add(
        "--integral", action="append", metavar="I",
        help="a registered name; module:attribute; FILE.json, which references.from_loop wrote, for the sum of its "
        "sectors, or FILE.json:SECTOR for one of them; may be repeated",
    )  # fmt: skip
    add("--method", action="append", metavar="M", help="a name or module:Class, with ,field=value; may be repeated")
    add("--budget", type=positive_seconds, metavar="S", help="seconds of preparation a method may use")
    add("--repeats", type=_count, metavar="N", help="independent reruns, with seeds seed, seed + 1, …")
    add("--seed", type=_seed, default=0, metavar="N", help="of the first repeat (default: 0)")
    add("--device", type=_device, default="cpu", metavar="D", help="as torch names it (default: cpu)")
    where = command.add_mutually_exclusive_group().add_argument
    where("--jobs", type=_count, metavar="N", help="fits at a time, each on one thread (default: one per CPU)")
    where("--scheduler", metavar="ADDRESS", help="fit on the Dask cluster of this scheduler, such as tcp://HOST:8786")
    add("--points", type=_count, metavar="N", help="judge by so many uniform points only (default: all of the truth)")
    add("--diagnostics", action="store_true", help="record how training stands from time to time, where a method tells")
    add("--details", action="store_true", help="print what each method chose: order, map, number of labels, …")
    add("--dry-run", action="store_true", help="say how many runs there are, and how long they will take, and no more")
    add("--force", action="store_true", help="run again what is finished")
    add("--out", type=result_folder, default=LOCAL, metavar="DIR", help=f"folder for everything (default: {LOCAL})")
    return command


def _device(text: str) -> str:
    if not re.fullmatch(r"cpu|mps|(cuda|xpu)(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text} is no device; torch knows cpu, cuda, cuda:0, mps, xpu")
    return text


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value <= LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"{text} is no seed; give a whole number from 0 to {LARGEST_SEED}")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def main(arguments: list[str] | None = None) -> int:
    """Run the suite that the command line asks for; return the exit status."""
    given = parser().parse_args(arguments)
    preset = experiments.preset(given.preset)
    wanted = {"budget_s": given.budget, "repeats": given.repeats, "points": given.points}
    changes = {key: value for key, value in wanted.items() if value is not None}
    work = {
        integral: [job._replace(**changes) for job in preset.jobs(integral, given.method)]
        for integral in given.integral or preset.budgets
    }
    places = (Place(given.device, 1),)
    options = Options(given.out, given.seed, given.device, places, preset.timed_s, given.diagnostics)
    jobs = given.jobs or machine.n_cpus()
    if given.dry_run:
        return _foresee(work, options, given, jobs)
    status, results = carry_out(work, options, force=given.force, jobs=jobs, scheduler=given.scheduler)
    if status != 0:
        return status

    from benchmarks.experiments import all_configurations
    from benchmarks.records import configurations

    print(all_configurations.text(results))
    if given.details:
        print(f"\n{all_configurations.details(results)}")
    found, damaged = run_records.read_all(given.out)
    for path, problem in damaged.items():
        say(f"note: {path} is left out: {problem}.")
    try:
        files.write_text(given.out / "tables.md", all_configurations.markdown(found))
        files.write_text(given.out / "tables.csv", all_configurations.csv(configurations.grouped(found)))
    except OSError as problem:
        say(f"error: The tables could not be written: {problem}.")
        return NOT_FINISHED
    print(f"\nAll records here: {given.out / 'tables.md'}, {given.out / 'tables.csv'}")
    print(f"A page: python -m benchmarks.report --out {given.out}")
    return report_failures(results)


def _foresee(work: Mapping[str, Sequence[Job]], options: Options, given: argparse.Namespace, jobs: int) -> int:
    """Print the runs of `work`, and their minutes; return the exit status."""
    from benchmarks.running import forecast, plan

    # Of a preset's methods, too, nobody knows beforehand which of them compute on another device than the CPU.
    of_preset = () if options.device == "cpu" else [job.method for of_integral in work.values() for job in of_integral]
    described: dict[str, Any] = {}
    try:
        for spec in dict.fromkeys(given.method or of_preset):
            described[spec] = plan.described(plan.describe_method, spec)
        for spec in given.integral or ():
            described[spec] = plan.described(plan.describe_integral, spec)
    except InputError as problem:
        say(f"error: {problem}")
        return 2
    foreseen = forecast.forecasts(work, options, published_folders(), force=given.force, described=described)
    print(forecast.text(foreseen, jobs))
    print(
        f"\nMinutes of the clock with {jobs} fits at a time, foreseen from records of earlier runs and from pilots; "
        f"of a run that\nis unknown only the budget. Of finished runs there is a current record in {given.out}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
