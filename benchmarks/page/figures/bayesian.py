"""Networks that know their error: pulls on labels trained on and on others, calibration, and the largest values.

Badger, Butter, Luchmann, Pitz and Plehn, arXiv:2206.14831: pulls that are wider on labels for validation than on those
trained on tell overtraining; the settings compared are those of `bayesian_table`. Histograms of repeats are added up.

notation: δ = e/t − 1, here on labels for validation.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from benchmarks.experiments import uncertain_networks
from benchmarks.experiments.uncertain_networks import NETWORKS, TRAINED_ON
from benchmarks.page.figures import drawing, histograms
from benchmarks.page.figures.drawing import Chart, Curve
from benchmarks.records.configurations import Group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTS = {"train": "trained on", "validation": "validation"}
"""What pulls are of, solid and dashed -> how the legend says it."""

LARGEST = {"delta_largest_1pct": 0.01, "delta_largest_0p1pct": 0.001}
"""Key of a record -> the share of values that it is the mean of."""

PANEL = 2.2
"""Height in inches of one of two."""

Panels = dict[int, dict[str, Group]]
"""Labels to buy, most first -> one of `NETWORKS` -> its configuration."""


def charts(found: Sequence[Group]) -> list[Chart]:
    """Return what there is to show of these configurations, which should be of one integral on one machine."""
    panels = _panels(found)
    made = (_pulls(panels), _calibration(panels), _largest(panels))
    return [chart for chart in made if chart]


def _panels(found: Sequence[Group]) -> Panels:
    """Return them in order, those with the usual labels; of several of the same kind, the newest."""
    panels: Panels = {}
    usual = [group for group in found if uncertain_networks.labels(group) == uncertain_networks.LABELS]
    for group in sorted(usual, key=lambda group: max(record["date_utc"] for record in group.good)):
        panels.setdefault(group.first["params"]["n_labels"], {})[uncertain_networks.network(group)] = group
    return {n: {b: panels[n][b] for b in NETWORKS if b in panels[n]} for n in sorted(panels, reverse=True)}


def _curve(network: str, group: Group, *, part: str = "", nth: int = 0) -> Curve:
    label = f"{NETWORKS[network]}, {part}" if part else NETWORKS[network]
    return drawing.curve(group, label, list(NETWORKS).index(network), nth)


def _trained(groups: Sequence[Group]) -> str:
    """Return for a title how many labels were trained on."""
    numbers = sorted({round(uncertain_networks.training_labels(group)) for group in groups}, reverse=True)
    return f"{' or '.join(f'{number:,}' for number in numbers)} labels trained on"


def _pulls(panels: Panels) -> Chart | None:
    drawn = []
    for of_networks in panels.values():
        shown = [
            (_curve(network, group, part=name, nth=nth), histogram)
            for network, group in of_networks.items()
            for nth, (part, name) in enumerate(PARTS.items())
            if (histogram := _pull_histogram(group, part))
        ]
        if shown:
            drawn.append(_pull_panel(shown))
    caption = (
        "Pulls, on labels trained on (solid) and on labels for validation (dashed): where the dashed ones "
        "are wider, the network is overtrained."
    )
    return Chart("pull", caption, drawn, PANEL) if drawn else None


def _pull_histogram(group: Group, part: str) -> histograms.Histogram | None:
    return histograms.added(uncertain_networks.values(group, "details", "final", part, "histogram"))


def _pull_panel(shown: Sequence[tuple[Curve, histograms.Histogram]]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        histograms.draw_shares(axes, shown, log=True, also=histograms.draw_normal)
        edges = shown[0][1][0]  # panels share their axis: none may cut another's
        axes.set(xlim=(edges[0], edges[-1]), xlabel="pull = residual/error of the target learned", title=_title(shown))

    return draw


def _calibration(panels: Panels) -> Chart | None:
    drawn = []
    for of_networks in panels.values():
        shown = [
            (_curve(network, group), histogram)
            for network, group in of_networks.items()
            if (histogram := histograms.total(group, "pull"))
        ]
        if shown:
            drawn.append(_calibration_panel(shown))
    return Chart("calibration", histograms.CALIBRATION, drawn, PANEL) if drawn else None


def _calibration_panel(shown: Sequence[tuple[Curve, histograms.Histogram]]) -> Callable[[Axes], None]:
    def draw(axes: Axes) -> None:
        histograms.draw_calibration(axes, shown)
        axes.set_title(_title(shown))

    return draw


def _title(shown: Sequence[tuple[Curve, histograms.Histogram]]) -> str:
    groups = [curve.group for curve, _ in shown]
    return f"{_trained(groups)}, {histograms.count([histogram for _, histogram in shown])}"


def _largest(panels: Panels) -> Chart | None:
    drawn = []
    for key, share in LARGEST.items():
        groups = [g for of_networks in panels.values() for g in of_networks.values() if _deltas(g, key)]
        if groups:
            drawn.append(_largest_panel(groups, key, share))
    caption = (
        "Mean |δ| on the labels for validation with the largest values, against the number of labels trained on: the "
        "mean of repeats, with their standard deviation where there are several."
    )
    return Chart("largest", caption, drawn, PANEL) if drawn else None


def _deltas(group: Group, key: str) -> list[float]:
    return uncertain_networks.values(group, "details", "final", key)


def _largest_panel(groups: Sequence[Group], key: str, share: float) -> Callable[[Axes], None]:
    trained = sorted({uncertain_networks.training_labels(group) for group in groups})
    # The labels not trained on are for validation; one value is the least that is averaged.
    numbers = sorted({max(1, round(share * n * (1 - TRAINED_ON) / TRAINED_ON)) for n in trained})

    def draw(axes: Axes) -> None:
        heights = []
        for network in NETWORKS:
            mine = [group for group in groups if uncertain_networks.network(group) == network]
            mine.sort(key=uncertain_networks.training_labels)
            if not mine:
                continue
            found = [_deltas(group, key) for group in mine]
            means = [statistics.fmean(values) for values in found]
            spreads = [statistics.stdev(values) if len(values) > 1 else 0.0 for values in found]
            heights += means
            curve = _curve(network, mine[0])
            axes.errorbar(
                [uncertain_networks.training_labels(group) for group in mine], means,
                spreads if any(spreads) else None, label=curve.label, marker=curve.marker, capsize=2, **curve.style,
            )  # fmt: skip
        axes.set(
            xscale="log", yscale="log", xlim=_decades(trained), ylim=_decades(heights),
            xlabel="number of labels trained on", ylabel="mean |δ|",
            title=f"largest {100 * share:g} % of values, n = {' or '.join(f'{n:,}' for n in numbers)} labels",
        )  # fmt: skip

    return draw


def _decades(values: Sequence[float]) -> tuple[float, float]:
    """Return powers of ten on either side: only these are labelled on a logarithmic axis."""
    return 10.0 ** math.floor(math.log10(0.99 * min(values))), 10.0 ** math.ceil(math.log10(1.01 * max(values)))
