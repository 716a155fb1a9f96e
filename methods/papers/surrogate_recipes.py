"""The settings and results that Bishara, Paul and Dy print for three surrogates in 2, 4 and 8 dimensions.

Each of DNN (`dense_mlp`), sk-DNN (`skip_mlp`) and BDT (`boosted_trees`) comes in the forms

    tuned      the paper's best; learns I(s)/f(s, 1/2), which stands for its eq. 2
    baseline   the paper's "without any optimization"; learns log I(s)
    ours       the defaults of the method: what does best here in minutes

and one row more uses the exchange symmetry of box1l_4d. A learning rate that is constant, or halves in a million
updates, does not settle within minutes, and trees at 0.01 do not end: only "ours" are made for a short budget. What the
paper does not print, or we do not follow, is a `Choice`. All forms keep one label in five for validation: printed for
the baselines; two in five in the code for tuned ones. To list all, with what to write after --method:

    python -m methods.papers.surrogate_recipes

Paper: *Skip connections for high precision regressors*, NeurIPS ML4PS 2022 (arXiv:2302.00753), table 1 and "Baselines".
Code: src/ of github.com/talismanbrandi/high-precision-ml.

notation: DNN 12-56 = depth 12, width 56; sk-DNN 9-28 = n_blocks 9, width 28; δ = (value − truth)/truth.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

from methods.papers.primitive_recipes import Choice


class Published(NamedTuple):
    """A row of table 1, for the paper's own data: all in per cent."""

    within_1pct: float
    within_0p1pct: float
    mean: float
    std: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class SurrogateRecipe:
    """A regressor in one of its forms, for one integral.

    Parameters
    ----------
    integral : str
        The registered integral that has as many invariants as the paper's data.
    regressor, form : str
        As in table 1: "DNN", "sk-DNN" or "BDT", and "tuned", "baseline", "ours" or "tuned, with symmetry".
    base : str
        The registered method.
    printed : dict
        Fields with the values that the paper prints.
    chosen : dict of str to Choice
        Fields that it does not print, or that are chosen otherwise.
    published : Published, optional
        What the paper says came out.
    n_weights : int, optional
        Number of trainable parameters, where the paper prints it.
    """

    integral: str
    regressor: str
    form: str
    base: str
    printed: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    chosen: Mapping[str, Choice] = dataclasses.field(default_factory=dict)
    published: Published | None = None
    n_weights: int | None = None

    def fields(self) -> dict[str, Any]:
        """Return all fields that differ from the method's defaults or are part of the recipe."""
        return {**self.printed, **{field: choice.value for field, choice in self.chosen.items()}}

    def method(self) -> str:
        """Return the method as on the command line."""
        return ",".join([self.base, *(f"{key}={value}" for key, value in self.fields().items())])


INTEGRALS = {2: "box1l_2d", 4: "box1l_4d", 8: "pentagon1l_8d"}
"""Dimension of the paper's data -> integral with as many invariants. Their data is of another process."""

BASES = {"DNN": "dense_mlp", "sk-DNN": "skip_mlp", "BDT": "boosted_trees"}

NETWORK_LABELS = Choice(100_000, "the methods' default; the code has 10 million, and hours to train")

LEAKY_RELU = Choice("leaky_relu", "the code's configuration of sk-DNN 9-50; its slope below zero is 0.2, torch's 0.01")

NETWORK_TUNED = {
    "activation": LEAKY_RELU,
    "learning_rate": Choice(1e-3, "the code's configuration"),
    "schedule": Choice("halving", "the code: halved every million updates, which minutes do not reach"),
    "batch_size": Choice(512, "the code's configuration"),
    "patience": Choice(200, "the code's configuration, in epochs of 4,000 updates; here looks, 200 updates apart"),
    "n_labels": NETWORK_LABELS,
}

NETWORK_BASELINE: dict[str, Any] = {"target": "log", "learning_rate": 1e-3, "schedule": "constant", "patience": 10}
"""Section "Baselines". The patience is in rounds of the code, 4,000 updates; here in looks, 200 updates apart."""

NETWORK_BASELINE_NOT_PRINTED = {
    "activation": LEAKY_RELU,
    "batch_size": Choice(512, "the code's configuration"),
    "n_labels": NETWORK_LABELS,
}

TREES_NOT_PRINTED = {
    "n_trees": Choice(5_000, "the code's configuration, with the same early stopping after 25 trees"),
    "subsample": Choice(1.0, "the code's configuration"),
    "reg_lambda": Choice(1.0, "XGBoost's default, which the code keeps"),
    "max_bin": Choice(256, "XGBoost's default; the code tries every threshold"),
    "n_labels": Choice(
        40_000,
        "the code has 10 million; a tree of depth 50 on pentagon1l_8d takes 0.5 s of a CPU so, and with 400,000 "
        "labels and max_bin=1024 over 10 s",
    ),
}

