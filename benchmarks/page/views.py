"""The page's views: what each one asks, its charts with their captions, and its tables.

The charts are built in `charts`, and drawn by the script for the question that the reader asks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from benchmarks.experiments.experiment import Table

if TYPE_CHECKING:
    from benchmarks.page.contents import Contents


@dataclasses.dataclass(frozen=True)
class View:
    """A view of the page.

    Parameters
    ----------
    name, title, explanation : str
        How the script calls it, what the reader sees in the navigation, and what stands above its charts.
    charts : tuple of (str, str)
        Names of charts, and their captions.
    legends : tuple of str
        Names of the charts that have a legend for their marks.
    tables : callable
        Makes its tables, those without rows included.
    """

    name: str
    title: str
    explanation: str
    charts: tuple[tuple[str, str], ...] = ()
    legends: tuple[str, ...] = ()
    tables: Callable[[Contents], Iterable[Table]] = lambda contents: ()


def _of(*experiments: str, but: tuple[str, ...] = ()) -> Callable[[Contents], list[Table]]:
    """Make a function that lists the tables of experiments, but those whose titles begin so."""
    return lambda contents: [
        table for name in experiments for table in contents.tables_by_experiment[name]
        if not table.title.startswith(but)
    ]  # fmt: skip


MATCHED = (
    "Time to matched digits", "Above threshold: time to matched digits", "Break-even", "Above threshold: break-even",
)  # fmt: skip
"""Tables that questions and charts answer for any number of digits; tables.md has them."""

VIEWS = (
    View(
        "answer", "Answer", "", (("answer", "Digits against cost: a curve joins what is cheapest with so many digits, "
        "dots are a method's other configurations, diamonds published values. A mark opens its record."),),
    ),
    View(
        "map", "Map", "Which method is the cheapest, preparation included, by digits and number of values. Only what "
        "was measured is compared.", (("map", "The cheapest method; empty where none that was run has the digits."),),
        tables=_of("cost_map"),
    ),
    View(
        "preparation", "Preparation", "What preparation gains, and from how many values on it pays.",
        (("anytime", "Digits against seconds of preparation: while a method trained, in its first repeat, or of its "
          "configurations."),
         ("total", "Seconds in all against the number of values, for the digits asked for: where a curve falls below "
          "another one, its preparation has paid.")),
        tables=_of("evaluations", "curves", but=MATCHED),
    ),
    View(
        "accuracy", "Accuracy", "How errors are distributed over the box, and how much larger they are at its border. "
        "Repeats are added up.",
        (("p", "Share of points by the decimal logarithm of the relative error, best methods first."),
         ("r", "Share of points by R, the decimal logarithm of value over truth: its width is the scatter, its offset "
          "a bias. The outermost bins also count what lies beyond ±0.02, five per cent."),
         ("classes", "Spread of R by cornerness, the number of invariants close to an end of their range, and for "
          "points that lie inside the box or at its edge: dots on top of one another are best.")),
        ("classes",),
    ),
    View(
        "honesty", "Honesty", "Whether claimed errors are the actual ones.",
        (("coverage", "Share of points whose error is within one and three claimed errors; honest ones have 68.3 % and "
          "99.7 % or, where I(s) is complex, 63.2 % and all. Further left errors are claimed too small, further right "
          "too large."),
         ("pull", "Share of points by error over claimed error; the curve is the law of honest errors, normal or, of "
          "the modulus where I(s) is complex, Rayleigh's. The outermost bins also count what lies beyond ±8.")),
        ("coverage",),
    ),
    View(
        "thresholds", "Thresholds", "How digits depend on the distance from a threshold.",
        (("threshold", "Digits against an invariant; vertical lines are thresholds, where a contour is pinched, and "
          "zeros at corners of the cube, where it cannot be moved."),),
        tables=_of("physical", but=MATCHED),
    ),
    View(
        "profile", "Held out", "How methods do on integrals on which no default of theirs was tuned.",
        (("profile", "Share of the held-out integrals on which a method costs at most so many times the cheapest with "
          "the digits asked for. A curve ends at the share on which its method has the digits at all."),),
        tables=_of("performance_profile"),
    ),
    View(
        "papers", "Papers", "What the papers publish and claim, and what was found here.",
        tables=_of("comparison", "paper_recipes", "thesis_on_cpu", "paper_claims"),
    ),
    View(
        "surrogates", "Surrogates", "Regressors that learn from labels, as Bishara, Paul and Dy compare them.",
        (("labels", "Mean digits against the number of labels."),), tables=_of("paper_surrogates", "label_counts"),
    ),
    View(
        "networks", "Networks' errors", "Networks that know their error: Bayesian ones, and ensembles of replicas.",
        (("widths", "Width of the pulls, one for honest errors: larger on other points than on labels trained on is "
          "overtraining."),
         ("gain", "Digits that the mean of n replicas has more than one replica.")),
        ("widths",), _of("uncertain_networks", "replicas"),
    ),
    View(
        "training", "Training", "How primitives trained, stage by stage, as the thesis shows it.",
        (("training", "One replica in training; layers are shown of the kind that is chosen."),),
        tables=_of("training"),
    ),
    View(
        "devices", "Devices", "What a value costs on each device, and how it depends on the points per call.",
        (("devices", "Microseconds per value against the points per call."),),
        tables=_of("devices", "deep_speed", "gpu"),
    ),
    View("runs", "All runs", "Every configuration that was run for this choice, with the reason where it failed."),
)  # fmt: skip
