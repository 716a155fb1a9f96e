"""Networks that know their error: Bayesian ones, boosted or not, and ensembles, with 90,000 and 9,000 training labels.

    python -m benchmarks.accuracy --preset bayesian --out reports/published/bayesian

trains every setting, in a folder of its own; `python -m benchmarks.report` shows the table, repeats averaged, and the
page draws the widths of the pulls. Pulls that are wider on labels for validation than on those trained on tell
overtraining; digits and coverage are against the true values. One setting has labels of pySecDec, to a relative error
of 1e-6: they take so long that there are fewer of them, above all where its library has to be compiled first.

Badger, Butter, Luchmann, Pitz and Plehn, arXiv:2206.14831, and slides "Surrogate loop amplitudes": boosting by pulls
improves more on training than on test labels; boosting by σ is as good with 9,000 labels as with 90,000.

notation: δ = e/t − 1, here on labels for validation.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from benchmarks.experiments.experiment import Experiment, Preset, Table
from benchmarks.experiments.paper_claims import shown, verdict
from benchmarks.records import configurations
from benchmarks.records.configurations import Configuration
from benchmarks.records.run_records import Record, Row

METHOD, ENSEMBLE = "bayesian_mlp", "deep_ensemble"

BUDGET_S = 20.0

INTEGRALS = ("box1l_4d", "pentagon1l_8d")

N_LABELS = (112_500, 11_250)
"""Labels asked for; four in five are trained on."""

TRAINED_ON = 0.8

BOOSTING = ("none", "loss", "process", "both")

LABELS, EXPENSIVE_LABELS = "gauss_legendre", "pysecdec_qmc"

SETTINGS = (
    *(f"{METHOD},n_labels={n},boosting={boosting}" for n in N_LABELS for boosting in BOOSTING),
    *(f"{ENSEMBLE},n_labels={n}" for n in N_LABELS),
    f"{METHOD},n_labels={N_LABELS[-1]},labels={EXPENSIVE_LABELS}",
)

NETWORKS = {
    "none": "Bayesian", "loss": "boosted: loss", "process": "boosted: process", "both": "boosted: both",
    ENSEMBLE: "deep ensemble",
}  # fmt: skip
"""Kinds of networks that are compared -> their names in tables and charts."""

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


def bayesian() -> Preset:
    """Run every setting on both integrals, with three repeats."""
    return Preset(dict.fromkeys(INTEGRALS, BUDGET_S), dict.fromkeys(INTEGRALS, SETTINGS), repeats=3)


def ordered(found: Iterable[Record]) -> list[Configuration]:
    """Find the configurations of the preset among these records, in the table's order."""
    mine = [r for r in found if r["method"] in (METHOD, ENSEMBLE) and r["budget_s"] == BUDGET_S]
    return sorted(configurations.grouped(mine), key=_order)


def tables(found: Iterable[Record]) -> list[Table]:
    """Make a row for each configuration, text in every cell; bad runs with their status."""
    return [
        Table(
            "Bayesian networks: boosting, ensembles and the number of labels",
            "Pulls on labels trained on and on others tell overtraining; the records are in published/bayesian.",
            [(_row(configuration), configuration.records) for configuration in ordered(found)],
        )
    ]


PAPER = "arXiv:2206.14831 and slides"

AS_GOOD = 0.1
"""Digits that fewer labels may lack to be as good."""


def verdicts(found: Iterable[Record]) -> list[Row]:
    """Judge what the paper says of boosting, on each integral and machine; nothing where a setting was not run."""
    table: list[Row] = []
    current = [c for c in ordered(found) if c.good and not c.replaced and labels(c) == LABELS]
    for (integral, _), configurations_here in configurations.by_place(current).items():
        here = {(network(c), c.first["params"]["n_labels"]): c for c in configurations_here}
        many, few = N_LABELS
        if by_pulls := here.get(("loss", few)):
            table.append((_by_pulls(integral, by_pulls), by_pulls.good))
        if (fewer := here.get(("process", few))) and (more := here.get(("process", many))):
            table.append((_by_sigma(integral, fewer, more), [*fewer.good, *more.good]))
    return table


