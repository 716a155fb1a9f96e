"""What a report is made of: rows of every experiment lead to records that are files, and each record is read once."""

from __future__ import annotations

import json
import re

import pytest
from ensemble_records import ensemble
from sample_records import STEPS, full, hardware_record, of_claim
from surrogate_records import TUNED, points, recipe_record
from uncertain_records import record as uncertain

from benchmarks.experiments import (
    EXPERIMENTS,
    deep_speed,
    devices,
    load,
    paper_claims,
    paper_recipes,
    paper_surrogates,
    thesis_on_cpu,
    uncertain_networks,
)
from benchmarks.page import html_page, page_content, page_data, summaries
from benchmarks.page.contents import Contents
from benchmarks.records import run_records
from benchmarks.records.folders import COMPARISON, REPORTS
from methods.papers.primitive_recipes import RECIPES as PUBLISHED

MARKUP = "</script><img src=x onerror='alert(1)'>"


ABLATIONS, BAYESIAN, HARDWARE, RECIPES, REPLICAS, SURROGATES = (
    module.EXPERIMENT.source
    for module in (paper_claims, uncertain_networks, devices, paper_recipes, thesis_on_cpu, paper_surrogates)
)


def published():
    recipe = next(iter(PUBLISHED.values()))
    params = recipe.fields() | {"n_replicas": 1}
    return full(method="published_primitive", integral=recipe.integral, params=params, n_updates=7)


RECORDS = {
    COMPARISON: [full()],
    RECIPES: [published()],
    REPLICAS: [ensemble(row) for row in thesis_on_cpu.specs()],
    SURROGATES: [
        recipe_record(TUNED),
        recipe_record("box1l_2d DNN tuned", status="failed", reason=MARKUP),
        *points("box1l_2d", (3, 3.5, 4)),
    ],
    ABLATIONS: [of_claim("tanh"), of_claim("tanh", repeat=1), of_claim("gelu", status="failed", reason=MARKUP)],
    BAYESIAN: [uncertain(commit=MARKUP), uncertain(repeat=1)],
    HARDWARE: [hardware_record(1e-6, cpu=MARKUP), hardware_record(2e-6, threads=2)],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with runs of every experiment."""
    folder = tmp_path_factory.mktemp("contents")
    for name, found in RECORDS.items():
        for record in found:
            run_records.write(folder / "published" / name, record)
    return folder


@pytest.fixture(scope="module")
def contents(folder):
    return Contents.published(folder)


def data_of(contents, tables):
    data = page_data.Data(contents.out, contents.folders())
    for table in tables:
        data.add(table)
    return data


def files(content, sources):
    """Return the paths that the page's script would link to."""
    found = [[content["strings"][number] for number in content["files"][source]] for source in sources]
    return [f"{rest}.{identity}.json" for rest, identity in found]


TITLES = (
    "Claims", "Surrogates in", "Surrogates against", "Which surrogate", "Bayesian", "Devices", "box1l: µs",
    "Published recipes", "The thesis's networks", "Digits and errors against", "What the thesis's figures",
)  # fmt: skip
"""How their titles begin."""


def test_rows_of_every_experiment_lead_to_files(contents, folder):
    content = data_of(contents, contents.tables).content()
    tables = {table["title"]: table for table in content["tables"]}
    for start in TITLES:
        (title,) = [title for title in tables if title.startswith(start)]
        table = tables[title]
        assert len(table["sources"]) == len(table["rows"])
        assert any(table["sources"]), title
        for sources in table["sources"]:
            assert all((folder / file).is_file() for file in files(content, sources)), title


def test_a_row_has_the_records_that_its_figures_come_from(contents):
    tables = {table.title: table for table in contents.tables}
    (claims,) = [table for title, table in tables.items() if title.startswith("Claims")]
    used = [(r["params"]["activation"], r["repeat"], r["status"]) for r in claims.rows[0][1]]
    assert sorted(used) == [("gelu", 0, "failed"), ("tanh", 0, "ok"), ("tanh", 1, "ok")]
    (shares,) = [table for title, table in tables.items() if title.startswith("Surrogates in 2")]
    by_row = [(row["note"], len(used)) for row, used in shares.rows]
    assert all((n == 0) == (note == "not run") for note, n in by_row)
    assert sorted(n for _, n in by_row)[-2:] == [1, 1]
    (rates,) = [table for title, table in tables.items() if title.startswith("Devices")]
    assert [[record["threads"] for record in found] for _, found in rates.rows] == [[1], [2]]


def test_every_record_is_on_the_page_once(contents, folder):
    data = data_of(contents, contents.tables)
    summaries.content(contents.comparable(), data)
    content = data.content()
    linked = files(content, range(len(content["files"])))
    assert len(set(linked)) == len(linked)
    assert set((folder / "published").rglob("*.json")) == {folder / file for file in linked}


def test_somebody_s_own_runs_stand_beside_published_ones(tmp_path):
    run_records.write(tmp_path, full(machine="mine"))
    contents = Contents.local(tmp_path)
    assert {record["integral"] for record in contents.beside} == {"box1l"}
    own, *beside = contents.comparable()
    assert own.first["machine"] == "mine"
    assert page_content.content(contents)["start"]["place"].startswith("mine")  # though others were measured more often
    assert len(beside) > 10
    data = page_data.Data(contents.out, contents.folders())
    summaries.content([own, *beside], data)
    linked = files(data.content(), range(len(data.content()["files"])))
    assert sum((tmp_path / file).resolve().is_relative_to(REPORTS) for file in linked) == len(linked) - 1
    assert all((tmp_path / file).exists() for file in linked)


def test_damaged_records_are_named_and_left_out(tmp_path):
    path = run_records.write(tmp_path, full())
    path.write_text(path.read_text().replace("4.56", "5.56"))
    contents = Contents.local(tmp_path)
    assert contents.compared == []
    assert "checksum" in contents.damaged[path]


def test_markup_in_records_stays_text(contents):
    text = html_page.render(contents.records(), page_content.content(contents))
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1]
    assert MARKUP not in text
    assert "<" not in data
    assert any(MARKUP in string for string in json.loads(data)["strings"])


