"""Records of surrogates, as runs leave them."""

from __future__ import annotations

from sample_records import record as sample

import methods
from benchmarks.experiments import label_counts, paper_surrogates
from methods.core import names
from methods.papers.surrogate_recipes import SURROGATE_RECIPES


def record(spec, integral="box1l_2d", **changes):
    name, fields = names.parse_spec(spec)
    timing = {"median": 2e-5, "p10": 1e-5, "p90": 3e-5}
    base = {
        "integral": integral, "method": name,
        "params": {k: v for k, v in methods.create(name, **fields).params().items() if k not in ("seed", "device")},
        "budget_s": paper_surrogates.BUDGET_S, "digits_mean": 3.5, "frac_within_1pct": 0.95, "frac_within_0p1pct": 0.5,
        "delta_mean": 1e-5, "delta_std": 2e-3, "model_bytes": 300_000, "fit_s": 59.123, "label_s": 2.0,
        "s_per_integral": {"1": timing, "1024": timing, "65536": timing}, "details": {"n_labels": 100_000},
    }  # fmt: skip
    return sample(**{**base, **changes})


def recipe_record(name, **changes):
    recipe = SURROGATE_RECIPES[name]
    return record(recipe.method(), recipe.integral, **changes)


TUNED = "box1l_2d sk-DNN tuned"


def points(integral, digits, n_labels=100_000, **changes):
    """Return two repeats for each regressor, 0.02 digits apart; a tenth and a twentieth of so many are the shares."""
    return [
        record(f"{base},n_labels={n_labels}", integral, **{
            "budget_s": label_counts.BUDGET_S, "repeat": repeat, "digits_mean": value + 0.02 * repeat,
            "frac_within_1pct": 0.1 * (value + 0.02 * repeat), "frac_within_0p1pct": 0.05 * (value + 0.02 * repeat),
        } | changes)
        for base, value in zip(("dense_mlp", "skip_mlp", "boosted_trees"), digits, strict=True)
        for repeat in (0, 1)
    ]  # fmt: skip
