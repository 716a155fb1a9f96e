"""The page: tables that sort and filter, the records behind every row, and the figures, in one file without network.

Its size is bounded: figures for which there is no room are links to their files beside the page.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import drawing
from benchmarks.figures.figure_sections import Section
from benchmarks.page.page_data import Data
from benchmarks.records import run_records

MOST_BYTES = 2_900_000
"""Size of a page that a phone loads in a few seconds."""

FOLDER = "figures"

METRICS = (
    ("digits", "mean ± standard deviation of −log10|(e − t)/t| of values e against truths t, over points drawn "
     "uniformly; “≤ truth”: the truth itself is not known better."),
    ("median, worst", "digits of the median point, and of the worst."),
    ("within 1 %, 0.1 %", "the share of points whose relative error is at most that."),
    ("≤ error, ≤ 3 errors", "the share of points within one and three claimed standard deviations: 68.3 % and 99.7 % "
     "of a normal law."),
    ("µs (1), (1024), (65536)", "median microseconds per integral when a call gets so many points; – where it was not "
     "timed, since a call would take over ten seconds or another run shared the machine."),
    ("prep. s", "seconds of preparation: labels, training, tabulating, compiling."),
    ("gen. + comp. s", "of these, generating and compiling code."),
    ("eval.", "evaluations of the integrand per integral, after preparation."),
    ("kB", "size of the saved model."),
    ("n", "number of points that digits are averaged over."),
    ("published", "what the paper of this method says; sources in the papers' tables."),
    ("note", "repeats that were averaged, what a record is superseded by, and why runs failed."),
)  # fmt: skip


def render(found: Sequence[run_records.Record], data: Data, sections: Iterable[Section]) -> str:
    """Write the page with these tables and figures."""
    import jinja2

    here = Path(__file__)
    environment = jinja2.Environment(autoescape=True, trim_blocks=True)
    # tojson also escapes <, > and &, so that no text can end its script element.
    environment.policies["json.dumps_function"] = _dumps
    environment.policies["json.dumps_kwargs"] = {}
    template = environment.from_string(here.with_name("page.html").read_text())
    context: dict[str, Any] = {
        "colours": drawing.COLOURS, "metrics": METRICS, "data": data.content(),
        "script": here.with_name("page.js").read_text(), "counts": _counts(found),
    }  # fmt: skip
    room = MOST_BYTES - len(template.render(sections=[], **context).encode(errors="replace"))
    return template.render(sections=list(_fitting(sections, room)), **context)


def _dumps(content: Any, **_: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _counts(found: Sequence[run_records.Record]) -> str:
    statuses = [record["status"] for record in found]
    each = ", ".join(f"{statuses.count(s):,} {s.replace('_', ' ')}" for s in run_records.STATUSES if s in statuses)
    return f"{len(found):,} records: {each}"


def _fitting(sections: Iterable[Section], room: int) -> Iterable[dict[str, Any]]:
    """Yield the sections for the template, with links in the place of figures once there is no room for more."""
    from markupsafe import Markup

    count = itertools.count(1)
    for section in sections:
        figures = []
        for figure in section.figures:
            svg = drawing.for_page(figure.svg, f"{figure.name}: {figure.caption}", f"f{next(count)}-")
            cost = len(svg.encode(errors="replace")) + len(figure.caption.encode()) + 200
            if cost > room:
                svg = Markup('<a href="{0}/{1}.svg">{1}.svg</a>').format(FOLDER, figure.name)
            else:
                room -= cost
            figures.append({"name": figure.name, "caption": figure.caption, "svg": svg})
        yield {"title": section.title, "integral": section.integral, "machine": section.machine,
               "note": section.note, "figures": figures}  # fmt: skip
