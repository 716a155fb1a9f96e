"""What must hold at the command lines: wrong arguments end a command with status 2 and a sentence, and write nothing.

`WRONG` has, for each command, arguments that are right where they stand and an option whose value is not: the value is
a word that begins with "q" and is no number, no choice, no name and no file.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.faults import entries

ACCURACY = ("preset", "integral", "method", "budget", "repeats", "seed", "device", "jobs", "points")

WRONG: dict[str, tuple[tuple[str, ...], ...]] = {
    "benchmarks.accuracy": (
        *(("--integral", "bubble", f"--{name}") for name in ACCURACY),
        *(("--dry-run", "--integral"), ("--dry-run", "--method"), ()),
    ),
    "benchmarks.call_memory": (("--method",), ("--seconds",), ()),
    "benchmarks.choose": tuple(
        ("--integral", "bubble", "--digits", "3", "--count", "10", option)
        for option in ("--integral", "--digits", "--count", "--budget", "--q")
    ),
    "benchmarks.choosing.agreement": (
        *((option,) for option in ("--integral", "--digits", "--count", "--budget", "--jobs")),
        (),
    ),
    "benchmarks.choosing.agreement_table": ((),),
    "benchmarks.cluster_load": (("--kills",), ()),
    "benchmarks.conformance": ((), ("gauss_legendre", "--budget"), ("gauss_legendre", "--integral")),
    "benchmarks.corrections": ((), ("HEAD",)),
    "benchmarks.experiments.curve_pilot": ((), ("--integral",), ("--integral", "bubble", "--knob")),
    "benchmarks.export_speed": (("--integral",), ("--method",), ("--model",)),
    "benchmarks.gate": (("HEAD", "--factor"), ()),
    "benchmarks.gpu": (("--device",), ("--seconds",), ("--part",), ("--device", "cpu", "--carried"), ("--method",)),
    "benchmarks.hardware": (("--device",), ("--jobs",), ()),
    "benchmarks.mixed_speed": (("--rounds",), ("--threads",), ("--busy",), ("--shape",), ()),
    "benchmarks.report": (("--out",), ()),
    "benchmarks.results": (("--experiment",), ("--jobs",), ()),
    "benchmarks.run_overhead": (("--runs",), ("--integral",), ()),
    "benchmarks.survive": (("--kills",), ("--fuzz",), ("--seed",), ()),
    "benchmarks.versions": (("--method",), ("--check", "--method"), ()),
    "benchmarks.regressions.many_records": (("folder",),),
    "methods.__main__": ((),),
    "methods.export.__main__": (("model", "--to"),),
    "references.__main__": ((),),
    "references.from_loop": ((), ("--face-free",)),
    "references.tabulate": (("--integral",), ("--jobs",), ()),
}
"""Module of a command -> arguments after which a wrong word makes the command line wrong."""


def wrong(module: str, arguments: Sequence[str]) -> str | None:
    """Run a command with wrong arguments in an empty folder; return what it did but say so and end with status 2."""

    def call() -> str | None:
        main = importlib.import_module(module).main
        said, out = io.StringIO(), io.StringIO()
        with _empty_folder() as folder, contextlib.redirect_stderr(said), contextlib.redirect_stdout(out):
            try:
                status = main(list(arguments))
            except SystemExit as ended:
                status = ended.code
            files = [path.name for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
        if status != 2:
            return f"exit status {status}"
        if files:
            return f"it wrote {', '.join(files)}"
        text = said.getvalue().strip()
        return None if text and "Traceback" not in text else "it says nothing, or too much"

    return entries.problem_of(call)


@contextlib.contextmanager
def _empty_folder() -> Iterator[Path]:
    """Make an empty folder the current one."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="survive-") as name:
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(before)
