"""Everything that the page's script gets: summary rows, charts, tables, links, and what is known of each integral."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benchmarks.experiments import all_configurations
from benchmarks.figures import drawing
from benchmarks.page import charts, summaries, training_data, view_data
from benchmarks.page.contents import Contents
from benchmarks.page.page_data import Data
from benchmarks.page.views import VIEWS
from benchmarks.records import method_kinds
from benchmarks.records.configurations import Configuration

FIRST_INTEGRAL = "heptagon1l"
"""Integral that the page asks for at first, where it was measured."""


def content(contents: Contents) -> dict[str, Any]:
    """Write the content of the page's script, for JSON."""
    data = Data(contents.out, contents.folders())
    for view in VIEWS:
        for table in view.tables(contents):
            data.add(table, view.name)
    grouped, beside = contents.comparable(), set(map(id, contents.beside))
    of_experiment = contents.measured
    made = {
        "summary": summaries.content(grouped, data),
        "integrals": _integrals({configuration.first["integral"] for configuration in grouped}),
        "start": start([c for c in grouped if id(c.first) not in beside] or grouped),
        "learned": method_kinds.KINDS["learned"],
        "published": all_configurations.published(),
        "colours": drawing.COLOURS,
        "charts": charts.specifications(),
        "accuracy": view_data.accuracy(grouped, data),
        "thresholds": view_data.thresholds(grouped, data),
        "surrogates": view_data.surrogates(of_experiment("label_counts"), data),
        "uncertain": view_data.uncertain(of_experiment("uncertain_networks"), data),
        "device_times": view_data.device_times(of_experiment("devices"), data),
        "gains": training_data.gains(of_experiment("replicas"), data),
        "trainings": training_data.trainings(of_experiment("training"), data),
    }
    return made | data.content()


def _integrals(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Say what each integral may be used for, in which region it is, and how many invariants it has."""
    import references
    from references.integrals import catalogue  # with sympy, which is not imported for a report without records

    made: dict[str, dict[str, Any]] = {}
    for name in sorted(names):
        if catalogue.find(name) is None:
            made[name] = {"use": None, "region": None, "m": None}
            continue
        use = catalogue.HELD_OUT if catalogue.is_held_out(name) else catalogue.DEVELOPMENT
        region = "physical" if catalogue.is_physical(name) else "Euclidean"
        made[name] = {"use": use, "region": region, "m": len(references.integral(name).parameters)}
    return made


def start(grouped: list[Configuration]) -> dict[str, str]:
    """Choose what the page asks for at first: the place with most configurations, and an integral there."""
    timed = [c for c in grouped if c.good and not c.replaced] or grouped
    if not timed:
        return {"integral": "", "place": ""}
    places = [summaries.place(configuration.first) for configuration in timed]
    place = max(dict.fromkeys(places), key=places.count)
    integrals = [c.first["integral"] for c, where in zip(timed, places, strict=True) if where == place]
    return {"integral": FIRST_INTEGRAL if FIRST_INTEGRAL in integrals else integrals[0], "place": place}
