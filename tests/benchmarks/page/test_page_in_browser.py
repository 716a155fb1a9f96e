"""The page in a browser: its answer is what the records say, every view is drawn, and rows and marks lead to files."""

from __future__ import annotations

import itertools
import math
import re
import shutil
import urllib.parse
from pathlib import Path

import browser_pages
import page_records
import pytest
from browser_pages import ask, look_at, show, wait
from page_records import BAYESIAN, BOOSTED, FOUND, HARDWARE, SCRIPT, TIMED, path_of

from benchmarks import report
from benchmarks.page.contents import Contents
from benchmarks.page.views import VIEWS
from benchmarks.records import configurations, digit_costs
from benchmarks.records.folders import COMPARISON


@pytest.mark.parametrize(("value", "outcome"), [("required", pytest.fail), ("", pytest.skip)])
def test_a_browser_that_was_promised_is_not_skipped(monkeypatch, value, outcome):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setenv("LOOPMARK_BROWSER", value)
    with pytest.raises(outcome.Exception, match="needs Debian's chromium"):
        browser_pages.found_browser()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    page_records.write(folder)
    (folder / "index.html").write_text(report.page(Contents.published(folder)))
    return folder


@pytest.fixture(scope="module")
def browser():
    browser = browser_pages.started()
    yield browser
    browser.quit()


@pytest.fixture
def page(browser, folder):
    """Load the page afresh, in light colours on a desktop."""
    show(browser, folder, 1400, "light")
    return browser


ASKED = {
    "integral": "box1l",
    "digits": "6",
    "measure": "digits",
    "values": "6",
    "calls": "many",
    "place": "A, 2 threads",
}


def cheapest(integral, digits, measure, values, calls, **_):
    """Return the method and the microseconds that the records say, or None where no method has the digits."""
    n = math.inf if values == "any" else 10 ** int(values)
    key = "digits_worst" if measure == "worst" else "digits_mean"
    costs = []
    for configuration in configurations.grouped(FOUND):
        cost = digit_costs.digit_cost(configuration)
        if cost is None or configuration.first["integral"] != integral or getattr(cost, key) < float(digits):
            continue
        each = cost.s_single if calls == "one" else cost.s_per_integral
        costs.append((1e6 * (each + cost.preparation_s / n), configuration.method))
    return min(costs, default=None)


@pytest.mark.browser
def test_the_answer_changes_with_the_question_and_is_what_records_say(page):
    answers = set()
    for digits, measure, values, calls in itertools.product(
        ("2", "6", "9"), ("digits", "worst"), ("0", "6", "any"), ("many", "one")
    ):
        question = ASKED | {"digits": digits, "measure": measure, "values": values, "calls": calls}
        ask(page, **question)
        said = page.execute_script("return document.getElementById('answer').textContent")
        found = cheapest(**question)
        answers.add(found and found[1])
        if found is None:
            assert said.startswith("No method that was run has")
            continue
        us = float(re.match(rf"Cheapest: {found[1]} \(([\d.,]+) µs per value", said)[1].replace(",", ""))
        assert us == pytest.approx(found[0], rel=5e-3)
        assert page.execute_script("return document.querySelector('#ranking tbody th').textContent") == found[1]
    assert answers == {"gauss_legendre", "skip_mlp", None}


@pytest.mark.browser
def test_the_button_of_a_view_is_in_sight_on_a_phone(browser, folder):
    show(browser, folder, 390, "light")
    for view in ("devices", "map"):
        look_at(browser, view)
        left, right = browser.execute_script(
            "const { left, right } = document.querySelector('nav [aria-current]').getBoundingClientRect();"
            "return [left, right]"
        )
        assert 0 <= left < right <= 390


@pytest.mark.browser
def test_learned_methods_are_named_in_every_answer(page):
    ask(page, **ASKED | {"digits": "9"})
    said = page.execute_script("return document.getElementById('answer').textContent")
    assert "learned methods: no setting that was run has so many digits; skip_mlp has most, 6.5." in said


@pytest.mark.browser
def test_a_family_is_answered_by_medians(page):
    ask(page, **ASKED | {"integral": "development integrals", "digits": "7"})
    said = page.execute_script("return document.getElementById('answer').textContent")
    # 40 and 9 µs, and half a second and two of preparation for a million values.
    assert "Cheapest: gauss_legendre (median 25.8 µs per value; has the digits on 2 of 2 integrals" in said


