"""Random inputs for the entries, counted: so many tried, and a sentence for each that did not hold."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import methods
import references
from benchmarks.faults import command_lines, entries, random_inputs
from benchmarks.records import folders, run_records
from references.integrals import catalogue
from references.values import truth_files


class Row(NamedTuple):
    """A row of the table of faults."""

    fault: str
    tried: int
    lost: list[str]
    """A sentence for each that was not survived."""

    @property
    def survived(self) -> int:
        """Return how many were survived."""
        return self.tried - len(self.lost)


MOST_COMMAND_LINES = 200
"""Wrong command lines that are tried at most: each takes up to a second."""

RECORDS = "one bit of a record"

LOOP = "triangle2l.toml"
"""A loop integral of the catalogue, whose words are changed."""


def counted(fault: str, n: int, draw: Callable[[], Any], problem: Callable[[Any], str | None]) -> Row:
    """Try n inputs; `problem` says what is wrong with one, and the row repeats it with the input."""
    lost = []
    for _ in range(n):
        given = draw()
        if told := problem(given):
            lost.append(f"{fault}: {str(given)[:100]!r}: {told}"[:300])
    return Row(fault, n, lost)


def random_formulas(n: int, rng: random.Random) -> Row:
    """Read n formulas of random characters, and evaluate those that have a meaning."""
    return counted("random formulas", n, lambda: random_inputs.text(rng), entries.formula)


def random_points(n: int, rng: random.Random) -> Row:
    """Integrate at n arrays of points of strange shapes, kinds and values."""
    integral = references.integral("box1l")
    method, good = methods.create("gauss_legendre", order=4).fit(integral), integral.sample(4, seed=1)
    return counted("strange points", n, lambda: random_inputs.points(rng, good), lambda s: entries.points(method, s))


def random_specs(n: int, rng: random.Random) -> Row:
    """Make n methods of which a field has a random value."""
    return counted("random values of a field", n, lambda: random_inputs.spec(rng), entries.spec)


def changed_loop_files(n: int, rng: random.Random) -> Row:
    """Read n loop integrals of which a word is another one."""
    lines = (catalogue.FOLDER / LOOP).read_text(encoding="utf-8").splitlines()

    def draw() -> bytes:
        return random_inputs.changed_words(rng, lines)

    return _of_files("a word of a TOML file", n, LOOP, draw, entries.loop_file)


def damaged_sectors(n: int, rng: random.Random) -> Row:
    """Read n files of sectors of which one bit is another one."""
    path = catalogue.FOLDER / "box1l.json"
    content = path.read_bytes()
    return _of_files(
        "one bit of a file of sectors", n, path.name, lambda: random_inputs.one_bit(rng, content), entries.sector_file
    )


def damaged_records(n: int, rng: random.Random) -> Row:
    """Read n records of which one bit is another one; none where the project is installed without its records."""
    published = sorted(folders.PUBLISHED.glob("*/runs/*.json"))
    record = run_records.read(published[0]) if published else None
    if record is None:
        return Row(RECORDS, 0, [])
    with tempfile.TemporaryDirectory(prefix="survive-") as folder:
        path = run_records.write(Path(folder), record)  # as a suite writes it, in the present schema
        content, expected = path.read_bytes(), run_records.read(path)

    def problem(damaged: Path) -> str | None:
        return entries.record_file(damaged, expected)

    return _of_files(RECORDS, n, path.name, lambda: random_inputs.one_bit(rng, content), problem)


def damaged_models(n: int, rng: random.Random) -> Row:
    """Load n saved methods of which one bit is another one."""
    integral = references.integral("bubble")
    method, s = methods.create("gauss_legendre", order=4).fit(integral), integral.sample(8, seed=1)
    with tempfile.TemporaryDirectory(prefix="survive-") as folder:
        method.save(Path(folder) / "model")
        content, expected = (Path(folder) / "model").read_bytes(), method.integrate(s).value

    def problem(damaged: Path) -> str | None:
        return entries.model_file(damaged, integral, s, expected)

    return _of_files("one bit of a model", n, "model", lambda: random_inputs.one_bit(rng, content), problem)


def damaged_truth(n: int, rng: random.Random) -> Row:
    """Read n tables of true values of which one bit is another one."""
    integral, path = references.integral("bubble"), truth_files.folder() / "bubble.csv"
    content, expected = path.read_bytes(), truth_files.read(path, integral)

    def problem(damaged: Path) -> str | None:
        return entries.truth_table(damaged, integral, expected)

    return _of_files("one bit of true values", n, path.name, lambda: random_inputs.one_bit(rng, content), problem)


def wrong_command_lines(n: int, rng: random.Random) -> Row:
    """Run n commands, or as many as are tried at most, with a wrong word in their arguments."""

    def draw() -> tuple[str, list[str]]:
        module = rng.choice(sorted(command_lines.WRONG))
        return module, [*rng.choice(command_lines.WRONG[module]), f"q{random_inputs.text(rng, 8)}"]

    return counted("wrong command lines", min(n, MOST_COMMAND_LINES), draw, lambda line: command_lines.wrong(*line))


def _of_files(
    fault: str, n: int, name: str, draw: Callable[[], bytes], problem: Callable[[Path], str | None]
) -> Row:  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="survive-") as folder:
        path = Path(folder) / name

        def problem_of_content(content: bytes) -> str | None:
            path.write_bytes(content)
            return problem(path)

        return counted(fault, n, draw, problem_of_content)


ROWS = (
    damaged_records, damaged_models, random_formulas, random_points, random_specs, changed_loop_files, damaged_sectors,
    damaged_truth, wrong_command_lines,
)  # fmt: skip
"""Functions of a number of inputs and a generator."""
