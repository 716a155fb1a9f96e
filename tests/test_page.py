"""The page in a browser: it loads, sorts, filters, shows figures and reasons, and turns dark."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest
from test_figures import full

from benchmarks import html_page, records, report
from benchmarks.many_records import write as write_many

SCRIPT = "<script>window.stolen = true</script><img src=x onerror='window.stolen = true'>"

FOUND = [
    full(digits_mean=9.5, fit_s=0.5),
    full(method="skip_mlp", digits_mean=10.25, fit_s=7.0, commit="0123abc", versions={"numpy": "2"}),
    full(method="skip_mlp", repeat=1, digits_mean=10.25, fit_s=7.0),
    full(method="boosted_trees", digits_mean=2.0, fit_s=100.0, integral="box2l"),
    full(method="worse", status="failed", reason=SCRIPT, digits_mean=None, machine="B", histograms=None),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    for record in FOUND:
        records.write(folder, record)
    report.write(folder)
    return folder


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
    assert paths == {path.relative_to(folder).as_posix() for path in (folder / "runs").iterdir()}


def test_figures_lie_beside_the_page(folder):
    names = {path.name for path in (folder / html_page.FOLDER).iterdir()}
    assert {"box1l.p.svg", "box1l.p.png", "box2l.pareto_1024.svg"} <= names


def test_a_page_without_room_links_to_its_figures(folder, monkeypatch):
    monkeypatch.setattr(html_page, "MOST_BYTES", 60_000)
    text = report.page(FOUND, folder)
    assert len(text.encode()) < 70_000
    assert 'href="figures/box1l.break_even.svg"' in text


@pytest.mark.slow
def test_ten_thousand_records_make_a_small_page_within_a_minute(tmp_path):
    write_many(tmp_path)
    start = time.process_time()
    report.write(tmp_path)
    assert time.process_time() - start <= 60
    assert (tmp_path / "index.html").stat().st_size <= 3_000_000


@pytest.fixture(scope="module")
def browser():
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("needs Debian's chromium and chromium-driver, which are not installed here")
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