@pytest.mark.browser
def test_digits_on_some_integrals_of_a_family_are_not_called_none(page):
    ask(page, **ASKED | {"integral": "development integrals", "digits": "6"})
    said = page.execute_script("return document.getElementById('answer').textContent")
    assert "none has so many digits on more than half of the integrals; skip_mlp has them on 1 of 2 (run on 1)." in said
    ask(page, **ASKED | {"integral": "development integrals", "digits": "9"})
    said = page.execute_script("return document.getElementById('answer').textContent")
    assert "has 9 digits on average on more than half of the integrals; gauss_legendre has them on 1 of 2;" in said


@pytest.mark.browser
@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("5.33 · 10⁶", 5.33e6),
        ("7 · 10⁻⁴ (1,024)", 7e-4),
        ("5.33e+06", 5.33e6),
        ("−1,234.5 µs", -1234.5),
        ("none", None),
    ],
)
def test_cells_sort_by_the_number_that_they_begin_with(page, cell, number):
    script = (Path(report.__file__).parent / "page" / "tables.js").read_text(encoding="utf-8")
    assert page.execute_script(f"{script}\nreturn leadingNumber(arguments[0])", cell) == number


def marks(page):
    """Return the drawn points of the answer's chart that have a sentence, the largest first."""
    found = page.find_elements("css selector", "#chart-answer svg g.mark-symbol path[aria-label]")
    return sorted(found, key=lambda mark: -mark.rect["width"])


@pytest.mark.browser
def test_hovering_names_the_configuration_and_a_click_opens_its_record(page, folder):
    from selenium.webdriver import ActionChains

    mark = next(m for m in marks(page) if m.get_attribute("aria-label").startswith("skip_mlp"))
    ActionChains(page).move_to_element(mark).perform()
    tip = page.find_element("id", "vg-tooltip-element").text
    assert "skip_mlp" in tip
    assert "6.5 digits on average" in tip
    assert "0.6 µs per value in batches of 1,024" in tip
    ActionChains(page).click(mark).perform()
    address = urllib.parse.unquote(page.execute_script("return location.pathname"))
    assert address in {str(path_of(folder, COMPARISON, repeat)) for repeat in FOUND[2:4]}
    assert '"skip_mlp"' in page.page_source


@pytest.mark.browser
def test_every_view_is_drawn_and_the_console_is_silent(page):
    for view in VIEWS:
        look_at(page, view.name)
        hidden = page.execute_script(
            "return [...document.querySelectorAll('.view')].filter(v => !v.hidden).map(v => v.id)"
        )
        assert hidden == [f"view-{view.name}"]
    assert page.get_log("browser") == []
    assert page.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)") == []


@pytest.mark.browser
@pytest.mark.parametrize(
    ("view", "chart"), [("map", "map"), ("preparation", "anytime"), ("preparation", "total"), ("accuracy", "p"),
                        ("accuracy", "r"), ("accuracy", "classes"), ("honesty", "pull")],
)  # fmt: skip
def test_charts_have_content(page, view, chart):
    ask(page, **ASKED)
    look_at(page, view)
    box = page.execute_script(
        """const svg = document.querySelector(`#chart-${arguments[0]} svg`), box = svg.getBoundingClientRect();
        return [box.width, box.height, svg.querySelectorAll("path[aria-label], path[d]").length, svg.textContent]""",
        chart,
    )
    assert box[0] > 600
    assert box[1] > 80
    assert box[2] > 5
    assert "gauss_legendre" in box[3]


@pytest.mark.browser
def test_the_question_stands_in_the_address(page, folder):
    ask(page, **ASKED | {"digits": "3", "values": "any"})
    look_at(page, "map")
    address = page.current_url
    page.get("about:blank")
    page.get(address)
    wait(page)
    assert page.execute_script("return document.getElementById('question').elements.digits.value") == "3"
    assert page.execute_script("return document.getElementById('view-map').hidden") is False


def column(page, name: str) -> list[str]:
    """Return the cells of that column in the table of all runs."""
    return page.execute_script(
        """const table = document.querySelector("#tables-runs table");
        const at = [...table.tHead.rows[0].cells].findIndex(cell => cell.textContent === arguments[0]);
        return [...table.tBodies[0].rows].map(row => row.cells[at].textContent);""",
        name,
    )


