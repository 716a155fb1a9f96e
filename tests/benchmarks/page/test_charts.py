"""The page's charts: each chart of a view has a kind, and the library brings everything with it."""

from __future__ import annotations

import json
import re

from benchmarks.page import charts, html_page
from benchmarks.page.views import VIEWS


def test_every_chart_of_a_view_is_specified():
    made = charts.specifications()
    shown = {name for view in VIEWS for name, _ in view.charts}
    assert shown == set(made["charts"])
    assert {chart["kind"] for chart in made["charts"].values()} == set(made["kinds"])


def test_charts_come_without_data_and_addresses():
    for kind in charts.specifications()["kinds"].values():
        assert all(set(layer["data"]) == {"name"} for layer in kind["layer"])
        assert "http" not in json.dumps(kind)


def test_marks_that_open_a_record_have_a_sentence():
    layers = [layer for kind in charts.specifications()["kinds"].values() for layer in kind["layer"]]
    linked = [layer["encoding"] for layer in layers if "href" in layer["encoding"]]
    assert linked
    assert all({"tooltip", "description"} <= set(encoding) for encoding in linked)


def test_the_library_is_one_script_that_ends_no_element():
    text = charts.library()
    assert len(text.encode()) < 1_000_000
    assert "window.vegaEmbed" in text
    assert "</script" not in text.lower()
    assert not re.search(r"^\s*import\s", text, re.MULTILINE)


def test_every_view_has_a_function_in_the_script():
    script = "".join((html_page.HERE / name).read_text() for name in html_page.SCRIPTS)
    table = re.search(r"const VIEWS = \{(.*?)\};", script, re.DOTALL)[1]
    assert re.findall(r"(\w+):", table) == [view.name for view in VIEWS]
