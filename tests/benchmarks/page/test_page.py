"""The page in a browser: it loads, sorts, filters, shows figures and reasons, and turns dark."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from sample_records import full, hardware_record, of_claim

from benchmarks import report
from benchmarks.experiments import all_configurations, devices, uncertain_networks
from benchmarks.figures import drawing
from benchmarks.page import html_page
from benchmarks.page.contents import Contents
from benchmarks.records import configurations, run_records
from benchmarks.records.folders import COMPARISON
from benchmarks.regressions.many_records import write as write_many

BAYESIAN, HARDWARE = uncertain_networks.EXPERIMENT.source, devices.EXPERIMENT.source

SCRIPT = "<script>window.stolen = true</script><img src=x onerror='window.stolen = true'>"

FOUND = [
    full(digits_mean=9.5, fit_s=0.5),
    full(method="skip_mlp", digits_mean=10.25, fit_s=7.0, commit="0123abc", versions={"numpy": "2"}),
    full(method="skip_mlp", repeat=1, digits_mean=10.25, fit_s=7.0),
    full(method="boosted_trees", digits_mean=2.0, fit_s=100.0, integral="box2l"),
    full(method="worse", status="failed", reason=SCRIPT, digits_mean=None, machine="B", histograms=None),
]

BOOSTED = full(
    method=uncertain_networks.METHOD, budget_s=uncertain_networks.BUDGET_S, params={"n_labels": 10, "boosting": SCRIPT},
    status="failed", reason=SCRIPT,
)  # fmt: skip
"""A run of another experiment."""

TIMED = hardware_record(1e-6, method=SCRIPT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    for name, found in ((COMPARISON, FOUND), (BAYESIAN, [BOOSTED]), (HARDWARE, [TIMED])):
        for record in found:
            run_records.write(folder / "published" / name, record)
    documents = [folder / "README.md", folder / "findings.md"]
    for path in documents:
        path.write_text(f"{report.BEGIN}\n{report.END}\n")
    report.write_published(folder, *documents)
    return folder


def path_of(folder, name, record):
    """Return where the record of a published experiment lies."""
    return run_records.path_of(folder / "published" / name, record)


def test_it_is_one_page_that_needs_no_network(folder):
    text = (folder / "index.html").read_text()
    namespaces = ("http://www.w3.org/1999/xlink", "http://www.w3.org/2000/svg")
    assert set(re.findall(r"https?://[^\"' )]*", text)) <= set(namespaces)
    assert not re.findall(r"<(?:script|img|iframe)[^>]* src=|@import|url\((?!#)", text)
    assert "<link" not in text.replace('<link rel="icon" href="data:,">', "")


def test_markup_in_a_reason_cannot_end_the_data(folder):
    text = (folder / "index.html").read_text()
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1]
    assert "<" not in data
    assert any(SCRIPT in string for string in json.loads(data)["strings"])


def test_rows_lead_to_their_records(folder):
    text = (folder / "index.html").read_text()
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    paths = {f"{data['strings'][r[0]]}.{data['strings'][r[1]]}.json" for r in data["records"]}
    files = list((folder / "published").rglob("*.json"))
    assert paths == {path.relative_to(folder).as_posix() for path in files}
    assert len(data["records"]) == len(files)  # each once, in however many tables


def test_figures_lie_beside_the_page(folder):
    names = {path.name for path in (folder / html_page.FOLDER).iterdir()}
    assert {"box1l.p.svg", "box1l.break_even.svg", "box2l.pareto_1024.svg"} <= names
    of_svg, of_png = ({name[:-4] for name in names if name.endswith(kind)} for kind in (".svg", ".png"))
    assert of_svg == of_png


@pytest.fixture
def no_png(monkeypatch):
    """Leave PNG files empty, where a test is of the page."""
    monkeypatch.setattr(drawing, "as_png", lambda figure: b"")


def test_a_page_without_room_links_to_its_figures(no_png, folder, monkeypatch):
    monkeypatch.setattr(html_page, "MOST_BYTES", 60_000)
    contents = Contents.published(folder)
    text = report.page(contents, contents.figure_sections())
    assert len(text.encode()) < 70_000
    assert 'href="figures/box1l.break_even.svg"' in text


def test_ids_of_a_page_are_its_own(folder):
    text = (folder / "index.html").read_text()
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:url\(|href=")#([^")]*)', text)
    assert len(used) > 100
    assert set(used) <= set(ids)


WICKED = '../<b>"&'

STAGES = [
    {"fit_s": t, "loss": 0.1, "validation_loss": 0.2, "learning_rate": 1e-3, "layers": [{WICKED: 0.5}]} for t in (1, 2)
]


@pytest.mark.parametrize("room", [html_page.MOST_BYTES, 0])
def test_markup_and_paths_in_names_stay_names(no_png, tmp_path, monkeypatch, room):
    monkeypatch.setattr(html_page, "MOST_BYTES", room)
    run_records.write(tmp_path, full(integral=WICKED, diagnostics=STAGES))
    contents = Contents.local(tmp_path)
    drawn = contents.figure_sections()
    text = report.page(contents, drawn)
    assert "<b>" not in text
    names = [figure.name for section in drawn for figure in section.figures]
    assert "..__b___.p" in names
    assert "training.1...__b___" in names
    assert all(re.fullmatch(r"[\w.-]+", name) for name in names)
    assert all(f'href="figures/{name}.svg"' in text for name in names) is (room == 0)


def test_half_a_character_in_a_reason_does_not_stop_the_report(no_png, tmp_path):
    run_records.write(tmp_path, full())
    run_records.write(tmp_path, full(method="worse", status="failed", reason="\ud83d is half", digits_mean=None))
    report.write_local(tmp_path)
    assert "? is half" in (tmp_path / "index.html").read_text()
    assert "? is half" in (tmp_path / "tables.md").read_text()


def test_the_number_of_points_is_a_finished_repeat_s():
    table = all_configurations.table(
        configurations.grouped([full(status="failed", n_points=None), full(repeat=1, n_points=1000)])
    )
    assert [row["n"] for row, _ in table.rows] == ["1000"]


def test_an_experiment_s_table_says_what_it_is_of(no_png, tmp_path):
    run_records.write(tmp_path, of_claim("tanh"))
    report.write_local(tmp_path)
    for name in ("index.html", "tables.md"):
        assert "What the papers on primitives say helps, tried out" in (tmp_path / name).read_text()


@pytest.mark.slow
def test_ten_thousand_records_make_a_small_page(tmp_path):
    write_many(tmp_path)
    report.write_local(tmp_path)
    assert (tmp_path / "index.html").stat().st_size <= 3_000_000


def found_browser() -> tuple[str, str]:
    """Return the paths of Chromium and its driver; skip where they are missing, or fail where they were promised."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium and driver:
        return chromium, driver
    complain = pytest.fail if os.environ.get("LOOPMARK_BROWSER") == "required" else pytest.skip
    complain("needs Debian's chromium and chromium-driver, which are not installed here")


