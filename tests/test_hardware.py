"""Timings on devices: records that resume, failures that stay visible, rates that are sane, tables that never mix."""

from __future__ import annotations

import json
import re
import time

import numpy as np
import psutil
import pytest
import torch
from integrals import product

import methods
from benchmarks import (
    device_rates,
    hardware,
    hardware_records,
    hardware_run,
    hardware_suite,
    hardware_table,
    isolated,
    machine,
    stopwatch,
)
from benchmarks.device_rates import Size
from benchmarks.hardware_suite import Place, Suite
from benchmarks.material import Material
from methods import lookup
from methods.mixed import PrimitiveNetwork, corner_sum

EXACT, RAISES, SLOW, PLACED = (f"broken_methods:{name}" for name in ("Exact", "Raises", "Slow", "Placed"))


def in_this_process(function, *args, time_limit):
    """Do as `isolated.call` does, without its processes."""
    try:
        return isolated.Outcome("ok", None, function(*args))
    except Exception as problem:
        return isolated.Outcome("failed", f"{type(problem).__name__}: {problem}")


@pytest.fixture
def quick(monkeypatch, tmp_path):
    """Pretend a quiet machine of two CPUs with a lock of its own; small sizes, no repetitions and no processes."""
    monkeypatch.setattr(isolated, "call", in_this_process)
    monkeypatch.setattr(stopwatch, "_lock_path", lambda: tmp_path / "lock")
    monkeypatch.setattr(stopwatch, "limit_threads", lambda threads: None)
    monkeypatch.setattr(stopwatch, "WARM_UP_S", 0.0)
    monkeypatch.setitem(stopwatch.of_calls.__kwdefaults__, "warm_up_s", 0.0)
    monkeypatch.setattr(hardware_suite, "BATCHES", (1, 8))
    monkeypatch.setattr(hardware_suite, "TIMED_S", 0.0)
    monkeypatch.setattr(hardware_suite, "RATE_S", 0.0)
    monkeypatch.setattr(device_rates, "SIZES", dict.fromkeys(device_rates.KINDS, Size(32, 4096)))
    monkeypatch.setattr(machine, "n_cpus", lambda: 2)
    monkeypatch.setattr(psutil, "getloadavg", lambda: (0.1, 0.1, 0.1))
    monkeypatch.setenv("CXX", "g++")  # so that what hides the compiler is undone
    for name in hardware_suite.SLOWS:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def run(tmp_path, capsys):
    """Run the command on a closed-form integral; return exit status, standard output and standard error."""

    def run(*methods, options=("--device", "cpu")):
        arguments = ["--integral", "my_integrals:closed", "--out", str(tmp_path), *options]
        status = hardware.main([*arguments, *(part for method in methods for part in ("--method", method))])
        return status, *capsys.readouterr()

    return run


def test_a_run_and_its_resumption(quick, run, tmp_path):
    status, out, err = run(EXACT)
    assert status == 0
    assert "exact" in out
    found = hardware_records.read_all(tmp_path)
    assert [record["threads"] for record in found] == [1, 2]
    for record in found:
        assert set(record) == hardware_records.KEYS
        assert record["status"] == "ok"
        assert record["flop_per_integral"] is None
        assert record["flop_reason"] == hardware_run.NO_PRODUCTS
        assert (record["load_1min"], record["busy"], record["environment"]) == (0.1, False, {})
        assert list(record["s_per_integral"]) == ["1", "8"]
        for timing in record["s_per_integral"].values():
            assert 0 < timing["p10"] <= timing["median"] <= timing["p90"]
            assert timing["share"]["of_product_rate"] is None
            assert timing["share"]["of_bandwidth"] > 0
    assert not list((tmp_path / "hardware").glob(".*"))

    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "hardware").iterdir()}
    status, _, err = run(EXACT)
    assert (status, err.count(": reused")) == (0, 2)
    assert files == {path: path.stat().st_mtime_ns for path in (tmp_path / "hardware").iterdir()}
    status, _, err = run(EXACT, options=("--device", "cpu", "--force"))
    assert (status, err.count(": ok")) == (0, 2)
    assert not any(path.stat().st_mtime_ns == before for path, before in files.items())


@pytest.mark.parametrize("key", hardware_records.VERSIONS)
def test_other_code_or_another_equation_is_timed_again(quick, run, tmp_path, key):
    run(EXACT)
    path = hardware_paths(tmp_path)[0]
    record = json.loads(path.read_text())
    hardware_records.write(path, record | {key: "older"})
    assert run(EXACT)[2].count(": reused") == 1
    assert json.loads(path.read_text())[key] == record[key]


