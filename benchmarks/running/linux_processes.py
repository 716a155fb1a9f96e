"""Asks Linux, by prctl, that a process ends with its parent, or becomes the parent of processes left without one."""

from __future__ import annotations

import ctypes
import sys

SET_PARENT_DEATH_SIGNAL, SET_CHILD_SUBREAPER = 1, 36
"""Operations of prctl."""


def prctl(option: int, value: int) -> None:
    """Ask Linux for something about this process; other systems cannot do what is asked for here."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
