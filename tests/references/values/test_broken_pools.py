"""Tasks that see one pool of processes break leave alone the pool that another task has started since."""

from __future__ import annotations

from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

import pytest

from methods.core import dask_cluster
from references.values import cluster_pool, tabulation_tasks

distributed = pytest.importorskip("distributed", reason="Dask is an extra")


class Pool:
    """A pool that makes calls where it is, or breaks after what happens meanwhile."""

    def __init__(self, meanwhile=None):
        self._meanwhile = meanwhile

    def submit(self, call):
        if self._meanwhile is None:
            future = Future()
            future.set_result(call())
            return future
        meanwhile, self._meanwhile = self._meanwhile, lambda: None
        meanwhile()
        raise BrokenProcessPool


def test_a_pool_that_replaces_a_broken_one_is_not_dropped(monkeypatch):
    def task():
        return cluster_pool.on_worker(dask_cluster.versions(tabulation_tasks.PACKAGES), lambda: 3)

    def other_tasks():
        with pytest.raises(BrokenProcessPool):
            task()
        assert task() == 3

    waiting = [Pool(other_tasks), Pool()]
    worker = SimpleNamespace(address="here", state=SimpleNamespace(nthreads=1234))
    monkeypatch.setattr(distributed, "get_worker", lambda: worker)
    monkeypatch.setattr(tabulation_tasks, "pool", lambda jobs: waiting.pop(0))
    with pytest.raises(BrokenProcessPool):
        task()
    assert task() == 3
    assert not waiting
