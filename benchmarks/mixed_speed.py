"""Measure a training step on a mixed derivative against other ways to make it and the matrix products alone.

    python -m benchmarks.mixed_speed            measures, writes reports/local/mixed_speed.json; a few minutes
    python -m benchmarks.report                 shows what is in reports/published

Each contender (see `deep_contenders`) runs in a process of its own, for its peak memory, and all of them in turn,
several times, because a machine's speed changes within minutes: the table has the median over these rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.experiments.deep_speed import FILE
from benchmarks.records import files
from benchmarks.records.folders import LOCAL
from benchmarks.regressions.deep_contenders import CORNERS, STEPS, Shape
from benchmarks.running import isolated, machine

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
"""Steps are repeated for that long per round, and at least three times."""

TIME_LIMIT = 30.0
"""Seconds after which a contender is given up."""


def measure(kind: str, name: str, shape: Shape, threads: int) -> dict[str, float]:
    """Measure the median seconds of a contender's step, and how much its steps added to the process's peak memory."""
    import warnings

    import torch

    warnings.simplefilter("ignore")  # torch.func.jvp uses what torch deprecates
    torch.set_num_threads(threads)
    (torch.rand(64, 64) @ torch.rand(64, 64)).tanh_()
    step = {"step": STEPS, "corners": CORNERS}[kind][name](Shape(*shape))
    before = _peak_bytes()
    step()
    seconds: list[float] = []
    while len(seconds) < 3 or sum(seconds) < SECONDS:
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return {"s": statistics.median(seconds), "peak_mem_mb": (_peak_bytes() - before) / 2**20}


def _peak_bytes() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def run(shapes: tuple[Shape, ...], rounds: int, threads: int) -> list[dict[str, Any]]:
    """Measure an entry per shape and contender."""
    cases = [("step", name, shape) for shape in shapes for name in STEPS]
    cases += [
        ("corners", name, shape._replace(batch=batch))
        for shape in shapes
        for batch in CORNER_BATCHES
        for name in CORNERS
    ]
    outcomes: dict[tuple[str, str, Shape], list[isolated.Outcome]] = {case: [] for case in cases}
    for index in range(rounds):
        for case, found in outcomes.items():
            if found and found[-1].status != "ok":
                continue  # it will not do better a second time
            found.append(isolated.call(measure, *case, threads, time_limit=TIME_LIMIT))
            print(f"{index + 1}/{rounds} {case[0]} {case[1]} {tuple(case[2])}: {_said(found[-1])}", file=sys.stderr)
    return [_entry(case, found) for case, found in outcomes.items()]


def _said(outcome: isolated.Outcome) -> str:
    if outcome.status != "ok":
        return f"{outcome.status}: {outcome.reason}"
    return f"{1e3 * outcome.result['s']:.3f} ms, {outcome.result['peak_mem_mb']:.1f} MB"


def _entry(case: tuple[str, str, Shape], found: list[isolated.Outcome]) -> dict[str, Any]:
    kind, name, shape = case
    entry: dict[str, Any] = {"kind": kind, "contender": name, **shape._asdict()}
    if found[-1].status != "ok":
        return entry | {"status": found[-1].status, "reason": found[-1].reason, "s": None, "peak_mem_mb": None}
    seconds, memory = ([outcome.result[key] for outcome in found] for key in ("s", "peak_mem_mb"))
    return entry | {
        "status": "ok", "reason": None, "s": statistics.median(seconds), "s_of_rounds": seconds,
        "peak_mem_mb": statistics.median(memory),
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Measure and write; return the exit status."""
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.mixed_speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--out", type=Path, default=LOCAL, metavar="DIR", help=f"default: {LOCAL}")
    command.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    command.add_argument("--threads", type=int, default=machine.n_cpus(), metavar="N", help="default: all CPUs")
    command.add_argument(
        "--shape", type=_shape, action="append", metavar="K,DEPTH,WIDTH,BATCH", help="default: five shapes"
    )
    given = command.parse_args(arguments)
    if min(given.rounds, given.threads) < 1:
        command.error("--rounds and --threads must be at least 1")
    entries = run(tuple(given.shape or SHAPES), given.rounds, given.threads)
    date = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    content = {
        "machine": machine.name(),
        **machine.describe(),
        "threads": given.threads,
        "rounds": given.rounds,
        "date_utc": date,
        "results": entries,
    }
    path = given.out / FILE
    files.write_text(path, json.dumps(content, indent=1) + "\n")
    print(f"Written: {path}")
    return 0


def _shape(text: str) -> Shape:
    shape = Shape._make(map(int, text.split(",")))
    if min(shape) < 1:
        raise ValueError(f"All of k, depth, width and batch must be positive, got {text}.")
    return shape


if __name__ == "__main__":
    sys.exit(main())
