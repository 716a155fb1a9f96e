"""Methods that go wrong in every way a stranger's method may, and one that works; tests hand them to the harness."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from methods.base import Estimate, Method


@dataclass(kw_only=True)
class Exact(Method):
    """The closed form, times a factor."""

    name: ClassVar[str] = "exact"
    source: ClassVar[str] = "closed form"
    factor: float = 1.0

    def fit(self, integral, *, budget=None, monitor=None):
        self.integral_ = integral
        return self

    def integrate(self, s):
        value = self.factor * self.integral_.exact(self.integral_.check(s))
        return Estimate(value, np.full(len(s), np.nan), 0)


class Raises(Exact):
    """Raises in fit."""

    name = "raises"

    def fit(self, integral, *, budget=None, monitor=None):
        raise RuntimeError("the training diverged")


class WrongShape(Exact):
    """Returns one value too many."""

    name = "wrong_shape"

    def integrate(self, s):
        return Estimate(np.ones(len(s) + 1), np.ones(len(s) + 1), 0)


class ReturnsNaN(Exact):
    """Returns NaN at one point."""

    name = "returns_nan"

    def integrate(self, s):
        value, error, n_eval = super().integrate(s)
        value[3] = np.nan
        return Estimate(value, error, n_eval)


class Aborts(Exact):
    """Kills its process, as a native library does."""

    name = "aborts"

    def integrate(self, s):
        print("terminate called after throwing an instance of 'std::domain_error'", flush=True)
        os.abort()


@dataclass(kw_only=True)
class Sleeps(Exact):
    """Starts a child, writes its process number to a file, and sleeps past every limit."""

    name: ClassVar[str] = "sleeps"
    pid_file: str = "pid"

    def fit(self, integral, *, budget=None, monitor=None):
        child = subprocess.Popen(["sleep", "600"])
        Path(self.pid_file).write_text(str(child.pid))
        time.sleep(600)
        return self


class RunsOutOfMemory(Exact):
    """Asks for more memory than there is."""

    name = "runs_out_of_memory"

    def fit(self, integral, *, budget=None, monitor=None):
        raise MemoryError("Unable to allocate 1. PiB")


class Sleepy(Exact):
    """Takes a second to prepare, so that two of it overlap."""

    name = "sleepy"

    def fit(self, integral, *, budget=None, monitor=None):
        time.sleep(1.0)
        return super().fit(integral)


class OddDetails(Exact):
    """Reports what JSON cannot hold."""

    name = "odd_details"

    def fit(self, integral, *, budget=None, monitor=None):
        self.details_ = {"weights": np.ones(3)}
        return super().fit(integral)


class Slow(Exact):
    """Takes five milliseconds per point."""

    name = "slow"

    def integrate(self, s):
        time.sleep(0.005 * len(s))
        return super().integrate(s)


@dataclass(kw_only=True)
class Placed(Exact):
    """Knows a device and a precision, and does without both."""

    name: ClassVar[str] = "placed"
    device: str = "cpu"
    precision: str = "float32"


class Innocent(str):
    """A text whose pickle runs code in whoever reads it."""

    __slots__ = ()

    def __reduce__(self):
        return os.system, ("touch executed",)


class Infiltrates(Exact):
    """Reports a text that is none."""

    name = "infiltrates"

    def fit(self, integral, *, budget=None, monitor=None):
        self.details_ = {"text": Innocent("harmless")}
        return super().fit(integral)


@dataclass(kw_only=True)
class Daemonises(Exact):
    """Leaves a grandchild in a session of its own behind, whose process number it writes to a file."""

    name: ClassVar[str] = "daemonises"
    pid_file: str = "pid"

    def fit(self, integral, *, budget=None, monitor=None):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                Path(self.pid_file).write_text(str(os.getpid()))
                time.sleep(600)
            os._exit(0)
        while not (Path(self.pid_file).exists() and Path(self.pid_file).read_text()):
            time.sleep(0.01)
        return super().fit(integral)


class InPlace(Exact):
    """Changes the points that it is given."""

    name = "in_place"

    def integrate(self, s):
        estimate = super().integrate(s)
        s *= 1.0001
        return estimate


class Tensor(Exact):
    """Returns a tensor."""

    name = "tensor"

    def integrate(self, s):
        import torch

        value, error, n_eval = super().integrate(s)
        return Estimate(torch.as_tensor(value), error, n_eval)


class TextForSeconds(Exact):
    """Reports seconds with their unit."""

    name = "text_for_seconds"

    def fit(self, integral, *, budget=None, monitor=None):
        self.setup_s_ = "1 s"
        return super().fit(integral)


class HugeDetails(Exact):
    """Reports fifty megabytes."""

    name = "huge_details"

    def fit(self, integral, *, budget=None, monitor=None):
        self.details_ = {"weights": "0" * 50_000_000}
        return super().fit(integral)


class HugeReason(Exact):
    """Fails with thirty megabytes of words, and half a character."""

    name = "huge_reason"

    def fit(self, integral, *, budget=None, monitor=None):
        raise ValueError("\ud83d" + "x" * 30_000_000)


class Talks(Exact):
    """Prints two hundred megabytes, then aborts."""

    name = "talks"

    def fit(self, integral, *, budget=None, monitor=None):
        for _ in range(200):
            print("x" * 1_000_000)
        print("and the last words", flush=True)
        os.abort()


class Unsavable(Exact):
    """Keeps what no file can hold."""

    name = "unsavable"

    def fit(self, integral, *, budget=None, monitor=None):
        self.secret_ = lambda: 1.0
        return super().fit(integral)


class Forgets(Exact):
    """Saves without what its values depend on."""

    name = "forgets"

    def fit(self, integral, *, budget=None, monitor=None):
        self._scale = 1.5
        return super().fit(integral)

    def integrate(self, s):
        value, error, n_eval = super().integrate(s)
        return Estimate(getattr(self, "_scale", 1.0) * value, error, n_eval)
