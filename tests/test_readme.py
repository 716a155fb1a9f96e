"""README's table and figures, and the reports, are those that the committed records give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.page import html_page
from benchmarks.records.folders import PUBLISHED

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """Return a folder in which `python -m benchmarks.report` ran on the committed records."""
    folder = tmp_path_factory.mktemp("reported")
    (folder / "reports").mkdir()
    (folder / "reports" / PUBLISHED.name).symlink_to(PUBLISHED)
    (folder / "README.md").write_text(README)
    report.write_published(folder / "reports", folder / "README.md")
    return folder


FIGURES = [f"reports/{html_page.FOLDER}/{name}.svg" for name in report.FIGURES]


WRITTEN = ("README.md", "reports/tables.md", "reports/tables.csv", "reports/index.html", *FIGURES)


@pytest.mark.parametrize("path", WRITTEN)
def test_tables_and_figures_follow_from_the_records(path, reported):
    """What is committed is what `python -m benchmarks.report` makes of the committed records."""
    assert (reported / path).read_text() == (ROOT / path).read_text()


def test_readme_shows_its_figures():
    assert re.findall(r"!\[[^]]*\]\(([^)]*)\)", README) == FIGURES
