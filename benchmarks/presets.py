"""Which integrals, methods, budgets and repeats a preset means. New methods join a list only on purpose."""

from __future__ import annotations

import dataclasses

METHODS = (
    "gauss_legendre", "chebyshev", "lattice_qmc", "pysecdec_qmc", "neural_primitive", "skip_mlp", "boosted_trees",
)  # fmt: skip

PYLINK = (
    "pysecdec_qmc_pylink", "pysecdec_cuba,integrator=vegas", "pysecdec_cuba,integrator=divonne",
    "pysecdec_cuba,integrator=cuhre", "pysecdec_cuba,integrator=suave,maxeval=50000",
)  # fmt: skip
"""pySecDec's other integrators: compiled by themselves, which takes a minute or two, and tens of ms per integral."""

OPEN = ("box1l_wide", "box1l_threshold", "pentagon1l_8d", "hexagon1l", "box1l_sum", "box2l_sum", "pentabox_s01")
"""Where it is open which method wins."""

TABLE1_BOX1L = "neural_primitive,width=100,depth=4,gain=1.5,lattice_size=100003,n_repeat=5,n_replicas=8"
"""JHEP Table 1, tanh; the lattice size is the prime next to its 100k."""

TABLE1_BOX2L = "neural_primitive,width=30,depth=4,gain=1.2,lattice_size=20011,n_repeat=5,n_replicas=8"


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
    "full": Preset(
        dict.fromkeys(("box1l", "box2l", *OPEN), 600.0),
        {"box1l": (*METHODS, *PYLINK), "box2l": (*METHODS, *PYLINK), **dict.fromkeys(OPEN, METHODS)},
        repeats=5,
    ),
    "paper": Preset(
        {"box1l": 36_000.0, "box2l": 36_000.0},
        {"box1l": ("pysecdec_qmc", TABLE1_BOX1L), "box2l": ("pysecdec_qmc", TABLE1_BOX2L)},
    ),
}

DEFAULT_BUDGET_S = 60.0
"""For integrals that a preset does not name; their methods are METHODS."""
