"""The first stage on a Dask cluster: as here, whatever workers and schedulers do; a real cluster of processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from benchmarks.accuracy import main
from benchmarks.records import run_records
from benchmarks.running import whole_suite

pytest.importorskip("distributed", reason="Dask is an extra")

ROOT = Path(__file__).resolve().parents[3]

LIMIT_S = 300.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("brief_presets"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

TIMES = {
    "fit_s", "setup_s", "label_s", "s_per_integral", "peak_mem_mb", "anytime", "rates", "load_1min", "date_utc",
    "checksum",
}  # fmt: skip
"""Keys that hold times, or depend on what else the machine does."""


@pytest.fixture(autouse=True)
def own_locks(monkeypatch, tmp_path):
    """Wait for no other suite on this machine."""
    monkeypatch.setenv("LOOPMARK_LOCKS", str(tmp_path))


@pytest.fixture
def cluster():
    """Start clusters in processes of their own; return the process and the address of each."""
    started = []

    def start(n_workers: int, *preload: str):
        helpers = ROOT / "tests/helpers"
        path = os.pathsep.join([str(ROOT), str(helpers)])
        process = subprocess.Popen(
            [sys.executable, str(helpers / "local_cluster.py"), str(n_workers), *preload],
            env=os.environ | {"PYTHONPATH": path}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.communicate(timeout=LIMIT_S)


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


def test_records_are_those_of_a_local_run(cluster, tmp_path):
    methods = ["gauss_legendre,order=8", "broken_methods:Raises", "broken_methods:Unsavable"]
    _, address = cluster(2)
    status = main([*arguments(tmp_path / "there", *methods), "--scheduler", address])
    assert status == main(arguments(tmp_path / "here", *methods)) == 1
    found = records(tmp_path / "there")
    assert without_times(found) == without_times(records(tmp_path / "here"))
    assert {record["status"] for record in found} == {"ok", "failed"}
    assert all(record["fit_machine"] == record["machine"] for record in found)  # both are this one
    assert not (tmp_path / "there" / "fitted").exists()


def test_runs_of_killed_workers_are_made_by_others(cluster, tmp_path):
    process, address = cluster(2)
    finished, killed = threading.Event(), []

    def workers() -> list[psutil.Process]:
        """Return the processes of workers that have started a run: only they have a forkserver."""
        below = psutil.Process(process.pid).children()
        return [worker for worker in below if any("forkserver" in " ".join(p.cmdline()) for p in worker.children())]

    def kill() -> None:
        while not finished.wait(1.0) and len(killed) < 3:
            for worker in workers()[:1]:
                killed.append([worker, *worker.children(recursive=True)])
                worker.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    status = main([*arguments(tmp_path / "out", "broken_methods:Sleepy", repeats=12), "--scheduler", address])
    finished.set()
    killer.join()
    assert status == 0
    assert [record["status"] for record in records(tmp_path / "out")] == ["ok"] * 12
    assert killed
    wait_for(lambda: not any(gone.is_running() for below in killed for gone in below))


def test_a_scheduler_that_goes_away_ends_the_suite_with_a_sentence(cluster, tmp_path):
    out = tmp_path / "out"
    asked = arguments(out, "broken_methods:Sleepy", repeats=8)
    process, address = cluster(1)
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests/helpers")])
    suite = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.accuracy", *asked, "--scheduler", address],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": path}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_for(lambda: suite.poll() is not None or len(list(out.glob("runs/*.json"))) >= 2)
    process.kill()
    _, err = suite.communicate(timeout=LIMIT_S)
    assert suite.returncode == whole_suite.NOT_FINISHED
    assert "scheduler at tcp" in err
    assert "Finished runs are kept" in err
    assert "Traceback" not in err
    assert 2 <= len(records(out)) < 8
    assert main(asked) == 0
    assert len(records(out)) == 8


def test_workers_with_other_versions_are_refused(cluster, tmp_path, capsys):
    _, address = cluster(1, "older_package")
    status = main([*arguments(tmp_path / "out", "gauss_legendre"), "--scheduler", address])
    assert status == 2
    assert "numpy 1.0 (here " in capsys.readouterr().err
    assert not list((tmp_path / "out").glob("runs/*"))
