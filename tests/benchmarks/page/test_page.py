"""The page as a file: it needs no network, and nothing from a record is markup."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import page_records
import pytest
from page_records import SCRIPT
from sample_records import full, of_claim

from benchmarks import report
from benchmarks.page import charts, html_page
from benchmarks.page.contents import Contents
from benchmarks.records import generated_part, run_records
from benchmarks.regressions.many_records import write as write_many


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    page_records.write(folder)
    documents = [folder / "README.md", folder / "findings.md"]
    for path in documents:
        path.write_text(f"{generated_part.begin(report.COMMAND)}\n{generated_part.END}\n")
    report.write_published(folder, *documents)
    return folder


def outside_library(text: str) -> str:
    """Return the page without its charting library."""
    return text.replace(charts.library(), "")


def data_of(folder) -> dict:
    text = (folder / "index.html").read_text()
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def test_it_is_one_page_that_needs_no_network(folder):
    text = outside_library((folder / "index.html").read_text())
    assert not re.findall(r"https?://", text)
    assert not re.findall(r"<(?:script|img|iframe)[^>]* src=|@import|url\(", text)
    assert "<link" not in text.replace('<link rel="icon" href="data:,">', "")


@pytest.mark.parametrize("library", ["vega", "vega-lite", "vega-embed", "d3-array", "topojson-client"])
def test_notices_of_the_charting_library_are_shipped_with_it(folder, library):
    notices = re.search(r"<pre[^>]*>(.*?)</pre>", (folder / "index.html").read_text(), re.DOTALL)[1]
    assert re.search(rf"^  {library}\b[^©]*?Copyright (\(c\) )?\d{{4}}", notices, re.MULTILINE)
    for licence in ("BSD 3-Clause", "ISC", "MIT"):
        assert notices.count(f"---- {licence} License ----") == 1
    assert "Redistributions in binary form must reproduce the above copyright notice" in notices


def test_notices_are_of_the_library_s_versions():
    """A later version may include other parts: read their licences, and change the notices."""
    import vl_convert

    said = (html_page.HERE / html_page.LICENCES).read_text().splitlines()[0]
    versions = [
        vl_convert.get_vega_version(), vl_convert.get_vegalite_versions()[-1], vl_convert.get_vega_embed_version()
    ]  # fmt: skip
    short = [".".join(version.split(".")[:2]) for version in versions]
    assert f"Vega {short[0]}, Vega-Lite {short[1]} and Vega-Embed {short[2]}" in said


def test_markup_in_a_reason_cannot_end_the_data(folder):
    text = (folder / "index.html").read_text()
    assert SCRIPT not in text
    assert any(SCRIPT in string for string in data_of(folder)["strings"])


def test_rows_lead_to_their_records(folder):
    data = data_of(folder)
    paths = {".".join(data["strings"][part] for part in file) + ".json" for file in data["files"]}
    files = list((folder / "published").rglob("*.json"))
    assert paths == {path.relative_to(folder).as_posix() for path in files}
    assert len(data["files"]) == len(files)  # each once, in however many tables


WICKED = '../<b>"&'

STAGES = [
    {"fit_s": t, "loss": 0.1, "validation_loss": 0.2, "learning_rate": 1e-3, "layers": [{WICKED: 0.5}]} for t in (1, 2)
]


def test_nothing_but_tables_and_page_lies_there(tmp_path):
    run_records.write(tmp_path, full())
    report.write_local(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "index.html", "tables.md", "tables.csv"}


def test_where_one_file_cannot_be_written_all_stay_as_they_were(tmp_path, capsys):
    run_records.write(tmp_path, full())
    (tmp_path / "tables.md").write_text("of before")
    (tmp_path / "index.html").mkdir()
    assert report.main(["--out", str(tmp_path)]) == 1
    assert "what stood there before still does" in capsys.readouterr().err
    assert (tmp_path / "tables.md").read_text() == "of before"
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "index.html", "tables.md"}


def test_a_disk_that_fills_up_leaves_all_as_it_was(tmp_path):
    """In a process that may write files as large as the tables, but none as large as the page."""
    run_records.write(tmp_path, full())
    (tmp_path / "tables.md").write_text("of before")
    script = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000,) * 2)\n"
        "from benchmarks import report\n"
        "sys.exit(report.main(['--out', sys.argv[1]]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "File too large; what stood there before still does" in " ".join(done.stderr.split())
    assert (tmp_path / "tables.md").read_text() == "of before"
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "tables.md"}


def test_markup_and_paths_in_names_stay_names(tmp_path):
    run_records.write(tmp_path, full(integral=WICKED, diagnostics=STAGES))
    contents = Contents.local(tmp_path)
    assert "<b>" not in outside_library(report.page(contents))


def test_half_a_character_in_a_reason_does_not_stop_the_report(tmp_path):
    run_records.write(tmp_path, full())
    run_records.write(tmp_path, full(method="worse", status="failed", reason="\ud83d is half", digits_mean=None))
    report.write_local(tmp_path)
    assert "? is half" in (tmp_path / "index.html").read_text()
    assert "? is half" in (tmp_path / "tables.md").read_text()


def test_an_experiment_s_table_says_what_it_is_of(tmp_path):
    run_records.write(tmp_path, of_claim("tanh"))
    report.write_local(tmp_path)
    for name in ("index.html", "tables.md"):
        assert "What the papers on primitives say helps, tried out" in (tmp_path / name).read_text()


@pytest.mark.slow
def test_ten_thousand_records_make_a_small_page(tmp_path):
    write_many(tmp_path)
    report.write_local(tmp_path)
    assert (tmp_path / "index.html").stat().st_size <= 3_000_000