@pytest.mark.parametrize(("value", "outcome"), [("required", pytest.fail), ("", pytest.skip)])
def test_a_browser_that_was_promised_is_not_skipped(monkeypatch, value, outcome):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setenv("LOOPMARK_BROWSER", value)
    with pytest.raises(outcome.Exception, match="needs Debian's chromium"):
        found_browser()


@pytest.fixture(scope="module")
def browser():
    chromium, driver = found_browser()
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    browser.command_executor.client_config.timeout = 300  # a busy machine starts a page slowly
    yield browser
    browser.quit()


@pytest.fixture
def page(browser, folder):
    """Load the page afresh, in light colours on a desktop."""
    show(browser, folder, 1400, "light")
    return browser


def show(browser, folder: Path, width: int, theme: str) -> None:
    size = {"width": width, "height": 1200, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    preference = {"name": "prefers-color-scheme", "value": theme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [preference]})
    browser.get(f"file://{folder}/index.html")


def column(page, name: str) -> list[str]:
    """Return the cells of that column in the first table."""
    return page.execute_script(
        """const table = document.querySelector("table");
        const at = [...table.tHead.rows[0].cells].findIndex(cell => cell.textContent === arguments[0]);
        const rows = [...table.tBodies[0].rows].filter(row => row.className !== "records");
        return rows.map(row => row.cells[at].textContent);""",
        name,
    )


def sort_by(page, name: str) -> None:
    page.execute_script(
        "[...document.querySelectorAll('table')[0].tHead.querySelectorAll('button')]"
        ".find(button => button.textContent === arguments[0]).click()",
        name,
    )


def choose(page, name: str, value: str) -> None:
    page.execute_script(
        "const select = document.querySelector(`select[name='${arguments[0]}']`);"
        "select.value = arguments[1]; select.dispatchEvent(new Event('change'))",
        name,
        value,
    )


@pytest.mark.browser
def test_it_loads_without_errors(page):
    assert page.get_log("browser") == []
    assert len(column(page, "method")) == 4


@pytest.mark.browser
def test_numbers_sort_as_numbers_and_blanks_come_last(page):
    sort_by(page, "digits")
    assert [cell.partition(" ")[0] for cell in column(page, "digits")] == ["2.0", "9.5", "10.2", ""]
    sort_by(page, "digits")
    assert [cell.partition(" ")[0] for cell in column(page, "digits")] == ["10.2", "9.5", "2.0", ""]
    sort_by(page, "method")
    assert column(page, "method") == sorted(column(page, "method"))


