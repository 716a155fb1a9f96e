"""Faults and damaged input, tried one after the other: what a suite, a reader and a parser survive.

    python -m benchmarks.survive                          5 kills, 500 damaged inputs of each kind
    python -m benchmarks.survive --kills 100 --fuzz 10000

A kill is a SIGKILL of a suite at a random moment, after which the same command goes on. When it has come to its end,
its records must be those of a suite that nobody disturbed, apart from times; no process, lock or half-written file may
be left. Damaged inputs are records, models, sectors and true values of which one bit is another one, changed loop
integrals, random formulas and fields, strange points and wrong command lines (200 at most): each must be refused in a
sentence, or mean what it meant. Exit status: 0 where everything survived, 1 where something was lost (it is listed), 2
for wrong arguments.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.command_line import documented_parser
from benchmarks.faults import random_rows
from benchmarks.faults.random_rows import Row
from benchmarks.records import run_records

TIMES = (*run_records.TIMED, "fit_s", "setup_s", "label_s", "anytime", "peak_mem_mb", "date_utc", "checksum")
"""Keys of a record that hold times, or what else the machine was doing."""

SUITE = (
    "--integral", "bubble", "--method", "gauss_legendre,order=4", "--method", "gauss_legendre,order=8",
    "--repeats", "3", "--points", "20", "--budget", "5",
)  # fmt: skip

END_LIMIT_S = 60.0
"""Seconds in which the processes of a killed suite must end, on a machine that does other things too."""


def kills(n: int, rng: random.Random) -> list[Row]:
    """Kill suites n times; look at what is left after each kill, and at the records when a suite has finished."""
    with tempfile.TemporaryDirectory(prefix="survive-") as name:
        home = Path(name)
        start = time.monotonic()
        _suite(home, "undisturbed").wait()
        seconds = time.monotonic() - start
        expected = _without_times(home / "undisturbed")
        differing, orphans, tried, rounds = [], [], 0, 0
        while tried < n:
            rounds += 1
            folder = f"round{rounds}"
            while tried < n and (left := _killed(home, folder, rng.uniform(0.0, seconds))) is not None:
                tried += 1
                orphans += [f"{left} processes lived on after kill {tried}"] if left else []
            if _suite(home, folder).wait() != 0 or _without_times(home / folder) != expected:
                differing.append(f"the records of {folder} are not those of an undisturbed suite")
        sockets = [path.name for path in (home / "tmp").iterdir() if path.name.startswith(("loopmark-", "pymp-"))]
        halves = [path.name for path in home.glob("round*/**/*") if "partial" in path.name or path.name == ".lock"]
    return [
        Row("SIGKILL of a suite: its processes end", tried, orphans),
        Row("killed suite: records as undisturbed", rounds, differing),
        Row("killed suite: no half-written file or lock", rounds, halves[:rounds]),
        Row("killed suite: the next one removes its sockets", rounds, sockets[:rounds]),
    ]


def _suite(home: Path, folder: str) -> subprocess.Popen[bytes]:
    for part in ("tmp", "locks"):
        (home / part).mkdir(exist_ok=True)
    environment = os.environ | {"TMPDIR": str(home / "tmp"), "LOOPMARK_LOCKS": str(home / "locks")}
    command = [sys.executable, "-m", "benchmarks.accuracy", *SUITE, "--out", str(home / folder)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdout=quiet, stderr=quiet, start_new_session=True)


def _killed(home: Path, folder: str, seconds: float) -> int | None:
    """Kill a suite after so many seconds; return how many processes stay, or None where it had finished before."""
    suite = _suite(home, folder)
    with contextlib.suppress(subprocess.TimeoutExpired):
        suite.wait(seconds)
        return None
    below = psutil.Process(suite.pid).children(recursive=True)
    suite.kill()
    suite.wait()
    _, alive = psutil.wait_procs(below, timeout=END_LIMIT_S)
    return len(alive)


def _without_times(folder: Path) -> list[dict[str, object]]:
    found, damaged = run_records.read_all(folder)
    kept = [{key: value for key, value in record.items() if key not in TIMES} for record in found]
    return sorted(kept, key=run_records.identity_of) + [{"damaged": str(path)} for path in damaged]


def table(rows: list[Row]) -> str:
    """Return the table, and below it what was lost."""
    lines = [f"{'fault':<46} {'tried':>8} {'survived':>8} {'lost':>8}"]
    lines += [f"{row.fault:<46} {row.tried:>8,} {row.survived:>8,} {len(row.lost):>8,}" for row in rows]
    return "\n".join([*lines, *(f"lost: {sentence}" for row in rows for sentence in row.lost)])


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = documented_parser("benchmarks.survive", __doc__)
    parser.add_argument("--kills", type=int, default=5, metavar="N", help="SIGKILLs of a suite (default: 5)")
    parser.add_argument("--fuzz", type=int, default=500, metavar="N", help="damaged inputs of each kind (default: 500)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of what is random (default: 0)")
    chosen = parser.parse_args(arguments)
    if min(chosen.kills, chosen.fuzz) < 0:
        parser.error("--kills and --fuzz are numbers of tries; give at least 0")
    rng = random.Random(chosen.seed)
    rows = kills(chosen.kills, rng) if chosen.kills else []
    if chosen.fuzz:
        rows += [row(chosen.fuzz, rng) for row in random_rows.ROWS]
    print(table(rows))
    return 1 if any(row.lost for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
