"""Regenerate tables and page from the records, without running anything.

python -m benchmarks.report                 reports/tables.md, reports/index.html and the table in README.md
python -m benchmarks.report --out DIR       the same of another suite's folder; README.md stays as it is
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import ablations, bayesian_table, figures, mixed_table, records, replicas, tables

if TYPE_CHECKING:
    import pandas

BEGIN, END = "<!-- table: begin (python -m benchmarks.report) -->", "<!-- table: end -->"

COLUMNS = ("method", "digits", "worst", "µs (1)", "µs (1024)", "prep. s", "published")
"""What of the table README.md shows."""

FIGURES = (
    ("p", "P = log10|(e − t)/t|", "Relative errors: −P is the number of digits of a point."),
    (
        "log10_error_ratio", "log10(error/|e − t|)",
        "Honesty of error bars: right of zero a method claims less than it has, left of zero more.",
    ),
)  # fmt: skip
"""Histograms: kind, axis, and what it shows."""


def write(out: Path) -> list[Path]:
    """Write the tables and the page from all records below `out`; return their paths, or none without a record.

    The project's own folder is the one that README.md shows.
    """
    found, damaged = records.read_all(out)
    for path in damaged:
        print(f"note: {path} is not a readable record of this version, and is left out.", file=sys.stderr)
    if not found:
        return []
    speed = mixed_table.read(out)
    others = [f"### {title}\n\n{_markdown(table)}\n" for title, table in experiments(out)]
    text = "\n".join([tables.markdown(found), *others, *([mixed_table.markdown(speed)] if speed else [])])
    contents = {out / "tables.md": text, out / "index.html": page(found, out)}
    readme = Path("README.md")
    if out == Path("reports") and readme.exists() and BEGIN in readme.read_text():
        contents[readme] = insert(readme.read_text(), readme_table(found))
    for path, content in contents.items():
        path.write_text(content)
    return list(contents)


def page(found: list[records.Record], out: Path) -> str:
    """Return tables and figures of the records as an HTML page, with the other experiments below `out`."""
    import jinja2

    speed = mixed_table.read(out)
    template = jinja2.Environment(autoescape=True).from_string(Path(__file__).with_name("page.html").read_text())
    others = [*experiments(out), *(mixed_table.parts(speed) if speed else [])]
    return template.render(
        parts=[(name, _html(part), _figures(found, name)) for name, part in tables.by_integral(found)],
        published=tables.published(),
        others=[(title, _html(table)) for title, table in others],
        note=mixed_table.note(speed) if speed else "",
    )


def experiments(out: Path) -> list[tuple[str, pandas.DataFrame]]:
    """Return titles and tables of what the papers claim, of ensembles by their replicas, and of Bayesian networks."""
    import pandas

    parts = {
        "Claims of the papers, at equal updates and seeds": ablations.rows(records.read_all(out / "ablations")[0]),
        "Digits and errors against the number of replicas": replicas.rows(replicas.read(out)),
        "Bayesian networks: boosting and the number of labels": bayesian_table.rows(
            records.read_all(out / "bayesian")[0]
        ),
    }
    return [(title, pandas.DataFrame(rows)) for title, rows in parts.items() if rows]


def _figures(found: list[records.Record], integral: str) -> list[tuple[str, str]]:
    """Return captions and figures for an integral."""
    shown = [r for r in found if r["integral"] == integral and r["status"] == "ok" and not tables.is_older(r, found)]
    drawn = [("Digits while methods train, by the time that it took.", figures.anytime(shown))]
    drawn += [(caption, figures.histogram(shown, kind, label)) for kind, label, caption in FIGURES]
    for record in shown:
        drawn.append((f"Training of {record['method']}, layer by layer.", figures.diagnostics(record)))
    return [(caption, figure) for caption, figure in drawn if figure]


def _html(table: pandas.DataFrame) -> str:
    return table.to_html(index=False, border=0)


def _markdown(table: pandas.DataFrame) -> str:
    return table.to_markdown(index=False, disable_numparse=True)


def readme_table(found: list[records.Record]) -> str:
    """Return the short table for README.md."""
    blocks = [
        f"**{name}**\n\n{part[list(COLUMNS)].to_markdown(index=False, disable_numparse=True)}"
        for name, part in tables.by_integral(found)
    ]
    machines = sorted({f"{record['machine']}, {record['threads']} threads" for record in found})
    return "\n\n".join([*blocks, f"Measured on {'; '.join(machines)}; all columns in `reports/tables.md`."])


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
    written = write(out)
    if not written:
        print(f"error: there are no records below {out}; run python -m benchmarks.accuracy first.", file=sys.stderr)
        return 2
    print(f"Written: {', '.join(map(str, written))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
