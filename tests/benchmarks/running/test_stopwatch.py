"""Which batches are timed, by a method whose clock goes as the test says."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.running import stopwatch


@pytest.fixture
def sizes(monkeypatch):
    """Return a function that times batches at overhead + n × each seconds a call: (timings, sizes of the calls)."""

    def run(overhead, each, batches=(1, 1024, 65_536)):
        now, called = [0.0], []
        monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: now[0])

        def integrate(s):
            called.append(len(s))
            now[0] += overhead + each * len(s)

        return stopwatch.batch_timings(integrate, np.zeros((4, 2)), batches), called

    return run


def test_overhead_of_a_call_does_not_count_for_every_point(sizes):
    timings, called = sizes(0.012, 20e-6)
    assert timings["1024"]["median"] == pytest.approx(0.012 / 1024 + 20e-6)
    assert timings["65536"]["median"] == pytest.approx(0.012 / 65536 + 20e-6)
    assert called.count(32) == 1
    assert set(timings) == {"1", "1024", "65536"}  # what predicts is no measurement


def test_a_method_that_is_slow_for_every_point_is_not_timed(sizes):
    timings, called = sizes(0.0, 0.02)
    assert timings["1024"] == {"reason": "a batch is predicted to take 20 s"}
    assert called.count(32) == 1
    assert max(called) == 32


@pytest.mark.parametrize("each", [3.0, 30.0])
def test_predicting_takes_no_longer_than_a_call_may(sizes, each):
    timings, called = sizes(0.0, each)
    assert list(timings["1024"]) == ["reason"]
    assert max(called) * each <= max(stopwatch.LONGEST_CALL_S, each)


def test_single_calls_go_through_several_points(monkeypatch):
    """Points that take longer than others count as often as these, and a slow method goes through few of them."""
    now, called = [0.0], []
    monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: now[0])

    def integrate(s):
        called.append(s[0, 0])
        now[0] += first + s[0, 0]

    s = 1e-4 * np.arange(2.0 * stopwatch.SWEEP_POINTS)[:, None]
    for first, n in (
        (0.02, stopwatch.SWEEP_POINTS),
        (0.3, int(stopwatch.SWEEP_S / 0.3)),
        (9.0, stopwatch.FEWEST_POINTS),
    ):
        called.clear()
        timings = stopwatch.batch_timings(integrate, s, (1,))
        assert timings["1"]["median"] == pytest.approx(first + 1e-4 * (n - 1) / 2)
        assert called[-n:] == [*s[:n, 0]]
        # The quantiles are those of the sweeps, not of the points.
        assert timings["1"]["p90"] == pytest.approx(timings["1"]["p10"])
        assert set(called[:-n]) == {0.0}  # which warm up


@pytest.mark.parametrize(("first", "others", "n"), [(0.001, 0.5, 5), (9.0, 0.02, 3)])
def test_the_first_point_does_not_say_how_many_there_are(monkeypatch, first, others, n):
    now, called = [0.0], []
    monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: now[0])

    def integrate(s):
        called.append(s[0, 0])
        now[0] += first if s[0, 0] == 0 else others

    timings = stopwatch.batch_timings(integrate, np.arange(64.0)[:, None], (1,))
    assert timings["1"]["median"] == pytest.approx((first + (n - 1) * others) / n)
    assert called[-n:] == [*range(n)]


def test_small_batches_go_through_different_points(monkeypatch):
    """A point that takes long is no more than one of 64 in a sample of calls with eight of them."""
    now, called = [0.0], []
    monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: now[0])

    def integrate(s):
        called.append(tuple(s[:, 0]))
        now[0] += 0.01 * len(s) + 1.0 * np.sum(s == 13)

    timings = stopwatch.batch_timings(integrate, np.arange(64.0)[:, None], (1, 8))
    assert timings["8"]["median"] == pytest.approx(0.01 + 1 / 64)
    assert [*np.ravel(called[-8:])] == [*range(64)]


@pytest.mark.parametrize(("each", "n_warm_up"), [(0.5e-3, 1), (2e-3, 0)])
def test_a_long_call_is_warm_from_the_smaller_batch(sizes, each, n_warm_up):
    """Calls of half a second are made once beforehand, those of two seconds are not."""
    assert sizes(0.0, each, batches=(1, 1024))[1].count(1024) == n_warm_up + stopwatch.FEWEST_CALLS


def test_fast_methods_are_not_asked_again(sizes):
    assert set(sizes(1e-3, 1e-6)[1]) == {1, 1024, 65_536}


def test_libraries_are_looked_for_again_where_the_number_of_threads_changes(monkeypatch):
    """Those that were loaded in the meantime have read the number of before."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")
    scanned, limited = [], []

    class Controller:
        def __init__(self):
            scanned.append(self)

        def limit(self, limits):
            limited.append((self, limits))

    monkeypatch.setattr(stopwatch.threadpoolctl, "ThreadpoolController", Controller)
    monkeypatch.setattr("torch.set_num_threads", lambda threads: None)
    stopwatch.thread_pools.cache_clear()
    try:
        for threads in (1, 1, 2, 2, 1):
            stopwatch.limit_threads(threads)
    finally:
        stopwatch.thread_pools.cache_clear()
    first, second, third = scanned
    assert limited == [(first, 1), (first, 1), (second, 2), (second, 2), (third, 1)]
