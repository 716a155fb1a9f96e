"""The published recipes for primitives, as far as a stated time on this machine took them, beside what was published.

python -m benchmarks.accuracy --preset paper_short --budget 180 --diagnostics --out reports/published/recipes
python -m benchmarks.report --out reports/published/recipes      the same runs with learning curves and diagnostics
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.experiments.experiment import Experiment, Preset, Table
from benchmarks.records import configurations
from benchmarks.records.configurations import Configuration
from benchmarks.records.run_records import Record
from methods.papers.primitive_recipes import RECIPES, Recipe

INTEGRALS = ("box1l", "box2l")
"""Integrals that the papers have recipes for."""


def paper() -> Preset:
    """Run the recipes at full length, for a GPU, beside pySecDec."""
    return Preset(
        dict.fromkeys(INTEGRALS, 36_000.0),
        {integral: ("pysecdec_qmc", *(recipe.method() for recipe in _on(integral))) for integral in INTEGRALS},
    )


def paper_short() -> Preset:
    """Run one replica of each recipe for five minutes on a CPU.

    An update of JHEP's I1 takes five seconds there, so its digits are no reproduction of the published ones.
    """
    return Preset(
        dict.fromkeys(INTEGRALS, 300.0),
        {integral: tuple(recipe.method(n_replicas=1) for recipe in _on(integral)) for integral in INTEGRALS},
    )


def _on(integral: str) -> list[Recipe]:
    return [recipe for recipe in RECIPES.values() if recipe.integral == integral]


def tables(found: Sequence[Record]) -> list[Table]:
    """Make a row for each configuration of a recipe, repeats averaged, without those that were made again."""
    explanation = (
        "Settings as printed, for the stated time instead of the authors' hours, beside the digits published. Spread: "
        "the standard deviation of digits from point to point."
    )
    mine = [record for record in found if any(_is_of(record, recipe) for recipe in RECIPES.values())]
    current = [configuration for configuration in configurations.grouped(mine) if not configuration.replaced]
    rows = [
        (_row(name, recipe, configuration), configuration.records)
        for name, recipe in RECIPES.items()
        for configuration in current
        if _is_of(configuration.first, recipe)
    ]
    return [Table("Published recipes, as far as this machine took them", explanation, rows)]


def _row(name: str, recipe: Recipe, configuration: Configuration) -> dict[str, str]:
    first, params = configuration.first, configuration.first["params"]
    updates = min((record["n_updates"] or 0 for record in configuration.good), default=0)
    return {
        "recipe": name,
        "source": recipe.source,
        "published digits": recipe.digits,
        "here": _shown(configuration),
        "verdict": verdict(recipe.digits, configuration.digits),
        "updates made / printed": f"{updates:,} / {params['n_updates']:,}",
        "replicas here / printed": f"{params['n_replicas']} / {recipe.fields()['n_replicas']}",
        "seconds × threads": f"{first['budget_s']:.0f} × {first['threads']}",
        "machine": first["machine"],
        "note": configurations.note([configuration]),
    }


def in_words(name: str) -> str:
    """Name the network of a recipe by its activation and size, as "tanh, 3 layers of 100 nodes, on box1l"."""
    recipe = RECIPES[name]
    fields = recipe.fields()
    activation = "GELU" if fields["activation"].startswith("gelu") else fields["activation"]
    return f"{activation}, {fields['depth']} layers of {fields['width']} nodes, on {recipe.integral}"


PUBLISHED = re.compile(r"(?:about )?(\d+(?:\.\d+)?)(?: ± (\d+(?:\.\d+)?))?(?: \(.*\))?")
"""Digits as published, such as "about 3.4 (figure 3)" or "3.4 ± 0.2"."""


def verdict(published: str, digits: float | None) -> str:
    """Compare digits with those published: at least as many, within their ±, confirm; minutes refute nothing.

    Where none were published as a number, it is an open question.
    """
    if digits is None:
        return "not run"
    number = PUBLISHED.fullmatch(published)
    if number is None:
        return "open question"
    enough = digits >= float(number[1]) - float(number[2] or 0.0)
    return "confirmed" if enough else "not reproduced at this budget"


def _shown(configuration: Configuration) -> str:
    if not configuration.good:
        return f"{configuration.first['status']}: {configuration.first['reason']}"
    digits, spread = configuration.digits, configuration.mean("digits_std")
    return f"{digits:z.1f} (spread {spread:.1f}), worst {configuration.worst:z.1f}"


def _is_of(record: Mapping[str, Any], recipe: Recipe) -> bool:
    if (record["method"], record["integral"]) != ("published_primitive", recipe.integral):
        return False
    fields = recipe.fields()
    return all(record["params"].get(key) == value for key, value in fields.items() if key != "n_replicas")


EXPERIMENT = Experiment(source="recipes", presets={"paper": paper, "paper_short": paper_short}, tables=tables)
