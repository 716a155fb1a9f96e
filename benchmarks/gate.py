"""Whether a commit is slower, or more wrong, than another: `asv continuous`, and a verdict that needs measurements.

    python -m benchmarks.gate main               HEAD against main: exit status 0 where nothing became worse, else 1
    python -m benchmarks.gate main topic --bench corner_sum

asv alone passes where it measured nothing: where every benchmark was skipped, or exists in one of the commits only.
Here that fails, as does a benchmark that fails, or that the first commit had and the second has no more.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asv.config import Config

FACTOR = 1.5
"""A benchmark that became worse by more than this, and significantly so as asv judges its samples, is a regression."""

SOME_FAILED = 2
"""Exit status of asv where a benchmark failed, at whichever commit."""

Values = dict[str, float | None]
"""Measured values by benchmark and parameters: None where it failed, nan where it was skipped."""


def entries(
    conf: Config, machine: str, commit: str, bench: list[str] | None = None, since: float = 0.0
) -> list[tuple[Any, ...]]:
    """Collect asv's results for a commit (full hash), of benchmarks that match a regex of `bench`.

    Left out are benchmarks that were started before `since`, in seconds since 1970, and parameters that match no regex
    count as not measured: asv keeps what an earlier run found.

    An entry is what asv's comparison asks for: name, parameters, values, statistics, samples, version, machine and
    environment.
    """
    from asv import benchmarks, results

    known = benchmarks.Benchmarks.load(conf, regex=bench)
    found = []
    for result in results.iter_results_for_machine_and_hash(conf.results_dir, machine, commit):
        for name in result.get_result_keys(known):
            if (result.started_at.get(name) or 0) < int(1000 * since):  # asv has whole milliseconds
                continue
            parameters = known[name]["params"]
            value, statistics, samples = (
                get(name, parameters)
                for get in (result.get_result_value, result.get_result_stats, result.get_result_samples)
            )
            value = _of_matching(name, parameters, value, bench)
            found.append(
                (name, parameters, value, statistics, samples, known[name]["version"], machine, result.env_name)
            )
    return found


def _of_matching(
    name: str, parameters: list[list[str]], found: list[float | None], bench: list[str] | None
) -> list[float | None]:
    """Replace values by nan whose benchmark, with its parameters, matches no regex of `bench`."""
    from asv.commands.compare import unroll_result

    if not bench:
        return found
    each = list(unroll_result(name, parameters, found))
    return [value if any(re.search(regex, full) for regex in bench) else math.nan for full, value in each]


def values(found: list[tuple[Any, ...]]) -> Values:
    """Return the values of `entries`, one for each combination of a benchmark's parameters."""
    from asv.commands.compare import unroll_result

    return {name: value for key, parameters, each, *_ in found for name, value in unroll_result(key, parameters, each)}


def verdict(
    conf: Config, machine: str, base: str, head: str, *, factor: float = FACTOR, bench: list[str] | None = None,
    since: float = 0.0,
) -> str | None:  # fmt: skip
    """Return why `head` (full hash) does not pass against `base`, in one sentence, or None where it passes.

    Only what was started at `since` or later counts, in seconds since 1970.
    """
    from asv.commands.compare import Compare

    recorded = [entries(conf, machine, commit, bench, since) for commit in (base, head)]
    before, after = map(values, recorded)
    measured = {name for name, value in before.items() if _is_number(value)}
    if failed := sorted(name for name, value in after.items() if value is None):
        return f"{len(failed)} benchmarks failed at {head[:8]}, {failed[0]} first; see asv's output above."
    if lost := sorted(name for name in measured if not _is_number(after.get(name))):
        return f"{lost[0]} was measured at {base[:8]} but not at {head[:8]}; measure it, or take it out of both."
    if not measured:
        return f"No benchmark was measured at both {base[:8]} and {head[:8]}, so nothing is known; see asv above."
    with contextlib.redirect_stdout(io.StringIO()) as table:
        worse, _ = Compare.print_table(
            conf, base, head, factor=factor, split=False, resultset_1=recorded[0], resultset_2=recorded[1]
        )
    if worse:
        print(table.getvalue())
        return f"{head[:8]} is worse than {base[:8]} by more than {factor:g} × in a benchmark; see the table above."
    return None


def _is_number(value: float | None) -> bool:
    return value is not None and not math.isnan(value)


def main(arguments: list[str] | None = None) -> int:
    """Run both commits and judge; return the exit status."""
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.gate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("base", help="commit to compare with")
    command.add_argument("head", nargs="?", default="HEAD", help="commit to judge; default: HEAD")
    command.add_argument("--bench", action="append", metavar="REGEX", help="only benchmarks with a match; repeatable")
    command.add_argument("--factor", type=float, default=FACTOR, help=f"default: {FACTOR}")
    options = command.parse_args(arguments)

    from asv.config import Config
    from asv.machine import Machine
    from asv.repo import NoSuchNameError, get_repo

    if not Path("asv.conf.json").is_file():
        command.error("there is no asv.conf.json here; run it from the project's own folder")
    asv = [sys.executable, "-m", "asv"]
    subprocess.run([*asv, "machine", "--yes"], check=True, stdout=subprocess.DEVNULL)
    conf = Config.load()
    try:
        base, head = (get_repo(conf).get_hash_from_name(name) for name in (options.base, options.head))
    except NoSuchNameError as unknown:
        print(f"error: There is no commit {unknown}; give a hash, a branch or a tag.", file=sys.stderr)
        return 2
    if base == head:
        print(f"error: {options.base} and {options.head} are one commit, {head[:8]}; give two.", file=sys.stderr)
        return 2
    selected = [f"--bench={regex}" for regex in options.bench or []]
    since = time.time()
    status = subprocess.run([*asv, "continuous", f"--factor={options.factor}", *selected, base, head]).returncode
    if not (Path(conf.results_dir) / "benchmarks.json").is_file():
        print("error: asv has measured nothing; see its output above.", file=sys.stderr)
        return 1
    machine = Machine.load(interactive=False).machine
    problem = verdict(conf, machine, base, head, factor=options.factor, bench=options.bench, since=since)
    before = values(entries(conf, machine, base, options.bench, since))
    failed = sorted(name for name, value in before.items() if value is None)
    if failed:  # as a benchmark of what the first commit does not have yet: asv calls that an error of the run
        print(f"note: {len(failed)} benchmarks failed at {base[:8]} and are not compared: {', '.join(failed)}.")
    if status and problem is None and not (failed and status == SOME_FAILED):
        problem = f"asv continuous ended with exit status {status}; see its output above."
    if problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    print(f"{head[:8]} passes against {base[:8]}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
