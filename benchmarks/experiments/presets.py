"""Which integrals, methods, budgets and repeats a preset means. New methods join a list only on purpose."""

from __future__ import annotations

import dataclasses

import references
from benchmarks.experiments import label_counts, paper_surrogates, uncertain_networks
from benchmarks.experiments.paper_claims import BUDGET_S, CLAIMS, INTEGRAL
from methods.papers.primitive_recipes import RECIPES
from methods.papers.surrogate_recipes import INTEGRALS as BY_DIMENSION
from methods.papers.surrogate_recipes import SURROGATE_RECIPES

METHODS = (
    "gauss_legendre", "chebyshev", "lattice_qmc", "pysecdec_qmc", "neural_primitive", "published_primitive", "skip_mlp",
    "boosted_trees",
)  # fmt: skip

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

FIRST = {"box1l": 60.0, "box2l": 30.0, "box1l_2d": 30.0, "box1l_4d": 30.0, "pentagon1l_8d": 30.0}
"""The papers' integrals in 2 to 8 dimensions, and the seconds of preparation for each."""

CATALOGUE_S = 20.0
"""Seconds of preparation for each of the other integrals."""

OPEN = ("box1l_wide", "box1l_threshold", "pentagon1l_8d", "hexagon1l", "box1l_sum", "box2l_sum", "pentabox_s01")
"""Where it is open which method wins."""


@dataclasses.dataclass(frozen=True)
class Preset:
    """What to run where the command line does not say otherwise.

    Parameters
    ----------
    budgets : dict of str to float
        Seconds of preparation for each integral.
    methods : dict of str to tuple of str
        For each integral, methods as on the command line.
    repeats : int
        Reruns with another seed.
    """

    budgets: dict[str, float]
    methods: dict[str, tuple[str, ...]]
    repeats: int = 1


PRESETS = {
    "smoke": Preset({"box1l": 5.0}, {"box1l": ("gauss_legendre", "chebyshev")}),
    "quick": Preset({"box1l": 60.0, "box2l": 30.0}, {"box1l": METHODS, "box2l": METHODS}),
    "every": Preset(FIRST, dict.fromkeys(FIRST, EVERY)),
    "cuba": Preset(dict.fromkeys(FIRST, CUBA_S), dict.fromkeys(FIRST, (CUBA,))),
    "catalogue": Preset(
        {name: CATALOGUE_S for name in references.names() if name not in FIRST},
        {name: ("lattice_qmc", "neural_primitive") for name in references.names() if name not in FIRST},
    ),
    "full": Preset(
        dict.fromkeys(("box1l", "box2l", *OPEN), 600.0),
        {"box1l": (*METHODS, *PYLINK), "box2l": (*METHODS, *PYLINK), **dict.fromkeys(OPEN, METHODS)},
        repeats=5,
    ),
    "paper": Preset(
        dict.fromkeys(("box1l", "box2l"), 36_000.0),
        {
            integral: ("pysecdec_qmc", *(r.method() for r in RECIPES.values() if r.integral == integral))
            for integral in ("box1l", "box2l")
        },
    ),
    "paper_short": Preset(
        dict.fromkeys(("box1l", "box2l"), 300.0),
        {
            integral: tuple(r.method(n_replicas=1) for r in RECIPES.values() if r.integral == integral)
            for integral in ("box1l", "box2l")
        },
    ),
    "ablations": Preset(
        {INTEGRAL: BUDGET_S}, {INTEGRAL: tuple(spec for claim in CLAIMS for spec in claim.settings.values())}, repeats=3
    ),
    "surrogates": Preset(
        dict.fromkeys(BY_DIMENSION.values(), paper_surrogates.BUDGET_S),
        {
            integral: tuple(r.method() for r in SURROGATE_RECIPES.values() if r.integral == integral)
            for integral in BY_DIMENSION.values()
        },
    ),
    "surrogate_points": Preset(
        dict.fromkeys(BY_DIMENSION.values(), label_counts.BUDGET_S),
        dict.fromkeys(BY_DIMENSION.values(), label_counts.specs()),
        repeats=label_counts.REPEATS,
    ),
    "bayesian": Preset(
        dict.fromkeys(uncertain_networks.INTEGRALS, uncertain_networks.BUDGET_S),
        dict.fromkeys(uncertain_networks.INTEGRALS, uncertain_networks.SETTINGS),
        repeats=uncertain_networks.REPEATS,
    ),
}

"""`paper` is the published runs at full length, on a GPU; `paper_short` one replica of each for five minutes on a CPU,
in which an update of JHEP's I1 takes five seconds: its digits are no reproduction of theirs. `surrogates` and
`surrogate_points` are the two experiments of `surrogate_table` and `surrogate_points`."""

DEFAULT_BUDGET_S = 60.0
"""For integrals that a preset does not name; their methods are METHODS."""
