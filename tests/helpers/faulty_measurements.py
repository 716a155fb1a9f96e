"""A measurement that goes wrong in the way that the folder of results is called."""

from __future__ import annotations

import os
import time


def measure(session):
    """Go as the name of `session.out` says, between two entries."""
    yield {"kind": "first", "status": "ok"}
    {"raises": _raise, "hangs": _hang, "dies": _die, "partial": _nothing, "good": _nothing}[session.out.name]()
    yield {"kind": "second", "status": "partial" if session.out.name == "partial" else "ok"}


def _raise():
    raise RuntimeError("the kernel misbehaved")


def _hang():
    while True:
        time.sleep(60)


def _die():
    os.abort()


def _nothing():
    """Go on."""
