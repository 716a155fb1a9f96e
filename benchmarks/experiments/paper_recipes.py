"""The published recipes for primitives, as far as a stated time on this machine took them, beside what was published.

python -m benchmarks.accuracy --preset paper_short --budget 180 --diagnostics --out reports/published/recipes
python -m benchmarks.report --out reports/published/recipes      the same runs with learning curves and diagnostics
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.records.run_records import Row
from methods.papers.primitive_recipes import RECIPES, Recipe

TITLE = "Published recipes, as far as this machine took them"

EXPLANATION = "Settings as printed, for the stated time instead of the authors' hours, beside the digits published."


def rows(found: Sequence[dict[str, Any]]) -> list[Row]:
    """Return one row for each recipe's record, text in every cell, with the record; [] without records."""
    return [
        (_row(name, recipe, record), [record])
        for name, recipe in RECIPES.items()
        for record in found
        if _is_of(record, recipe)
    ]


def _row(name: str, recipe: Recipe, record: Mapping[str, Any]) -> dict[str, str]:
    params = record["params"]
    return {
        "recipe": name,
        "source": recipe.source,
        "published digits": recipe.digits,
        "here": _shown(record),
        "updates made / printed": f"{record['n_updates'] or 0:,} / {params['n_updates']:,}",
        "replicas here / printed": f"{params['n_replicas']} / {recipe.fields()['n_replicas']}",
        "seconds × threads": f"{record['budget_s']:.0f} × {record['threads']}",
    }


def _shown(record: Mapping[str, Any]) -> str:
    if record["status"] != "ok":
        return f"{record['status']}: {record['reason']}"
    return f"{record['digits_mean']:.1f} ± {record['digits_std']:.1f}, worst {record['digits_worst']:.1f}"


def _is_of(record: Mapping[str, Any], recipe: Recipe) -> bool:
    if (record["method"], record["integral"]) != ("published_primitive", recipe.integral):
        return False
    fields = recipe.fields()
    return all(record["params"].get(key) == value for key, value in fields.items() if key != "n_replicas")
