"""Networks that know their error: Bayesian ones, boosted or not, and ensembles, with 90,000 and 9,000 training labels.

    python -m benchmarks.accuracy --preset bayesian --out reports/published/bayesian

trains every setting, in a folder of its own; `python -m benchmarks.report` shows the table, repeats averaged, and the
charts of `figures.bayesian`. Pulls on labels trained on against those on labels for validation tell overtraining;
digits and coverage are against the true values. One setting has labels of pySecDec, to a relative error of 1e-6: their
price leaves fewer of them, above all where its library has to be compiled first.

Badger, Butter, Luchmann, Pitz and Plehn, arXiv:2206.14831, and slides "Surrogate loop amplitudes": boosting by pulls
improves more on training than on test labels; boosting by σ is as good with 9,000 labels as with 90,000.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from benchmarks.records import configurations
from benchmarks.records.run_records import Record, Row

METHOD, ENSEMBLE = "bayesian_mlp", "deep_ensemble"

BUDGET_S, REPEATS = 20.0, 3

INTEGRALS = ("box1l_4d", "pentagon1l_8d")

N_LABELS = (112_500, 11_250)
"""Labels to buy; four in five are trained on."""

TRAINED_ON = 0.8

BOOSTING = ("none", "loss", "process", "both")

LABELS, DEAR_LABELS = "gauss_legendre", "pysecdec_qmc"

SETTINGS = (
    *(f"{METHOD},n_labels={n},boosting={boosting}" for n in N_LABELS for boosting in BOOSTING),
    *(f"{ENSEMBLE},n_labels={n}" for n in N_LABELS),
    f"{METHOD},n_labels={N_LABELS[-1]},labels={DEAR_LABELS}",
)

NETWORKS = {
    "none": "Bayesian", "loss": "boosted: loss", "process": "boosted: process", "both": "boosted: both",
    ENSEMBLE: "deep ensemble",
}  # fmt: skip
"""What is compared -> how tables and legends call it."""

FIGURES = {
    "updates": (("n_updates",), ",.0f"),
    "digits": (("digits_mean",), ".2f"),
    "within 1 %": (("frac_within_1pct",), ".1%"),
    "pull std, training": (("details", "final", "train", "pull_std"), ".2f"),
    "validation": (("details", "final", "validation", "pull_std"), ".2f"),
    "truth": (("pull_std",), ".2f"),
    "within 1σ": (("coverage_1sigma",), ".1%"),
    "within 3σ": (("coverage_3sigma",), ".1%"),
    "mean abs. δ, largest 1 %": (("details", "final", "delta_largest_1pct"), ".1e"),
    "largest 0.1 %": (("details", "final", "delta_largest_0p1pct"), ".1e"),
    "systematic": (("details", "final", "systematic"), ".1e"),
    "statistical": (("details", "final", "statistical"), ".1e"),
}
"""Column -> where a record has it, and the format of its cells."""


def grouped(found: Iterable[Record]) -> list[configurations.Group]:
    """Return the configurations of the preset among these records, in the table's order."""
    mine = [r for r in found if r["method"] in (METHOD, ENSEMBLE) and r["budget_s"] == BUDGET_S]
    return sorted(configurations.of(mine), key=_order)


def rows(found: Iterable[Record]) -> list[Row]:
    """Return the table from the records of the preset, text in every cell; bad runs with their status."""
    return [(_row(group), group.records) for group in grouped(found)]


def values(group: configurations.Group, *keys: str) -> list[Any]:
    """Return what is under these keys, one inside the other, in the finished repeats that have it."""
    found = []
    for record in group.good:
        value: Any = record
        for key in keys:
            value = (value or {}).get(key)
        if value is not None:
            found.append(value)
    return found


def training_labels(group: configurations.Group) -> float:
    """Return how many labels were trained on, the mean over finished repeats; to be trained on where there is none."""
    bought = values(group, "details", "n_labels") or [group.first["params"]["n_labels"]]
    return TRAINED_ON * statistics.fmean(bought)


def network(group: configurations.Group) -> str:
    """Return which of `NETWORKS` it is."""
    return ENSEMBLE if group.method == ENSEMBLE else group.first["params"]["boosting"]


def labels(group: configurations.Group) -> str:
    """Return the method that its labels are from."""
    return group.first["params"].get("labels", LABELS)


def _order(group: configurations.Group) -> tuple[str, bool, int, int]:
    known, name = list(NETWORKS), network(group)
    place = known.index(name) if name in known else len(known)
    return group.first["integral"], labels(group) != LABELS, -group.first["params"]["n_labels"], place


def _row(group: configurations.Group) -> dict[str, str]:
    row = {
        "integral": group.first["integral"],
        "network": NETWORKS.get(network(group), network(group)),
        "training labels": f"{training_labels(group):,.0f}",
        "labels of": labels(group),
        "repeats": str(len(group.good)),
        **{column: _shown(values(group, *keys), form) for column, (keys, form) in FIGURES.items()},
    }
    if not group.good:
        row["digits"] = group.first["status"]
    averaged = ["mean ± standard deviation of repeats"] if len(group.good) > 1 else []
    failures = dict.fromkeys(f"{r['status']}: {' '.join((r['reason'] or '').split())}" for r in group.bad)
    return row | {"note": "; ".join([*averaged, *group.notes, *failures])}


def _shown(found: list[float], form: str) -> str:
    """Return the mean, with the standard deviation of several; "" without a value."""
    if not found:
        return ""
    parts = [statistics.fmean(found), *([statistics.stdev(found)] if len(found) > 1 else [])]
    return " ± ".join(format(part, form).replace("%", " %") for part in parts)
