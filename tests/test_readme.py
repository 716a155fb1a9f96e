"""README's results and its picture, and the reports, are those that the committed records give."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.page import readme_results
from benchmarks.records.folders import PUBLISHED

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """Return a folder in which `python -m benchmarks.report` ran on the committed records."""
    folder = tmp_path_factory.mktemp("reported")
    (folder / "reports").mkdir()
    (folder / "reports" / PUBLISHED.name).symlink_to(PUBLISHED)
    documents = [folder / "README.md", folder / "docs" / "findings.md"]
    documents[1].parent.mkdir()
    for path in documents:
        path.write_text((ROOT / path.relative_to(folder)).read_text())
    report.write_published(folder / "reports", *documents)
    return folder


PICTURE = f"reports/{readme_results.PICTURE}"


@pytest.mark.parametrize("path", ["README.md", "docs/findings.md", "reports/tables.md", "reports/tables.csv"])
def test_tables_follow_from_the_records(path, reported):
    """What is committed is what `python -m benchmarks.report` makes of the committed records."""
    assert (reported / path).read_text() == (ROOT / path).read_text()


def test_the_page_follows_from_the_records(reported):
    """All of it: what is drawn is drawn in the browser, from these numbers."""
    made, committed = ((folder / "reports/index.html").read_text() for folder in (reported, ROOT))
    assert len(made) > 500_000
    assert made == committed, "python -m benchmarks.report makes another page of the committed records"


def structure(svg: str) -> tuple[list[str], set[str]]:
    """Find what a chart says and in which colours: ticks, and where lines run, are matplotlib's to choose."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    return sorted(text for text in texts if re.search("[a-z]", text)), set(re.findall(r"stroke: (#\w+)", svg))


def test_the_picture_follows_from_the_records(reported):
    """Another version of matplotlib than the locked one draws the same with other bytes."""
    made, committed = ((folder / PICTURE).read_text() for folder in (reported, ROOT))
    assert structure(made) == structure(committed)
    assert all(structure(made))
    locked = re.search(r"^matplotlib==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    if importlib.metadata.version("matplotlib") == locked[1]:
        assert made == committed


def test_readme_shows_its_picture_and_no_other_is_made(reported):
    assert re.findall(r"!\[[^]]*\]\(([^)]*)\)", README) == [PICTURE]
    assert [path.name for path in (reported / PICTURE).parent.iterdir()] == [Path(PICTURE).name]
