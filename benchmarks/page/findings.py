"""What the records say, a sentence at a time, each with the records behind it: the generated part of docs/findings.md.

Nothing is typed in: each sentence is made from records, and where they change, so does it. Records that are superseded
and made again do not count.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.experiments import cost_map, label_counts, paper_claims, performance_profile, thesis_on_cpu
from benchmarks.page.readme_results import KINDS
from benchmarks.records import configurations, digit_costs, run_records
from benchmarks.records.configurations import Configuration
from benchmarks.records.digit_costs import DigitCost
from benchmarks.records.run_records import Record, Row

LEAST_WITHIN_ONE, LEAST_WITHIN_THREE = 0.60, 0.95
"""Shares of points within one and three stated errors from which on errors are called honest."""

MOST_LINKS = 6
"""Records that a sentence links to; of more, it says how many there are."""

PYSECDEC_DIGITS = (3, 6)


class Finding(NamedTuple):
    """A sentence, and the records that it comes from."""

    sentence: str
    records: list[Record]


def text(measured: Callable[[str], Sequence[Record]], link: Callable[[Record], str]) -> str:
    """Write all findings as Markdown.

    Parameters
    ----------
    measured : callable
        Gives the records of an experiment, by its name.
    link : callable
        Gives the address of a record, as seen from the file that the text stands in.
    """
    euclidean, physical = (configurations.grouped(measured(name)) for name in ("curves", "physical"))
    sections = {
        "Below thresholds, where I(s) is real": [
            *_profiles(euclidean), *_on_the_map(euclidean), *_most_digits(euclidean), *_pysecdec(euclidean),
            *_honesty(euclidean),
        ],
        "Above threshold, where I(s) is complex": [
            *_most_digits(physical), *_pysecdec(physical), *_honesty(physical),
        ],
        "What the papers claim": list(_claims(measured)),
    }  # fmt: skip
    return "\n\n".join(f"## {title}\n\n{_lines(findings, link)}" for title, findings in sections.items())


def links_from(folder: Path, folders: dict[int, Path]) -> Callable[[Record], str]:
    """Make the function that links to a record from a file in `folder`, given the folder of each record's runs."""

    def link(record: Record) -> str:
        return Path(os.path.relpath(run_records.path_of(folders[id(record)], record), folder)).as_posix()

    return link


def _lines(findings: Sequence[Finding], link: Callable[[Record], str]) -> str:
    lines = [f"- {finding.sentence} {_links(finding.records, link)}" for finding in findings]
    return "\n".join(lines) or "There are no records yet."


def _links(records: Iterable[Record], link: Callable[[Record], str]) -> str:
    """Write links to the first of these records in brackets, and how many more there are."""
    addresses = list(dict.fromkeys(map(link, records)))
    shown = ", ".join(f"[{nth}]({address})" for nth, address in enumerate(addresses[:MOST_LINKS], start=1))
    more = len(addresses) - MOST_LINKS
    return f"({shown}{f' and {more:,} more' if more > 0 else ''})" if shown else "(no record)"


def _profiles(grouped: Sequence[Configuration]) -> Iterator[Finding]:
    """Say which method is the quickest most often on held-out integrals."""
    for profile in performance_profile.profiles(grouped):
        shares = {
            name: [performance_profile.share(ratios, factor) for factor in (1.0, 2.0)]
            for name, ratios in profile.ratios.items()
        }
        best = max(shares, key=lambda name: shares[name])
        first, within = shares[best]
        sentence = (
            f"{profile.digits} digits, {len(profile.integrals)} held-out integrals, {profile.counted}: {best} "
            f"takes the least time on {first:.0%} of them, and at most twice the least on {within:.0%}."
        )
        yield Finding(sentence.replace("%", " %"), [r for r in profile.records if r["method"] == best])


def _on_the_map(grouped: Sequence[Configuration]) -> Iterator[Finding]:
    """Say where on the map a method that learns is the cheapest."""
    maps = cost_map.cells(grouped)
    cells = [(place, key, winner) for place, cell in maps.items() for key, winner in cell.items()]
    learned = [(place, key, winner) for place, key, winner in cells if winner.method in KINDS["learned"]]
    if cells:
        where = "; ".join(
            f"{place[0]}, {digits} digits, {n:,} values: {winner.method}" for place, (digits, n), winner in learned
        )
        sentence = (
            f"A method that learns is the cheapest in {len(learned)} of the map's {len(cells)} cells (integral, "
            f"digits, number of values){': ' + where if where else ''}."
        )
        yield Finding(sentence, _records(winner.cost for _, _, winner in learned or cells))


