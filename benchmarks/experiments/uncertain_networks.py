"""Networks that know their error: Bayesian ones, boosted or not, and ensembles, with 90,000 and 9,000 training labels.

    python -m benchmarks.accuracy --preset bayesian --out reports/published/bayesian

trains every setting, in a folder of its own; `python -m benchmarks.report` shows the table, repeats averaged, and the
charts below. Pulls that are wider on labels for validation than on those trained on tell overtraining; digits and
coverage are against the true values. One setting has labels of pySecDec, to a relative error of 1e-6: they take so long
that there are fewer of them, above all where its library has to be compiled first.

Badger, Butter, Luchmann, Pitz and Plehn, arXiv:2206.14831, and slides "Surrogate loop amplitudes": boosting by pulls
improves more on training than on test labels; boosting by σ is as good with 9,000 labels as with 90,000.

notation: δ = e/t − 1, here on labels for validation.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.experiments.experiment import Experiment, Preset, Table
from benchmarks.figures import drawing, histograms
from benchmarks.figures.drawing import Chart, Curve
from benchmarks.figures.figure_sections import Section, drawn
from benchmarks.records import configurations
from benchmarks.records.configurations import Configuration
from benchmarks.records.run_records import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
"""Kinds of networks that are compared -> their names in tables and legends."""

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


# ----- table ----------------------------------------------------------------------------------------------------------


def tables(found: Iterable[Record]) -> list[Table]:
    """Make a row for each configuration, text in every cell; bad runs with their status."""
    return [
        Table(
            "Bayesian networks: boosting, ensembles and the number of labels",
            "Pulls on labels trained on and on others tell overtraining; the records are in published/bayesian.",
            [(_row(configuration), configuration.records) for configuration in ordered(found)],
        )
    ]


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


# ----- charts ---------------------------------------------------------------------------------------------------------

PARTS = {"train": "trained on", "validation": "validation"}
"""Labels that pulls are computed of, drawn solid and dashed -> their names in the legend."""

LARGEST = {"delta_largest_1pct": 0.01, "delta_largest_0p1pct": 0.001}
"""Key of a record -> the share of values that it is the mean of."""

PULLS = (
    "Pulls, on labels trained on (solid) and on labels for validation (dashed): where the dashed ones are wider, the "
    "network is overtrained."
)

DELTAS = (
    "Mean |δ| on the labels for validation with the largest values, against the number of labels trained on: the mean "
    "of repeats, with their standard deviation where there are several."
)

PANEL = 2.2
"""Height in inches of one of two."""

Pulls = Sequence[tuple[Curve, histograms.Histogram]]

Panels = dict[int, dict[str, Configuration]]
"""Number of labels asked for, most first -> one of `NETWORKS` -> its configuration."""


def sections(found: Iterable[Record]) -> list[Section]:
    """Draw how networks that know their error compare, one section per integral and machine."""
    places = configurations.by_place(c for c in ordered(found) if c.good and not c.replaced)
    made = [
        Section(
            f"Networks that know their error, on {place[0]}", *place,
            f"Histograms of repeats are added up; on {place[1]}.",
            [drawn(f"bayesian.{nth}.{place[0]}", chart) for chart in charts(here)],
        )
        for nth, (place, here) in enumerate(places.items(), 1)
    ]  # fmt: skip
    return [section for section in made if section.figures]


def charts(found: Sequence[Configuration]) -> list[Chart]:
    """Make the charts of these configurations, which should be of one integral on one machine."""
    panels = _panels(found)
    made = (
        Chart("pull", PULLS, [partial(_draw_pulls, shown) for p in panels.values() if (shown := _pulls(p))], PANEL),
        Chart(
            "calibration", histograms.CALIBRATION,
            [partial(_draw_calibration, shown) for p in panels.values() if (shown := _pulls_of_truth(p))], PANEL,
        ),
        Chart(
            "largest", DELTAS,
            [
                partial(_draw_largest, chosen, key)
                for key in LARGEST
                if (chosen := [c for p in panels.values() for c in p.values() if _deltas(c, key)])
            ],
            PANEL,
        ),
    )  # fmt: skip
    return [chart for chart in made if chart.panels]


def _panels(found: Sequence[Configuration]) -> Panels:
    """Sort configurations with the usual labels into panels; of several of the same kind, the newest counts."""
    panels: Panels = {}
    usual = [configuration for configuration in found if labels(configuration) == LABELS]
    for configuration in sorted(
        usual, key=lambda configuration: max(record["date_utc"] for record in configuration.good)
    ):
        panels.setdefault(configuration.first["params"]["n_labels"], {})[network(configuration)] = configuration
    return {n: {b: panels[n][b] for b in NETWORKS if b in panels[n]} for n in sorted(panels, reverse=True)}


def _curve(name: str, configuration: Configuration, *, part: str = "", nth: int = 0) -> Curve:
    label = f"{NETWORKS[name]}, {part}" if part else NETWORKS[name]
    return drawing.curve(configuration, label, list(NETWORKS).index(name), nth)


def _trained(found: Sequence[Configuration]) -> str:
    """Say in a title how many labels were trained on."""
    numbers = sorted({round(training_labels(c)) for c in found}, reverse=True)
    return f"{' or '.join(f'{number:,}' for number in numbers)} labels trained on"


def _pulls(of_networks: Mapping[str, Configuration]) -> Pulls:
    return [
        (_curve(name, configuration, part=words, nth=nth), histogram)
        for name, configuration in of_networks.items()
        for nth, (part, words) in enumerate(PARTS.items())
        if (histogram := histograms.added(values(configuration, "details", "final", part, "histogram")))
    ]


def _draw_pulls(shown: Pulls, axes: Axes) -> None:
    histograms.draw_shares(axes, shown, log=True, also=histograms.draw_normal)
    edges = shown[0][1][0]  # panels share their axis: none may cut another's
    axes.set(xlim=(edges[0], edges[-1]), xlabel="pull = residual/error of the target learned", title=_title(shown))


def _pulls_of_truth(of_networks: Mapping[str, Configuration]) -> Pulls:
    return [
        (_curve(name, configuration), histogram)
        for name, configuration in of_networks.items()
        if (histogram := histograms.total(configuration, "pull"))
    ]


def _draw_calibration(shown: Pulls, axes: Axes) -> None:
    histograms.draw_calibration(axes, shown)
    axes.set_title(_title(shown))


def _title(shown: Pulls) -> str:
    trained = _trained([curve.configuration for curve, _ in shown])
    return f"{trained}, {histograms.count([histogram for _, histogram in shown])}"


def _deltas(configuration: Configuration, key: str) -> list[float]:
    return values(configuration, "details", "final", key)


def _draw_largest(chosen: Sequence[Configuration], key: str, axes: Axes) -> None:
    share, trained, heights = LARGEST[key], sorted({training_labels(c) for c in chosen}), []
    for name in NETWORKS:
        mine = sorted((c for c in chosen if network(c) == name), key=training_labels)
        if not mine:
            continue
        found = [_deltas(configuration, key) for configuration in mine]
        means = [statistics.fmean(deltas) for deltas in found]
        spreads = [statistics.stdev(deltas) if len(deltas) > 1 else 0.0 for deltas in found]
        heights += means
        curve = _curve(name, mine[0])
        axes.errorbar(
            [training_labels(configuration) for configuration in mine], means,
            spreads if any(spreads) else None, label=curve.label, marker=curve.marker, capsize=2, **curve.style,
        )  # fmt: skip
    # The labels not trained on are for validation; one value is the least that is averaged.
    numbers = sorted({max(1, round(share * n * (1 - TRAINED_ON) / TRAINED_ON)) for n in trained})
    axes.set(
        xscale="log", yscale="log", xlim=_decades(trained), ylim=_decades(heights),
        xlabel="number of labels trained on", ylabel="mean |δ|",
        title=f"largest {100 * share:g} % of values, n = {' or '.join(f'{n:,}' for n in numbers)} labels",
    )  # fmt: skip


def _decades(heights: Sequence[float]) -> tuple[float, float]:
    """Powers of ten on either side: only these are labelled on a logarithmic axis."""
    return 10.0 ** math.floor(math.log10(0.99 * min(heights))), 10.0 ** math.ceil(math.log10(1.01 * max(heights)))


EXPERIMENT = Experiment(source="bayesian", presets={"bayesian": bayesian}, tables=tables, sections=sections)