def test_committed_rows_lead_to_committed_files():
    contents = Contents.published(REPORTS)
    of_runs = [name for name in EXPERIMENTS if name != "comparison" and not load(name).source.endswith(".json")]
    tables = [table for name in of_runs for table in load(name).tables(contents.measured(name)) if table.rows]
    content = data_of(contents, tables).content()
    assert len(content["tables"]) >= 9
    for table in tables:
        assert all(used for row, used in table.rows if row.get("note") != "not run"), table.title
    for table in content["tables"]:
        assert all((REPORTS / file).is_file() for sources in table["sources"] for file in files(content, sources))


def test_measurements_without_records_say_so(tmp_path):
    (tmp_path / deep_speed.FILE).write_text(json.dumps(STEPS))
    _, *tables = Contents.local(tmp_path).tables  # the first is of what the papers published
    assert [len(table.rows) for table in tables] == [1, 1, 2]
    for table in tables:
        assert "without a record of each run" in table.explanation
        assert not any(used for _, used in table.rows)


@pytest.mark.parametrize("name", ["results.1", "q**", "[a]", "*"])
def test_a_folder_may_be_called_anything_and_hold_what_is_no_json(name, tmp_path):
    out = tmp_path / name
    run_records.write(out, full())
    broken = [out / "gpu" / "device" / "rates.json", out / deep_speed.EXPERIMENT.source]
    for path in broken:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"{\xff")
    found = Contents.local(out)
    assert len(found.compared) == 1
    assert set(found.damaged) == set(broken)
    assert len(found.records()) == len(found.folders()) - len(found.beside) == 1
