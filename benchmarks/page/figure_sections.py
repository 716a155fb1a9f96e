"""Which charts are drawn: those of an integral on a machine make a section, and drawing takes most of a report's time.

A core draws about three charts a second, each as SVG and as PNG, so that what is drawn is bounded: all charts for the
integrals that come first and those with most methods, and for the others the few that say most. Nothing is drawn
record by record, except what training diagnostics there are, up to a number.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.page.figures import accuracy, bayesian, cost, drawing, training
from benchmarks.records import configurations

FULL = 5
"""Sections with all their charts."""

SHORT = ("p", "pareto_1024")
"""Charts of the sections after these."""

MOST = 150
"""Charts in all; those for which this leaves no room are counted on the page."""

MOST_DIAGNOSTICS = 4
"""Runs whose training is drawn, the newest."""


@dataclasses.dataclass
class Figure:
    """A drawn chart, by the name of its files, with its caption."""

    name: str
    caption: str
    svg: str
    png: bytes


@dataclasses.dataclass
class Section:
    """Charts that stand together, of one integral on one machine."""

    title: str
    integral: str
    machine: str
    note: str
    figures: list[Figure]


def draw(found: Iterable[configurations.Group], first: Sequence[str] = ()) -> list[Section]:
    """Return what is drawn of these groups, in the order of their titles; what is not, in a section without figures.

    The integrals `first` come before those with most methods where there is no room for all charts.
    """
    current = [g for g in found if g.good and not g.replaced]
    methods = sorted({g.method for g in current})
    places = configurations.by_place(current)
    several = len({machine for _, machine in places}) > 1
    order = {integral: nth for nth, integral in enumerate(first)}
    ranked = sorted(places, key=lambda place: (order.get(place[0], len(first)), -len(places[place]), place))
    room = MOST
    sections = []
    for rank, place in enumerate(ranked):
        curves, left_out = drawing.curves(places[place], methods)
        charts = [*accuracy.charts(curves), *cost.charts(curves, left_out)]
        drawn = [chart for chart in charts if rank < FULL or chart.name in SHORT][: max(room, 0)]
        room -= len(drawn)
        nth = sorted(machine for integral, machine in places if integral == place[0]).index(place[1])
        prefix = place[0] + (f".{nth + 1}" if nth else "")
        title = f"{place[0]}, on {place[1]}" if several else place[0]
        note = _note(len(left_out), len(charts) - len(drawn))
        figures = [_figure(prefix, chart) for chart in drawn]
        sections.append(Section(title, *place, note, figures))
    sections.sort(key=lambda section: section.title)
    empty = [f"{section.title}: {section.note}" for section in sections if section.note and not section.figures]
    shown = [section for section in sections if section.figures]
    return shown + ([Section("Not drawn", "", "", "; ".join(empty), [])] if empty else [])


def of_activations(found: Mapping[str, Sequence[configurations.Record]]) -> list[Section]:
    """Return histograms of P and R by activation, one section per machine, given each one's records."""
    current = [
        (name, g) for name, records in found.items() for g in configurations.of(records) if g.good and not g.replaced
    ]
    sections = []
    for nth, place in enumerate(configurations.by_place(group for _, group in current)):
        here = [(name, g) for name, g in current if (g.first["integral"], g.first["machine"]) == place]
        curves = [drawing.curve(group, name, colour, 0) for colour, (name, group) in enumerate(here)]
        figures = [
            _figure(f"activations.{nth + 1}", chart) for chart in accuracy.charts(curves) if chart.name in ("p", "r")
        ]
        title = f"Activations of {here[0][1].method} on {place[0]}"
        note = f"Equal updates, on {place[1]}; “Claims of the papers” says which claims they test."
        sections.append(Section(title, *place, note, figures))
    return [section for section in sections if section.figures]


def of_bayesian(found: Iterable[configurations.Group]) -> list[Section]:
    """Return how networks that know their error compare, one section per integral and machine."""
    places = configurations.by_place(g for g in found if g.good and not g.replaced)
    sections = []
    for nth, (place, here) in enumerate(places.items()):
        charts = bayesian.charts(here)
        sections.append(
            Section(
                f"Networks that know their error, on {place[0]}", *place,
                f"Histograms of repeats are added up; on {place[1]}.",
                [_figure(f"bayesian.{nth + 1}.{place[0]}", chart) for chart in charts],
            )
        )  # fmt: skip
    return [section for section in sections if section.figures]


def _note(curves: int, charts: int) -> str:
    """Say what is not drawn."""
    parts = [
        f"{curves} more configurations are in the table, and not drawn" if curves else "",
        f"{charts} more charts are not drawn, since other integrals come first" if charts else "",
    ]
    return "; ".join(filter(None, parts))


def _figure(prefix: str, chart: drawing.Chart) -> Figure:
    name = re.sub(r"[^\w.-]", "_", f"{prefix}.{chart.name}")  # it is a file's, and records are anybody's
    return Figure(name, chart.caption, *drawing.svg_and_png(chart))


def of_training(diagnosed: Iterable[configurations.Record]) -> list[Section]:
    """Return how training went in the newest of these runs, which have diagnostics."""
    newest = sorted(diagnosed, key=lambda record: record["date_utc"], reverse=True)
    shown: Sequence[configurations.Record] = [record for record in newest if training.charts(record)]
    names = {id(group.first): group.label for group in configurations.of(shown)}
    sections = []
    for nth, record in enumerate(shown[:MOST_DIAGNOSTICS]):
        label = names.get(id(record), record["method"])
        note = f"{len(shown) - MOST_DIAGNOSTICS} older runs with diagnostics are not drawn"
        sections.append(
            Section(
                f"Training of {label} on {record['integral']}, seed {record['seed']}", record["integral"],
                record["machine"], note if len(shown) > MOST_DIAGNOSTICS and not nth else "",
                [_figure(f"training.{nth + 1}", chart) for chart in training.charts(record)],
            )
        )  # fmt: skip
    return sections
