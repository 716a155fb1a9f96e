"""Digits against cost: run methods on integrals and print one table.

    python -m benchmarks.accuracy                                   the preset `quick`
    python -m benchmarks.accuracy --preset smoke                    a minute's check that everything works
    python -m benchmarks.accuracy --integral box1l --method gauss_legendre,order=8 --method chebyshev
    python -m benchmarks.accuracy --integral my_file:my_integral --method my_file:MyMethod,n_samples=1000 --budget 10

Finished runs are reused; interrupt at any moment and start again. Exit status: 0 when all runs finished, 1 when some
failed (they are listed), 2 for wrong arguments, 130 when interrupted.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from pathlib import Path

from benchmarks import machine, records
from benchmarks.presets import DEFAULT_BUDGET_S, METHODS, PRESETS
from methods.base import InputError

FINE = ("ok", "unsupported")

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    summary, _, rest = (__doc__ or "").partition("\n\n")
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy",
        description=summary,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("--preset", choices=PRESETS, default="quick", help="what to run where nothing else is said (default: quick)")
    add("--integral", action="append", metavar="I", help="a registered name or module:attribute; may be repeated")
    add("--method", action="append", metavar="M", help="a name or module:Class, with ,field=value; may be repeated")
    add("--budget", type=_positive, metavar="S", help="seconds of preparation a method may use")
    add("--repeats", type=_count, metavar="N", help="independent reruns, with seeds seed, seed + 1, …")
    add("--seed", type=int, default=0, metavar="N", help="of the first repeat (default: 0)")
    add("--device", type=_device, default="cpu", metavar="D", help="as torch names it (default: cpu)")
    add(
        "--jobs",
        type=_count,
        default=1,
        metavar="N",
        help="runs at a time; those that share the machine are not timed (default: 1)",
    )
    add("--diagnostics", action="store_true", help="record how training stands from time to time, where a method tells")
    add("--force", action="store_true", help="run again what is finished")
    add("--out", type=Path, default=Path("reports"), metavar="DIR", help="folder for everything (default: reports)")
    return command


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number of seconds")
    return value


def _device(text: str) -> str:
    if not re.fullmatch(r"cpu|mps|(cuda|xpu)(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text} is no device; torch knows cpu, cuda, cuda:0, mps, xpu")
    return text


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def main(arguments: list[str] | None = None) -> int:
    """Run the suite that the command line asks for; return the exit status."""
    given = parser().parse_args(arguments)
    preset = PRESETS[given.preset]
    work = {
        integral: (
            given.budget or preset.budgets.get(integral, DEFAULT_BUDGET_S),
            given.method or list(preset.methods.get(integral, METHODS)),
        )
        for integral in given.integral or preset.budgets
    }
    from tqdm import tqdm

    from benchmarks import report, suite, tables

    try:
        records.check_writable(given.out)
        runs = suite.plan(
            work,
            repeats=given.repeats or preset.repeats,
            seed=given.seed,
            device=given.device,
            threads=max(1, machine.n_cpus() // given.jobs),
            out=given.out,
            diagnostics=given.diagnostics,
        )
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2

    # disable=None: no bar where the output is not a terminal.
    with tqdm(total=len(runs), unit="run", disable=None) as bar:

        def begin(planned: suite.Planned) -> None:
            bar.set_description(planned.label)

        def end(planned: suite.Planned, record: records.Record, reused: bool) -> None:
            how = "reused" if reused else record["status"]
            digits = f"  {record['digits_mean']:.1f} digits" if record["digits_mean"] is not None else ""
            bar.write(f"{planned.label}: {how}{digits}", file=sys.stderr)
            bar.update()

        try:
            results = suite.execute(runs, given.out, force=given.force, jobs=given.jobs, begin=begin, end=end)
        except KeyboardInterrupt:
            bar.close()
            print("Interrupted; finished runs are kept, and the same command goes on from there.", file=sys.stderr)
            # Threads that wait for runs would keep this process; with it, its runs end.
            sys.stderr.flush()
            os._exit(INTERRUPTED)

    print(tables.text(results))
    written = report.write(given.out)
    print(f"\nTables and page of all records: {', '.join(map(str, written))}")
    return _report_failures(results)


def _report_failures(results: list[records.Record]) -> int:
    bad = [record for record in results if record["status"] not in FINE]
    for record in bad:
        print(f"{record['status']}: {record['integral']} × {record['method']}: {record['reason']}", file=sys.stderr)
    if bad:
        counts = Counter(record["status"] for record in results)
        print(f"{len(bad)} of {len(results)} runs did not finish: {dict(counts)}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