def sort_by(page, name: str) -> None:
    page.execute_script(
        "[...document.querySelectorAll('#tables-runs th button')].find(b => b.textContent === arguments[0]).click()",
        name,
    )


@pytest.mark.browser
def test_all_runs_are_those_of_the_choice(page):
    look_at(page, "runs")
    ask(page, **ASKED)
    assert set(column(page, "method")) == {"gauss_legendre", "skip_mlp"}
    ask(page, **ASKED | {"integral": "all integrals"})
    assert set(column(page, "method")) == {"gauss_legendre", "skip_mlp", "boosted_trees"}
    ask(page, **ASKED | {"place": "B, 2 threads"})
    assert column(page, "method") == ["worse"]
    page.find_element("id", "filter").send_keys("skip")
    assert column(page, "method") == []


@pytest.mark.browser
def test_numbers_sort_as_numbers(page):
    look_at(page, "runs")
    ask(page, **ASKED | {"integral": "all integrals"})
    sort_by(page, "digits")
    assert [float(cell.partition(" ")[0]) for cell in column(page, "digits")] == [2.0, 4.5, 6.5, 7.0, 9.5]
    sort_by(page, "digits")
    assert [float(cell.partition(" ")[0]) for cell in column(page, "digits")] == [9.5, 7.0, 6.5, 4.5, 2.0]


@pytest.mark.browser
def test_rows_lead_to_files(page, folder):
    look_at(page, "runs")
    ask(page, **ASKED)
    links = page.execute_script("return [...document.querySelectorAll('#tables-runs .records a')].map(a => a.pathname)")
    files = {urllib.parse.unquote(link) for link in links}
    assert files == {str(path_of(folder, COMPARISON, record)) for record in FOUND[:4]}
    for view, record in (("networks", BOOSTED), ("devices", TIMED)):
        look_at(page, view)
        links = page.execute_script(
            "return [...document.querySelectorAll(`#tables-${arguments[0]} .records a`)].map(a => a.pathname)", view
        )
        assert {urllib.parse.unquote(link) for link in links} == {str(path_of(folder, PLACES[view], record))}


PLACES = {"networks": BAYESIAN, "devices": HARDWARE}


@pytest.mark.browser
def test_markup_in_records_is_text(page):
    ask(page, **ASKED | {"place": "B, 2 threads"})
    for view in ("runs", "networks", "devices"):
        look_at(page, view)
        assert SCRIPT in page.execute_script(
            "return document.getElementById(`tables-${arguments[0]}`).textContent", view
        )
    assert page.execute_script("return window.stolen === undefined && !document.querySelector('img')")


PAPER = "return getComputedStyle(document.body).backgroundColor"
LINE = "return document.querySelector('#chart-answer svg .mark-line path').getAttribute('stroke')"


@pytest.mark.browser
def test_dark_is_another_page_by_preference_and_by_switch(page, folder):
    light = [page.execute_script(script) for script in (PAPER, LINE)]
    page.execute_script("document.getElementById('theme').click()")
    wait(page)
    switched = [page.execute_script(script) for script in (PAPER, LINE)]
    show(page, folder, 1400, "dark")
    dark = [page.execute_script(script) for script in (PAPER, LINE)]
    assert dark == switched
    assert all(a != b for a, b in zip(light, dark, strict=True))


@pytest.mark.browser
def test_a_phone_scrolls_down_only(page, folder):
    show(page, folder, 390, "light")
    for view in VIEWS:
        look_at(page, view.name)
        assert page.execute_script("return document.documentElement.scrollWidth") <= 390, view.name


@pytest.mark.browser
def test_the_keyboard_reaches_question_views_and_records(page):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    page.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")
    reached = []
    for _ in range(40):
        ActionChains(page).send_keys(Keys.TAB).perform()
        reached.append(
            page.execute_script("const e = document.activeElement; return e.name || e.value || e.textContent")
        )
    wanted = ["digits", "measure", "integral", "values", "calls", "place", "gauss_legendre", "map", "runs", "skip_mlp"]
    assert [name for name in wanted if name in reached] == wanted
