"""Numbers behind the page's charts, against the records that they are of."""

from __future__ import annotations

import numpy as np
import pytest
from ensemble_records import ensemble
from sample_records import DIAGNOSTICS, HISTOGRAMS, full, hardware_record

from benchmarks.experiments import thesis_on_cpu
from benchmarks.page import page_data, training_data, view_data
from benchmarks.records import configurations
from benchmarks.records.folders import REPORTS


@pytest.fixture
def data():
    return page_data.Data(REPORTS)


def test_histograms_are_of_the_configuration_with_most_digits_and_add_up_repeats(data):
    found = [full(), full(repeat=1), full(params={"order": 3}, digits_mean=2.0)]
    (entry,) = view_data.accuracy(configurations.grouped(found), data)
    assert (entry["integral"], entry["method"], entry["place"]) == ("box1l", "gauss_legendre", "A, 2 threads")
    assert entry["p"] == [-2.0, 1.0, [60, 20]]
    assert sum(entry["pull"][2]) == 2 * sum(HISTOGRAMS["pull"]["counts"])


def test_histograms_are_of_a_few_integrals_headlines_first(data):
    names = [f"my_{n}" for n in range(9)] + ["heptagon1l", "box1l"]
    found = [full(integral=name) for name in names]
    entries = view_data.accuracy(configurations.grouped(found), data)
    shown = {entry["integral"] for entry in entries}
    assert len(shown) == view_data.MOST_INTEGRALS
    assert {"heptagon1l", "box1l"} <= shown


BINNED = {"s12": {"edges": [2.0, 4.0, 6.0], "digits_mean": [5.0, None], "digits_worst": [4.0, None]}}


def test_digits_by_an_invariant_come_with_its_thresholds(data):
    found = [full(integral="box1l_physical", by_invariant=BINNED), full(by_invariant=None)]
    (entry,) = view_data.thresholds(configurations.grouped(found), data)
    assert (entry["integral"], entry["invariant"], entry["edges"]) == ("box1l_physical", "s12", [2.0, 4.0, 6.0])
    assert entry["digits_mean"] == [5.0, None]
    assert 4.0 in [round(value, 6) for value in entry["marked"]]
    known = full(integral="box1l_physical", by_invariant=BINNED, truth_rel_err_max=10**-4.5)
    (entry,) = view_data.thresholds(configurations.grouped([known]), data)
    assert (entry["digits_mean"], entry["digits_worst"]) == ([pytest.approx(4.5), None], [4.0, None])
    assert entry["digits"] == 4.5  # of 4.56


def test_digits_by_an_invariant_are_of_all_repeats_that_finished(data):
    other = {"s12": BINNED["s12"] | {"digits_mean": [6.0, 3.0], "digits_worst": [3.5, 2.0]}}
    failed = full(integral="box1l_physical", by_invariant=None, status="failed", digits_mean=None)
    again = [full(integral="box1l_physical", by_invariant=part, repeat=n + 1) for n, part in enumerate((BINNED, other))]
    (entry,) = view_data.thresholds(configurations.grouped([failed, *again]), data)
    assert (entry["digits_mean"], entry["digits_worst"]) == ([5.5, 3.0], [3.5, 2.0])


def test_trainings_have_the_first_and_the_last_layer(data):
    layers = [{"a_mean": float(n), "name": "text"} for n in range(9)]
    stages = [{**stage, "layers": layers} for stage in DIAGNOSTICS]
    (training,) = training_data.trainings([full(diagnostics=stages)], data)
    assert training["x"] == [1.0, 2.0]
    assert training["curves"]["validation_loss"] == [0.2, 0.2]
    shown = training["layers"]["a_mean"]
    assert (*shown,) == ("layer 1", "layer 4", "layer 6", "layer 9")
    assert shown["layer 9"] == [8.0, 8.0]


def test_replicas_gain_over_one(data):
    record = ensemble(next(iter(thesis_on_cpu.specs())))
    entries = training_data.gains([record], data)
    digits = {int(n): np.mean(entry["digits"]) for n, entry in record["by_n_replicas"].items()}
    assert {entry["x"]: entry["y"] for entry in entries} == pytest.approx(
        {n: value - digits[1] for n, value in digits.items()}, abs=1e-4
    )


def test_times_on_devices_are_those_that_were_measured(data):
    entries = view_data.device_times([hardware_record(3e-6), hardware_record(1e-6, threads=2)], data)
    assert [(entry["place"], entry["x"], entry["y"]) for entry in entries] == [
        ("A, 2 CPUs, 1 thread", 1, 3.0), ("A, 2 CPUs, 2 threads", 1, 1.0),
    ]  # fmt: skip
