"""The experiments: each is one file, with what it runs and its tables.

Read `experiment.py` first, which says what an experiment is, then `paper_recipes.py`, a short one. `comparison.py`
is the largest: `all_configurations` and `paper_values` are its tables. `curves` asks what digits cost:
`matched_digits`, `break_even` and `pysecdec_costs` are its tables, `one_by_one` and `curve_points` the settings and
numbers of points of methods that integrate one point after the other, from a pilot. A new experiment is a file with a
constant EXPERIMENT, and a line of the list below.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.experiments.experiment import Experiment, Preset

EXPERIMENTS: dict[str, tuple[str, ...]] = {
    "curves": ("curves", "held_out", "pysecdec", "pysecdec_held_out"),
    "physical": ("physical", "physical_held_out"),
    "two_loops": ("two_loops", "two_loops_held_out"),
    "contour_ablation": (),
    "performance_profile": (),
    "cost_map": (),
    "evaluations": (),
    "comparison": ("smoke", "quick", "every", "cuba", "catalogue", "full"),
    "paper_recipes": ("paper", "paper_short"),
    "thesis_on_cpu": ("paper_cpu",),
    "paper_claims": ("ablations",),
    "replicas": ("replicas",),
    "paper_surrogates": ("surrogates",),
    "label_counts": ("surrogate_points",),
    "uncertain_networks": ("bayesian",),
    "training": (),
    "devices": (),
    "deep_speed": (),
    "gpu": (),
}
"""Module of each experiment, in the order of the report -> its presets, so that they are known without importing it."""

PRESETS = {preset: name for name, presets in EXPERIMENTS.items() for preset in presets}
"""Preset -> the experiment that it belongs to."""


def load(name: str) -> Experiment:
    """Import the module `name` of the list, and give its experiment."""
    found: Experiment = importlib.import_module(f"{__name__}.{name}").EXPERIMENT
    return found


def preset(name: str) -> Preset:
    """Give what the preset `name` runs; only the module of its experiment is imported."""
    return load(PRESETS[name]).presets[name]()
