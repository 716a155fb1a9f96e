"""What a measurement is told, and how its entries come out of its process.

    def measure(session: Session) -> Iterator[Entry]

A measurement yields an entry as soon as it has one: entries are kept where it fails later, or is ended at its time.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.running import isolated_messages
from methods.core.budget import Clock

Entry = dict[str, Any]
"""JSON values. "status" is "ok", or says why there is no figure; "partial" is what a later run goes on with."""

ROOT = Path(__file__).resolve().parents[2]
"""The project's own folder."""

LEAST_S = 0.5
"""Seconds that must be left for one more entry to be begun."""


class Session(NamedTuple):
    """Where a measurement works, and how long.

    Parameters
    ----------
    device : str
        As torch names it.
    seconds : float
        From the beginning of `measure`; the process is ended soon after.
    out : Path
        The folder of results, in which the measurement may keep a checkpoint.
    work : Path
        Its folder for everything else that is written.
    carried : Path, optional
        What `python -m benchmarks.gpu --prepare` left.
    """

    device: str
    seconds: float
    out: Path
    work: Path
    carried: Path | None

    def clock(self) -> Clock:
        """Start the clock of a measurement."""
        return Clock(self.seconds)


def entries(module: str, session: Session) -> Iterator[dict[str, Any]]:
    """Yield {"entry": …} for each entry of a measurement, and {"end": True} after the last; in a process of its own."""
    from benchmarks.running import machine, stopwatch

    stopwatch.limit_threads(machine.n_cpus())
    for entry in importlib.import_module(module).measure(session):
        yield {"entry": entry}
    yield {"end": True}


def tried(entry: Entry, measure: Callable[[], Entry], clock: Clock) -> Entry:
    """Complete an entry by what `measure` returns, or by why there is nothing: no time, no memory, an exception."""
    if clock.left < LEAST_S:
        return entry | {"status": "left_out", "reason": "no time was left"}
    try:
        return entry | {"status": "ok", "reason": None} | measure()
    except Exception as problem:
        status = "out_of_memory" if isolated_messages.is_out_of_memory(problem) else "failed"
        return entry | {"status": status, "reason": f"{type(problem).__name__}: {' '.join(str(problem).split())[:500]}"}
