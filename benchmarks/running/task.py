"""The order for a run, and the place where what it fitted is timed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

import references


class Place(NamedTuple):
    """Place at which a method is timed: a device as torch names it, and CPU threads."""

    device: str
    threads: int


@dataclasses.dataclass(frozen=True)
class Task:
    """Order for a run, in plain values, since it travels to another process."""

    integral: str
    method: str
    fields: dict[str, Any]
    budget_s: float
    truth: references.Truth
    raw: Path
    """File for the values at each point."""
    model: Path
    """File for the fitted method."""
    batches: tuple[int, ...]
    timed_s: float
    diagnostics: bool = False
    """Whether to ask the method how its training stands, where it can tell."""
