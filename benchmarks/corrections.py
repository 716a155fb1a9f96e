"""Which published numbers changed since a commit, and why: text for the Corrections of CHANGELOG.md.

    python -m benchmarks.corrections main         the records in reports/published against those of main
    python -m benchmarks.corrections HEAD~3

It prints Markdown: a line for each experiment, integral and method of which mean digits, those of the worst point, the
time per integral or the preparation changed beyond their scatter (`benchmarks/records/changes.py` says by how much), or
the status, with the setting that changed most, and what differs between the records: a version, an equation, true
values, or nothing, where the same was measured again. Other figures are not compared. Nothing is written. Exit status:
0, or 2 for wrong arguments.
"""

from __future__ import annotations

import argparse
import io
import itertools
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.experiments.all_configurations import number
from benchmarks.records import run_records
from benchmarks.records.changes import Change, Comparison, compare, factor
from benchmarks.records.folders import PUBLISHED, REPORTS
from methods.base import InputError

FOLDER = PUBLISHED.relative_to(REPORTS.parent).as_posix()
"""The folder of published records, from the root of the project."""


def text(commit: str) -> str:
    """Write what changed since a commit as Markdown.

    Raises
    ------
    InputError
        Where there is no such commit, or it has no published records.
    """
    with tempfile.TemporaryDirectory() as folder:
        _check_out(commit, Path(folder))
        old = Path(folder) / FOLDER
        names = sorted({path.parent.name for root in (old, PUBLISHED) for path in root.glob("*/runs")})
        sets = ((name, *(_records(root / name) for root in (old, PUBLISHED))) for name in names)
        parts = [_section(name, compare(before, after)) for name, before, after in sets]
    unchanged = (
        f"Since {commit} no published mean digits, digits of the worst point, times per integral, preparations or "
        "statuses changed beyond their scatter."
    )
    return "\n\n".join(filter(None, parts)) or unchanged


def _records(folder: Path) -> list[run_records.Record]:
    """Read the records of an experiment, and name on stderr what cannot be believed."""
    found, damaged = run_records.read_all(folder)
    for path, problem in damaged.items():
        print(f"note: {path} is left out: {problem}.", file=sys.stderr)
    return found


def _check_out(commit: str, folder: Path) -> None:
    """Unpack the published records of a commit below the folder."""
    git = ["git", "-C", str(REPORTS.parent)]
    known = subprocess.run([*git, "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"], capture_output=True)
    if known.returncode:
        raise InputError(f"There is no commit {commit!r}; give a hash, a branch or a tag.")
    packed = subprocess.run([*git, "archive", known.stdout.decode().strip(), FOLDER], capture_output=True)
    if packed.returncode:
        raise InputError(f"Commit {commit!r} has no records in {FOLDER}; give a later one.")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python before 3.11.4 has none
        archive.extractall(folder)


def _section(name: str, found: Comparison) -> str:
    """Write the lines of an experiment; "" where nothing changed."""
    changed = [change for change in found.changes if change.is_any]
    lines = []
    for (integral, method), group in itertools.groupby(changed, key=lambda change: (change.integral, change.method)):
        changes = list(group)
        n_again = sum((c.integral, c.method) == (integral, method) for c in found.changes)
        lines.append(
            f"- `{integral}`, `{method}`{_why(changes)}: {_figures(changes)}; {len(changes)} of {n_again} settings."
        )
    if not (lines or found.n_gone or found.n_new):
        return ""
    counts = (
        f"`{name}`: {len(changed)} of {len(found.changes)} configurations that were run again have other figures; "
        f"{found.n_gone} are no longer published, {found.n_new} are new."
    )
    return "\n".join([f"**{counts}**", *([""] if lines else []), *lines])


def _why(changes: Sequence[Change]) -> str:
    reasons = dict.fromkeys(reason for change in changes for reason in change.reasons)
    return f" ({', '.join(reasons) or 'measured again'})"


def _figures(changes: Sequence[Change]) -> str:
    """Name the largest change of each figure, with its setting, and every change of the status."""
    said = []
    for unit, digits in (
        ("digits", [(c.digits, c.setting) for c in changes if c.digits]),
        ("digits at the worst point", [(c.worst, c.setting) for c in changes if c.worst]),
    ):
        if digits:
            (before, after), setting = max(digits, key=lambda each: abs(each[0][1] - each[0][0]))
            said.append(f"{before:.1f} {unit}, now {after:.1f} ({setting})")
    for unit, times in (
        ("µs", [(c.microseconds, c.setting) for c in changes if c.microseconds]),
        ("s of preparation", [(c.preparation_s, c.setting) for c in changes if c.preparation_s]),
    ):
        if times:
            (before, after), setting = max(times, key=lambda each: factor(each[0]))
            said.append(f"{number(before)} {unit}, now {number(after)} ({setting})")
    said += [f"{c.status[0]}, now {c.status[1]} ({c.setting})" for c in changes if c.status]
    return "; ".join(said)


def main(arguments: list[str] | None = None) -> int:
    """Print what changed; return the exit status."""
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.corrections",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("commit", metavar="COMMIT", help="a hash, a branch or a tag to compare with")
    try:
        print(text(command.parse_args(arguments).commit))
    except InputError as wrong:
        print(f"error: {wrong}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