def hardware_paths(folder):
    return sorted(path for path in (folder / "hardware").iterdir() if not path.name.startswith("rates"))


def test_a_failure_is_a_record_and_tried_again(quick, run, tmp_path):
    for _ in range(2):
        status, out, err = run(RAISES, EXACT)
        assert status == 1
        assert "failed: raises, as it is, cpu, 1 thread: RuntimeError: the training diverged" in err
        assert "– failed: RuntimeError: the training diverged" in out
    assert err.count(": reused") == 2
    statuses = {record["method"]: record["status"] for record in hardware_records.read_all(tmp_path)}
    assert statuses == {"raises": "failed", "exact": "ok"}


def test_processes_of_their_own_report_a_failure(monkeypatch, run, tmp_path):
    monkeypatch.setattr(stopwatch, "_lock_path", lambda: tmp_path / "lock")
    monkeypatch.setattr(hardware, "places", lambda wanted, names: [Place("cpu", 1, names["cpu"])])
    assert run(RAISES)[0] == 1
    (record,) = hardware_records.read_all(tmp_path)
    assert (record["status"], record["reason"]) == ("failed", "RuntimeError: the training diverged")


def test_a_batch_predicted_to_take_long_is_null_with_the_reason(quick, run, tmp_path):
    quick.setattr(hardware_suite, "BATCHES", (1, 8, 1_000_000))
    assert run(SLOW)[0] == 0
    for record in hardware_records.read_all(tmp_path):
        timings = record["s_per_integral"]
        assert timings["8"]["median"] >= 0.005
        assert list(timings["1000000"]) == ["reason"]
        assert re.fullmatch(r"a batch is predicted to take [5-9]\d{3} s", timings["1000000"]["reason"])


@pytest.mark.parametrize("spec", hardware.default_methods())
def test_default_methods_can_be_made(spec):
    name, fields = lookup.parse_spec(spec)
    made = methods.create(name, **fields).params()
    assert {key: made[key] for key in fields} == fields


def test_a_machine_that_is_shared_is_not_timed(quick, run, tmp_path):
    with stopwatch.unshared_machine():
        assert run(EXACT)[0] == 1
    assert {r["reason"] for r in hardware_records.read_all(tmp_path)} == {
        "another run shared the machine; start again when it has ended"
    }
    assert run(EXACT)[0] == 0


def test_warnings_are_said_and_recorded(quick, run, tmp_path):
    quick.setattr(psutil, "getloadavg", lambda: (900.0, 0.0, 0.0))
    quick.setenv("OPENBLAS_CORETYPE", "Prescott")
    _, out, err = run(EXACT)
    assert "the machine is busy (load 900.0)" in err
    assert "OPENBLAS_CORETYPE set, which slows NumPy down" in err
    assert "900.0 (busy) (OPENBLAS_CORETYPE set)" in out
    (record, _) = hardware_records.read_all(tmp_path)
    assert (record["load_1min"], record["busy"]) == (900.0, True)
    assert record["environment"] == {"OPENBLAS_CORETYPE": "Prescott"}


def test_a_device_that_is_missing_is_a_line(quick, run, tmp_path):
    quick.setattr(torch.backends.mps, "is_available", lambda: False)
    status, out, _ = run(EXACT, options=("--device", "mps"))
    assert (status, out) == (0, "mps: there is none here\n")


def test_devices_found(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "H100")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.xpu, "is_available", lambda: False)
    names = device_rates.found()
    assert names == {"cpu": machine.cpu_name(), "cuda": "H100", "mps": None, "xpu": None}
    monkeypatch.setattr(machine, "n_cpus", lambda: 4)
    everywhere = hardware.places(None, names)
    assert [place[:2] for place in everywhere] == [("cpu", 1), ("cpu", 4), ("cuda", 4)]
    assert hardware.places(["cuda"], names) == [Place("cuda", 4, "H100")]
    monkeypatch.setattr(machine, "n_cpus", lambda: 1)
    assert [place[:2] for place in hardware.places(["cpu"], names)] == [("cpu", 1)]


def test_precisions_in_order_and_methods_without_one_as_they_are(quick, tmp_path):
    suite = Suite.of("my_integrals:closed", out=tmp_path, models=tmp_path)
    jobs = suite.plan([PLACED, EXACT, f"{PLACED},precision=float64"], [Place("cpu", 1, "A"), Place("cpu", 2, "A")])
    assert [(job.identity["precision"], job.place.threads) for job in jobs] == [
        ("float32", 1), ("float32", 2), ("float64", 1), ("float64", 2), (None, 1), (None, 2),
        ("float64", 1), ("float64", 2),
    ]  # fmt: skip
    assert jobs[0].label == "placed, float32, cpu, 1 thread"
    assert jobs[4].label == "exact, as it is, cpu, 1 thread"


