"""The page: a question, its answer, a view for everything else, and all runs, in one file that needs no network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import drawing
from benchmarks.page import charts
from benchmarks.page.views import VIEWS
from benchmarks.records import run_records

HERE = Path(__file__).parent
"""Folder of the template and of the scripts."""

SCRIPTS = ("question.js", "drawing.js", "answer_view.js", "views.js", "tables.js", "page.js")
"""Parts of the page's script, in their order."""

LICENCES = "library_licences.txt"
"""Notices of the charting library and of what it includes, which have to stay with every copy of it."""

METRICS = (
    ("digits", "mean of −log10|(e − t)/t| of values e against truths t, over points drawn uniformly in the box of s; "
     "the truth's own error is in each record."),
    ("spread", "standard deviation of these digits from point to point; no uncertainty of their mean."),
    ("worst", "digits of the worst point of all repeats."),
    ("µs per value", "median time of a call with a batch of points over their number; with one point each, the "
     "median over sweeps of eight calls (three of a slow method) of their mean; on one thread unless the machine's "
     "name says more; batches have 1,024 points, fewer where a method integrates one after the other."),
    ("preparation", "seconds of labels, training, tabulating and compiling; a value's share is added to its time."),
    ("within 1 %", "the share of points whose relative error is at most that."),
    ("≤ error, ≤ 3 errors", "the share of points within one and three claimed errors."),
    ("eval.", "evaluations of the integrand per value, after preparation."),
    ("kB, n", "size of the saved model, and the number of points that digits are averaged over."),
    ("note", "repeats that were averaged, what a record is superseded by, and why runs failed."),
)  # fmt: skip


def render(found: Sequence[run_records.Record], content: Mapping[str, Any]) -> str:
    """Write the page with this content, of these records."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True)
    # tojson also escapes <, > and &, so that no text can end its script element.
    environment.policies["json.dumps_function"] = _dumps
    environment.policies["json.dumps_kwargs"] = {}
    template = environment.from_string((HERE / "page.html").read_text())
    return template.render(
        colours=drawing.COLOURS, metrics=METRICS, data=content, counts=_counts(found), views=VIEWS,
        library=charts.library(), licences=(HERE / LICENCES).read_text(encoding="utf-8"),
        script="".join((HERE / name).read_text() for name in SCRIPTS),
    )  # fmt: skip


def _dumps(content: Any, **_: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _counts(found: Sequence[run_records.Record]) -> str:
    statuses = [record["status"] for record in found]
    each = ", ".join(f"{statuses.count(s):,} {s.replace('_', ' ')}" for s in run_records.STATUSES if s in statuses)
    return f"{len(found):,} records: {each}"
