"""Run the published experiments again that fit into 75 minutes each, one after the other; finished runs are kept.

    python -m benchmarks.results --dry-run                      runs and minutes of each, and what is left out
    python -m benchmarks.results                                everything that is left: up to six hours on two cores
    python -m benchmarks.results --experiment curves --experiment held_out
    python -m benchmarks.report                                 afterwards: tables, figures, page and README

`catalogue`, `paper_cpu` and `mixed_speed` are run only where `--experiment` names them. The records of the preset
`cuba` are made by benchmarks.accuracy, and choices.json by benchmarks.choosing.agreement.

Records go to reports/published. After each experiment the git command that commits them is printed; nothing is
committed by itself, and whatever is committed in between, the same command goes on with what is left. It can be
interrupted at any moment. Exit status: 0 when all runs finished, 1 when some failed (they are listed), 2 for wrong
arguments, 130 when interrupted. An experiment that is not finished ends the command with its own status: 3 where it
could not go on, as on a full disk, and 128 + n where signal n killed it.
"""

from __future__ import annotations

import argparse
import dataclasses
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks import experiments
from benchmarks.command_line import documented_parser
from benchmarks.experiments import curve_points
from benchmarks.experiments.all_configurations import TERMINAL
from benchmarks.experiments.result_steps import ALL_MINUTES, LEFT_OUT, ON_REQUEST, STEP_MINUTES, STEPS, Step
from benchmarks.interrupts import INTERRUPTED
from benchmarks.records.folders import PUBLISHED, REPORTS, published_folders, result_folder
from benchmarks.running import forecast, machine
from benchmarks.running.plan import Options
from benchmarks.running.task import Place


@dataclasses.dataclass
class State:
    """How far a step is.

    Parameters
    ----------
    runs, finished : int, optional
        Of a preset; None of a command of its own.
    minutes : float
        Foreseen for what is left of a preset, and for all of a command of its own; 0 where nothing is left.
    """

    runs: int | None
    finished: int | None
    minutes: float


def main(arguments: list[str] | None = None, steps: Mapping[str, Step] = STEPS) -> int:
    """Run what the command line asks for of `steps`; return the exit status."""
    known = {**steps, **ON_REQUEST}
    given = parser(known).parse_args(arguments)
    chosen = {name: known[name] for name in given.experiment or steps}
    jobs = given.jobs or machine.n_cpus()
    states = {name: state(step, given.out, jobs) for name, step in chosen.items()}
    print(table(chosen, states, jobs))
    if given.dry_run:
        print(left_out())
        return 0
    return carry_out(chosen, states, given.out, jobs)


def _listed(known: Iterable[str]) -> str:
    return textwrap.fill(f"Experiments: {', '.join(known)}", TERMINAL, break_on_hyphens=False)


def parser(known: Mapping[str, Step]) -> argparse.ArgumentParser:
    """Make the command line's parser."""
    command = documented_parser("benchmarks.results", __doc__, f"\n{_listed(known)}")
    add = command.add_argument
    add("--dry-run", action="store_true", help="say what there is to do and how long it will take, and do nothing")
    add("--experiment", action="append", choices=known, metavar="E", help="only this one; may be repeated")
    add("--jobs", type=int, choices=range(1, 257), metavar="N", help="fits at a time (default: one per CPU)")
    add(
        "--out", type=result_folder, default=PUBLISHED, metavar="DIR", help="folder of all (default: reports/published)"
    )
    return command


# ----- what there is to do --------------------------------------------------------------------------------------------


def state(step: Step, out: Path, jobs: int) -> State:
    """Find what is left of a step, and foresee how long that takes."""
    if step.preset is None:
        is_finished = step.is_finished is not None and step.is_finished(out / step.published)
        return State(None, None, 0.0 if is_finished else step.minutes)
    preset = experiments.preset(step.preset)
    places = (Place("cpu", 1),)
    options = Options(out / step.published, 0, "cpu", places, preset.timed_s, step.diagnostics)
    found = forecast.forecasts(step.work(preset), options, published_folders())
    seconds = sum(one.seconds(jobs) for one in found)
    return State(sum(one.runs for one in found), sum(one.finished for one in found), seconds / 60)


def table(steps: Mapping[str, Step], states: Mapping[str, State], jobs: int) -> str:
    """Write a line for each step: runs, what is finished, and the minutes that are left."""
    lines = [f"{'experiment':20} {'published in':20} {'runs':>6} {'finished':>9} {'minutes left':>13}"]
    for name, step in steps.items():
        now = states[name]
        counts = ("–", "–") if now.runs is None else (f"{now.runs:,}", f"{now.finished:,}")
        too_long = f"  more than {STEP_MINUTES}" if now.minutes > STEP_MINUTES else ""
        lines.append(f"{name:20} {step.published:20} {counts[0]:>6} {counts[1]:>9} {now.minutes:13.1f}{too_long}")
    minutes = sum(now.minutes for now in states.values())
    too_long = f", more than the {duration(ALL_MINUTES)} that are meant" if minutes > ALL_MINUTES else ""
    lines.append(f"\nLeft: {duration(minutes)} of the clock, with {jobs} fits at a time{too_long}.")
    return "\n".join(lines)


def left_out() -> str:
    """Write what is run only where it is named, or not at all, and the settings of curves that take too long."""
    lines = ["", "Left out:", *(f"  {name}: {why}" for name, why in LEFT_OUT.items())]
    lines += ["", "Left out of the curves, as a pilot found:"]
    return "\n".join([*lines, *(f"  {' × '.join(which)}: {why}" for which, why in curve_points.left_out().items())])


def duration(minutes: float) -> str:
    """Write minutes as "3 h 05 min"."""
    hours, rest = divmod(round(minutes), 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"


# ----- doing it -------------------------------------------------------------------------------------------------------


def carry_out(steps: Mapping[str, Step], states: Mapping[str, State], out: Path, jobs: int) -> int:
    """Run the steps, and say after each what is left; return the exit status."""
    failed = []
    foreseen = taken = 0.0
    # Every step is started, also where nothing seems to be left: each keeps what is finished, and knows best what is.
    names = list(steps)
    for index, name in enumerate(names):
        left = sum(states[other].minutes for other in names[index:])
        # Once something was timed, the rest is taken to be as much slower, or quicker, than foreseen.
        pace = taken / foreseen if foreseen else 1.0
        print(f"\n{index + 1} of {len(names)}: {name}; in all {duration(pace * left)} left.", flush=True)
        start = time.monotonic()
        status = _run(steps[name].arguments(out, jobs))
        taken += (time.monotonic() - start) / 60
        foreseen += states[name].minutes
        if status not in (0, 1):
            print(f"{name} was not finished. What is finished is kept; the same command goes on.", file=sys.stderr)
            return status if status > 0 else 128 - status  # -n where signal n killed it: 128 + n, as shells have it
        failed += [name] * status
        target = out / steps[name].published
        print(f'To commit it: git add {target} && git commit -m "Records of {name}"', flush=True)
    print(f"\nTook {duration(taken)}. {_verdict(failed)}")
    return 1 if failed else 0


def _verdict(failed: Sequence[str]) -> str:
    return f"Some runs failed, as listed above, in {', '.join(failed)}." if failed else "All runs finished."


def _run(arguments: Sequence[str]) -> int:
    """Run a command with this one's output; an interruption ends it, too."""
    process = subprocess.Popen(arguments, cwd=REPORTS.parent)
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main())