@pytest.mark.browser
@pytest.mark.parametrize(
    ("name", "value", "methods"),
    [
        ("integral", "box2l", {"boosted_trees"}),
        ("method", "skip_mlp", {"skip_mlp"}),
        ("machine", "B", {"worse"}),
        ("status", "failed", {"worse"}),
        ("device", "cpu", {"gauss_legendre", "skip_mlp", "boosted_trees", "worse"}),
    ],
)
def test_filters(page, name, value, methods):
    choose(page, name, value)
    assert set(column(page, "method")) == methods
    choose(page, name, "")
    assert len(column(page, "method")) == 4


@pytest.mark.browser
def test_filters_hold_for_figures(page):
    choose(page, "integral", "box2l")
    shown = (
        "return [...document.querySelectorAll('[data-integral]')].filter(e => !e.hidden).map(e => e.dataset.integral)"
    )
    assert page.execute_script(shown) == ["box2l"]


@pytest.mark.browser
def test_a_row_leads_to_its_records(page, folder):
    choose(page, "method", "skip_mlp")
    page.execute_script("document.querySelector('tbody button').click()")
    detail = page.execute_script("return document.querySelector('.records').textContent")
    for word in ("params", "seed", "repeat", "code_hash", "date", "machine", "0123abc", "numpy"):
        assert word in detail
    links = page.execute_script("return [...document.querySelectorAll('.records a')].map(a => a.getAttribute('href'))")
    assert len(links) == 2
    assert all((folder / link).exists() for link in links)


@pytest.mark.browser
def test_rows_of_every_table_lead_to_files(page, folder):
    page.execute_script("document.querySelectorAll('tbody button').forEach(button => button.click())")
    opened = page.execute_script(
        """return [...document.querySelectorAll("section.tabled")].map(part => [
            part.querySelector("h2").textContent,
            [...part.querySelectorAll(".records a")].map(a => decodeURIComponent(new URL(a.href).pathname)),
            [...part.querySelectorAll(".records")].map(row => row.textContent).join(),
        ])"""
    )
    files = {title.partition(":")[0]: links for title, links, _ in opened}
    assert {"Bayesian networks", "Devices", "box1l"} <= set(files)
    assert files["Bayesian networks"] == [str(path_of(folder, BAYESIAN, BOOSTED))]
    assert set(files["Devices"]) == set(files["box1l"]) == {str(path_of(folder, HARDWARE, TIMED))}
    assert all(Path(link).exists() for links in files.values() for link in links)
    said = {title.partition(":")[0]: text for title, _, text in opened}
    assert SCRIPT in said["Bayesian networks"]
    assert SCRIPT in said["Devices"]
    assert page.execute_script("return window.stolen === undefined && !document.querySelector('#tables img')")


@pytest.mark.browser
def test_markup_in_a_reason_is_text(page):
    choose(page, "method", "worse")
    page.execute_script("document.querySelector('tbody button').click()")
    assert SCRIPT in page.execute_script("return document.querySelector('.records').textContent")
    assert any(SCRIPT in cell for cell in column(page, "note") if cell)
    assert page.execute_script("return window.stolen === undefined && !document.querySelector('#tables img')")


@pytest.mark.browser
def test_figures_have_content(page):
    boxes = page.execute_script(
        """return [...document.querySelectorAll("figure svg")].map(svg => {
            const box = svg.getBoundingClientRect();
            return [box.width, box.height, svg.querySelectorAll("path").length];
        })"""
    )
    assert len(boxes) >= 12
    assert all(width > 200 and height > 150 and paths > 10 for width, height, paths in boxes)


PAPER = "return getComputedStyle(document.body).backgroundColor"
LINE = "return getComputedStyle(document.querySelector('figure svg path[style*=\"var(--c\"]')).stroke"


@pytest.mark.browser
def test_dark_is_another_page_by_preference_and_by_switch(page, folder):
    light = [page.execute_script(script) for script in (PAPER, LINE)]
    page.execute_script("document.getElementById('theme').click()")
    switched = [page.execute_script(script) for script in (PAPER, LINE)]
    show(page, folder, 1400, "dark")
    dark = [page.execute_script(script) for script in (PAPER, LINE)]
    assert dark == switched
    assert all(a != b for a, b in zip(light, dark, strict=True))


@pytest.mark.browser
def test_a_phone_scrolls_down_only(page, folder):
    show(page, folder, 390, "light")
    assert page.execute_script("return document.documentElement.scrollWidth") <= 390
