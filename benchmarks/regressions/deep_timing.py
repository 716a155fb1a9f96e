"""Seconds and memory of one contender of `deep_contenders`, alone and beside busy processes: for a process of its own.

for result in timings("step", "this", shape, threads=2, busy=(0, 1), seconds=0.5): ...
"""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence

from benchmarks.regressions.deep_contenders import CORNERS, STEPS, Shape


def timings(
    kind: str, name: str, shape: Sequence[int], threads: int, busy: Sequence[int], seconds: float, compiled: str
) -> Iterator[dict[str, float]]:
    """Time a contender beside each of the numbers `busy` of processes that never rest.

    Parameters
    ----------
    kind, name : str
        "step" or "corners", and one of its contenders.
    shape : sequence of int
        As `Shape` has them.
    threads : int
        Of torch.
    busy : sequence of int
        Numbers of busy processes, one after the other.
    seconds : float
        Steps are repeated for that long, and at least once.
    compiled : str
        Folder in which torch.compile finds what it compiled earlier.

    Yields
    ------
    dict
        Median seconds of a step (``s``) and of the first one, with all that is compiled for it (``first_s``); MB that
        steps so far added to the process's peak memory (``peak_mem_mb``).
    """
    # One thread compiles: a pool of them would live on beside what is timed.
    os.environ |= {"TORCHINDUCTOR_CACHE_DIR": compiled, "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    import torch

    warnings.simplefilter("ignore")  # torch.func.jvp uses what torch deprecates
    torch.set_num_threads(threads)
    (torch.rand(64, 64) @ torch.rand(64, 64)).tanh_()
    step = {"step": STEPS, "corners": CORNERS}[kind][name](Shape(*shape))
    before, start = _peak_bytes(), time.perf_counter()
    step()
    first_s = time.perf_counter() - start
    for number in busy:
        with _busy_processes(number):
            taken: list[float] = []
            while not taken or sum(taken) < seconds:
                start = time.perf_counter()
                step()
                taken.append(time.perf_counter() - start)
        peak_mem_mb = (_peak_bytes() - before) / 2**20
        yield {"s": statistics.median(taken), "first_s": first_s, "peak_mem_mb": peak_mem_mb}


@contextlib.contextmanager
def _busy_processes(number: int) -> Iterator[None]:
    processes = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(number)]
    try:
        time.sleep(0.1 * number)  # until they are up
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
