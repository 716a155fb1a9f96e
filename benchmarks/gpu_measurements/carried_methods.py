"""Methods fitted beforehand, on any machine, to be timed on one with a GPU.

    python -m benchmarks.gpu --prepare DIR

leaves in DIR one file per method, and `index.json`: for each the record of its fit, the operations in its matrix
products, and values at a few points by which the device is checked; and of which commit the code was. The first stage
of `benchmarks.running.suite` makes them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.experiments import devices as experiment
from benchmarks.experiments.gpu import AS_PUBLISHED, PUBLISHED
from benchmarks.gpu_measurements.session import ROOT
from benchmarks.records.folders import check_writable
from benchmarks.running import isolated, machine, machine_lock, plan, saved_methods
from benchmarks.running.jobs import HARNESS_FIELDS
from benchmarks.running.plan import Options
from benchmarks.running.suite import Suite, Told
from benchmarks.running.task import Place, Task
from methods.base import InputError, Method, ParametricIntegral
from methods.core import files
from methods.core.dask_cluster import LOCK, SUFFIXES
from methods.papers.primitive_recipes import RECIPES

INDEX = "index.json"

LARGEST_MIB = 25

COMPARED = 8
"""Points at which a device must give the values of the CPU."""

COUNT_LIMIT_S = 300.0


@dataclasses.dataclass(frozen=True)
class Carried:
    """A fitted method."""

    task: Task
    """Loads it: its `model` is the file."""
    record: dict[str, Any]
    """The record as the first stage left it, without times."""
    s: list[list[float]]
    value: list[float]
    """Points (COMPARED, m), and I(s) there on the CPU."""

    def loaded(self, integral: ParametricIntegral, device: str, threads: int) -> Method:
        """Load it so that it evaluates on a device, and with so many CPU threads."""
        wanted = {"device": device, "workers": threads}
        known = self.record["params"] | {"device": "cpu"}
        return saved_methods.load(self.task, integral, {key: value for key, value in wanted.items() if key in known})


def defaults() -> dict[str, list[str]]:
    """List the methods for each integral, as on the command line: those that compute by torch, and published sizes."""
    wanted: dict[str, list[str]] = {"box1l": [], "box2l": []}
    for spec in experiment.default_methods():
        described = plan.described(plan.describe_method, spec)
        if "device" in described["params"]:
            wanted["box1l"] += plan.in_each_precision(spec, described)
    for name in PUBLISHED:
        wanted[RECIPES[name].integral].append(RECIPES[name].method(**AS_PUBLISHED))
    return wanted


def prepare(folder: Path, wanted: Mapping[str, Sequence[str]], told: Told) -> list[str]:
    """Fit these methods, {integral: specs}, and keep them in `folder`; return why some are missing.

    Those that compute on the CPU alone are not fitted.

    Raises
    ------
    InputError
        For what there is not, a folder that cannot be written, or methods larger than LARGEST_MIB together.
    """
    check_writable(folder)
    fits = folder / "fits"
    work = {integral: [experiment.job(spec, integral) for spec in specs] for integral, specs in wanted.items()}
    options = Options(fits, 0, "cpu", (Place("cpu", 1),), 0.0)
    with machine_lock.folder(fits):
        runs, missing = [], []
        for planned in plan.runs(work, options):
            if "device" in planned.task.fields:
                runs.append(planned)
            else:
                missing.append(f"{planned.label}: it computes on the CPU")
        suite = Suite(runs, options, force=True, is_published=False, say=print)
        suite.fit_and_judge(machine.n_cpus(), told)
        entries = []
        for number, planned in enumerate(runs):
            record = suite.record(planned, planned.places[0])
            if record is None or record["status"] != "ok" or not planned.task.model.exists():
                reason = "it cannot be saved" if record is None else record["reason"] or "it cannot be saved"
                missing.append(f"{planned.label}: {reason}")
                continue
            entries.append(_entry(planned.task, record))
            shutil.copyfile(planned.task.model, folder / f"{number:02d}.fitted")
            entries[-1]["file"] = f"{number:02d}.fitted"
    shutil.rmtree(fits)
    described = machine.describe()
    code = {"digest": source_digest(), "commit": described["commit"], "dirty": described["dirty"]}
    files.write_text(folder / INDEX, json.dumps({"code": code, "methods": entries}) + "\n")
    size = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    if size > LARGEST_MIB:
        raise InputError(f"The fitted methods take {size:.0f} MiB; {LARGEST_MIB} can be carried, so leave some out.")
    return missing


def _entry(task: Task, record: dict[str, Any]) -> dict[str, Any]:
    outcome = isolated.call(_described, task, time_limit=COUNT_LIMIT_S)
    if outcome.status != "ok":
        raise InputError(f"{task.method} could not be loaded again: {outcome.reason}")
    flop = isolated.call(saved_methods.count_products, task, time_limit=COUNT_LIMIT_S)
    counted = {"flop_per_integral": flop.result or None, "flop_reason": flop.reason or saved_methods.NO_PRODUCTS}
    counted |= {"flop_reason": None} if flop.result else {}
    # The harness's fields are set anew on each device, and the values point by point stay here.
    fields = {key: value for key, value in task.fields.items() if key not in HARNESS_FIELDS or key == "seed"}
    return {
        "integral": task.integral, "method": task.method, "fields": fields, "record": record | counted,
        "s": outcome.result["s"], "value": outcome.result["value"],
    }  # fmt: skip


def _described(task: Task) -> dict[str, Any]:
    """Compute a saved method's values at a few points."""
    import references

    integral = references.integral(task.integral)
    s = integral.sample(COMPARED, seed=1)
    return {"s": s.tolist(), "value": saved_methods.load(task, integral, {}).integrate(s).value.tolist()}


def read(folder: Path) -> tuple[list[Carried], dict[str, Any]]:
    """Read what `prepare` left: the methods, and of which code they are: {digest, commit, dirty}."""
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    found = []
    for entry in index["methods"]:
        task = Task(
            entry["integral"], entry["method"], entry["fields"], entry["record"]["budget_s"], None,  # type: ignore[arg-type]
            folder, folder / entry["file"], experiment.BATCHES, 0.0,
        )  # fmt: skip
        found.append(Carried(task, entry["record"], entry["s"], entry["value"]))
    return found, index["code"]


def source_digest() -> str:
    """Hash code, settings and loop integrals of the project's packages: code without its history is known by it."""
    found = hashlib.sha256()
    for package in ("methods", "references", "benchmarks"):
        for path in sorted((ROOT / package).rglob("*")):
            if path.suffix in SUFFIXES and path.name != LOCK and path.is_file():
                found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()[:16]
