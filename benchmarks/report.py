"""Regenerate tables, picture and page from the records, without running anything.

python -m benchmarks.report             from reports/published: tables.md, tables.csv, index.html in reports/, README's
                                        picture, and the generated parts of README.md and docs/findings.md
python -m benchmarks.report --out DIR   from somebody's own runs: tables.md, tables.csv and index.html in DIR, with
                                        the papers' figures beside them
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.choosing import agreement_table
from benchmarks.experiments import all_configurations
from benchmarks.page import findings, html_page, page_content, readme_results
from benchmarks.page.contents import Contents
from benchmarks.records import configurations, generated_part
from benchmarks.records.folders import PUBLISHED, REPORTS, result_folder
from methods.core import files

if TYPE_CHECKING:
    import pandas

PUBLISHED_TEXTS = (REPORTS.parent / "README.md", REPORTS.parent / "docs" / "findings.md")
"""Documents with a generated part."""

OF_THE_PAGE = ("altair", "vl_convert")
"""Modules of the extra `page`."""

COMMAND = "benchmarks.report"


def write_published(reports: Path, readme: Path, found: Path) -> list[Path]:
    """Write tables and page of the published records, README's results and what was found; return the paths."""
    contents = Contents.published(reports)
    link = findings.links_from(found.parent, contents.folders())
    euclidean, physical, compared = (
        configurations.grouped(contents.measured(name)) for name in ("curves", "physical", "comparison")
    )
    made = agreement_table.read(reports / PUBLISHED.name / agreement_table.FILE)
    choices = {name: entry for name, entry in made.items() if agreement_table.is_current(entry)}
    results = readme_results.text(euclidean, physical, compared, choices)
    more = {
        readme: generated_part.insert(readme.read_text(), COMMAND, results),
        found: generated_part.insert(found.read_text(), COMMAND, findings.text(contents.measured, link)),
    }
    if (picture := readme_results.picture([*euclidean, *physical])) is not None:
        more[reports / readme_results.PICTURE] = picture
    return _write(contents, more)


def write_local(out: Path) -> list[Path]:
    """Write tables and page of the records below `out`; return the paths, or none without a record."""
    contents = Contents.local(out)
    return _write(contents, {}) if contents.compared else []


def _write(contents: Contents, more: dict[Path, str]) -> list[Path]:
    for path, problem in contents.damaged.items():
        print(f"note: {path} is left out: {problem}.", file=sys.stderr)
    texts = {
        contents.out / "tables.md": _tables(contents),
        contents.out / "tables.csv": all_configurations.csv(contents.own()),
        contents.out / "index.html": page(contents),
        **more,
    }
    _replace(texts)
    return list(texts)


def _replace(texts: dict[Path, str]) -> None:
    """Write these files and their folders; the files take their places when all are written.

    Raises
    ------
    OSError
        Where one cannot be written: then what stood at each place before still does.
    """
    with contextlib.ExitStack() as all_written:
        for path, text in texts.items():
            if path.is_dir():  # which no file can replace
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
            path.parent.mkdir(parents=True, exist_ok=True)
            file = all_written.enter_context(files.writing(path))
            file.write(text.encode("utf-8", errors="replace"))
            file.flush()


def page(contents: Contents) -> str:
    """Write everything as an HTML page."""
    return html_page.render(contents.records(), page_content.content(contents))


def _tables(contents: Contents) -> str:
    import pandas

    links = [f"- [{table.title}](#{_anchor(table.title)})" for table in contents.tables]
    blocks = ["# All tables", "First the runs of the comparison, integral by integral, then:", "\n".join(links)]
    blocks = ["\n\n".join(blocks if links else blocks[:1]) + "\n", all_configurations.markdown(contents.compared)]
    for table in contents.tables:
        parts = (f"### {table.title}", table.explanation, _markdown(pandas.DataFrame([row for row, _ in table.rows])))
        blocks.append("\n\n".join(filter(None, parts)) + "\n")
    return "\n".join(blocks)


def _anchor(title: str) -> str:
    """Name a heading as links to it do."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _markdown(table: pandas.DataFrame) -> str:
    return table.to_markdown(index=False, disable_numparse=True)


def main(arguments: list[str] | None = None) -> int:
    """Regenerate; return the exit status."""
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument(
        "--out", type=result_folder, metavar="DIR", help="somebody's own runs (default: what is published)"
    )
    out = command.parse_args(arguments).out
    # Looking for cyclic garbage among the records of a large folder takes a fifth of the time.
    gc.disable()
    try:
        written = write_local(out) if out else write_published(REPORTS, *PUBLISHED_TEXTS)
    except ModuleNotFoundError as missing:
        if missing.name not in OF_THE_PAGE:
            raise
        print(f"error: {missing.name} is not installed, which the page needs; pip install '.[page]'.", file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"error: {problem}; what stood there before still does.", file=sys.stderr)
        return 1
    finally:
        gc.enable()
    if not written:
        print(f"error: there are no records below {out}; run python -m benchmarks.accuracy first.", file=sys.stderr)
        return 2
    print(f"Written: {', '.join(map(str, written))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
