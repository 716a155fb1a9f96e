"""Regenerate tables, figures and page from the records, without running anything.

python -m benchmarks.report                 reports/tables.md, index.html, figures/ and the generated part of README.md
python -m benchmarks.report --out DIR       the same of another suite's folder; README.md stays as it is
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import groups, html_page, mixed_table, records, sections, tables
from benchmarks.material import INTEGRALS, Material, explanation, read
from benchmarks.page_data import Data, Table

if TYPE_CHECKING:
    import pandas

BEGIN, END = "<!-- table: begin (python -m benchmarks.report) -->", "<!-- table: end -->"

COLUMNS = ("method", "digits", "worst", "µs (1)", "µs (1024)", "prep. s", "published")
"""What of the table README.md shows, with the notes where there are any."""

FIGURES = ("box1l.pareto_1024", "box2l_sum.pareto_1024")
"""Those that README.md shows, by the names of their files."""


def write(out: Path) -> list[Path]:
    """Write tables, figures and page from all records below `out`; return the paths, or none without a record.

    The project's own folder is the one that README.md shows.
    """
    found, damaged = read(out)
    for path in damaged:
        print(f"note: {path} is not a readable record of this version, and is left out.", file=sys.stderr)
    if not found:
        return []
    material = Material.of(found, out)
    drawn = material.sections()
    contents = {out / "tables.md": _tables(material), out / "index.html": _page(material, drawn)}
    readme = Path("README.md")
    if out == Path("reports") and readme.exists() and BEGIN in readme.read_text():
        parts = [readme_table(material.grouped), *_readme_figures(drawn, material.grouped)]
        contents[readme] = insert(readme.read_text(), "\n\n".join(parts))
    for path, content in contents.items():
        path.write_text(content, errors="replace")  # a reason may hold half a character
    return [*contents, _write_figures(drawn, out / html_page.FOLDER)]


def page(found: list[records.Record], out: Path) -> str:
    """Return tables and figures of the records as an HTML page, with the other experiments below `out`."""
    material = Material.of(found, out)
    return _page(material, material.sections())


def _page(material: Material, drawn: list[sections.Section]) -> str:
    speed = mixed_table.read(material.out)
    data = Data(material.out, material.folders())
    for table in (html_page.results(material.grouped), *material.tables):
        data.add(table)
    for title, frame in mixed_table.parts(speed) if speed else []:
        data.add(Table(title, explanation(title), frame.to_dict("records")))
    return html_page.render(material.found, data, drawn, mixed_table.note(speed) if speed else "")


def _tables(material: Material) -> str:
    import pandas

    speed = mixed_table.read(material.out)
    blocks = []
    for table in material.tables:
        parts = (f"### {table.title}", table.explanation, _markdown(pandas.DataFrame(table.rows)))
        blocks.append("\n\n".join(filter(None, parts)) + "\n")
    return "\n".join([tables.markdown(material.found), *blocks, *([mixed_table.markdown(speed)] if speed else [])])


def _write_figures(drawn: list[sections.Section], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for figure in (figure for section in drawn for figure in section.figures):
        (folder / f"{figure.name}.svg").write_text(figure.svg)
        (folder / f"{figure.name}.png").write_bytes(figure.png)
    return folder


def _readme_figures(drawn: list[sections.Section], grouped: list[groups.Group]) -> list[str]:
    """Return Markdown of the figures that README.md shows, as far as there are any."""
    shown = {figure.name: (section, figure.caption) for section in drawn for figure in section.figures}
    parts = []
    for name in FIGURES:
        if name not in shown:
            continue
        section, caption = shown[name]
        place = (section.integral, section.machine)
        where = _machines(g for g in grouped if (g.first["integral"], g.first["machine"]) == place and not g.older)
        parts.append(f"![{name}](reports/{html_page.FOLDER}/{name}.svg)\n\n{section.integral} on {where}: {caption}")
    return parts


def _machines(grouped: Iterable[groups.Group]) -> str:
    """Return where these were measured, and with how many threads."""
    threads: dict[str, set[int]] = {}
    for group in grouped:
        threads.setdefault(group.first["machine"], set()).add(group.first["threads"])
    return "; ".join(
        f"{machine}, {' and '.join(groups.threads(n) for n in sorted(numbers))}"
        for machine, numbers in sorted(threads.items())
    )


def _markdown(table: pandas.DataFrame) -> str:
    return table.to_markdown(index=False, disable_numparse=True)


def readme_table(grouped: Iterable[groups.Group]) -> str:
    """Return the short table for README.md: of the newest code, equation and truth alone."""
    shown = [group for group in grouped if group.first["integral"] in INTEGRALS and not group.older]
    blocks = []
    for name, part in tables.by_integral(shown):
        columns = [*COLUMNS, *(["note"] if part["note"].any() else [])]
        blocks.append(f"**{name}**\n\n{_markdown(part[columns])}")
    return "\n\n".join([*blocks, f"Measured on {_machines(shown)}; all columns in `reports/tables.md`."])


def insert(readme: str, table: str) -> str:
    """Return README's text with the table between its two markers; raises ValueError where they are missing."""
    if BEGIN not in readme or END not in readme:
        raise ValueError(f"README.md lacks the markers {BEGIN!r} and {END!r}.")
    before, _, rest = readme.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}"


def main(arguments: list[str] | None = None) -> int:
    """Regenerate; return the exit status."""
    command = argparse.ArgumentParser(
        prog="python -m benchmarks.report", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.add_argument("--out", type=Path, default=Path("reports"), metavar="DIR", help="default: reports")
    out = command.parse_args(arguments).out
    # Looking for cyclic garbage among the records of a large folder takes a fifth of the time.
    gc.disable()
    try:
        written = write(out)
    finally:
        gc.enable()
    if not written:
        print(f"error: there are no records below {out}; run python -m benchmarks.accuracy first.", file=sys.stderr)
        return 2
    print(f"Written: {', '.join(map(str, written))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
