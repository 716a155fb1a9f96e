"""Folders of results: somebody's own runs, and the project's published experiments, one folder each."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from methods.base import InputError

LOCAL = Path("reports") / "local"
"""Folder that this machine's results go to by default, below the one that a command is run in; git ignores it."""

REPORTS = Path(__file__).resolve().parents[2] / "reports"
"""The project's own folder of reports."""

PUBLISHED = REPORTS / "published"
"""Its folder of committed records."""

COMPARISON = "comparison"
"""Its folder of the experiment that compares all methods; the others are named in benchmarks/experiments."""


def result_folder(text: str) -> Path:
    """Return the folder that a command line names for results.

    Raises
    ------
    argparse.ArgumentTypeError
        Where it is the root of the file system, over which folders of runs, fits and figures would be scattered.
    """
    path = Path(text)
    if path.resolve() == Path(path.resolve().anchor):
        raise argparse.ArgumentTypeError(f"{text} is the root of the file system; give a folder for the results alone")
    return path


def check_writable(folder: Path) -> None:
    """Raise InputError where nothing can be written below `folder`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0")
    except OSError as problem:
        raise InputError(
            f"Nothing can be written to --out {folder}: {problem.strerror}; give another folder."
        ) from problem


def published_folders() -> list[Path]:
    """List the folders of the published experiments; none where the project is installed without its reports."""
    return sorted(path for path in PUBLISHED.glob("*") if path.is_dir())


def is_published(out: Path) -> bool:
    """Tell whether a folder is one of the project's published experiments."""
    return out.resolve().parent == PUBLISHED
