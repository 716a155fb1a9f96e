"""The comment in an exported file: its method, integral, box, measured digits, version and commit."""

from __future__ import annotations

import math
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
    mean, worst = rounded_down(measured["mean"]), rounded_down(measured["worst"])
    judge = f", judged by {measured['judge']}" if "judge" in measured else ""
    had_a_part = "" if measured.get("independent", True) else ", which had a part in it"
    return f"{mean} on average, {worst} at worst of {measured['points']} points{judge}{had_a_part}"


def rounded_down(digits: float) -> str:
    """Write a number of digits with one decimal, such that "6.0" is never less than six."""
    return f"{math.floor(10 * digits) / 10:.1f}"


def _commit() -> str:
    """Name the commit of this code; "commit unknown" outside a repository."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return "commit unknown"
    return f"commit {found.stdout.strip()}" if found.returncode == 0 else "commit unknown"
