"""Measure a training step on a mixed derivative against other ways to make it and the matrix products alone.

    python -m benchmarks.mixed_speed                  measures, writes reports/local/mixed_speed.json; ten minutes
    python -m benchmarks.mixed_speed --busy 0,1       also beside one busy process, as on a shared machine
    python -m benchmarks.mixed_speed --shape 3,3,32,8192 --rounds 1
    python -m benchmarks.report                       shows what is in reports/published

Each contender (see `deep_contenders`) runs in a process of its own, for its peak memory, and all of them in turn,
several times, because a machine's speed changes within minutes: the table has the median over these rounds. What
torch.compile compiles is measured in the first round alone, because compiling takes half a minute and more each time.
A measurement waits until no suite of this machine runs or times anything, and they wait for its end.

The file is written after each measurement; a command that was interrupted goes on with what the file lacks, on the same
machine with the same versions and commit, and otherwise begins anew.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.experiments.deep_speed import FILE
from benchmarks.records.folders import LOCAL, result_folder
from benchmarks.regressions import deep_timing
from benchmarks.regressions.deep_contenders import COMPILED, CORNERS, STEPS, Shape
from benchmarks.running import isolated, machine, machine_lock
from benchmarks.running.whole_suite import say
from methods.base import InputError
from methods.core import files

SHAPES = (
    Shape(3, 4, 100, 4096),
    Shape(6, 4, 30, 1024),
    Shape(3, 3, 32, 8192),
    Shape(4, 3, 64, 4096),
    Shape(8, 2, 32, 256),
)
"""Networks of the papers (4 × 100 for I1, 4 × 30 for I2), and smaller ones."""

CORNER_BATCHES = (1024, 1)

SECONDS = 0.5
"""Steps are repeated for that long per round, and at least once."""

TIME_LIMIT = 30.0
"""Seconds after which a contender is given up."""

COMPILE_LIMIT = 60.0
"""Seconds after which one is given up that torch.compile compiles, which takes 30 s at k = 3 and 134 s at k = 6."""


class Case(NamedTuple):
    """What one process measures."""

    kind: str
    contender: str
    shape: Shape

    @property
    def time_limit(self) -> float:
        """Seconds until the first result, and then for each further one."""
        return COMPILE_LIMIT if self.contender in COMPILED else TIME_LIMIT

    @property
    def key(self) -> tuple[Any, ...]:
        """What entries of the file have in common that are of this case."""
        return (self.kind, self.contender, *self.shape)


def cases(shapes: Sequence[Shape]) -> list[Case]:
    """All contenders for these shapes."""
    steps = [Case("step", name, shape) for shape in shapes for name in STEPS]
    return steps + [
        Case("corners", name, shape._replace(batch=batch))
        for shape in shapes
        for batch in CORNER_BATCHES
        for name in CORNERS
    ]


class Results:
    """Entries of the file, one for each case and number of busy processes, from one round to the next.

    Parameters
    ----------
    path : Path
        The file with the results.
    header : dict
        Machine, versions, commit, threads and rounds; entries of an existing file are kept only where all of them are
        equal.
    """

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self._path, self._header = path, json.loads(json.dumps(header))
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        same = all(found.get(key) == value for key, value in self._header.items())
        self._entries = {self._key(entry): entry for entry in found["results"]} if same else {}

    def lack(self, case: Case, busy: Sequence[int], index: int) -> bool:
        """Tell whether a case is to be measured in round `index`: a contender that failed will not do better."""
        entries = [self._entries.get((*case.key, number)) for number in busy]
        if any(entry and entry["status"] != "ok" for entry in entries):
            return False
        rounds = 1 if case.contender in COMPILED else self._header["rounds"]
        return index < rounds and any(entry is None or len(entry["s_of_rounds"]) <= index for entry in entries)

    def add(self, case: Case, number: int, outcome: isolated.Outcome) -> None:
        """Note what a case took beside a number of busy processes, and write the file."""
        key = (*case.key, number)
        entry: dict[str, Any] = {
            "kind": case.kind, "contender": case.contender, **case.shape._asdict(), "busy": number,
            "status": outcome.status, "reason": outcome.reason, "s": None, "peak_mem_mb": None, "first_s": None,
        }  # fmt: skip
        if outcome.status == "ok":
            earlier = self._entries.get(key, {"s_of_rounds": [], "peak_mem_mb_of_rounds": []})
            seconds = [*earlier["s_of_rounds"], outcome.result["s"]]
            memory = [*earlier["peak_mem_mb_of_rounds"], outcome.result["peak_mem_mb"]]
            entry |= {
                "s": statistics.median(seconds), "peak_mem_mb": statistics.median(memory),
                "first_s": outcome.result["first_s"], "s_of_rounds": seconds, "peak_mem_mb_of_rounds": memory,
            }  # fmt: skip
        self._entries[key] = entry
        date = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        content = {**self._header, "date_utc": date, "results": list(self._entries.values())}
        files.write_text(self._path, json.dumps(content, indent=1) + "\n")

    @staticmethod
    def _key(entry: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(entry[key] for key in ("kind", "contender", *Shape._fields, "busy"))


def run(results: Results, shapes: Sequence[Shape], rounds: int, threads: int, busy: Sequence[int]) -> None:
    """Measure what the results lack."""
    with tempfile.TemporaryDirectory() as compiled:
        for index in range(rounds):
            for case in cases(shapes):
                if results.lack(case, busy, index):
                    _measure(results, case, threads, busy, compiled)


def _measure(results: Results, case: Case, threads: int, busy: Sequence[int], compiled: str) -> None:
    arguments = (case.kind, case.contender, tuple(case.shape), threads, tuple(busy), SECONDS, compiled)
    with (
        machine_lock.alone(say=say),
        isolated.Process(deep_timing.timings, *arguments, time_limit=case.time_limit) as process,
    ):
        for number in busy:
            outcome = process.outcome()
            print(
                f"{case.kind} {case.contender} {tuple(case.shape)} beside {number}: {_said(outcome)}", file=sys.stderr
            )
            results.add(case, number, outcome)


def _said(outcome: isolated.Outcome) -> str:
    if outcome.status != "ok":
        return f"{outcome.status}: {outcome.reason}"
    return f"{1e3 * outcome.result['s']:.3f} ms, {outcome.result['peak_mem_mb']:.1f} MB"


def main(arguments: list[str] | None = None) -> int:
    """Measure and write; return the exit status."""
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.mixed_speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--out", type=result_folder, default=LOCAL, metavar="DIR", help=f"default: {LOCAL}")
    command.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    command.add_argument("--threads", type=int, default=machine.n_cpus(), metavar="N", help="default: all CPUs")
    command.add_argument(
        "--busy", type=_numbers, default=(0,), metavar="N,…", help="numbers of busy processes beside, default: 0"
    )
    command.add_argument(
        "--shape", type=_shape, action="append", metavar="K,DEPTH,WIDTH,BATCH", help="default: five shapes"
    )
    given = command.parse_args(arguments)
    if min(given.rounds, given.threads) < 1:
        command.error("--rounds and --threads must be at least 1")
    described = machine.describe()
    header = {"machine": machine.name(), **described, "threads": given.threads, "rounds": given.rounds}
    path = given.out / FILE
    try:
        run(Results(path, header), tuple(given.shape or SHAPES), given.rounds, given.threads, given.busy)
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    print(f"Written: {path}")
    return 0


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(sorted(set(map(int, text.split(",")))))
    if min(numbers) < 0:
        raise ValueError(f"Numbers of busy processes cannot be negative, got {text}.")
    return numbers


def _shape(text: str) -> Shape:
    shape = Shape._make(map(int, text.split(",")))
    if min(shape) < 1:
        raise ValueError(f"All of k, depth, width and batch must be positive, got {text}.")
    return shape


if __name__ == "__main__":
    sys.exit(main())