def test_a_method_without_a_field_device_is_unsupported_elsewhere(quick, tmp_path):
    suite = Suite.of("my_integrals:closed", out=tmp_path, models=tmp_path)
    (job,) = suite.plan([EXACT], [Place("cuda", 2, "H100")])
    record = suite.perform(job, force=False)
    assert (record["status"], record["device_name"]) == ("unsupported", "H100")
    assert "has no field device" in record["reason"]
    assert suite.finished(job) == record


def test_a_fitted_method_is_loaded_on_a_device(tmp_path):
    hardware_run.fit("my_integrals:closed", PLACED, {"factor": 2.0}, torch.get_num_threads(), 1.0, tmp_path / "model")
    found = hardware_run._load(tmp_path / "model", PLACED, {}, product(2), {"device": "xpu"})
    assert (found.device, found.factor) == ("xpu", 2.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--method", "gauss_legendr"), "There is no method 'gauss_legendr'"),
        (("--method", f"{PLACED},device=cuda"), "leave that field out and give --device"),
        (("--integral", "box3l"), "There is no integral 'box3l'"),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(quick, tmp_path, capsys, arguments, message):
    assert hardware.main(["--out", str(tmp_path), "--device", "cpu", *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_wrong_arguments_and_help(capsys):
    for arguments, code in ((["--device", "gpu"], 2), (["--help"], 0)):
        with pytest.raises(SystemExit) as exit_:
            hardware.main(arguments)
        assert exit_.value.code == code
    assert "--method my_file:MyMethod,n_samples=1000" in capsys.readouterr().out


def test_interrupted(quick, run):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    quick.setattr(Suite, "perform", interrupt)
    status, _, err = run(EXACT)
    assert status == 130
    assert "finished timings are kept" in err


def test_rates_are_sane():
    rates = device_rates.measure("cpu", torch.get_num_threads(), Size(512, 2**22), 0.05)
    matrix = np.random.default_rng(0).random((512, 512))
    start = time.perf_counter()
    matrix @ matrix
    numpy_rate = 2 * 512**3 / (time.perf_counter() - start) / 1e9
    assert numpy_rate / 50 < rates["float64"]["gflop_per_s"] < 50 * numpy_rate
    assert 0.3 < rates["float32"]["gflop_per_s"] / rates["float64"]["gflop_per_s"] < 10
    assert 0.1 < rates["triad"]["gb_per_s"] < 1e5


def test_products_are_counted_by_precision():
    k, m, width, depth, n = 2, 3, 8, 3, 5
    network = PrimitiveNetwork(k, m, width, depth, "tanh", torch.float64)
    counted = device_rates.count_products(lambda: corner_sum(network, torch.rand(n, m, dtype=torch.float64)))
    rows = n * 2**k
    products = 2**k * k * width + n * m * width + (depth - 1) * rows * width**2 + rows * width + rows
    assert counted == {"float64": 2 * products}
    assert device_rates.count_products(lambda: torch.rand(3, 4).tanh()) == {}
    with torch.inference_mode():  # which hands linear layers to the counter whole
        layer = torch.nn.Linear(4, 5)
        assert device_rates.count_products(lambda: layer(torch.rand(3, 4))) == {"float32": 2 * 3 * 4 * 5}
    mixed = device_rates.count_products(
        lambda: (torch.rand(3, 4) @ torch.rand(4, 5), network.last.weight @ torch.rand(8).double())
    )
    assert mixed == {"float32": 2 * 3 * 4 * 5, "float64": 2 * 8}


RATES = {
    "float32": {"gflop_per_s": 100.0}, "float64": {"gflop_per_s": 50.0}, "triad": {"gb_per_s": 10.0}, "n": 2048,
    "elements": 2**27,
}  # fmt: skip


def test_shares_by_hand():
    # 1000 operations in float32 and 500 in float64 take 10 ns each; 40 bytes take 4 ns; the call took 40 ns.
    found = device_rates.shares(40e-9, {"float32": 1000.0, "float64": 500.0}, 40, RATES)
    assert found == {"of_product_rate": pytest.approx(0.5), "of_bandwidth": pytest.approx(0.1)}
    assert device_rates.shares(1e-6, None, 40, RATES)["of_product_rate"] is None
    without = RATES | {"float64": {"reason": "mps has no float64"}}
    assert device_rates.shares(1e-6, {"float64": 1.0}, 40, without)["of_product_rate"] is None


def record(median, **changes):
    share = {"of_product_rate": 0.25, "of_bandwidth": 0.004}
    timing = {"median": median, "p10": 0.9 * median, "p90": 1.1 * median, "share": share}
    defaults = dict.fromkeys(hardware_records.KEYS) | {
        "schema": 1, "machine": "A, 2 CPUs", "device": "cpu", "device_name": "A", "threads": 1, "integral": "box1l",
        "method": "chebyshev", "fields": {}, "status": "ok", "code_hash": "x", "rates": RATES, "load_1min": 0.0,
        "busy": False, "environment": {}, "date_utc": "2026-01-02T00:00:00+00:00",
        "s_per_integral": {"1": timing, "1024": {"reason": "a batch is predicted to take 99 s"}},
    }  # fmt: skip
    return defaults | changes


def test_the_table_never_mixes_machines():
    records = [
        record(1e-6), record(2e-6, threads=2), record(3e-6, machine="B, 2 CPUs"),
        record(4e-6, device="cuda", device_name="H100", rates=RATES | {"n": 8192}),
        record(5e-6, machine="B, 2 CPUs", method="placed", precision="float64", fields={"a": 1}),
        record(6e-6, integral="box2l", machine="C"),
    ]  # fmt: skip
    (_, devices), (title, box1l), (_, box2l) = hardware_table.of(records)
    assert len(devices) == 5
    assert "100 (8192²)" in devices["float32 GFLOP/s"].tolist()
    assert title.startswith("box1l: µs per integral")
    columns = [
        "A, 2 CPUs: cpu, 1 thread",
        "A, 2 CPUs: cpu, 2 threads",
        "A, 2 CPUs: cuda, 1 thread",
        "B, 2 CPUs: cpu, 1 thread",
    ]
    assert list(box1l) == ["method", "precision", "batch", *columns]
    row = box1l.iloc[0]
    assert [row[column].split()[0] for column in columns] == ["1", "2", "4", "3"]
    assert row[columns[0]] == "1 [0.9–1.1] (25 %)"
    assert box1l.iloc[1][columns[0]] == "– a batch is predicted to take 99 s"
    assert box1l.iloc[2][["method", "precision", *columns[:3]]].tolist() == ["placed,a=1", "float64", "", "", ""]
    assert list(box2l)[3:] == ["C: cpu, 1 thread"]


def test_older_code_and_failures_are_labelled_in_the_table():
    newer = record(1e-6, machine="B", code_hash="y", date_utc="2026-01-03T00:00:00+00:00")
    broken = record(1.0, method="broken", status="failed", reason="it\nbroke", s_per_integral=None, rates=None)
    _, (_, table) = hardware_table.of([record(1e-6), newer, broken])
    column = "A, 2 CPUs: cpu, 1 thread"
    rows = {(row["method"], row["batch"]): row for _, row in table.iterrows()}
    assert rows["chebyshev", "1"][column].endswith("(older code)")
    assert not rows["chebyshev", "1"]["B: cpu, 1 thread"].endswith("(older code)")
    assert rows["broken", "1"][column] == "– failed: it broke"


def test_the_report_has_the_tables(tmp_path):
    assert hardware_table.parts([]) == {}
    hardware_records.write(hardware_records.path_of(tmp_path, record(1e-6)), record(1e-6))
    (tmp_path / "hardware" / "damaged.json").write_text("{")
    tables = Material.of([], tmp_path).experiments()
    assert [table.title.partition(":")[0] for table in tables] == ["Devices", "box1l"]
    assert [table.sources for table in tables] == [[[record(1e-6)]], [[record(1e-6)], [record(1e-6)]]]


@pytest.mark.gpu
def test_on_a_gpu(monkeypatch, run, tmp_path):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    monkeypatch.setattr(stopwatch, "_lock_path", lambda: tmp_path / "lock")
    monkeypatch.setattr(hardware_suite, "TIMED_S", 0.05)
    assert run("neural_primitive,width=50,n_updates=2", "gauss_legendre", options=("--device", "cuda"))[0] == 0
    for found in hardware_records.read_all(tmp_path):
        assert found["device"] == "cuda"
        assert found["rates"]["float32"]["gflop_per_s"] > 100
        assert found["flop_per_integral"]
        assert all(0 < timing["share"]["of_product_rate"] < 1.1 for timing in found["s_per_integral"].values())
