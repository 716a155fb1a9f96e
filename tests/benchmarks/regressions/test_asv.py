"""What asv finds in benchmarks/: these benchmarks and no others, without importing anything heavy.

A function of the harness that happens to be called `time_…` would be run as a benchmark, and a heavy import would be
paid again by every benchmark: asv imports all of benchmarks/ in a process for each.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import asv.runner
import numpy as np
import pytest

import methods
from benchmarks.records import run_records
from benchmarks.regressions import commands, deep, integrate, kernels, physical

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ("torch", "xgboost", "pySecDec")
UNITS = {
    "regressions.integrate.Fit.track_fit": "seconds",
    "regressions.integrate.Fit.track_rel_err_median": "relative error",
    "regressions.integrate.Integrate.peakmem_integrate": "bytes",
    "regressions.integrate.Integrate.time_integrate": "seconds",
    "regressions.integrate.Integrate.time_integrate_one": "seconds",
}
"""Of each method."""

OF_PHYSICAL = {
    "regressions.physical.FitPhysical.track_fit": "seconds",
    "regressions.physical.FitPhysical.track_rel_err_median": "relative error",
    "regressions.physical.IntegratePhysical.time_integrate": "seconds",
}
"""Of each method above threshold."""

KERNELS = [
    "regressions.kernels.CompiledSum.time_sum", "regressions.kernels.ExportedHeader.time_integrate",
    "regressions.kernels.ExportedHeader.time_write",
]  # fmt: skip
MIXED = ["regressions.deep.MixedPartial.time_corner_sum", "regressions.deep.MixedPartial.time_step"]
COMMANDS = [
    "regressions.commands.Import.timeraw_import", "regressions.commands.Report.timeraw_read",
    "regressions.commands.Report.timeraw_report",
]  # fmt: skip
EXPECTED = sorted([*COMMANDS, *KERNELS, *MIXED, *UNITS, *OF_PHYSICAL])


@pytest.fixture
def poison(tmp_path):
    """Return a folder in which the heavy packages raise when imported."""
    folder = tmp_path / "poison"
    folder.mkdir()
    for name in HEAVY:
        (folder / f"{name}.py").write_text(f"raise RuntimeError('{name} imported')")
    return folder


def discover(benchmark_dir: Path, poison: Path) -> subprocess.CompletedProcess[str]:
    """Run asv's own discovery, as `asv run` does in the environment it built; stdout is its JSON list."""
    found = poison / "found.json"
    run = subprocess.run(
        [sys.executable, asv.runner.BENCHMARK_RUN_SCRIPT, "discover", str(benchmark_dir), str(found)],
        cwd=poison, capture_output=True, text=True, timeout=120,
        # asv removes PYTHONPATH and takes ASV_PYTHONPATH in its place.
        env={**os.environ, "ASV_PYTHONPATH": os.pathsep.join([str(poison), str(ROOT)])},
    )  # fmt: skip
    run.stdout = found.read_text() if found.exists() else ""
    return run


def test_asv_finds_exactly_these_benchmarks_and_imports_nothing_heavy(poison):
    run = discover(ROOT / "benchmarks", poison)
    assert run.returncode == 0, run.stderr
    found = {benchmark["name"]: benchmark for benchmark in json.loads(run.stdout)}
    assert sorted(found) == EXPECTED
    for name in UNITS:
        benchmark = found[name]
        assert benchmark["params"] == [[repr(name) for name in integrate.CONFIGURATIONS]]
        assert benchmark["setup_cache_key"].startswith("regressions.integrate:")
    for name in OF_PHYSICAL:
        assert found[name]["params"] == [[repr(name) for name in physical.CONFIGURATIONS]]
        assert found[name]["setup_cache_key"].startswith("regressions.physical:")
    assert len({found[name]["setup_cache_key"] for name in UNITS}) == 1  # all methods are fitted once
    assert len({found[name]["setup_cache_key"] for name in OF_PHYSICAL}) == 1
    units = UNITS | OF_PHYSICAL
    assert {name: found[name]["unit"] for name in units} == units
    assert all(found[name]["params"] == [[repr(name) for name in deep.SHAPES]] for name in MIXED)


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
def test_a_heavy_import_stops_discovery(poison, tmp_path, name):
    bad = tmp_path / "benchmarks"
    bad.mkdir()
    (bad / "__init__.py").write_text(f"import {name}\n")
    run = discover(bad, poison)
    assert run.returncode != 0
    assert f"{name} imported" in run.stderr


