"""Timings on devices: records that resume, failures that stay visible, rates that are sane, tables that never mix."""

from __future__ import annotations

import re
import time

import numpy as np
import psutil
import pytest
import torch
from integrals import product
from sample_records import RATES, full, hardware_record

import methods
from benchmarks import hardware
from benchmarks.experiments import devices
from benchmarks.records import run_records
from benchmarks.running import device_rates, machine, saved_methods, stopwatch
from benchmarks.running.device_rates import Size
from benchmarks.running.task import Place, Task
from methods.core import names as lookup
from methods.deep.network import PrimitiveNetwork, corner_sum

EXACT, RAISES, SLOW, PLACED = (f"broken_methods:{name}" for name in ("Exact", "Raises", "Slow", "Placed"))


@pytest.fixture
def quick(monkeypatch):
    """Time two small batches for no longer than three calls, on a CPU that is said to be quiet."""
    monkeypatch.setattr(devices, "BATCHES", (1, 8))
    monkeypatch.setattr(hardware, "TIMED_S", 0.0)
    monkeypatch.setattr(device_rates, "TIMED_S", 0.0)
    monkeypatch.setattr(device_rates, "SIZES", dict.fromkeys(device_rates.KINDS, Size(32, 4096)))
    monkeypatch.setattr(psutil, "getloadavg", lambda: (0.1, 0.1, 0.1))
    for name in machine.SLOWING_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def command(quick, tmp_path, capsys):
    """Run the command on a closed-form integral; return exit status, standard output and standard error."""

    def command(*methods, options=("--device", "cpu")):
        arguments = ["--integral", "my_integrals:closed", "--out", str(tmp_path), *options]
        status = hardware.main([*arguments, *(part for method in methods for part in ("--method", method))])
        return status, *capsys.readouterr()

    return command


def by_threads(folder):
    found, damaged = run_records.read_all(folder)
    assert not damaged
    return dict(sorted((record["threads"], record) for record in found))


def test_a_run_and_its_resumption(command, tmp_path):
    status, out, err = command(EXACT)
    assert status == 0, err
    assert "exact" in out
    found = by_threads(tmp_path)
    assert list(found) == sorted({1, machine.n_cpus()})
    for record in found.values():
        assert (record["status"], record["timed_from"], record["n_points"]) == ("ok", "file", devices.POINTS)
        assert record["flop_per_integral"] is None
        assert record["flop_reason"] == saved_methods.NO_PRODUCTS
        assert (record["load_1min"], record["environment"]) == (0.1, {})
        assert list(record["s_per_integral"]) == ["1", "8"]
        for timing in record["s_per_integral"].values():
            assert 0 < timing["p10"] <= timing["median"] <= timing["p90"]
            assert timing["share"]["of_product_rate"] is None
            assert timing["share"]["of_bandwidth"] > 0
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    status, _, err = command(EXACT)
    assert (status, err.count(": reused")) == (0, 1)
    assert files == {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").iterdir()}
    status, _, err = command(EXACT, options=("--device", "cpu", "--force"))
    assert (status, err.count(": timed")) == (0, len(found))
    assert not any(path.stat().st_mtime_ns == before for path, before in files.items())


def test_a_failure_is_a_record_and_tried_again(command):
    for _ in range(2):
        status, out, err = command(RAISES, EXACT)
        assert status == 1
        assert re.search(r"failed: \w+ × raises: RuntimeError: the training diverged", err)
        assert "– failed: RuntimeError: the training diverged" in out
    assert err.count(": reused") == 1


def test_a_batch_predicted_to_take_long_is_null_with_the_reason(command, quick, tmp_path):
    quick.setattr(devices, "BATCHES", (1, 8, 1_000_000))
    assert command(SLOW)[0] == 0
    for record in by_threads(tmp_path).values():
        timings = record["s_per_integral"]
        assert timings["8"]["median"] >= 0.005
        assert list(timings["1000000"]) == ["reason"]
        assert timings["1000000"]["reason"].startswith("a batch is predicted to take")


@pytest.mark.parametrize("spec", devices.default_methods())
def test_default_methods_can_be_made(spec):
    name, fields = lookup.parse_spec(spec)
    made = methods.create(name, **fields).params()
    assert {key: made[key] for key in fields} == fields


def test_warnings_are_said_and_recorded(command, quick, tmp_path):
    quick.setattr(psutil, "getloadavg", lambda: (900.0, 0.0, 0.0))
    quick.setenv("OPENBLAS_CORETYPE", "Prescott")
    _, out, err = command(EXACT)
    assert "the machine is busy (load 900.0)" in err
    assert "OPENBLAS_CORETYPE set, which slows NumPy down" in err
    assert "900.0 (busy) (OPENBLAS_CORETYPE set)" in out
    record = by_threads(tmp_path)[1]
    assert (record["load_1min"], record["environment"]) == (900.0, {"OPENBLAS_CORETYPE": "Prescott"})


def test_a_device_that_is_missing_is_a_line(command, quick):
    quick.setattr(hardware, "devices", lambda: {"cpu": "A", "cuda": None, "mps": None, "xpu": None})
    status, out, _ = command(EXACT, options=("--device", "mps"))
    assert (status, out) == (0, "mps: there is none here\n")


def test_devices_found(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "H100")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.xpu, "is_available", lambda: False)
    names = device_rates.found()
    assert names == {"cpu": machine.cpu_name(), "cuda": "H100", "mps": None, "xpu": None}
    monkeypatch.setattr(machine, "n_cpus", lambda: 4)
    assert hardware.places(None, names) == (Place("cpu", 1), Place("cpu", 4), Place("cuda", 4))
    assert hardware.places(["cuda"], names) == (Place("cuda", 4),)
    monkeypatch.setattr(machine, "n_cpus", lambda: 1)
    assert hardware.places(["cpu"], names) == (Place("cpu", 1),)


