"""Methods against one another: digits and their cost, beside what the papers publish.

    python -m benchmarks.accuracy --preset every --out reports/published/comparison

The tables are `all_configurations`, which the command prints and the page shows first, and `paper_values`.
"""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.experiments import paper_values
from benchmarks.experiments.experiment import METHODS, Experiment, Preset, Table
from benchmarks.records import configurations
from benchmarks.records.folders import COMPARISON
from benchmarks.records.run_records import Record

INTEGRALS = ("box1l", "box2l", "box2l_sum", "pentagon1l_8d")
"""Integrals whose histograms the page shows first."""

# ----- what is run ----------------------------------------------------------------------------------------------------

PYLINK = (
    "pysecdec_qmc_pylink", "pysecdec_cuba,integrator=vegas", "pysecdec_cuba,integrator=divonne",
    "pysecdec_cuba,integrator=cuhre", "pysecdec_cuba,integrator=suave,maxeval=50000",
)  # fmt: skip
"""pySecDec's other integrators: compiled by themselves, which takes a minute or two, and tens of ms per integral."""

EVERY = (
    *METHODS, "separable_primitive", "primitive_corrected", "dense_mlp", "bayesian_mlp", "deep_ensemble",
    "differential_mlp", "pysecdec_qmc_pylink",
)  # fmt: skip

CUBA, CUBA_S = "pysecdec_cuba,integrator=cuhre", 120.0
"""The quickest of Cuba's integrators for smooth integrands, and the budget that gives it five minutes: 2,400 integrals
of box1l take it 170 s after compiling, and Vegas, pySecDec's default, over three minutes."""

DIMENSIONS = {"box1l": 60.0, "box2l": 30.0, "box1l_2d": 30.0, "box1l_4d": 30.0, "pentagon1l_8d": 30.0}
"""The papers' integrals in 2 to 8 dimensions -> seconds of preparation."""

CATALOGUE_S = 20.0
"""Seconds of preparation for each of the other integrals."""

OPEN = ("box1l_wide", "box1l_threshold", "pentagon1l_8d", "hexagon1l", "box1l_sum", "box2l_sum", "pentabox_s01")
"""Integrals for which it is open which method wins."""


def smoke() -> Preset:
    """Run two quick methods, to see in a minute that everything works."""
    return Preset({"box1l": 5.0}, {"box1l": ("gauss_legendre", "chebyshev")})


def quick() -> Preset:
    """Run what most people ask for: eight methods on two integrals, in five minutes on two cores."""
    return Preset({"box1l": 60.0, "box2l": 30.0}, {"box1l": METHODS, "box2l": METHODS})


def every() -> Preset:
    """Run fifteen methods on the papers' five integrals."""
    return Preset(DIMENSIONS, dict.fromkeys(DIMENSIONS, EVERY))


def cuba() -> Preset:
    """Run pySecDec with Cuba on the papers' integrals, which takes longest."""
    return Preset(dict.fromkeys(DIMENSIONS, CUBA_S), dict.fromkeys(DIMENSIONS, (CUBA,)))


def catalogue() -> Preset:
    """Run a direct method and a learned one on all other real integrals."""
    from references.integrals import catalogue  # with sympy, which is not imported for a report without records

    others = [name for name in catalogue.ENTRIES if name not in DIMENSIONS and not catalogue.is_physical(name)]
    return Preset(dict.fromkeys(others, CATALOGUE_S), dict.fromkeys(others, ("lattice_qmc", "neural_primitive")))


def full() -> Preset:
    """Run most methods for ten minutes each, with five repeats."""
    methods = dict.fromkeys(("box1l", "box2l"), (*METHODS, *PYLINK)) | dict.fromkeys(OPEN, METHODS)
    return Preset(dict.fromkeys(methods, 600.0), methods, repeats=5)


# ----- what is shown --------------------------------------------------------------------------------------------------


def tables(found: Iterable[Record]) -> list[Table]:
    """Make the table that follows the one of all configurations."""
    return [paper_values.table(configurations.grouped(found))]


EXPERIMENT = Experiment(
    source=COMPARISON,
    presets={make.__name__: make for make in (smoke, quick, every, cuba, catalogue, full)},
    tables=tables,
)
