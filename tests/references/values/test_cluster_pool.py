"""Tables made by a Dask cluster hold the values that are computed here, and its end is a sentence."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import psutil
import pytest

import references
from methods.core import dask_cluster
from references import tabulate
from references.values import table_work, truth_files
from references.values.cluster_pool import cluster_pool
from references.values.table_plans import Check, TablePlan

distributed = pytest.importorskip("distributed", reason="Dask is an extra")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

PLAN = TablePlan(n=24, edge_points=8, epsrel=1e-6, asks=(Check("lattice", 1e-4, 4, 2),))


def cluster(n_workers):
    return distributed.LocalCluster(
        n_workers=n_workers, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    )


def test_a_table_of_a_cluster_is_that_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.setitem(table_work.ROWS, "few", 4)
    integral = references.integral("bubble")
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    with cluster(2) as there, cluster_pool(there.scheduler_address) as workers:
        tabulate.tabulate(integral, PLAN, tmp_path / "there", workers)
    tabulate.tabulate(integral, PLAN, tmp_path / "here")
    found, expected = (truth_files.read(tmp_path / place / "bubble.csv", integral) for place in ("there", "here"))
    np.testing.assert_array_equal(found.truth.value, expected.truth.value)
    np.testing.assert_array_equal(found.independent["lattice"], expected.independent["lattice"])


def test_a_scheduler_that_goes_away_is_told_and_nothing_stays():
    with cluster(1) as there:
        client = distributed.Client(there, set_as_default=False)
        with pytest.raises(dask_cluster.SchedulerLost, match="finished parts are kept"):  # noqa: PT012
            with cluster_pool(there.scheduler_address) as workers:
                assert workers.submit(abs, -3).result() == 3
                pid = client.run(os.getpid).popitem()[1]
                below = [child.pid for child in psutil.Process(pid).children(recursive=True)]
                waited_for = workers.submit(time.sleep, 600.0)
                os.kill(pid, signal.SIGKILL)
                client.close()
                there.close()
                waited_for.result()
    deadline = time.monotonic() + 60.0
    while any(psutil.pid_exists(child) for child in below):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert below
