"""The comment in an exported file: its method, integral, box, measured digits, version and commit."""

from __future__ import annotations

import importlib.metadata
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from methods.base import Method, ParametricIntegral
from methods.core.digits import rounded_down

WRITTEN_BY = "Written by Loopmark"
"""Words that every exported file has in it, by which the command knows its own files."""


class Description(NamedTuple):
    """The facts that stand in every exported file."""

    method: str
    version: int
    code: str
    """Commit or version of the code that writes, in words."""
    integral: str
    fingerprint: str
    parameters: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    is_complex: bool
    digits: str
    """Digits measured, in words."""

    def lines(self) -> list[str]:
        """List the lines of the comment that stands in an exported file."""
        kind = "complex " if self.is_complex else ""
        box = [
            f"    {name} in [{low!r}, {high!r}]"
            for name, low, high in zip(self.parameters, self.low, self.high, strict=True)
        ]
        return [
            f"The {kind}integral {self.integral} [{self.fingerprint}] by {self.method}, version {self.version}.",
            *("for s = (" + ", ".join(self.parameters) + ") in the box", *box),
            f"Digits: {self.digits}.",
            f"{WRITTEN_BY}, {self.code}.",
        ]


def describe(method: Method) -> Description:
    """Describe a fitted method."""
    fitted: Any = method
    integral: ParametricIntegral = fitted.integral_
    return Description(
        method.name, method.version, code_version(Path(__file__)), integral.name, integral.fingerprint(),
        integral.parameters, integral.low, integral.high, integral.is_complex,
        _digits(method.measured_, integral.fingerprint()),
    )  # fmt: skip


def _digits(measured: dict[str, Any] | None, fingerprint: str) -> str:
    """Say what was measured on the integral of this fingerprint."""
    if not measured or measured["integral"] != fingerprint:
        return "not measured"
    mean, worst = rounded_down(measured["mean"]), rounded_down(measured["worst"])
    judge = f", judged by {measured['judge']}" if "judge" in measured else ""
    had_a_part = "" if measured.get("independent", True) else ", which had a part in it"
    return f"{mean} on average, {worst} at worst of {measured['points']} points{judge}{had_a_part}"


def code_version(file: Path) -> str:
    """Name the commit of a file of this code, or the version of the distribution where it is installed without one.

    A repository counts only where it is that of this code: its root holds the folder `methods`, and the file is in it.
    """
    folder = file.resolve().parent
    root = _git(folder, "rev-parse", "--show-toplevel")
    is_ours = root is not None and (Path(root) / "methods").resolve() in folder.parents
    commit = _git(folder, "rev-parse", "--short", "HEAD")
    if not is_ours or commit is None or _git(folder, "ls-files", "--error-unmatch", file.name) is None:
        try:
            return f"version {importlib.metadata.version('loopmark')}"
        except importlib.metadata.PackageNotFoundError:
            return "version unknown"
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ":/methods")
    return f"commit {commit}" + (" with changes" if changed else "")


def _git(folder: Path, *arguments: str) -> str | None:
    """Return the output of a git command in a folder; None where it fails, or there is no git."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()
