"""Digits against the time per integral: each method over the values of its knob for accuracy, on one thread.

    python -m benchmarks.accuracy --preset curves --jobs 2 --out reports/published/curves
    python -m benchmarks.accuracy --preset held_out --jobs 2 --out reports/published/curves
    python -m benchmarks.accuracy --preset pysecdec --jobs 2 --out reports/published/curves
    python -m benchmarks.accuracy --preset pysecdec_held_out --jobs 2 --out reports/published/curves

The first preset runs on development integrals, on which defaults were tuned, the second on held-out ones; the other two
run pySecDec on the same, which takes as long as all others together. Tables say what the cheapest configuration with
two, three, four, six and eight digits costs (`matched_digits`), and which share of pySecDec's time is spent evaluating
the integrand (`pysecdec_costs`); the page has a curve for each method.

A method's knob is the field, or the budget, that its documentation says accuracy follows from. Methods that integrate
one point after the other have their settings in `one_by_one`, and are judged by fewer points, which `curve_points`
says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from benchmarks.experiments import break_even, curve_points, matched_digits, one_by_one, pysecdec_costs
from benchmarks.experiments.experiment import Experiment, Preset, Table
from benchmarks.records import configurations
from benchmarks.records.run_records import Record
from benchmarks.running.jobs import Job, KnownSeconds

# ----- what is run ----------------------------------------------------------------------------------------------------

BUDGET_S = 20.0
"""Seconds of preparation of what does not learn; most of it needs less."""

PYSECDEC_BUDGET_S = 120.0
"""Five minutes for compiling and judging together: a run is ended after twice its budget and a minute. A library that
takes longer than this to compile has as much more."""

FEW_POINTS = {"genz_product_peak_6d": ("gauss_legendre,max_nodes=2000000,epsrel=1e-12",)}
"""Integral -> methods that would take more than a minute for all of its points, and are judged by the fewest."""

TIMED_S = 0.3
"""Seconds of timed calls of each batch: most methods make hundreds of calls in it."""

AT_ONCE, ONE_BY_ONE, SINGLY = (1, 1024), (1, 8), (1,)
"""Integrals per timed call, of methods that compute many at once, of those that integrate one after the other, and of
these where an integral takes longer than SLOW_S."""

SLOW_S = 0.1

COARSE = (
    *(f"gauss_legendre,max_nodes=2000000,epsrel=1e-{digits}" for digits in (2, 3, 4, 6, 8, 12)),
    "lattice_qmc,points=512", "lattice_qmc,points=16384",
    "chebyshev,max_labels=150", "chebyshev,max_labels=500", "chebyshev",
    "total_degree,max_labels=150", "total_degree,max_labels=500", "total_degree,max_labels=2000", "total_degree",
    "tensor_train", "gaussian_process,n_labels=1000", "rbf,n_labels=2000",
)  # fmt: skip
"""Rules, lattices and tables on every integral."""

FINE = (
    "lattice_qmc,points=128", "lattice_qmc,points=4096", "lattice_qmc,points=65536",
    "tensor_train,epsrel=1e-3", "tensor_train,epsrel=1e-9",
    "gaussian_process,n_labels=200", "rbf,n_labels=300", "vegas_map,points=256", "vegas_map,points=16384",
)  # fmt: skip
"""More of them, where many methods are compared."""

LEARNED = ("differential_mlp", "neural_primitive")
"""Methods that learn, and whose knob is the budget."""

ON_COSTLY_LABELS = (
    "chebyshev", "total_degree", "total_degree,max_labels=150",
    "total_degree,labels=(gauss_legendre,max_nodes=2000000)",
)  # fmt: skip
"""Tables once more, where a minute, or more nodes, leave them better labels."""

OTHERS_THAT_LEARN = ("dense_mlp", "skip_mlp", "boosted_trees", "deep_ensemble", "bayesian_mlp")

CORRECTED = ("primitive_corrected,lattice_size=64", "primitive_corrected,lattice_size=1024")

SHORT_S, MEDIUM_S, LONG_S, LONGEST_S = 5.0, 10.0, 20.0, 60.0
"""Budgets of methods that learn."""

SEEDS = 3
"""Repeats of methods whose digits depend on the seed."""

FEW = (
    *(f"gauss_legendre,max_nodes=2000000,epsrel=1e-{digits}" for digits in (3, 6, 12)),
    "lattice_qmc,points=512", "lattice_qmc,points=16384", "chebyshev,max_labels=150", "chebyshev",
    "total_degree,max_labels=150", "tensor_train", "gaussian_process,n_labels=200", "rbf,n_labels=300",
)  # fmt: skip
"""Methods on integrals that are there for their dimensions."""

HEADLINES = ("box2l_sum", "heptagon1l", "crossed2l_sum")
"""Integrals with every method and three seeds: a development one, and two that are held out."""

MANY_METHODS = ("box1l", "box2l", "box2l_sum", "pentagon1l_8d")
"""Integrals on which more settings run: FINE, CORRECTED, short budgets of what learns, and SEEDS repeats of
`neural_primitive`."""

EVERY_METHOD = ("box1l", "pentagon1l_8d")
"""Integrals on which all other networks, trees and sampling methods run, too."""

MANY_INVARIANTS = ("pentagon1l_8d", "hexagon1l")
"""Integrals on which `differential_mlp` and a large `total_degree` also get LONGEST_S."""

COSTLY = ("box2l_sum", "pentabox_s01")
"""Integrals whose labels are so expensive that LONG_S leaves few and rough ones: tables and `differential_mlp` run once
more with LONGEST_S."""

DEVELOPMENT = (*MANY_METHODS, "box1l_wide", "hexagon1l", "pentabox_s01")
"""Development integrals with several invariants: all of COARSE runs on them."""

FOR_DIMENSIONS = ("bubble", "box1l_2d", "box1l_4d", "genz_gaussian_8d")
"""Development integrals for other k and m: they get the shorter list FEW."""


def curves() -> Preset:
    """Run all but pySecDec on development integrals."""
    jobs = {integral: _jobs(integral) for integral in DEVELOPMENT}
    return _preset(jobs | {integral: _few(integral) for integral in FOR_DIMENSIONS})


def held_out() -> Preset:
    """Run all but pySecDec on held-out integrals."""
    return _preset({name: _few(name) if name.startswith("genz") else _jobs(name) for name in _held_out()})


def pysecdec() -> Preset:
    """Run pySecDec on development integrals."""
    return _preset({name: _pysecdec(name) for name in (*DEVELOPMENT, *FOR_DIMENSIONS)})


def pysecdec_held_out() -> Preset:
    """Run pySecDec on held-out integrals."""
    return _preset({name: _pysecdec(name) for name in _held_out()})


def _held_out() -> list[str]:
    from references.integrals import catalogue  # with sympy, which is not imported for a report without records

    return [name for name in catalogue.ENTRIES if catalogue.is_held_out(name) and not catalogue.is_physical(name)]


def _preset(jobs: dict[str, list[Job]]) -> Preset:
    return Preset(dict.fromkeys(jobs, BUDGET_S), jobs, timed_s=TIMED_S)


def _jobs(integral: str) -> list[Job]:
    """List what runs on an integral."""
    jobs = [*_rules(COARSE, integral), *_at_once(LEARNED[:1], LONG_S, SEEDS)]
    jobs += _at_once(LEARNED[1:], LONG_S, SEEDS if integral in (*MANY_METHODS, *HEADLINES) else 1)
    if integral in (*MANY_METHODS, *HEADLINES):
        jobs += _at_once(FINE) + _at_once(CORRECTED, MEDIUM_S) + _at_once(LEARNED, SHORT_S)
    if integral in MANY_INVARIANTS:
        jobs += _at_once(LEARNED[:1], LONGEST_S, SEEDS) + _at_once(("total_degree,max_labels=12000",), LONGEST_S)
    if integral in COSTLY:
        jobs += _at_once(ON_COSTLY_LABELS, LONGEST_S) + _at_once(LEARNED[:1], LONGEST_S, SEEDS)
    if integral in (*EVERY_METHOD, *HEADLINES):
        jobs += _at_once(OTHERS_THAT_LEARN, MEDIUM_S, SEEDS)
    if integral in EVERY_METHOD:
        jobs += [job for knob in one_by_one.SAMPLING for job in _one_by_one(knob, integral, BUDGET_S)]
    return jobs


def _few(integral: str) -> list[Job]:
    """List what runs on an integral that is there for its dimensions."""
    return [*_rules(FEW, integral), *_at_once(LEARNED, SHORT_S), *_at_once(LEARNED, LONG_S)]


def _at_once(methods: Iterable[str], budget_s: float = BUDGET_S, repeats: int = 1) -> list[Job]:
    return [Job(method, budget_s, repeats, batches=AT_ONCE) for method in methods]


def _rules(methods: Iterable[str], integral: str) -> list[Job]:
    few = FEW_POINTS.get(integral, ())
    return [job._replace(points=curve_points.FEWEST) if job.method in few else job for job in _at_once(methods)]


def _one_by_one(knob: str, integral: str, budget_s: float) -> list[Job]:
    return [
        Job(
            setting.method,
            budget_s,
            points=setting.points,
            batches=SINGLY if setting.s_per_integral > SLOW_S else ONE_BY_ONE,
            pilot=KnownSeconds(0.0, setting.s_per_integral),
        )
        for setting in curve_points.settings(integral, knob)
    ]


def _pysecdec(integral: str) -> list[Job]:
    """List pySecDec's settings, first one for each library: others begin while it is compiled, and find it later.

    Those of the library that is compiled sooner come first of the others, so that nobody compiles the other one twice.
    """
    first: list[Job] = []
    others: list[Job] = []
    for library in one_by_one.LIBRARIES:
        compiled_s = max((s.setup_s for knob in library for s in curve_points.settings(integral, knob)), default=0.0)
        budget_s = max(PYSECDEC_BUDGET_S, 60.0 * math.ceil(compiled_s / 60.0))
        jobs = [job for knob in library for job in _one_by_one(knob, integral, budget_s)]
        first += [job._replace(pilot=job.pilot._replace(fit_s=compiled_s)) for job in jobs[:1] if job.pilot]
        others = [*jobs[1:], *others]
    unsupported = Job(
        one_by_one.KNOBS["pysecdec_qmc"][0], PYSECDEC_BUDGET_S, points=curve_points.FEWEST, batches=SINGLY
    )
    return [*first, *others] or [unsupported]


# ----- what is shown --------------------------------------------------------------------------------------------------


def tables(found: Sequence[Record]) -> list[Table]:
    """Make the tables of matched digits, from how many values on preparation pays, and of pySecDec's time."""
    grouped = configurations.grouped(found)
    return [*matched_digits.tables(grouped), break_even.table(grouped), pysecdec_costs.table(grouped)]


EXPERIMENT = Experiment(
    source="curves",
    presets={make.__name__: make for make in (curves, held_out, pysecdec, pysecdec_held_out)},
    tables=tables,
)
