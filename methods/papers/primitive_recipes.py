"""The settings that the papers print for their primitives, row by row, as fields of `published_primitive`.

What a paper does not print, or we do not follow, is a `Choice`: the value taken here, with the reason; everything else
of a recipe is in its table or its text. To list them all, with what to write after --method:

    python -m methods.papers.primitive_recipes

Papers: Maître & Santos-Mateos, JHEP 03 (2023) 221 (JHEP), and the ACAT proceedings of the same (ACAT); Bentley, MPhys
thesis, Durham 2024 (thesis).

notation: k = 1000; layers = depth, nodes = width, lattice grid size = lattice_size, ε = learning_rate, epoch = update.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Choice:
    """A field that the paper does not print, or where we depart from it: the value chosen here, and why."""

    value: Any
    why: str


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One row of a table.

    Parameters
    ----------
    integral : str
        The registered integral it was trained on: "box1l" is the papers' I1, "box2l" their I2.
    source : str
        Paper, table and row.
    digits : str
        What the paper says came out.
    printed : dict
        Fields with the values that the paper prints.
    chosen : dict of str to Choice
        Fields that it does not print, or that are chosen otherwise.
    """

    integral: str
    source: str
    digits: str
    printed: Mapping[str, Any]
    chosen: Mapping[str, Choice]

    def fields(self, **changed: Any) -> dict[str, Any]:
        """Return all fields of `published_primitive`, with some changed."""
        return {**self.printed, **{field: choice.value for field, choice in self.chosen.items()}, **changed}

    def method(self, **changed: Any) -> str:
        """Return the method as on the command line."""
        return ",".join(["published_primitive", *(f"{key}={value}" for key, value in self.fields(**changed).items())])


COMMON: dict[str, Any] = {"transform": "korobov3", "points": "lattice", "n_repeat": 5}
"""JHEP eq. 2.24, section 2.3, Table 1; ACAT eq. 14; thesis eq. 2.20, section 3: "changed every 5 learning epochs"."""

JHEP: dict[str, Any] = COMMON | {"normalisation": "centre", "scale": "one", "uncertainty": "spread"}
"""JHEP eq. 2.19 and section 3.1; ACAT eq. 15 and section 3."""

THESIS: dict[str, Any] = COMMON | {
    "normalisation": "centre", "scale": "max", "scaling": "largest", "gain_convention": "thesis",
    "schedule": "plateau", "uncertainty": "mean",
}  # fmt: skip
"""Thesis eq. 2.16, 2.22, 2.15, 4.2, section 4.4, eq. 4.1."""

PRECISION = Choice("float32", "PyTorch's default; no paper names a precision")

JHEP_NOT_PRINTED = {
    "precision": PRECISION,
    "learning_rate": Choice(1e-3, "the thesis's for tanh and sigmoid on I1, and the default of PyTorch's Adam"),
    "schedule": Choice("inverse_sqrt", "falls for as long as training goes on, and has nothing to tune"),
    "selection": Choice("last", "no selection is mentioned"),
    "scaling": Choice("largest", "the thesis's s/30; s as it is would saturate the first layer"),
    "gain_convention": Choice("torch", "PyTorch is what they used"),
}

THESIS_NOT_PRINTED = {
    "precision": PRECISION,
    "factor": Choice(0.9, "the thesis found a slow decrease better; see patience"),
    "patience": Choice(
        100, "one replica of row 6 has 2.8 digits so; 0.5 and 500: 2.6; 0.5 and 100: 2.5; PyTorch's 0.1 and 10: 1.3"
    ),
    "selection": Choice(
        "best", "of every 100 updates, by a loss; by digits against the truth, as the thesis, with labels=…"
    ),
    "shared_points": Choice(False, "the thesis says only that initialisations differ"),
}

ACAT_NOT_PRINTED = {
    "lattice_size": "JHEP Table 1",
    "n_repeat": "JHEP Table 1",
    "n_updates": "JHEP Table 1; epochs × points there is n_updates/n_repeat × lattice_size here",
    "gain": "JHEP Table 1",
    "points": "JHEP section 3.1",
}


def _jhep(row: str, integral: str, digits: str, **printed: Any) -> Recipe:
    printed = JHEP | {"n_replicas": 8, "shared_points": False} | printed
    return Recipe(integral, f"JHEP Table 1, {row}", digits, printed, JHEP_NOT_PRINTED)