TREES_TUNED = {"learning_rate": Choice(0.01, "the code's configuration")} | TREES_NOT_PRINTED


def _network(
    dimension: int, regressor: str, tuned: tuple[int, int, int | None], baseline: tuple[int, int, int | None],
    published: tuple[Published, Published],
) -> list[SurrogateRecipe]:  # fmt: skip
    """Return tuned and baseline form; architectures are (depth, width, number of weights)."""
    depth = {"DNN": "depth", "sk-DNN": "n_blocks"}[regressor]
    common: dict[str, Any] = {"integral": INTEGRALS[dimension], "regressor": regressor, "base": BASES[regressor]}
    return [
        SurrogateRecipe(
            **common, form="tuned", printed={depth: tuned[0], "width": tuned[1], "target": "ratio"},
            chosen=NETWORK_TUNED, published=published[0], n_weights=tuned[2],
        ),
        SurrogateRecipe(
            **common, form="baseline", printed={depth: baseline[0], "width": baseline[1], **NETWORK_BASELINE},
            chosen=NETWORK_BASELINE_NOT_PRINTED, published=published[1], n_weights=baseline[2],
        ),
    ]  # fmt: skip


def _trees(dimension: int, max_depth: int, published: tuple[Published, Published]) -> list[SurrogateRecipe]:
    common: dict[str, Any] = {"integral": INTEGRALS[dimension], "regressor": "BDT", "base": BASES["BDT"]}
    return [
        SurrogateRecipe(
            **common, form="tuned", printed={"max_depth": max_depth, "target": "ratio"}, chosen=TREES_TUNED,
            published=published[0],
        ),
        SurrogateRecipe(
            **common, form="baseline", printed={"max_depth": 50, "learning_rate": 0.1, "target": "log"},
            chosen=TREES_NOT_PRINTED, published=published[1],
        ),
    ]  # fmt: skip


PUBLISHED = [
    *_network(
        2, "DNN", (12, 56, 35_337), (8, 56, None),
        (Published(99.98, 49.26, 0.0005, 0.17), Published(77.16, 9.01, 0.1361, 1.83)),
    ),
    *_network(
        2, "sk-DNN", (14, 28, 33_461), (9, 28, None),
        (Published(99.97, 73.08, -0.0022, 0.12), Published(90.79, 15.31, 0.0173, 1.39)),
    ),
    *_trees(2, 50, (Published(100.0, 99.16, 0.0, 0.02), Published(99.91, 94.04, -0.0045, 0.1))),
    *_network(
        4, "DNN", (12, 72, 58_249), (8, 72, None),
        (Published(99.99, 63.76, -0.012, 0.13), Published(88.67, 13.63, 0.0449, 1.1)),
    ),
    *_network(
        4, "sk-DNN", (14, 36, 54_973), (9, 36, None),
        (Published(100.0, 84.99, -0.0016, 0.08), Published(84.99, 10.81, 0.2701, 1.11)),
    ),
    *_trees(4, 50, (Published(99.4, 83.19, 0.0017, 0.18), Published(95.85, 27.8, 0.0023, 0.55))),
    *_network(
        8, "DNN", (8, 100, 71_701), (8, 100, None),
        (Published(73.48, 9.57, 0.021, 1.17), Published(31.97, 3.3, 0.799, 4.38)),
    ),
    *_network(
        8, "sk-DNN", (9, 50, 67_201), (9, 50, None),
        (Published(87.28, 13.52, 0.007, 0.75), Published(30.91, 3.23, -0.547, 4.85)),
    ),
    *_trees(8, 20, (Published(72.6, 12.06, 0.0577, 1.85), Published(22.33, 2.3, 1.3953, 13.35))),
]  # fmt: skip
"""Table 1, row by row."""

SYMMETRY = {
    "symmetry": Choice("mA2:mB2", "the legs of box1l_4d may be exchanged; the paper's table 2 exchanges others")
}

WITH_SYMMETRY = [
    dataclasses.replace(r, form="tuned, with symmetry", chosen={**r.chosen, **SYMMETRY}, published=None)
    for r in PUBLISHED
    if (r.integral, r.regressor, r.form) == ("box1l_4d", "sk-DNN", "tuned")
]

OURS = [
    SurrogateRecipe(integral=integral, regressor=regressor, form="ours", base=base)
    for integral in INTEGRALS.values()
    for regressor, base in BASES.items()
]

SURROGATE_RECIPES = {f"{r.integral} {r.regressor} {r.form}": r for r in (*PUBLISHED, *WITH_SYMMETRY, *OURS)}
"""Name -> recipe."""

if __name__ == "__main__":
    for name, recipe in SURROGATE_RECIPES.items():
        print(f"{name}\n  --method {recipe.method()}")
        for field, choice in recipe.chosen.items():
            print(f"  not printed: {field}={choice.value}: {choice.why}")
