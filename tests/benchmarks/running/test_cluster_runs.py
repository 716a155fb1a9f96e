"""What is asked of a Dask cluster, and what becomes of each answer: a cluster that is made up, and none at all."""

from __future__ import annotations

import importlib.util
import socket
from concurrent.futures import Future

import pytest

import references
from benchmarks.accuracy import main
from benchmarks.running import cluster_runs, isolated_messages
from benchmarks.running.cluster_runs import ClusterRuns
from benchmarks.running.cluster_worker import Fitted
from benchmarks.running.isolated_messages import Outcome
from benchmarks.running.plan import Run
from benchmarks.running.task import Task
from methods.base import InputError
from methods.core import dask_cluster

if importlib.util.find_spec("distributed") is None:
    pytest.skip("Dask is an extra", allow_module_level=True)

FINISHED = Fitted(isolated_messages.encoded(Outcome("ok", result={"fit_s": 1.0})), b"values", b"model", "a machine")


class Answer(Future):
    def release(self):
        pass


class Cluster:
    """A client whose tasks end at once, each as the next of `answers` says; the last goes on for ever."""

    status = "running"
    scheduler = None

    @staticmethod
    def ends(resources):
        """Tell whether a task ends; others wait for a worker."""
        return True

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def run(self, ask, *arguments, on_error):
        return {"tcp://worker:1": ask(*arguments)}

    def nthreads(self):
        return {"tcp://worker:1": 1}

    def scheduler_info(self, n_workers):
        return {"workers": {"tcp://worker:1": {"resources": {}}}}

    def submit(self, function, order, *, pure, resources):
        self.asked.append((order, resources))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        future = Answer()
        if not self.ends(resources):
            return future
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future


def planned(tmp_path, **fields) -> Run:
    truth = references.truth("bubble")
    task = Task("bubble", "gauss_legendre", fields, 1.0, truth, tmp_path / "raw", tmp_path / "model", (1,), 0.0)
    return Run(task, {}, ())


def outcomes(client, *runs):
    said = []
    found = list(ClusterRuns(client, lambda _: 62.0, said.append).outcomes(runs, lambda _: None))
    return found, said


def test_a_run_on_a_gpu_asks_for_a_worker_that_has_one(tmp_path):
    client = Cluster(FINISHED)
    found, said = outcomes(client, planned(tmp_path), planned(tmp_path, device="cuda"))
    assert [resources for _, resources in client.asked] == [None, {"GPU": 1}]
    assert [order.time_limit for order, _ in client.asked] == [62.0, 62.0]
    assert [outcome.status for _, outcome, _ in found] == ["ok", "ok"]
    assert said == ["No worker declares a GPU; runs on one wait for 'dask worker … --resources GPU=1'."]


def test_a_run_that_goes_down_with_its_workers_is_tried_again_and_then_given_up(tmp_path):
    import distributed

    killed = distributed.KilledWorker("run", None, 3)
    client = Cluster(killed, killed, FINISHED)
    found, _ = outcomes(client, planned(tmp_path))
    assert [outcome.status for _, outcome, _ in found] == ["ok"]
    assert len(client.asked) == 3
    found, _ = outcomes(Cluster(killed), planned(tmp_path))
    assert [(outcome.status, fitted) for _, outcome, fitted in found] == [("infrastructure", None)]


def test_a_run_that_dask_drops_again_and_again_is_given_up(tmp_path):
    from distributed.client import FutureCancelledError

    dropped = FutureCancelledError("run", None)
    client = Cluster(dropped, FINISHED)
    assert [outcome.status for _, outcome, _ in outcomes(client, planned(tmp_path))[0]] == ["ok"]
    client = Cluster(*[dropped] * (3 * cluster_runs.ATTEMPTS), FINISHED)
    ((_, outcome, _),), _ = outcomes(client, planned(tmp_path))
    assert (outcome.status, len(client.asked)) == ("infrastructure", cluster_runs.ATTEMPTS)


def test_runs_on_a_gpu_that_wait_for_a_worker_do_not_hold_up_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_runs, "LOOK_S", 0.01)
    on_gpu = [planned(tmp_path, device="cuda") for _ in range(cluster_runs.FEWEST)]
    others = [planned(tmp_path) for _ in range(3)]
    client = Cluster(FINISHED)
    client.ends = lambda resources: resources is None
    looks = iter([client.nthreads()] * 10)
    client.nthreads = lambda: next(looks)  # no more looks than that
    found = ClusterRuns(client, lambda _: 62.0, lambda _: None).outcomes([*on_gpu, *others], lambda _: None)
    ended = [next(found)[0] for _ in others]
    assert ended == others


def test_a_worker_that_joins_later_with_other_code_ends_the_suite(tmp_path):
    late = dask_cluster.OtherVersions("The worker tcp://late:1 has other versions: torch 1.0 (here 2.0).")
    with pytest.raises(dask_cluster.OtherVersions, match="late"):
        outcomes(Cluster(FINISHED, late), planned(tmp_path), planned(tmp_path))
    with pytest.raises(dask_cluster.OtherVersions, match="lacks this project"):
        outcomes(Cluster(ModuleNotFoundError("No module named 'benchmarks'", name="benchmarks")), planned(tmp_path))


def test_a_client_that_has_lost_its_scheduler_says_so(tmp_path):
    client = Cluster(FINISHED)
    client.status = "connecting"
    with pytest.raises(dask_cluster.SchedulerLost, match="does not answer any more"):
        outcomes(client, planned(tmp_path))


def test_what_differs_is_named():
    here = {"python": "3.11.7", "torch": "2.13.0", "my_file:Mine": "1234"}
    dask_cluster.compare("tcp://a:1", here, here)
    with pytest.raises(dask_cluster.OtherVersions, match=r"torch 2\.6\.0 \(here 2\.13\.0\), my_file:Mine missing"):
        dask_cluster.compare("tcp://a:1", {"python": "3.11.7", "torch": "2.6.0", "my_file:Mine": None}, here)


def test_where_no_scheduler_is_a_sentence_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(dask_cluster, "CONNECT_LIMIT_S", 0.2)
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(InputError, match="No Dask scheduler answers at"), dask_cluster.connected(address):
            pass
    with pytest.raises(InputError, match="No Dask scheduler answers at nonsense"), dask_cluster.connected("nonsense"):
        pass


def test_without_dask_a_sentence_says_so(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="needs Dask"), dask_cluster.connected("tcp://a:1"):
        pass


def test_a_cluster_and_a_number_of_jobs_exclude_each_other(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--jobs", "2", "--scheduler", "tcp://a:1"])
    assert ended.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_runs_are_sent_a_few_at_a_time(tmp_path):
    client = Cluster(FINISHED)
    runs = [planned(tmp_path) for _ in range(20)]
    stage = ClusterRuns(client, lambda _: 62.0, print)
    next(stage.outcomes(runs, lambda _: None))
    assert len(client.asked) == cluster_runs.FEWEST
