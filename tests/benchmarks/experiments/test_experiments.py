"""The list of experiments: it names what their files have, and importing it or one preset brings nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import experiments
from benchmarks.experiments.experiment import BUDGET_S, METHODS, Experiment
from benchmarks.records.folders import PUBLISHED
from benchmarks.running.jobs import Job

FOLDER = Path(experiments.__file__).parent

UNMEASURED = {"gpu"}
"""Experiments without published results so far."""


@pytest.mark.parametrize("name", experiments.EXPERIMENTS)
def test_the_list_has_the_presets_of_each_file(name):
    found = experiments.load(name)
    assert isinstance(found, Experiment)
    assert tuple(found.presets) == experiments.EXPERIMENTS[name]
    assert name in UNMEASURED or (PUBLISHED / found.source).exists()


def test_every_file_with_an_experiment_is_in_the_list():
    files = {path.stem for path in FOLDER.glob("*.py") if "\nEXPERIMENT = " in path.read_text()}
    assert files == set(experiments.EXPERIMENTS)


@pytest.mark.parametrize("name", experiments.PRESETS)
def test_a_preset_says_what_to_run_on_each_of_its_integrals(name):
    made = experiments.preset(name)
    assert set(made.methods) == set(made.budgets)
    assert all(seconds > 0 for seconds in made.budgets.values())
    assert all(made.jobs(integral) for integral in made.budgets)
    assert made.jobs("mine:integral") == [Job(method, BUDGET_S, made.repeats) for method in METHODS]
    assert {job.method for job in made.jobs("box1l", ["mine:Method"])} == {"mine:Method"}


SHARED = {"experiment"}
COMPARED = {"comparison", "all_configurations", "paper_values"}
CURVES = {
    "curves", "curve_points", "one_by_one", "matched_digits", "break_even", "pysecdec_costs", "all_configurations",
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "brought"),
    [
        ("import benchmarks.accuracy", set()),
        ("experiments.preset('quick')", SHARED | COMPARED),
        ("experiments.preset('curves')", SHARED | CURVES),
        ("experiments.preset('bayesian')", SHARED | {"uncertain_networks", "paper_claims"}),
        ("experiments.preset('paper_short')", SHARED | {"paper_recipes"}),
    ],
)
def test_only_what_a_preset_needs_is_imported(line, brought):
    code = f"""
import sys
from benchmarks import experiments
{line}
print(*(name for name in sys.modules if name.startswith("benchmarks.experiments.")))
print(*{{"matplotlib", "pandas", "sympy", "torch"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    modules, heavy = done.stdout.split("\n")[:2]
    assert {name.rpartition(".")[2] for name in modules.split()} == brought
    assert heavy == ""


def test_what_makes_a_report_is_light_to_import():
    """Asv imports every module below benchmarks, whatever it runs."""
    rooms = ("figures", "experiments", "page")
    modules = [f"benchmarks.{room}.{path.stem}" for room in rooms for path in (FOLDER.parent / room).glob("[!_]*.py")]
    code = f"""
import importlib, sys
for name in {sorted(modules)}:
    importlib.import_module(name)
print(*{{"jinja2", "matplotlib", "pandas", "sympy", "torch", "xgboost"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert len(modules) > 20
    assert done.stdout.strip() == ""
