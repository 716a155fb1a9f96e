"""The comment in an exported file: its method, integral, box, measured digits, version and commit."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from methods.base import Method, ParametricIntegral


class Description(NamedTuple):
    """The facts that stand in every exported file."""

    method: str
    version: int
    commit: str
    integral: str
    fingerprint: str
    parameters: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    is_complex: bool
    digits: str
    """Digits measured, in words."""

    def lines(self) -> list[str]:
        """Say it in lines of text, for a comment."""
        kind = "complex " if self.is_complex else ""
        box = [
            f"    {name} in [{low!r}, {high!r}]"
            for name, low, high in zip(self.parameters, self.low, self.high, strict=True)
        ]
        return [
            f"The {kind}integral {self.integral} [{self.fingerprint}] by {self.method}, version {self.version}.",
            *("for s = (" + ", ".join(self.parameters) + ") in the box", *box),
            f"Digits: {self.digits}.",
            f"Written by Loopmark, {self.commit}.",
        ]


def describe(method: Method) -> Description:
    """Describe a fitted method."""
    fitted: Any = method
    integral: ParametricIntegral = fitted.integral_
    return Description(
        method.name, method.version, _commit(), integral.name, integral.fingerprint(), integral.parameters,
        integral.low, integral.high, integral.is_complex, _digits(method.measured_, integral.fingerprint()),
    )  # fmt: skip


def _digits(measured: dict[str, Any] | None, fingerprint: str) -> str:
    """Say what was measured on the integral of this fingerprint."""
    if not measured or measured["integral"] != fingerprint:
        return "not measured"
    return f"{measured['mean']:.1f} on average, {measured['worst']:.1f} at worst of {measured['points']} points"


def _commit() -> str:
    """Name the commit of this code; "commit unknown" outside a repository."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return "commit unknown"
    return f"commit {found.stdout.strip()}" if found.returncode == 0 else "commit unknown"
