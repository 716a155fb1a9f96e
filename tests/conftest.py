"""What tests share, and what each of their processes has for itself: `make test` starts two."""

from __future__ import annotations

import tempfile
import time

import pytest


@pytest.fixture(scope="session", autouse=True)
def temporary_folder_of_this_process(tmp_path_factory):
    """Give this process a temporary folder of its own, and with it the locks of `benchmarks.running.machine_lock`.

    Runs of two workers of pytest-xdist would otherwise take each other for runs of one suite, and give no timings, and
    tests would wait for a suite that somebody runs on this machine.
    """
    folder = str(tmp_path_factory.mktemp("tmp"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", folder)  # for processes that tests start
        patch.setenv("LOOPMARK_LOCKS", folder)  # else XDG_RUNTIME_DIR is asked first
        patch.setattr(tempfile, "tempdir", folder)  # for this one, which may have looked before
        yield


class OwnTime:
    """A clock that goes on by `tick` whenever it is read, and by what is slept: no other work makes it faster."""

    def __init__(self) -> None:
        self.now, self.tick = 0.0, 1e-3

    def perf_counter(self) -> float:
        """Return the seconds so far."""
        self.now += self.tick
        return self.now

    def sleep(self, seconds: float) -> None:
        """Take no time but let it pass."""
        self.now += seconds


@pytest.fixture
def own_time(monkeypatch):
    """Give the test a clock of its own in place of `time.perf_counter` and `time.sleep`."""
    clock = OwnTime()
    monkeypatch.setattr(time, "perf_counter", clock.perf_counter)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


@pytest.fixture
def one_thread():
    """Keep torch's threads from waiting for each other: small networks gain nothing by them."""
    import torch

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)
