"""A session of measurements for a GPU on the CPU, and the results that it writes."""

from __future__ import annotations

import json

from benchmarks.gpu_measurements.session import Session


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def session(out, seconds=60.0, carried=None):
    out.mkdir(parents=True, exist_ok=True)
    return Session("cpu", seconds, out, out, carried)
