"""The table of Bishara, Paul and Dy for surrogates, theirs beside ours, with their three requirements.

    python -m benchmarks.accuracy --preset surrogates --out reports/published/surrogates

trains every row of `methods.papers.surrogate_recipes`; `python -m benchmarks.report` shows one table per integral.
Published figures are for the authors' own data, which is of another process and has 25 to 250 times as many labels:
what can be compared is the order of the rows.

Paper: *Skip connections for high precision regressors*, NeurIPS ML4PS 2022, section 1 and table 1.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.experiments.experiment import Experiment, Preset, Table
from benchmarks.records import configurations, record_types
from benchmarks.records.current_records import current
from benchmarks.records.run_records import Record, Row
from methods.papers.surrogate_recipes import INTEGRALS, SURROGATE_RECIPES, SurrogateRecipe

BUDGET_S = 30.0
"""Seconds of preparation of each row."""

SHARE, SECONDS, MEGABYTES = 0.9, 1e-4, 5.0
"""The requirements: error < 1 % over more than 90 % of the domain, < 1e-4 s per point, a few megabytes at the most."""

BATCH = "1024"
"""Points are predicted in batches of this size when the time per point is judged."""

PAPER = ("paper: within 1 %", "paper: within 0.1 %", "paper: μ", "paper: σ")
HERE = ("within 1 %", "within 0.1 %", "μ", "σ")
MEASURED = ("frac_within_1pct", "frac_within_0p1pct", "delta_mean", "delta_std")


def surrogates() -> Preset:
    """Run every row of the paper's table on its integral."""
    integrals = INTEGRALS.values()
    return Preset(
        dict.fromkeys(integrals, BUDGET_S),
        {i: [recipe.method() for recipe in SURROGATE_RECIPES.values() if recipe.integral == i] for i in integrals},
    )


def tables(found: Sequence[Record]) -> list[Table]:
    """Make a table per integral."""
    return [
        Table(
            f"Surrogates in {dimension} dimensions: {integral}; shares, μ and σ in %",
            "What surrogates reach here; the records are in published/surrogates.",
            rows(found, integral),
        )
        for dimension, integral in INTEGRALS.items()
    ]


def rows(found: Sequence[Record], integral: str) -> list[Row]:
    """Make the rows of an integral, text in every cell; there is none where none of its published rows was run."""
    here = [r for r in found if (r["integral"], r["budget_s"]) == (integral, BUDGET_S)]
    table = [(recipe, current(here, recipe.method())) for recipe in _recipes(integral)]
    if not any(of_row for recipe, of_row in table if recipe.published):
        return []
    return [(_row(recipe, of_row, incomparable(of_row, here)), of_row) for recipe, of_row in table]


def _recipes(integral: str) -> list[SurrogateRecipe]:
    """Sort the integral's recipes, the forms of one regressor after one another."""
    found = [recipe for recipe in SURROGATE_RECIPES.values() if recipe.integral == integral]
    regressors = list(dict.fromkeys(recipe.regressor for recipe in found))
    return sorted(found, key=lambda recipe: regressors.index(recipe.regressor))


def incomparable(of_row: Sequence[Record], here: Sequence[Record]) -> list[str]:
    """Say what makes a row incomparable with the others."""
    if not of_row:
        return ["not run"]
    superseded = [note for c in configurations.grouped(of_row) if c.superseded for note in c.notes]
    return superseded + ([f"on {of_row[0]['machine']}"] if len({r["machine"] for r in here}) > 1 else [])


def _row(recipe: SurrogateRecipe, found: Sequence[Record], said: list[str]) -> dict[str, str]:
    done = [record for record in found if record["status"] == "ok"]
    row = {"regressor": name(recipe), "form": recipe.form}
    row |= dict(zip(PAPER, map(str, recipe.published), strict=True)) if recipe.published else dict.fromkeys(PAPER, "–")
    shown = {
        here: "" if (value := _mean(done, key)) is None else f"{100 * value:.4g}"
        for here, key in zip(HERE, MEASURED, strict=True)
    }
    return row | shown | _requirements(done) | {
        "labels": _counted(_mean(done, "details", "n_labels")),
        "preparation s": _rounded(_mean(done, "fit_s")),
        "note": "; ".join([*said, *_notes(found)]),
    }  # fmt: skip


def name(recipe: SurrogateRecipe) -> str:
    """Name the regressor as table 1 does: depth-width, or the depth of trees."""
    fields = recipe.fields()
    if "max_depth" in fields:
        return f"{recipe.regressor}, depth {fields['max_depth']}"
    if "width" not in fields:
        return recipe.regressor
    return f"{recipe.regressor} {fields.get('depth', fields.get('n_blocks'))}-{fields['width']}"


def _requirements(done: Sequence[Record]) -> dict[str, str]:
    """Check the three requirements; without a measurement there is no verdict."""
    timings = [(r["s_per_integral"] or {}).get(BATCH, {}) for r in done]
    timed = [timing["median"] for timing in timings if "median" in timing]
    share, size = _mean(done, "frac_within_1pct"), _mean(done, "model_bytes")
    seconds = statistics.fmean(timed) if timed else None
    return {
        f"> {100 * SHARE:.0f} % within 1 %": "" if share is None else _yes(share > SHARE),
        f"< {1e6 * SECONDS:.0f} µs (batches of {int(BATCH):,})": ("not timed" if done else "")
        if seconds is None
        else f"{_yes(seconds < SECONDS)}, {1e6 * seconds:.3g}",
        f"<= {MEGABYTES:g} MB": "" if size is None else f"{_yes(size <= 1e6 * MEGABYTES)}, {size / 1e6:.3g}",
    }


def _notes(found: Sequence[Record]) -> list[str]:
    """Say how many repeats a row is the mean of, how many trees it has, and what went wrong."""
    done = [record for record in found if record["status"] == "ok"]
    notes = [f"mean of {len(done)} repeats"] if len(done) > 1 else []
    trees = _mean(done, "details", "best_n_trees")
    notes += [f"{trees:.0f} trees"] if trees is not None else []
    return notes + [f"{r['status']}: {' '.join((r['reason'] or '').split())}" for r in found if r["status"] != "ok"]


def _mean(found: Sequence[Record], *keys: str) -> float | None:
    values = []
    for record in found:
        value: Any = record
        for key in keys:
            value = (value or {}).get(key)
        if record_types.number(value):
            values.append(value)
    return statistics.fmean(values) if values else None


def _yes(met: bool) -> str:
    return "yes" if met else "no"


def _counted(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _rounded(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


EXPERIMENT = Experiment(source="surrogates", presets={"surrogates": surrogates}, tables=tables)
