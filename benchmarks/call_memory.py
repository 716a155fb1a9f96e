"""Memory that one call of `integrate` needs for ten million points, beyond its input and its output.

    python -m benchmarks.call_memory                                every method, on box1l
    python -m benchmarks.call_memory --method chebyshev --method gauss_legendre --seconds 60

Each method is fitted in a process of its own, small, since it is not its digits that matter, and called for as many
points as it computes in the seconds that it is given, ten million at the most. What a call needs is the largest
resident memory during it, without what was there before and without the values and errors that it returns. Where fewer
points are computed, the growth from a quarter of them to all is continued to the points of a batch
(`methods.core.batches`), and what a batch needs is what ten million need.

Exit status: 0 where every method stays within 300 MiB, 1 where one does not or cannot be called, 2 for wrong arguments.
"""

from __future__ import annotations

import sys

import methods
import references
from benchmarks.command_line import documented_parser
from benchmarks.running import isolated
from benchmarks.running.call_memory import FEWEST, measured
from benchmarks.versioning.small_fits import FIELDS
from methods.core import batches

N = 10_000_000
"""Points of a call."""

LIMIT_MIB = 300.0
"""Memory that a call for N points may need beyond its input and output."""

SECONDS = 20.0
"""Seconds that a call may take, where nobody says how many."""

TIME_LIMIT_S = 3600.0
"""Seconds of a method's process: its fit, its compilers, and three calls."""


def at_n_mib(found: dict[str, float | int], n: int) -> float:
    """Return the MiB of a call for n points, from what was `measured` for as many or fewer.

    All methods compute in batches, so that nothing grows beyond the points of one.
    """
    left = max(0, min(n, batches.ROWS) - found["points"])
    return (found["bytes"] + max(0.0, found["growth"]) * left) / 2**20


def row(name: str, integral: str, n: int, seconds: float) -> tuple[str, bool]:
    """Measure a method; return its line of the table, and whether it keeps the limit."""
    arguments = (name, FIELDS[name], integral, n, seconds)
    outcome = isolated.call(measured, *arguments, time_limit=TIME_LIMIT_S)
    if outcome.status != "ok":
        return f"{name:<22} {outcome.status}: {outcome.reason}", False
    found = outcome.result
    needed = at_n_mib(found, n)
    figures = f"{found['points']:>12,} {found['bytes'] / 2**20:>9.1f} {found['growth']:>16.2f} {needed:>12.1f}"
    return f"{name:<22} {figures}", needed <= LIMIT_MIB


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = documented_parser("benchmarks.call_memory", __doc__)
    add = parser.add_argument
    add("--method", action="append", choices=sorted(methods.METHODS), metavar="M", help="only this; may be repeated")
    add("--integral", choices=references.names(), default="box1l", metavar="I", help="of which (default: box1l)")
    add("--points", type=int, default=N, metavar="N", help=f"points of a call (default: {N:,})")
    add("--seconds", type=float, default=SECONDS, metavar="S", help=f"of a call, at most (default: {SECONDS:.0f})")
    chosen = parser.parse_args(arguments)
    if chosen.points < FEWEST or not chosen.seconds > 0:
        parser.error(f"--points is {FEWEST:,} at least, and --seconds above 0")
    print(f"{'method':<22} {'points':>12} {'MiB':>9} {'bytes per point':>16} {f'MiB at {chosen.points:.0e}':>12}")
    kept = []
    for name in chosen.method or methods.METHODS:
        line, is_kept = row(name, chosen.integral, chosen.points, chosen.seconds)
        kept.append(is_kept)
        print(line if is_kept else f"{line}  <- not within {LIMIT_MIB:.0f} MiB", flush=True)
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
