"""What boosting a Bayesian network does, with 90,000 and with 9,000 labels to train on.

    python -m benchmarks.accuracy --preset bayesian --out reports/bayesian

trains every setting, in a folder of its own; `python -m benchmarks.report` shows the table. Pulls on labels trained on
against those on labels for validation tell overtraining; digits and coverage are against the true values.

Badger, Butter, Luchmann, Pitz and Plehn, arXiv:2206.14831, and slides "Surrogate loop amplitudes": boosting by pulls
improves more on training than on test labels; boosting by σ is as good with 9,000 labels as with 90,000.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks import groups

METHOD, BUDGET_S = "bayesian_mlp", 30.0

INTEGRALS = ("box1l_4d", "pentagon1l_8d")

N_LABELS = (112_500, 11_250)
"""Labels to buy; four in five are trained on."""

BOOSTING = ("none", "loss", "process", "both")

SETTINGS = tuple(f"{METHOD},n_labels={n},boosting={boosting}" for n in N_LABELS for boosting in BOOSTING)


def rows(found: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the table from the records of the preset, text in every cell; bad runs with their status."""
    mine = [record for record in found if (record["method"], record["budget_s"]) == (METHOD, BUDGET_S)]
    notes = {id(record): group.notes for group in groups.of(mine) for record in group.records}
    return [_row(record, "; ".join(notes[id(record)])) for record in sorted(mine, key=_order)]


def _order(record: Mapping[str, Any]) -> tuple[str, int, int, int]:
    params = record["params"]
    boosting = BOOSTING.index(params["boosting"]) if params["boosting"] in BOOSTING else len(BOOSTING)
    return record["integral"], -params["n_labels"], boosting, record["repeat"]


def _row(record: Mapping[str, Any], note: str) -> dict[str, str]:
    params = record["params"]
    row = {"integral": record["integral"], "boosting": params["boosting"], "repeat": str(record["repeat"])}
    if record["status"] != "ok":
        failed = {"digits": record["status"], "note": record["reason"] or ""}
        return row | {"training labels": f"{0.8 * params['n_labels']:,.0f}"} | failed
    details = record["details"]
    final = details["final"]
    return row | {
        "training labels": f"{0.8 * details['n_labels']:,.0f}",
        "updates": f"{record['n_updates']:,}",
        "digits": f"{record['digits_mean']:.2f}",
        "within 1 %": _share(record["frac_within_1pct"]),
        "pull std, training": f"{final['train']['pull_std']:.2f}",
        "validation": f"{final['validation']['pull_std']:.2f}",
        "truth": f"{record['pull_std']:.2f}",
        "within 1σ": _share(record["coverage_1sigma"]),
        "within 3σ": _share(record["coverage_3sigma"]),
        "mean abs. δ, largest 1 %": f"{final['delta_largest_1pct']:.1e}",
        "largest 0.1 %": f"{final['delta_largest_0p1pct']:.1e}",
        "systematic": f"{final['systematic']:.1e}",
        "statistical": f"{final['statistical']:.1e}",
        "note": note,
    }


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"
