"""Measurements that go wrong, each in its way, as modules of their own: `module` makes one of a function below."""

from __future__ import annotations

import os
import time


def measure(session):
    """What `session.out` is called decides how it goes."""
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