def _most_digits(grouped: Sequence[Configuration]) -> Iterator[Finding]:
    """Compare the most digits of a method that learns with those of a table."""
    costs = digit_costs.by_place(_held_out(grouped))
    kinds = ("learned", "table")
    best = [
        [max(found, key=lambda cost: cost.digits_mean) for kind in kinds if (found := _of_kind(methods, kind))]
        for methods in costs.values()
    ]
    both = [pair for pair in best if len(pair) == len(kinds)]
    if not both:
        return
    learned, table = (statistics.median(pair[nth].digits_mean for pair in both) for nth in range(len(kinds)))
    behind = sum(pair[0].digits_mean < pair[1].digits_mean for pair in both)
    yield Finding(
        f"On {len(both)} held-out integrals the best method that learns has {learned:.1f} digits and the best table "
        f"{table:.1f} (medians); the table has more on {behind} of them.",
        _records(cost for pair in both for cost in pair),
    )


def _pysecdec(grouped: Sequence[Configuration]) -> Iterator[Finding]:
    """Compare pySecDec's time with that of the quickest rule, neither with a fit to the whole box."""
    costs = digit_costs.by_place(grouped)
    for digits in PYSECDEC_DIGITS:
        pairs = [
            pair
            for methods in costs.values()
            if all(pair := [digit_costs.cheapest(_of_kind(methods, kind), digits) for kind in ("pySecDec", "rule")])
        ]
        ratios = [theirs.s_per_integral / rule.s_per_integral for theirs, rule in pairs if theirs and rule]
        if ratios:
            yield Finding(
                f"For {digits} digits pySecDec takes {min(ratios):,.0f} to {max(ratios):,.0f} times as long per value "
                f"as the quickest rule, {statistics.median(ratios):,.0f} times in the median of {len(ratios)} "
                "integrals.",
                _records(cost for pair in pairs for cost in pair if cost),
            )


def _honesty(grouped: Sequence[Configuration]) -> Iterator[Finding]:
    """Say whose errors are honest on held-out integrals, and whose are not."""
    stated: dict[str, list[Configuration]] = {}
    for configuration in _held_out(grouped):
        if configuration.good and configuration.mean("coverage_1sigma") is not None and not configuration.replaced:
            stated.setdefault(configuration.method, []).append(configuration)
    for name, found in sorted(stated.items()):
        honest = sum(map(_is_honest, found))
        yield Finding(
            f"The errors of {name} are honest in {honest} of {len(found)} configurations on held-out integrals.",
            [record for configuration in sorted(found, key=_is_honest) for record in configuration.good],
        )


def _is_honest(configuration: Configuration) -> bool:
    one, three = (configuration.mean(f"coverage_{z}sigma") or 0.0 for z in (1, 3))
    return one >= LEAST_WITHIN_ONE and three >= LEAST_WITHIN_THREE


def _claims(measured: Callable[[str], Sequence[Record]]) -> Iterator[Finding]:
    """Write a sentence for each claim: its verdict first."""
    for row, records in _rows(paper_claims.tables(measured("paper_claims"))):
        figures = row["digits, mean ± standard deviation of repeats"]
        yield Finding(f"**{row['verdict']}**: {row['claim']} ({row['source']}): {figures}.", records)
    for row, records in _rows(thesis_on_cpu.tables(measured("thesis_on_cpu"))):
        if row["verdict"]:
            yield Finding(
                f"**{row['verdict']}**: {row['row']} has {row['published digits']} digits ({row['source']}): "
                f"{row['digits of the ensemble']}, after {row['updates made / printed']} updates.",
                records,
            )
    for row, records in label_counts.verdicts(measured("label_counts")):
        yield Finding(f"{'; '.join(filter(None, row.values()))}.", records)


def _rows(tables: Iterable[paper_claims.Table]) -> list[Row]:
    return [row for table in tables for row in table.rows]


def _held_out(grouped: Iterable[Configuration]) -> list[Configuration]:
    from references.integrals import catalogue  # with sympy, which is not imported for a report without records

    return [c for c in grouped if catalogue.is_held_out(c.first["integral"])]


def _of_kind(methods: dict[str, list[DigitCost]], kind: str) -> list[DigitCost]:
    return [cost for name in KINDS[kind] for cost in methods.get(name, [])]


def _records(costs: Iterable[DigitCost]) -> list[Record]:
    return [record for cost in costs for record in cost.configuration.good]
