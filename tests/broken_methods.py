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
