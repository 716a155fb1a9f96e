"""Ctrl-C, SIGTERM and SIGHUP end a command with a sentence, from its first imports on.

A command imports for up to seconds before it can handle anything, and an interrupt then is a traceback of whatever was
imported, or nothing at all.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any, NoReturn

INTERRUPTED = 130
"""Exit status after an interrupt, as shells have it."""

SENTENCE = "Interrupted; the same command starts again.\n"

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_in_a_sentence() -> None:
    """Set this process's signals, and what it prints of an interrupt that nobody catches; a nohup is respected."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt_or_end)
    sys.excepthook = _print_unless_interrupted


@contextlib.contextmanager
def raised() -> Iterator[None]:
    """Have these signals raise KeyboardInterrupt, for callers that catch it."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    before = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


def _interrupt_or_end(*_: Any) -> None:
    """End the process while its command is imported: nothing has begun, and an import may swallow an exception."""
    if hasattr(sys.modules["__main__"], "main"):
        raise KeyboardInterrupt
    os.write(2, SENTENCE.encode())
    os._exit(INTERRUPTED)


def _print_unless_interrupted(
    kind: type[BaseException], problem: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write(SENTENCE)
    else:
        sys.__excepthook__(kind, problem, traceback)
