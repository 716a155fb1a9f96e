"""What an integral costs on each device of this machine, and how that compares with what the device can do.

    python -m benchmarks.hardware                              every method of the list below, on every device found
    python -m benchmarks.hardware --device cuda --integral box2l
    python -m benchmarks.hardware --method chebyshev --method my_file:MyMethod,n_samples=1000 --out DIR
    python -m benchmarks.report                                shows it, with what other machines measured

Batches of 1 to a million points, on the CPU by one thread and by all, and on the first GPU that torch finds (cuda, mps,
xpu). A time is that of `integrate`: from an array on the host to arrays on the host. Methods are fitted once, on the
CPU, and loaded on each device; those with a field `precision` in float32 and in float64, others as they are.

One JSON file per method × device × threads × precision under reports/hardware/, and one with the rates of each device
(`benchmarks.device_rates`). Finished ones are reused; interrupt at any moment and start again. Exit status: 0 when all
finished, 1 when some failed (they are listed), 2 for wrong arguments, 130 when interrupted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import device_rates, hardware_records, hardware_suite, hardware_table, machine, records, timing
from benchmarks.accuracy import FINE, INTERRUPTED
from benchmarks.hardware_suite import Place
from methods.base import InputError

MORE: dict[str, dict[str, Any]] = {
    "separable_primitive": {"width": 500, "n_updates": 8},
    "primitive_corrected": {"width": 500},
    "dense_mlp": {"n_labels": 20_000, "n_updates": 1_000},
    "bayesian_mlp": {"n_labels": 20_000, "n_updates": 1_000},
    "deep_ensemble": {"n_labels": 20_000, "n_updates": 1_000},
    "differential_mlp": {"n_labels": 2_000, "n_updates": 500, "n_iterations": 20},
}
"""Methods that asv does not time, in small configurations: what they cost does not depend on how well they fit."""


def default_methods() -> list[str]:
    """Return the small configurations, those that asv times first, as on the command line."""
    return [
        ",".join([name, *(f"{field}={value}" for field, value in fields.items())])
        for name, fields in {**timing.CONFIGURATIONS, **MORE}.items()
    ]


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    summary, _, rest = (__doc__ or "").partition("\n\n")
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.hardware",
        description=summary,
        epilog=f"{rest}\nMethods: {', '.join(default_methods())}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("--integral", default="box1l", metavar="I", help="a registered name or module:attribute (default: box1l)")
    add("--method", action="append", metavar="M", help="a name or module:Class, with ,field=value; may be repeated")
    add("--device", action="append", choices=device_rates.KINDS, help="only this one; may be repeated (default: all)")
    add("--force", action="store_true", help="time again what is finished, and the devices' rates")
    add("--out", type=Path, default=Path("reports"), metavar="DIR", help="folder for everything (default: reports)")
    return command


def places(wanted: list[str] | None, names: dict[str, str | None]) -> list[Place]:
    """Return where to time: of the wanted kinds of device (None: all) those that have a name here.

    The CPU counts twice, with one thread and with all, where there are several.
    """
    n = machine.n_cpus()
    chosen = [(kind, name) for kind, name in names.items() if name and (wanted is None or kind in wanted)]
    threads = {kind: (n,) for kind in names} | {"cpu": tuple(dict.fromkeys((1, n)))}
    return [Place(kind, number, name) for kind, name in chosen for number in threads[kind]]


def warn(suite: hardware_suite.Suite) -> None:
    """Say what will spoil the timings."""
    if suite.busy:
        print(f"warning: the machine is busy (load {suite.load_1min:.1f}); the records say so.", file=sys.stderr)
    if names := " and ".join(suite.environment):
        print(f"warning: {names} set, which slows NumPy down; unset and start again.", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Time what the command line asks for; return the exit status."""
    given = parser().parse_args(arguments)
    from tqdm import tqdm

    with tempfile.TemporaryDirectory() as folder:
        try:
            records.check_writable(given.out)
            names = hardware_suite.devices()
            wanted = places(given.device, names)
            for kind in given.device or names:
                if names[kind] is None:
                    print(f"{kind}: there is none here")
            suite = hardware_suite.Suite.of(given.integral, out=given.out, models=Path(folder))
            jobs = suite.plan(given.method or default_methods(), wanted)
        except InputError as problem:
            print(f"error: {problem}", file=sys.stderr)
            return 2
        warn(suite)
        results = []
        try:
            # disable=None: no bar where the output is not a terminal.
            with tqdm(total=len(jobs), unit="timing", disable=None) as bar:
                for job in jobs:
                    bar.set_description(job.label)
                    reused = None if given.force else suite.finished(job)
                    results.append(reused or suite.perform(job, force=given.force))
                    bar.write(f"{job.label}: {'reused' if reused else results[-1]['status']}", file=sys.stderr)
                    bar.update()
        except KeyboardInterrupt:
            print("Interrupted; finished timings are kept, and the same command goes on from there.", file=sys.stderr)
            return INTERRUPTED
    for title, table in hardware_table.of(results):
        print(f"\n{title}\n{table.to_string(index=False)}")
    return _report_failures(results)


def _report_failures(results: list[records.Record]) -> int:
    bad = [record for record in results if record["status"] not in FINE]
    for record in bad:
        print(f"{record['status']}: {hardware_records.label(record)}: {record['reason']}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