@pytest.mark.slow
def test_a_public_function_called_time_would_be_found(poison, tmp_path):
    bad = tmp_path / "benchmarks"
    shutil.copytree(ROOT / "benchmarks", bad, ignore=shutil.ignore_patterns("__pycache__"))
    (bad / "helper.py").write_text("def time_limit(): ...\n")
    run = discover(bad, poison)
    assert run.returncode == 0, run.stderr
    assert sorted(found["name"] for found in json.loads(run.stdout)) == sorted(["helper.time_limit", *EXPECTED])


@pytest.mark.slow
def test_asv_accepts_configuration_and_benchmarks():
    run = subprocess.run(
        [sys.executable, "-m", "asv", "check", "--environment", "existing:same"],
        cwd=ROOT, capture_output=True, text=True, timeout=300, env={**os.environ, "ASV_PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_timed_method_is_registered():
    assert set(integrate.CONFIGURATIONS) | set(physical.CONFIGURATIONS) <= set(methods.METHODS)


@pytest.mark.slow
@pytest.mark.parametrize("integral", kernels.CompiledSum.params[0])
def test_sums_over_fixed_nodes_are_timed(integral):
    suite = kernels.CompiledSum()
    suite.setup(integral)
    suite.time_sum(integral)
    assert suite.sum(suite.s).isfinite().all()


@pytest.mark.slow
def test_an_exported_header_is_timed_that_has_the_values_of_its_table(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOOPMARK_CACHE", "")
    suite = kernels.ExportedHeader()
    folder = suite.setup_cache()
    suite.setup(folder)
    suite.time_integrate(folder)
    suite.time_write(folder)
    assert np.abs(suite.value / suite.table.integrate(suite.s).value - 1).max() < 1e-12


def test_a_method_that_fails_is_reported_and_the_others_run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOOPMARK_CACHE", "")  # put back afterwards
    monkeypatch.setattr(
        integrate.OnBox1l,
        "configurations",
        {"gauss_legendre": {"order": 4, "a": 3.0}, "chebyshev": {"labels": "nobody"}},
    )
    folder = integrate.Integrate().setup_cache()
    failed = integrate.Integrate()
    with pytest.raises(RuntimeError, match=r"(?s)chebyshev could not be fitted: .*'nobody'"):
        failed.setup(folder, "chebyshev")
    works = integrate.Integrate()
    works.setup(folder, "gauss_legendre")
    works.time_integrate(folder, "gauss_legendre")
    works.time_integrate_one(folder, "gauss_legendre")
    works.peakmem_integrate(folder, "gauss_legendre")
    found = integrate.Fit()
    found.setup(folder, "gauss_legendre")
    assert 0 < found.track_fit(folder, "gauss_legendre") < 60
    # A 4-point rule is right to four or five digits on box1l: not wrong, and not the truth itself.
    assert 1e-7 < found.track_rel_err_median(folder, "gauss_legendre") < 1e-3


def test_a_method_that_does_not_support_the_integral_is_skipped(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOOPMARK_CACHE", "")
    monkeypatch.setattr(integrate.OnBox1l, "configurations", {"gauss_legendre": {"max_nodes": 4}})
    suite = integrate.Integrate()
    with pytest.raises(NotImplementedError, match="max_nodes"):  # asv's way to skip
        suite.setup(suite.setup_cache(), "gauss_legendre")


def test_commands_are_timed_in_interpreters_of_their_own(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "N_RECORDS", 12)
    suite = commands.Report()
    folder = suite.setup_cache()
    found, damaged = run_records.read_all(tmp_path)
    assert len(found) == 12
    assert not damaged
    for statement, setup in (suite.timeraw_read(folder), suite.timeraw_report(folder)):
        subprocess.run([sys.executable, "-c", f"{setup}\n{statement}"], cwd=ROOT, check=True)
    assert (tmp_path / "index.html").exists()
    # Negative control: where no record can be read, nothing is measured.
    damaged = tmp_path / "another" / "runs" / "record.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_text('{"schema": 0}')
    for statement, setup in (
        suite.timeraw_read(str(tmp_path / "another")),
        suite.timeraw_report(str(tmp_path / "another")),
    ):
        line = [sys.executable, "-c", f"{setup}\n{statement}"]
        run = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
        assert run.returncode == 1
        assert commands.NOTHING_READ in run.stderr


@pytest.mark.parametrize("module", commands.Import.params[0])
def test_what_is_imported_exists(module):
    assert importlib.util.find_spec(module) is not None
    assert commands.Import().timeraw_import(module) == f"import {module}"