def test_methods_in_each_precision_that_they_have():
    assert hardware.specs([PLACED, EXACT, f"{PLACED},precision=float64"]) == [
        f"{PLACED},precision=float32", f"{PLACED},precision=float64", EXACT, f"{PLACED},precision=float64",
    ]  # fmt: skip


def test_a_method_without_a_field_device_is_unsupported_elsewhere(command, quick, tmp_path):
    quick.setattr(hardware, "devices", lambda: {"cuda": "H100"})
    status, _, _ = command(EXACT, options=("--device", "cuda"))
    (record,) = by_threads(tmp_path).values()
    assert (status, record["device"], record["status"]) == (0, "cuda", "unsupported")
    assert "has no field device" in record["reason"]
    assert command(EXACT, options=("--device", "cuda"))[2].count(": reused, unsupported") == 1


def test_a_fitted_method_is_loaded_on_a_device(tmp_path):
    """What the timing stage does with a saved method: fields say where it evaluates, not what."""
    made = methods.create(PLACED, factor=2.0).fit(product(2))
    made.save(tmp_path / "model")
    task = Task("my_integrals:closed", PLACED, {}, 1.0, None, tmp_path, tmp_path / "model", (1,), 0.0)
    found = saved_methods.load(task, product(2), {"device": "meta"})  # which torch has everywhere
    assert (found.device, found.factor) == ("meta", 2.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--method", "gauss_legendr"), "There is no method 'gauss_legendr'"),
        (("--method", f"{PLACED},device=cuda"), "leave that field out and give --device"),
        (("--integral", "box3l"), "There is no integral 'box3l'"),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(quick, tmp_path, capsys, arguments, message):
    assert hardware.main(["--out", str(tmp_path), "--device", "cpu", "--method", EXACT, *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_wrong_arguments_and_help(capsys):
    for arguments, code in ((["--device", "gpu"], 2), (["--help"], 0)):
        with pytest.raises(SystemExit) as exit_:
            hardware.main(arguments)
        assert exit_.value.code == code
    assert "--method my_file:MyMethod,n_samples=1000" in capsys.readouterr().out


def test_rates_by_hand(monkeypatch):
    """A product has 2 · 4³ operations, the triad moves 300 numbers of four bytes, and the median call takes 2 ns."""
    asked, limited = [], []

    def call_seconds(call, **options):
        call()
        asked.append(options)
        return [1e-9, 2e-9, 9e-9]

    monkeypatch.setattr(stopwatch, "call_seconds", call_seconds)
    monkeypatch.setattr(stopwatch, "limit_threads", limited.append)
    rates = device_rates.measure("cpu", 3, Size(4, 100), 0.25)
    products = {"gflop_per_s": pytest.approx(64.0)}
    assert rates == {
        "name": machine.cpu_name(), "n": 4, "elements": 100, "float32": products, "float64": products,
        "triad": {"gb_per_s": pytest.approx(600.0)},
    }  # fmt: skip
    assert limited == [3]
    assert asked == [{"device": "cpu", "timed_s": 0.25}] * 3


def test_rates_are_sane():
    rates = device_rates.measure("cpu", torch.get_num_threads(), Size(512, 2**22), 0.05)
    matrix = np.random.default_rng(0).random((512, 512))
    start = time.perf_counter()
    matrix @ matrix
    numpy_rate = 2 * 512**3 / (time.perf_counter() - start) / 1e9
    assert rates["name"] == machine.cpu_name()
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


def test_shares_by_hand():
    # 1000 operations in float32 and 500 in float64 take 10 ns each; 40 bytes take 4 ns; the call took 40 ns.
    found = device_rates.shares(40e-9, {"float32": 1000.0, "float64": 500.0}, 40, RATES)
    assert found == {"of_product_rate": pytest.approx(0.5), "of_bandwidth": pytest.approx(0.1)}
    assert device_rates.shares(1e-6, None, 40, RATES)["of_product_rate"] is None
    without = RATES | {"float64": {"reason": "mps has no float64"}}
    assert device_rates.shares(1e-6, {"float64": 1.0}, 40, without)["of_product_rate"] is None


def test_the_table_never_mixes_machines():
    found = [
        hardware_record(1e-6), hardware_record(2e-6, threads=2), hardware_record(3e-6, machine="B, 2 CPUs"),
        hardware_record(4e-6, device="cuda", rates=RATES | {"n": 8192}),
        hardware_record(5e-6, machine="B, 2 CPUs", method="placed", fields={"a": 1}),
        hardware_record(6e-6, integral="box2l", machine="C"),
    ]  # fmt: skip
    rates, box1l, box2l = devices.tables(found)
    assert len(rates.rows) == 5
    assert "100 (8192²)" in [row["float32 GFLOP/s"] for row, _ in rates.rows]
    assert box1l.title.startswith("box1l: µs per integral")
    columns = [
        "A, 2 CPUs: cpu, 1 thread",
        "A, 2 CPUs: cpu, 2 threads",
        "A, 2 CPUs: cuda, 1 thread",
        "B, 2 CPUs: cpu, 1 thread",
    ]
    (row, _), (unmeasured, _), *_ = box1l.rows
    assert list(row) == ["method", "precision", "batch", *columns]
    assert [row[column].split()[0] for column in columns] == ["1", "2", "4", "3"]
    assert row[columns[0]] == "1 [0.9–1.1] (25 %)"
    assert unmeasured[columns[0]] == "– a batch is predicted to take 99 s"
    placed = next(row for row, _ in box1l.rows if row["method"] == "placed,a=1")
    assert [placed[column] for column in ("precision", *columns[:3])] == ["float64", "", "", ""]
    assert list(box2l.rows[0][0])[3:] == ["C: cpu, 1 thread"]


def test_superseded_records_and_failures_are_labelled_in_the_table():
    old = hardware_record(1e-6, machine="B", integral_hash="old", date_utc="2027-01-03T00:00:00+00:00")
    broken = hardware_record(1.0, method="broken", status="failed", reason="it\nbroke", s_per_integral=None, rates=None)
    _, table = devices.tables([hardware_record(1e-6), old, broken | {"points": devices.POINTS}])
    rows = {(row["method"], row["batch"]): row for row, _ in table.rows}
    assert rows["chebyshev", "1"]["B: cpu, 1 thread"].endswith("(of another equation than the registered one)")
    assert rows["chebyshev", "1"]["A, 2 CPUs: cpu, 1 thread"].endswith("(25 %)")
    assert rows["broken", "1"]["A, 2 CPUs: cpu, 1 thread"] == "– failed: it broke"
    assert devices.tables([]) == []


@pytest.mark.parametrize("is_first", [True, False])
def test_a_superseded_time_takes_no_place_of_a_current_one(is_first):
    new, other = hardware_record(2e-6), hardware_record(3e-6, threads=2)
    old = hardware_record(1e-6, truth_hash="old", date_utc="2027-01-03T00:00:00+00:00")
    _, table = devices.tables([old, new, other] if is_first else [new, old, other])
    row, used = table.rows[0]
    assert row["A, 2 CPUs: cpu, 1 thread"] == "2 [1.8–2.2] (25 %)"
    assert used == [new, other]


@pytest.mark.parametrize("is_first", [True, False])
def test_of_current_times_the_last_one_is_shown(is_first):
    new, old = hardware_record(2e-6, date_utc="2027-01-03T00:00:00+00:00"), hardware_record(1e-6)
    _, table = devices.tables([old, new] if is_first else [new, old])
    assert table.rows[0] == ({**table.rows[0][0], "A, 2 CPUs: cpu, 1 thread": "2 [1.8–2.2] (25 %)"}, [new])


def test_runs_of_other_commands_are_no_rows_of_the_table():
    failed = full(status="failed", s_per_integral=None, rates=RATES)
    assert devices.tables([full(rates=RATES), failed]) == []


@pytest.mark.gpu
def test_on_a_gpu(quick, command, tmp_path):
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    quick.setattr(hardware, "TIMED_S", 0.05)
    assert command("neural_primitive,width=50,n_updates=2", "gauss_legendre", options=("--device", "cuda"))[0] == 0
    found, _ = run_records.read_all(tmp_path)
    for record in found:
        assert record["device"] == "cuda"
        assert record["rates"]["float32"]["gflop_per_s"] > 0
        assert record["flop_per_integral"]
        assert all(0 < timing["share"]["of_product_rate"] < 1.1 for timing in record["s_per_integral"].values())
