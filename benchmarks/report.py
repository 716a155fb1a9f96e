"""Regenerate tables and page from the records, without running anything.

python -m benchmarks.report                 reports/tables.md, reports/index.html and the table in README.md
python -m benchmarks.report --out DIR       the same of another suite's folder; README.md stays as it is
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import mixed_table, records, tables

if TYPE_CHECKING:
    import pandas

BEGIN, END = "<!-- table: begin (python -m benchmarks.report) -->", "<!-- table: end -->"

COLUMNS = ("method", "digits", "worst", "µs (1)", "µs (1024)", "prep. s", "published")
"""What of the table README.md shows."""

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Loopmark: digits against cost</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { border-bottom: 1px solid #ddd; padding: .3rem .6rem; text-align: left; vertical-align: top; }
.wide { overflow-x: auto; }
</style>
<h1>Digits against cost</h1>
{% for name, table in parts %}
<h2>{{ name }}</h2>
<div class="wide">{{ table | safe }}</div>
{% endfor %}
<h2>Published values</h2>
<ul>{% for r in published %}
<li>{{ r.integral }}, {{ r.method }}: {{ r.source }}; {{ r.note }}.</li>{% endfor %}
</ul>
{% for name, table in speed %}
<h2>{{ name }}</h2>
<div class="wide">{{ table | safe }}</div>
{% endfor %}
<p>{{ note }}</p>
</html>
"""


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
    text = "\n".join([tables.markdown(found), *([mixed_table.markdown(speed)] if speed else [])])
    contents = {out / "tables.md": text, out / "index.html": page(found, speed)}
    readme = Path("README.md")
    if out == Path("reports") and readme.exists() and BEGIN in readme.read_text():
        contents[readme] = insert(readme.read_text(), readme_table(found))
    for path, content in contents.items():
        path.write_text(content)
    return list(contents)


def page(found: list[records.Record], speed: dict[str, Any] | None = None) -> str:
    """Return the tables as an HTML page, with those of `mixed_speed` where it has run."""
    import jinja2

    def html(parts: list[tuple[str, pandas.DataFrame]]) -> list[tuple[str, str]]:
        return [(name, part.to_html(index=False, border=0)) for name, part in parts]

    template = jinja2.Environment(autoescape=True).from_string(PAGE)
    return template.render(
        parts=html(tables.by_integral(found)),
        published=tables.published(),
        speed=html(mixed_table.parts(speed)) if speed else [],
        note=mixed_table.note(speed) if speed else "",
    )


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
