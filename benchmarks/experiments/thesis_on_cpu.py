"""The thesis's primitives that were trained on a CPU, at full length, and other activations at the same size.

    python -m benchmarks.accuracy --preset paper_cpu --diagnostics --out reports/published/replicas

trains rows 6 to 8 of the thesis's Table I as printed: five replicas, 10,000 updates of 500 points. As in its section
4.2, the weights of a replica are those with the most digits of every 100 updates; here on labels that the
Gauss-Legendre rule computes at points of its own, and not at those that the digits in the table are of. Softsign,
sigmoid and tanh have the gain and the learning rate that rows 1 to 3 print for them, and everything else from row 6:
the thesis has no such rows.

Paper: Bentley, MPhys thesis, Durham 2024, Table I and section 5.4.2.
"""

from __future__ import annotations

from benchmarks.experiments.experiment import Experiment, Preset
from methods.papers.primitive_recipes import RECIPES

INTEGRAL, BUDGET_S = "box1l", 10_800.0
"""What is trained on, and seconds that no row should need, so that the number of updates ends the training."""

LABELS = "gauss_legendre"
"""What computes the labels by which weights are chosen."""

ROWS = ("thesis_gelu_3x100_cpu", "thesis_gelu_10x30_cpu", "thesis_gelu_10x60_cpu")
"""Recipes of the thesis's rows 6, 7 and 8."""

OURS = ("thesis_softsign", "thesis_sigmoid", "thesis_tanh")
"""Recipes of rows 1 to 3, of which activation, gain and learning rate are taken."""


def specs() -> dict[str, str]:
    """Map each row's name to its method, as on the command line: the shortest first."""
    size = RECIPES[ROWS[0]]
    found = {ROWS[0]: size.method(labels=LABELS)}
    for name in OURS:
        fields = RECIPES[name].fields()
        own = {key: fields[key] for key in ("activation", "gain", "learning_rate")}
        found[f"ours_{fields['activation']}_3x100"] = size.method(**own, labels=LABELS)
    return found | {name: RECIPES[name].method(labels=LABELS) for name in ROWS[1:]}


def paper_cpu() -> Preset:
    """Run every row once."""
    return Preset({INTEGRAL: BUDGET_S}, {INTEGRAL: tuple(specs().values())})


EXPERIMENT = Experiment(source="replicas", presets={"paper_cpu": paper_cpu})
