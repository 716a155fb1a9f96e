"""Evaluations that no wrapper of an integrand sees: those of its formula, compiled together with nodes that move."""

from __future__ import annotations

import contextvars
from collections.abc import Callable

COUNT: contextvars.ContextVar[Callable[[int], None]] = contextvars.ContextVar("COUNT", default=lambda n: None)
"""Called with numbers of evaluations of single terms: set it to count them."""


def note(n: int) -> None:
    """Count n evaluations of a single term."""
    COUNT.get()(n)
