"""A training step on a mixed derivative, and a corner sum, by each contender of `deep_contenders` on the device.

On a GPU "this" is Triton's kernels and "recursion" plain torch, float32 with TF32 off, at the batches of the papers.
"this, captured" is the step of "this" as a CUDA graph, whose launches cost the host nothing: what graphs could gain.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.gpu_measurements.session import Entry, Session, tried
from benchmarks.regressions.deep_contenders import CORNERS, STEPS, Contender, Shape, Step
from benchmarks.running import stopwatch

SHAPES = {
    "cpu": (Shape(3, 4, 100, 64), Shape(4, 3, 30, 16)),
    "gpu": (Shape(3, 4, 100, 100_000), Shape(6, 4, 30, 20_000), Shape(3, 3, 130, 30_000)),
}
"""JHEP's I1 and I2, and the thesis's row 4; on a CPU with few points, to try the command out."""

CORNER_BATCHES = {"cpu": (64, 1), "gpu": (27_000, 1)}

LONGEST_TIMED_S, TIMED_SHARE = 0.3, 0.004
"""Seconds of calls per contender, at most, and as a share of the session's: there are some fifty contenders."""


def measure(session: Session) -> Iterator[Entry]:
    """Yield an entry per shape and contender; those that compile for long come last."""
    import torch

    warnings.simplefilter("ignore")  # torch.func.jvp uses what torch deprecates
    torch.set_float32_matmul_precision("highest")
    clock, kind = session.clock(), "cpu" if session.device == "cpu" else "gpu"
    steps: dict[str, Contender] = dict(STEPS)
    if session.device.startswith("cuda"):
        steps["this, captured"] = captured
    quick = sorted((name for name in steps if not name.startswith("compiled")), key=lambda name: name != "products")
    slow = [name for name in steps if name.startswith("compiled")]
    for names, corners in ((quick, True), (slow, False)):
        for shape in SHAPES[kind]:
            for name in names:
                yield tried(_entry("step", name, shape), _timing(steps[name], shape, session), clock)
            if not corners:
                continue
            for batch in CORNER_BATCHES[kind]:
                there = shape._replace(batch=batch)
                for name, make in CORNERS.items():
                    yield tried(_entry("corners", name, there), _timing(make, there, session), clock)


def captured(shape: Shape, device: str) -> Step:
    """Capture the step of "this" in a CUDA graph, after a few steps that load what it needs."""
    import torch

    step, stream, graph = STEPS["this"](shape, device), torch.cuda.Stream(), torch.cuda.CUDAGraph()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def _entry(kind: str, contender: str, shape: Shape) -> Entry:
    return {"kind": kind, "contender": contender, **shape._asdict()}


def _timing(make: Contender, shape: Shape, session: Session) -> Callable[[], dict[str, Any]]:
    device, timed_s = session.device, min(LONGEST_TIMED_S, TIMED_SHARE * session.seconds)

    def timing() -> dict[str, Any]:
        import torch

        on_cuda = device.startswith("cuda")
        if on_cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
            before = torch.cuda.memory_allocated(device)
        step = make(shape, device)
        first_s = stopwatch.call_seconds(step, device=device, timed_s=0.0, warm_up_s=0.0)[0]
        seconds = stopwatch.call_seconds(step, device=device, timed_s=timed_s)
        p10, median, p90 = (float(q) for q in np.quantile(seconds, [0.1, 0.5, 0.9]))
        peak = (torch.cuda.max_memory_allocated(device) - before) / 2**20 if on_cuda else None
        return {"s": median, "p10": p10, "p90": p90, "first_s": first_s, "peak_mem_mb": peak}

    return timing