def _acat(jhep: Recipe, row: str) -> Recipe:
    """Return the run of the proceedings: architecture, 4 replicas "on the same data", and the number of points."""
    printed = {**jhep.printed, "n_replicas": 4, "shared_points": True}
    chosen = {field: Choice(printed[field], why) for field, why in ACAT_NOT_PRINTED.items()}
    printed = {field: value for field, value in printed.items() if field not in chosen}
    return Recipe(jhep.integral, f"ACAT section 3, {row}", "figure 3 only", printed, dict(jhep.chosen) | chosen)


def _thesis(row: str, digits: str, **printed: Any) -> Recipe:
    return Recipe("box1l", f"thesis Table I, {row}", digits, THESIS | printed, THESIS_NOT_PRINTED)


ONE_LOOP = {"depth": 4, "width": 100, "n_updates": 160_000, "lattice_size": 100_000}
TWO_LOOP = {"depth": 4, "width": 30, "n_updates": 40_000, "lattice_size": 20_000}

RECIPES = {
    "jhep_tanh_i1": _jhep("I1 tanh", "box1l", "about 3.4 (figure 3)", activation="tanh", gain=1.5, **ONE_LOOP),
    "jhep_sigmoid_i1": _jhep("I1 sigmoid", "box1l", "similar to tanh", activation="sigmoid", gain=2.0, **ONE_LOOP),
    "jhep_tanh_i2": _jhep("I2 tanh", "box2l", "about 2 (table 2)", activation="tanh", gain=1.2, **TWO_LOOP),
    "jhep_sigmoid_i2": _jhep("I2 sigmoid", "box2l", "about 2 (table 2)", activation="sigmoid", gain=2.0, **TWO_LOOP),
    "thesis_softsign": _thesis(
        "row 1", "0.8 ± 0.2", activation="softsign", depth=3, width=130, n_updates=2000, lattice_size=80_000, gain=1.5,
        learning_rate=0.01, n_replicas=3,
    ),
    "thesis_sigmoid": _thesis(
        "row 2", "2.9 ± 0.3", activation="sigmoid", depth=3, width=130, n_updates=15_000, lattice_size=80_000, gain=2.0,
        learning_rate=0.001, n_replicas=3,
    ),
    "thesis_tanh": _thesis(
        "row 3", "3.4 ± 0.2", activation="tanh", depth=3, width=130, n_updates=10_000, lattice_size=75_000, gain=1.5,
        learning_rate=0.001, n_replicas=5,
    ),
    "thesis_gelu": _thesis(
        "row 4", "3.9 ± 0.2", activation="gelu_tanh", depth=3, width=130, n_updates=10_000, lattice_size=30_000,
        gain=1.5, learning_rate=0.01, n_replicas=3,
    ),
    "thesis_gelu_deep": _thesis(
        "row 5", "3.8 ± 0.2", activation="gelu_tanh", depth=10, width=60, n_updates=10_000, lattice_size=12_500,
        gain=1.5, learning_rate=0.01, n_replicas=3,
    ),
    "thesis_gelu_3x100_cpu": _thesis(
        "row 6", "3.1 ± 0.3", activation="gelu_tanh", depth=3, width=100, n_updates=10_000, lattice_size=500, gain=1.5,
        learning_rate=0.01, n_replicas=5,
    ),
    "thesis_gelu_10x30_cpu": _thesis(
        "row 7", "3.0 ± 0.3", activation="gelu_tanh", depth=10, width=30, n_updates=10_000, lattice_size=500, gain=1.5,
        learning_rate=0.01, n_replicas=5,
    ),
    "thesis_gelu_10x60_cpu": _thesis(
        "row 8", "3.4 ± 0.3", activation="gelu_tanh", depth=10, width=60, n_updates=10_000, lattice_size=500, gain=1.5,
        learning_rate=0.01, n_replicas=5,
    ),
}  # fmt: skip
"""Name -> recipe. "gelu_tanh" is the thesis's GELU, eq. 5.8."""

RECIPES |= {
    f"acat_{activation}_{integral}": _acat(RECIPES[f"jhep_{activation}_{integral}"], f"{loops}, {activation}")
    for integral, loops in (("i1", "one loop"), ("i2", "two loops"))
    for activation in ("tanh", "sigmoid")
}

if __name__ == "__main__":
    for name, recipe in RECIPES.items():
        print(f"{name}: {recipe.source}, on {recipe.integral}; digits: {recipe.digits}\n  --method {recipe.method()}")
        print(*(f"  not printed: {field}={c.value}: {c.why}" for field, c in recipe.chosen.items()), sep="\n")
