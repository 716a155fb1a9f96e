"""Functions that go wrong, or do odd things, in a process of their own; tests hand them to `isolated`."""

from __future__ import annotations

import ctypes
import errno
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.running import isolated

MIB = 2**20


class Bomb:
    """Writes a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


class BombText(str):
    """A text that writes a file where it is unpickled."""

    def __reduce__(self):
        return Path.touch, (Path(str.__str__(self)),)


class Unpicklable:
    def __reduce__(self):
        raise RuntimeError("not to be sent")


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Subclassed(np.ndarray):
    pass


def returned(value):
    return value


def bomb_text(path):
    return {"details": BombText(path)}


def unsendable(name):
    circle: list = []
    circle.append(circle)
    deep: list = []
    for _ in range(10**5):
        deep = [deep]
    return {
        "nan": {"a": [1.0, float("nan")]},
        "inf": -float("inf"),
        "float64": np.float64("nan"),
        "set": {"a": {1, 2}},
        "object": Unpicklable(),
        "bomb": Bomb("never"),
        "objects": np.array([Unpicklable()]),
        "texts": np.array(["a"]),
        "int64": np.int64(3),
        "key": {1: 2},
        "array key": {"__array__": 1},
        "subclass": np.zeros(3).view(Subclassed),
        "masked": np.ma.masked_array([1.0, 2.0], [True, False]),
        "circle": circle,
        "deep": deep,
        "large": np.zeros(40 * 10**6),
    }[name]


def many_numbers():
    return np.ones(15 * 10**6)


def raised(name):
    raise {
        "speechless": Speechless(),
        "long": RuntimeError("half a \ud800 character,\x00\x1b a line\nand more " + "x" * 30 * 10**6),
        "exit": SystemExit(3),
        "interrupt": KeyboardInterrupt(),
        "memory": MemoryError("Unable to allocate 1. PiB"),
        "torch": RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 1 PiB"),
        "infrastructure": isolated.Infrastructure("no cache folder"),
        "full disk": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        "quota": OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
        "open files": OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
        "no file": FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)),
    }[name]


def full_disk_of_the_harness():
    try:
        Path("/dev/full").write_text("a record")
    except OSError as problem:
        raise isolated.Infrastructure(f"The points could not be written: {problem}") from problem


def died(number):
    print("last words", flush=True)
    os.kill(os.getpid(), number)


def left(code):
    os._exit(code)


def daemonised(pid_file, then):
    """Leave a grandchild with a session of its own that keeps the output open; return, die or hold the interpreter."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            _write(pid_file, os.getpid())
            time.sleep(600)
        os._exit(0)
    while not Path(pid_file).exists():
        time.sleep(0.01)
    if then == "die":
        os.abort()
    if then == "hold the interpreter":
        _write(f"{pid_file}.worker", os.getpid())
        ctypes.PyDLL(None).sleep(600)
    return "done"


def daemonises_then_sleeps(pid_file):
    yield daemonised(pid_file, "return")
    time.sleep(600)


def speaks_then_sleeps():
    yield print("last words")
    time.sleep(600)


def with_workers_of_its_own(pid_file, start_method):
    process = multiprocessing.get_context(start_method).Process(target=sleeping, args=(pid_file,))
    process.start()
    while not Path(pid_file).exists():
        time.sleep(0.01)


def sleeping(pid_file):
    _write(pid_file, os.getpid())
    time.sleep(600)


def supervisor_killed(pid_file):
    _write(pid_file, os.getpid())
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(600)


def talkative(n_bytes):
    """Say so much on both streams, and die."""
    line = b"x" * 999 + b"\n"
    for _ in range(n_bytes // len(line) // 2):
        os.write(1, line)
        os.write(2, line)
    os.write(1, b"the very end\n")
    os.abort()


def kinds_of_output():
    return [stat.S_ISFIFO(os.fstat(stream).st_mode) for stream in (1, 2)]


def shared_by_children(n_bytes, seconds):
    """Share an array with four forked children, which read it."""
    array = np.ones(n_bytes // 8)
    children = []
    for _ in range(4):
        if (child := os.fork()) == 0:
            array.sum()
            time.sleep(seconds)
            os._exit(0)
        children.append(child)
    return [os.waitpid(child, 0)[1] for child in children]


def owned_by_children(n_bytes):
    """Have four children, each with an array of its own."""
    for _ in range(4):
        if os.fork() == 0:
            array = np.ones(n_bytes // 8)
            time.sleep(600)
            os._exit(int(array[0]))
    time.sleep(600)


def counting(n):
    """Yield numbers, and how large the hoard is that is kept from one to the next."""
    hoard = []
    for i in range(n):
        hoard.append(i)
        yield [i, len(hoard)]


def yields_then_raises():
    yield os.getpid()
    raise RuntimeError("the second step diverged")


def state_of_torch():
    """Tell whether CUDA is initialised, and whether it cannot be since a parent of this process has done so."""
    torch = sys.modules["torch"]
    initialised, reason = torch.cuda.is_initialized(), ""
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as problem:  # without a GPU there is an error in any case
        reason = str(problem)
    return [initialised, "forked" in reason]


def affinity():
    return sorted(os.sched_getaffinity(0))


def interruptible(pid_file):
    """Tell whether a child of the function can be interrupted, as by Ctrl-C; then sleep."""
    child = subprocess.Popen(["sleep", "600"])
    child.send_signal(signal.SIGINT)
    _write(pid_file, -child.wait())
    time.sleep(600)


def _write(path, number):
    Path(f"{path}.new").write_text(str(number))
    Path(f"{path}.new").rename(path)
