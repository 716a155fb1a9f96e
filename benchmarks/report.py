"""Regenerate tables, figures and page from the records, without running anything.

python -m benchmarks.report                 reports/tables.md, index.html, figures/ and the generated part of README.md
python -m benchmarks.report --out DIR       the same of another suite's folder; README.md stays as it is
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import (
    ablations,
    bayesian_table,
    break_even,
    groups,
    hardware_table,
    html_page,
    matched_digits,
    mixed_table,
    papers,
    recipes_table,
    records,
    replicas,
    sections,
    surrogate_points,
    surrogate_table,
    tables,
)
from benchmarks.page_data import Data, Table

if TYPE_CHECKING:
    import pandas

BEGIN, END = "<!-- table: begin (python -m benchmarks.report) -->", "<!-- table: end -->"

COLUMNS = ("method", "digits", "worst", "µs (1)", "µs (1024)", "prep. s", "published")
"""What of the table README.md shows, with the notes where there are any."""

INTEGRALS = ("box1l", "box2l", "box2l_sum", "pentagon1l_8d")
"""Integrals that README.md shows, where there are records of them."""

FIGURES = ("box1l.pareto_1024", "box2l_sum.pareto_1024")
"""Those that README.md shows, by the names of their files."""

RECIPES = "recipes"
"""The folder below DIR with runs of the papers' own settings: they stand in the papers' tables alone."""


EXPLANATIONS = {
    "Claims": "What the papers on primitives say helps, tried out; the records are in ablations/runs.",
    "Digits and errors against": "Ensembles of so many networks, the mean over many drawn from the same ones.",
    "Surrogates": "What surrogates reach here; the records are in surrogates/runs, or in runs.",
    "Which surrogate": "Statements of the paper on surrogates, judged by the digits of the table before.",
    "Bayesian": "Pulls on labels trained on and on others tell overtraining; the records are in bayesian/runs.",
    "Devices": "What each device can do, measured with the times below; the records are in hardware/.",
}
"""How an experiment's title begins -> the sentence above its table."""


@dataclasses.dataclass(frozen=True)
class Material:
    """What lies below a folder."""

    out: Path
    found: list[records.Record]
    recipes: list[records.Record]
    grouped: list[groups.Group]
    others: list[tuple[str, pandas.DataFrame]]

    @classmethod
    def of(cls, found: list[records.Record], out: Path) -> Material:
        """Return it, given the records of the folder itself."""
        return cls(out, found, _read(out / RECIPES)[0], groups.of(found), experiments(out))

    def tables(self) -> list[Table]:
        """Return the tables made of records, after that of all configurations."""
        made = (
            (papers.TITLE, papers.EXPLANATION, papers.rows(self.grouped)),
            (matched_digits.TITLE, matched_digits.EXPLANATION, matched_digits.rows(self.grouped)),
            (break_even.TITLE, break_even.EXPLANATION, break_even.rows(self.grouped)),
            (recipes_table.TITLE, recipes_table.EXPLANATION, recipes_table.rows(self.recipes)),
        )
        return [
            Table(title, explanation, [row for row, _ in rows], [used for _, used in rows])
            for title, explanation, rows in made
            if rows
        ]

    def sections(self) -> list[sections.Section]:
        """Return the figures."""
        ablated = ablations.activations(records.read_all(self.out / "ablations")[0])
        return [
            *sections.draw(self.grouped, first=INTEGRALS),
            *sections.of_activations(ablated),
            *sections.of_training([r for r in (*self.found, *self.recipes) if r["diagnostics"]]),
        ]


def write(out: Path) -> list[Path]:
    """Write tables, figures and page from all records below `out`; return the paths, or none without a record.

    The project's own folder is the one that README.md shows.
    """
    found, damaged = _read(out)
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
    out, speed = material.out, mixed_table.read(material.out)
    data = Data(out, {id(record): out / RECIPES for record in material.recipes})
    others = [*material.others, *(mixed_table.parts(speed) if speed else [])]
    for table in (
        html_page.results(material.grouped),
        *material.tables(),
        *(Table(title, _explanation(title), frame.to_dict("records")) for title, frame in others),
    ):
        data.add(table)
    return html_page.render(material.found, data, drawn, mixed_table.note(speed) if speed else "")


def _tables(material: Material) -> str:
    import pandas

    speed = mixed_table.read(material.out)
    others = [(table.title, table.explanation, pandas.DataFrame(table.rows)) for table in material.tables()]
    others += [(title, _explanation(title), frame) for title, frame in material.others]
    blocks = ["\n\n".join(filter(None, (f"### {title}", why, _markdown(frame)))) + "\n" for title, why, frame in others]
    return "\n".join([tables.markdown(material.found), *blocks, *([mixed_table.markdown(speed)] if speed else [])])


def _read(out: Path) -> tuple[list[records.Record], list[Path]]:
    """Return what `records.read_all` does, in a third of the memory: bins are the same in all records."""
    found, damaged = [], []
    edges: dict[tuple[float, ...], list[float]] = {}
    for path in sorted((out / "runs").glob("*.json")):
        record = records.read(path)
        if record is None:
            damaged.append(path)
            continue
        for histogram in _histograms(record["histograms"]):
            histogram["edges"] = edges.setdefault(tuple(histogram["edges"]), histogram["edges"])
        found.append(record)
    return found, damaged


def _histograms(content: Any) -> Iterator[dict[str, Any]]:
    """Yield every {edges, counts} in the nest of dictionaries."""
    if not isinstance(content, dict):
        return
    if "edges" in content:
        yield content
        return
    for part in content.values():
        yield from _histograms(part)


def _write_figures(drawn: list[sections.Section], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for figure in (figure for section in drawn for figure in section.figures):
        (folder / f"{figure.name}.svg").write_text(figure.svg)
        if figure.png:
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


def experiments(out: Path) -> list[tuple[str, pandas.DataFrame]]:
    """Return titles and tables of what the papers claim, of ensembles by their replicas, and of surrogates."""
    import pandas

    parts = {
        "Claims of the papers, at equal updates and seeds": ablations.rows(records.read_all(out / "ablations")[0]),
        "Digits and errors against the number of replicas": replicas.rows(replicas.read(out)),
        **surrogate_table.parts(out),
        **surrogate_points.parts(out),
        "Bayesian networks: boosting and the number of labels": bayesian_table.rows(
            records.read_all(out / "bayesian")[0]
        ),
    }
    return [(title, pandas.DataFrame(rows)) for title, rows in parts.items() if rows] + hardware_table.parts(out)


def _explanation(title: str) -> str:
    """Return the sentence that stands above an experiment's table."""
    return next((sentence for start, sentence in EXPLANATIONS.items() if title.startswith(start)), "")


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
    written = write(out)
    if not written:
        print(f"error: there are no records below {out}; run python -m benchmarks.accuracy first.", file=sys.stderr)
        return 2
    print(f"Written: {', '.join(map(str, written))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
