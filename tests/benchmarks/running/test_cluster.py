"""The first stage on a Dask cluster: as here, whatever workers and schedulers do; a real cluster of processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from benchmarks import accuracy
from benchmarks.accuracy import main
from benchmarks.records import run_records

distributed = pytest.importorskip("distributed", reason="Dask is an extra")

ROOT = Path(__file__).resolve().parents[3]

LIMIT_S = 300.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

TIMES = {
    "fit_s", "setup_s", "label_s", "s_per_integral", "peak_mem_mb", "anytime", "rates", "load_1min", "date_utc",
    "checksum",
}  # fmt: skip
"""Keys that hold times, or depend on what else the machine does."""


@pytest.fixture(autouse=True)
def briefly_timed(monkeypatch):
    monkeypatch.setattr(accuracy, "TIMED_S", 0.0)


@pytest.fixture(autouse=True)
def own_locks(monkeypatch, tmp_path):
    """Wait for no other suite on this machine."""
    monkeypatch.setenv("LOOPMARK_LOCKS", str(tmp_path))


def cluster(n_workers: int, **options):
    return distributed.LocalCluster(
        n_workers=n_workers, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50, **options
    )


def arguments(out: Path, *methods: str, repeats: int = 1) -> list[str]:
    given = [part for method in methods for part in ("--method", method)]
    return ["--integral", "bubble", "--budget", "2", "--points", "20", "--repeats", str(repeats), "--out", str(out),
            *given]  # fmt: skip


def records(out: Path) -> list[dict]:
    found, damaged = run_records.read_all(out)
    assert not damaged
    return sorted(found, key=run_records.identity_of)


def without_times(found: list[dict]) -> list[dict]:
    return [{key: value for key, value in record.items() if key not in TIMES} for record in found]


def wait_for(condition) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_records_are_those_of_a_local_run(tmp_path):
    methods = ["gauss_legendre,order=8", "broken_methods:Raises", "broken_methods:Unsavable"]
    with cluster(2) as there:
        status = main([*arguments(tmp_path / "there", *methods), "--scheduler", there.scheduler_address])
    assert status == main(arguments(tmp_path / "here", *methods)) == 1
    found = records(tmp_path / "there")
    assert without_times(found) == without_times(records(tmp_path / "here"))
    assert {record["status"] for record in found} == {"ok", "failed"}
    assert all(record["fit_machine"] == record["machine"] for record in found)  # both are this one
    assert not (tmp_path / "there" / "fitted").exists()


def test_runs_of_killed_workers_are_made_by_others(tmp_path):
    with cluster(2) as there:
        client = distributed.Client(there, set_as_default=False)
        finished = threading.Event()
        killed = []

        def kill() -> None:
            while not finished.wait(4.0) and len(killed) < 3:
                pid = next(iter(client.run(os.getpid).values()))
                killed.append([pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))])
                os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        status = main(
            [*arguments(tmp_path, "broken_methods:Sleepy", repeats=12), "--scheduler", there.scheduler_address]
        )
        finished.set()
        killer.join()
        client.close()
    assert status == 0
    assert [record["status"] for record in records(tmp_path)] == ["ok"] * 12
    assert killed
    wait_for(lambda: not any(psutil.pid_exists(pid) for pids in killed for pid in pids))


def test_a_scheduler_that_goes_away_ends_the_suite_with_a_sentence(tmp_path):
    asked = arguments(tmp_path, "broken_methods:Sleepy", repeats=8)
    with cluster(1) as there:
        command = [sys.executable, "-m", "benchmarks.accuracy", *asked, "--scheduler", there.scheduler_address]
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests/helpers")])
        suite = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"PYTHONPATH": path}, stderr=subprocess.PIPE, text=True
        )
        wait_for(lambda: len(list(tmp_path.glob("runs/*.json"))) >= 2)
    _, err = suite.communicate(timeout=LIMIT_S)
    assert suite.returncode == 1
    assert "scheduler at tcp" in err
    assert "Finished runs are kept" in err
    assert "Traceback" not in err
    before = {record["date_utc"] for record in records(tmp_path)}
    assert before
    assert main(asked) == 0
    assert len(records(tmp_path)) == 8


def test_workers_with_other_versions_are_refused(tmp_path, capsys):
    with cluster(1, preload=["older_package"]) as there:
        status = main([*arguments(tmp_path, "gauss_legendre"), "--scheduler", there.scheduler_address])
    assert status == 2
    assert "has other versions: numpy 1.0 (here " in capsys.readouterr().err
    assert not list(tmp_path.glob("runs/*"))
