"""List the registered integrals, or say all that is known of some of them.

python -m references                   one line for each, as wide as the terminal, or 120 columns in a pipe
python -m references box1l box2l       box, source, and how well the true values of these are known
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import references
from methods.base import ParametricIntegral
from methods.core import listing_command, text_table
from methods.core.listing_command import Listing
from references.integrals import catalogue
from references.sectors import positivity
from references.values import truth_files

HEADER = ("integral", "k", "m", "use", "difficulty", "error", "checked by", "why")

COLUMNS = """use: held-out where no default of a method may be chosen by looking at values
difficulty: how many nodes a tensor rule takes
error: largest relative one of the values"""

USES = {
    catalogue.DEVELOPMENT: "defaults of methods may have been tuned on it",
    catalogue.HELD_OUT: "no default of a method may be chosen by looking at its values",
}
"""What each use in the catalogue means."""

SIGNS = {
    positivity.BY_FORM: "positive by its form",
    "by completing the square": "positive, by completing the square",
    positivity.TESTED: "positive at all tested points",
    positivity.NEGATIVE: "negative",
    positivity.CHANGES: "changes, so that F − i0 is meant",
    "has no F": "there is no F",
}
"""What the catalogue says of F, or of one sector's -> the same after "sign of F"."""


NOT_STORED = {"true values": "none are stored; a comparison makes them, and says where it cannot"}
"""Says that no true values are stored, as of an integral of one's own."""


def table(width: int) -> str:
    """Return one line per registered integral, each of at most `width` characters."""
    rows = [HEADER, *(_row(name, entry) for name, entry in catalogue.ENTRIES.items())]
    return text_table.table(rows, width)


def details(name: str, width: int) -> str:
    """Return all that is known of an integral, in lines of at most `width` characters.

    Raises
    ------
    InputError
        For an unknown name.
    """
    integral, entry = references.integral(name), catalogue.find(name)
    facts = {"dimensions": f"k = {integral.k} Feynman parameters, m = {integral.m} kinematic invariants"}
    facts["box"] = _box(integral)
    facts["source"] = integral.source or "not given"
    if entry:
        facts["difficulty"] = f"{entry.difficulty}: {entry.why}"
        facts["sign of F"] = "; ".join(SIGNS.get(sign, sign) for sign in entry.positive.split("; "))
        facts["use"] = f"{entry.use}: {USES[entry.use]}"
    facts |= _of_stored_values(integral, entry is not None)
    lines = [textwrap.wrap(f"{fact}: {text}", width, subsequent_indent="    ") for fact, text in facts.items()]
    return "\n".join([name, *(line for part in lines for line in part)])


def _row(name: str, entry: catalogue.Entry) -> tuple[str, ...]:
    integral = references.integral(name)
    table = truth_files.read_or_none(_path(integral), integral)
    error = f"{table.header['largest_relative_error']:.0e}" if table else "none"
    checks = ", ".join(table.header.get("opinions", {})) if table else ""
    return (name, str(integral.k), str(integral.m), entry.use, entry.difficulty, error, checks, entry.why)


def _path(integral: ParametricIntegral) -> Path:
    """Return where the true values of an integral are, if there are any."""
    return truth_files.folder() / f"{integral.name}.csv"


def _of_stored_values(integral: ParametricIntegral, is_registered: bool) -> dict[str, str]:
    """Say how many true values are stored and how well they are known, or why there are none.

    An integral of one's own may bear the name of a registered one, whose values are not its own.
    """
    path = _path(integral)
    if not path.exists():
        return NOT_STORED
    try:
        table = truth_files.read(path, integral)
    except truth_files.TruthError as problem:
        return {"true values": str(problem)} if is_registered else NOT_STORED
    plan = table.header["plan"]
    facts = {"true values": f"{plan['n']} uniform points and {plan['edge_points']} at the border of the box"}
    facts["largest relative error"] = _largest_errors(table)
    for other, said in table.header.get("opinions", {}).items():
        difference = f"{said['largest_relative_difference']:.0e}"
        facts[f"checked by {other}"] = f"at {said['points']} points, largest relative difference {difference}"
    return facts


def _largest_errors(table: truth_files.Table) -> str:
    """Write the largest relative error of all values, and of those that the plan wants to be known better."""
    largest = f"{table.header['largest_relative_error']:.0e}"
    if not (precise := table.header["plan"].get("precise")):
        return largest
    n = precise[0]
    error = table.truth.error[:n] / abs(table.truth.value[:n])
    return f"{largest}; at the first {n} points {error.max():.0e}"


def _box(integral: ParametricIntegral) -> str:
    """Write the box, each range once."""
    ranges: dict[tuple[float, float], list[str]] = {}
    for name, low, high in zip(integral.parameters, integral.low, integral.high, strict=True):
        ranges.setdefault((low, high), []).append(name)
    text = ", ".join(f"{' '.join(names)} in [{low:g}, {high:g}]" for (low, high), names in ranges.items())
    return text if integral.draw == "uniform" else f"{text}, {integral.draw}"


LISTING = Listing(
    program="python -m references",
    documentation=f"{__doc__}\n{COLUMNS}",
    names="a name of the table, or module:attribute",
    table=table,
    details=details,
)


def main(arguments: list[str] | None = None) -> int:
    """Print the table or the details; return the exit status."""
    return listing_command.run(LISTING, arguments)


if __name__ == "__main__":
    sys.exit(main())
