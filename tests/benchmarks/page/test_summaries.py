"""Summary rows of the page: what decides between methods, never more digits than measured, and links to files."""

from __future__ import annotations

import json

import pytest
from sample_records import full, timing

from benchmarks.page import page_content, page_data, summaries
from benchmarks.page.contents import Contents
from benchmarks.records import configurations
from benchmarks.records.folders import REPORTS

MOST_BYTES = 500
"""Of a configuration in the page, texts and links included."""


@pytest.fixture(scope="module")
def committed():
    return Contents.published(REPORTS)


def rows_of(found):
    data = page_data.Data(REPORTS)
    content = summaries.content(configurations.grouped(found), data)
    strings, n = data.content()["strings"], content["texts"]
    texts = [[strings[number] for number in row[:n]] + row[n:] for row in content["rows"]]
    return [dict(zip(content["columns"], row, strict=True)) for row in texts]


def test_a_row_has_what_decides():
    (row,) = rows_of([full(digits_worst=2.5, threads=1, s_per_integral={"1": timing(1e-4), "8": timing(2e-5)})])
    assert (row["integral"], row["method"], row["place"], row["status"]) == (
        "box1l",
        "gauss_legendre",
        "A, 1 thread",
        "ok",
    )
    assert (row["digits"], row["worst"], row["prep_s"]) == (4.56, 2.5, 3.0)
    assert (row["one_us"], row["many_us"], row["batch"]) == (100.0, 20.0, 8)
    assert row["anytime"] == [[1.0, 2.0], [2.0, 2.5]]
    assert len(row["files"]) == 1


def test_repeats_are_one_row_with_their_worst_digits():
    found = [full(repeat=n, digits_mean=4.0 + n, digits_worst=3.0 - n) for n in range(2)]
    (row,) = rows_of(found)
    assert (row["digits"], row["worst"], row["note"], len(row["files"])) == (4.5, 2.0, "mean of 2 repeats", 2)


def test_digits_are_rounded_down():
    (row,) = rows_of([full(digits_mean=5.9999)])
    assert row["digits"] == 5.999


def test_no_digits_are_more_than_those_of_the_true_values():
    (row,) = rows_of([full(digits_mean=4.0, digits_re=5.0, digits_im=1.5, truth_rel_err_max=10**-2.25)])
    assert [row[key] for key in ("digits", "digits_re", "digits_im")] == pytest.approx([2.25, 2.25, 1.5], abs=1e-3)
    assert row["anytime"] == [[1.0, 2.0], [2.0, pytest.approx(2.25, abs=1e-3)]]


def test_failures_are_rows_that_say_why():
    (row,) = rows_of([full(status="failed", reason="diverged " * 99, digits_mean=None, s_per_integral=None)])
    assert row["note"].startswith("failed: diverged")
    assert len(row["note"]) < 150
    assert (row["digits"], row["many_us"]) == (None, None)


def test_what_was_made_again_is_marked_as_replaced():
    rows = rows_of([full(version=1), full(repeat=1)])
    assert sorted((row["replaced"], "superseded" in row["note"]) for row in rows) == [(0, False), (1, True)]


def test_committed_rows_are_small_and_complete(committed):
    grouped = committed.comparable()
    data = page_data.Data(committed.out, committed.folders())
    content = summaries.content(grouped, data)
    size = sum(len(json.dumps(part, ensure_ascii=False).encode()) for part in (content, data.content()))
    assert len(content["rows"]) == len(grouped)
    assert size <= MOST_BYTES * len(grouped)


def test_the_page_begins_with_an_integral_that_was_measured_there():
    found = [full(integral="box2l", machine="B"), *(full(params={"order": n}) for n in (3, 4))]
    content = page_content.start(configurations.grouped(found))
    assert content == {"integral": "box1l", "place": "A, 2 threads"}
