"""Whether the locks of `benchmarks.running.machine_lock` are free."""

from __future__ import annotations

from typing import NoReturn

from benchmarks.running import machine_lock


class Waits(Exception):
    """Raised where a lock is not free; says who has it."""


def give_up(sentence: str) -> NoReturn:
    """Wait no longer, as what is told that it has to wait."""
    raise Waits(sentence)


def is_shared() -> bool:
    """Tell whether anybody shares the machine now, times on it or waits to; this process counts too."""
    try:
        with machine_lock.alone(give_up):
            return False
    except Waits:
        return True
