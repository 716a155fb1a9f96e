"""All methods against one another: digits, their cost, and from how many integrals on a preparation pays.

    python -m benchmarks.accuracy --preset every --out reports/published/comparison

The tables are `all_configurations`, which the command prints and the page shows first, `paper_values` and
`break_even`.

A core draws about three charts a second, each as SVG and as PNG, so that what is drawn is bounded: all charts for the
integrals that come first and those with most methods, and for the others the few that say most.
"""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.experiments import break_even, paper_values
from benchmarks.experiments.experiment import METHODS, Experiment, Preset, Table
from benchmarks.figures import accuracy, cost, drawing
from benchmarks.figures.figure_sections import Section, drawn
from benchmarks.records import configurations
from benchmarks.records.folders import COMPARISON
from benchmarks.records.run_records import Record

INTEGRALS = ("box1l", "box2l", "box2l_sum", "pentagon1l_8d")
"""Integrals that README.md shows, where there are records of them, and whose figures come first."""

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
    """Run what most people ask for: eight methods on two integrals, in ten minutes on two cores."""
    return Preset({"box1l": 60.0, "box2l": 30.0}, {"box1l": METHODS, "box2l": METHODS})


def every() -> Preset:
    """Run every method but Cuba's on the papers' integrals."""
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
    """Tables that follow the one of all configurations."""
    grouped = configurations.grouped(found)
    return [module.table(grouped) for module in (paper_values, break_even)]


FULL = 5
"""Sections with all their charts."""

SHORT = ("p", "pareto_1024")
"""Charts of the sections after these."""

MOST = 150
"""Charts in all; those for which this leaves no room are counted on the page."""


def sections(found: Iterable[Record]) -> list[Section]:
    """Draw each integral on each machine, in the order of the titles.

    Where there is no room for all charts, INTEGRALS come first, and then those with most methods. What is not drawn is
    named in a last section, without figures.
    """
    current = [c for c in configurations.grouped(found) if c.good and not c.replaced]
    methods = sorted({c.method for c in current})
    places = configurations.by_place(current)
    several = len({machine for _, machine in places}) > 1
    order = {integral: nth for nth, integral in enumerate(INTEGRALS)}
    ranked = sorted(places, key=lambda place: (order.get(place[0], len(order)), -len(places[place]), place))
    room = MOST
    made = []
    for rank, place in enumerate(ranked):
        curves, left_out = drawing.curves(places[place], methods)
        charts = [*accuracy.charts(curves), *cost.charts(curves, left_out)]
        chosen = [chart for chart in charts if rank < FULL or chart.name in SHORT][: max(room, 0)]
        room -= len(chosen)
        nth = sorted(machine for integral, machine in places if integral == place[0]).index(place[1])
        prefix = place[0] + (f".{nth + 1}" if nth else "")
        title = f"{place[0]}, on {place[1]}" if several else place[0]
        note = _note(len(left_out), len(charts) - len(chosen))
        made.append(Section(title, *place, note, [drawn(prefix, chart) for chart in chosen]))
    made.sort(key=lambda section: section.title)
    empty = [f"{section.title}: {section.note}" for section in made if section.note and not section.figures]
    shown = [section for section in made if section.figures]
    return shown + ([Section("Not drawn", "", "", "; ".join(empty), [])] if empty else [])


def _note(curves: int, charts: int) -> str:
    """Say what is not drawn."""
    parts = [
        f"{curves} more configurations are in the table, and not drawn" if curves else "",
        f"{charts} more charts are not drawn, since other integrals come first" if charts else "",
    ]
    return "; ".join(filter(None, parts))


EXPERIMENT = Experiment(
    source=COMPARISON,
    presets={make.__name__: make for make in (smoke, quick, every, cuba, catalogue, full)},
    tables=tables,
    sections=sections,
)