def _by_pulls(integral: str, configuration: Configuration) -> dict[str, str]:
    """Judge whether boosting by pulls gains on labels trained on, and more than on others, in each repeat."""
    trained, others = (_gains(configuration, which) for which in ("train", "validation"))
    differences = [one - other for one, other in zip(trained, others, strict=True)]
    figures = {"nothing": [0.0] * len(trained), "gain": trained, "difference": differences}
    return {
        "verdict": verdict([("nothing", "gain"), ("nothing", "difference")], figures), "source": PAPER,
        "sentence": "boosting by pulls improves more on labels trained on than on others, on "
        f"{integral} with 9,000 labels: the width of the pulls comes nearer to one by {shown(trained)} on labels "
        f"trained on, by {shown(others)} on others (less than zero: farther from one), a difference of "
        f"{shown(differences)}",
    }  # fmt: skip


def _by_sigma(integral: str, fewer: Configuration, more: Configuration) -> dict[str, str]:
    """Judge whether boosting by σ has as many digits with fewer labels, but for AS_GOOD."""
    few, many = (values(configuration, "digits_mean") for configuration in (fewer, more))
    return {
        "verdict": verdict([("many", "few")], {"many": many, "few": [value + AS_GOOD for value in few]}),
        "source": PAPER,
        "sentence": f"boosting by σ makes 9,000 labels as good as 90,000, but for {AS_GOOD:g} digits, on {integral}: "
        f"{shown(few)} and {shown(many)} digits",
    }  # fmt: skip


def _gains(configuration: Configuration, which: str) -> list[float]:
    """List by how much boosting brings the width of the pulls on these labels nearer to one, in each repeat."""
    before, after = (values(configuration, "details", when, which, "pull_std") for when in ("unboosted", "final"))
    return [abs(first - 1) - abs(last - 1) for first, last in zip(before, after, strict=True)]


def values(configuration: Configuration, *keys: str) -> list[Any]:
    """Find what is under these keys, one inside the other, in the finished repeats that have it."""
    found = []
    for record in configuration.good:
        value: Any = record
        for key in keys:
            value = (value or {}).get(key)
        if value is not None:
            found.append(value)
    return found


def training_labels(configuration: Configuration) -> float:
    """Average the number of labels trained on over finished repeats; where there is none, take what was asked for."""
    asked = values(configuration, "details", "n_labels") or [configuration.first["params"]["n_labels"]]
    return TRAINED_ON * statistics.fmean(asked)


def network(configuration: Configuration) -> str:
    """Tell which of `NETWORKS` it is."""
    return ENSEMBLE if configuration.method == ENSEMBLE else configuration.first["params"]["boosting"]


def labels(configuration: Configuration) -> str:
    """Name the method that its labels are from."""
    return configuration.first["params"].get("labels", LABELS)


def _order(configuration: Configuration) -> tuple[str, bool, int, int]:
    known, name = list(NETWORKS), network(configuration)
    place = known.index(name) if name in known else len(known)
    return (
        configuration.first["integral"],
        labels(configuration) != LABELS,
        -configuration.first["params"]["n_labels"],
        place,
    )


def _row(configuration: Configuration) -> dict[str, str]:
    row = {
        "integral": configuration.first["integral"],
        "network": NETWORKS.get(network(configuration), network(configuration)),
        "training labels": f"{training_labels(configuration):,.0f}",
        "labels of": labels(configuration),
        "repeats": str(len(configuration.good)),
        **{column: _shown(values(configuration, *keys), form) for column, (keys, form) in FIGURES.items()},
    }
    if not configuration.good:
        row["digits"] = configuration.first["status"]
    averaged = ["mean ± standard deviation of repeats"] if len(configuration.good) > 1 else []
    failures = dict.fromkeys(f"{r['status']}: {' '.join((r['reason'] or '').split())}" for r in configuration.bad)
    return row | {"note": "; ".join([*averaged, *configuration.notes, *failures])}


def _shown(found: list[float], form: str) -> str:
    """Write the mean, with the standard deviation of several; "" without a value."""
    if not found:
        return ""
    parts = [statistics.fmean(found), *([statistics.stdev(found)] if len(found) > 1 else [])]
    return " ± ".join(format(part, form).replace("%", " %") for part in parts)


EXPERIMENT = Experiment(source="bayesian", presets={"bayesian": bayesian}, tables=tables)
