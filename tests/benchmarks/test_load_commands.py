"""The commands that measure a suite under load: what they count, print, and refuse."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import call_memory, cluster_load, run_overhead
from benchmarks.run_overhead import Used
from benchmarks.running.call_memory import needed_bytes
from methods.base import Estimate
from methods.core import batches

MIB = 2**20


class Needs:
    """Fills so many bytes in a call, and returns zeros."""

    def __init__(self, n_bytes):
        self.n_bytes = n_bytes

    def integrate(self, s):
        np.ones(self.n_bytes // 8).sum()
        return Estimate(np.zeros(len(s)), np.zeros(len(s)), 0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of what other tests left to collect
def test_memory_beyond_input_and_output_is_found():
    s = np.ones((1000, 3))
    assert needed_bytes(Needs(64 * MIB), s) == pytest.approx(64 * MIB, rel=0.1)
    assert needed_bytes(Needs(8), s) < 4 * MIB


def test_growth_is_continued_to_the_points_of_a_batch():
    found = {"points": batches.ROWS // 2, "bytes": 10.0 * MIB, "growth": 8.0}
    assert call_memory.at_n_mib(found, 10**7) == 10.0 + 8 * batches.ROWS / 2 / MIB
    assert call_memory.at_n_mib({"points": 10**7, "bytes": 3.0 * MIB, "growth": 8.0}, 10**7) == 3.0


def test_a_method_beyond_the_limit_is_named(capsys, monkeypatch):
    lines = iter([("chebyshev 1", True), ("rbf 400", False)])
    monkeypatch.setattr(call_memory, "row", lambda *_: next(lines))
    assert call_memory.main(["--method", "chebyshev", "--method", "rbf"]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == ["chebyshev 1", "rbf 400  <- not within 300 MiB"]


def test_overhead_is_given_per_run():
    text = run_overhead.text(Used(1.0, 2.0, 3.0, 0), Used(1.5, 2.1, 7.0, MIB), 100)
    assert [line.split()[-1] for line in text.splitlines()[1:5]] == ["5.0", "1.0", "40.0", "46.0"]
    assert text.endswith("grown by 1.0 MiB: 100.0 MiB in 10,000 runs.")


@pytest.mark.slow
def test_a_run_of_the_constant_has_its_cost(capsys):
    assert run_overhead.main(["--runs", "20", "--integral", "bubble"]) == 0
    assert "together" in capsys.readouterr().out


@pytest.mark.parametrize(("seconds", "lost", "status"), [((10, 5), [], 0), ((10, 7), [], 1), ((10, 5), ["one"], 1)])
def test_a_second_worker_must_be_worth_it_and_lose_nothing(seconds, lost, status, monkeypatch, capsys):
    class Cluster:
        def __init__(self, n_workers):
            self.seconds = seconds[n_workers - 1]

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(cluster_load, "local_cluster", Cluster)
    monkeypatch.setattr(cluster_load, "first_stage", lambda client, *_: (client.seconds, lost))
    assert cluster_load.main([]) == status
    assert "times as fast" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (call_memory, ["--points", "3"]),
        (call_memory, ["--method", "nonsense"]),
        (run_overhead, ["--runs", "0"]),
        (cluster_load, ["--kills", "-1"]),
        (cluster_load, ["--runs", "many"]),
    ],
)
def test_wrong_arguments_exit_with_2(command, arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
