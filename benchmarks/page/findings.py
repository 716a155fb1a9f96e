"""What the records say, a sentence at a time, each with the records behind it: the generated part of docs/findings.md.

Nothing is typed in: each sentence is made from records, and where they change, so does it. Records that are superseded
and made again do not count, and an integral counts on one machine, however many it was run on. Only performance
profiles are made machine by machine.
"""

from __future__ import annotations

import dataclasses
import math
import os
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.experiments import (
    all_configurations,
    break_even,
    cost_map,
    label_counts,
    paper_claims,
    paper_recipes,
    performance_profile,
    pysecdec_costs,
    thesis_on_cpu,
    uncertain_networks,
)  # fmt: skip
from benchmarks.page import headlines
from benchmarks.records import configurations, currency, digit_costs, run_records
from benchmarks.records.configurations import Configuration
from benchmarks.records.digit_costs import DigitCost
from benchmarks.records.method_kinds import KINDS, costs_of
from benchmarks.records.run_records import Record, Row
from methods.core.digits import rounded_down

LEAST_WITHIN_ONE, LEAST_WITHIN_THREE = 0.60, 0.95
"""Shares of points within one and three stated errors from which on errors are called honest, but for chance."""

LEAST_POINTS = 100
"""Points from which on shares of them say whether errors are honest: of ten, three within one error may be chance."""

NOISE = 1.25
"""Factor between times up to which methods count as equally quick: chosen, not measured, so that no lead is noise."""

MOST_LINKS = 4
"""Records that a finding links to; of more, it says how many there are."""

PYSECDEC_DIGITS = (3, 6)

PRIMITIVE_DIGITS = 3
"""Digits with which a primitive and pySecDec are compared, about those of the networks of its paper."""


class Finding(NamedTuple):
    """A sentence, and the records that it comes from."""

    sentence: str
    records: list[Record]


class Links:
    """Numbers records in the order in which they are first referred to, as `[1]` in Markdown.

    Parameters
    ----------
    link : callable
        Gives the address of a record, as seen from the file that the text stands in.
    """

    def __init__(self, link: Callable[[Record], str]) -> None:
        self._link = link
        self._numbers: dict[str, int] = {}

    def to(self, records: Iterable[Record]) -> str:
        """Write links to the first of these records, how many more there are, and how many are superseded."""
        found = {self._link(record): record for record in records}
        addresses, current = list(found), currency.Current(found.values())
        n_older = sum(bool(current.outdated(record)) for record in found.values())
        older = f"; superseded: {n_older:,} of {len(found):,}" if n_older else ""
        shown = ", ".join(f"[{self._number(address)}]" for address in addresses[:MOST_LINKS])
        more = len(addresses) - MOST_LINKS
        return (f"{shown} and {more:,} more{older}" if more > 0 else f"{shown}{older}") or "no record"

    def definitions(self) -> str:
        """Write the addresses of all numbers, which Markdown does not show."""
        return "\n".join(f"[{number}]: {address}" for address, number in self._numbers.items())

    def _number(self, address: str) -> int:
        return self._numbers.setdefault(address, len(self._numbers) + 1)


def text(measured: Callable[[str], Sequence[Record]], link: Callable[[Record], str]) -> str:
    """Write all findings as Markdown.

    Parameters
    ----------
    measured : callable
        Gives the records of an experiment, by its name.
    link : callable
        Gives the address of a record, as seen from the file that the text stands in.
    """
    below, above = (configurations.grouped(measured(name)) for name in ("curves", "physical"))
    euclidean, physical = map(digit_costs.one_machine_each, (below, above))
    links = Links(link)
    sections = {
        "Below thresholds, where I(s) is real": [
            _lines(
                [*_profiles(below), *_on_the_map(euclidean), *_most_digits(euclidean), *_pysecdec(euclidean),
                 *_primitives_pay(euclidean)],
                links,
            ),
            _honesty(euclidean, links),
        ],
        "Above threshold, where I(s) is complex": [
            _lines([*_most_digits(physical), *_pysecdec(physical)], links), _honesty(physical, links),
        ],
        "What the papers claim": [_lines(list(_claims(measured)), links)],
    }  # fmt: skip
    blocks = [
        "\n\n".join([f"## {title}", *(filter(None, parts) if any(parts) else ["There are no records yet."])])
        for title, parts in sections.items()
    ]
    return "\n\n".join(filter(None, [*blocks, links.definitions()]))


def links_from(folder: Path, folders: dict[int, Path]) -> Callable[[Record], str]:
    """Make the function that links to a record from a file in `folder`, given the folder of each record's runs."""

    def link(record: Record) -> str:
        return Path(os.path.relpath(run_records.path_of(folders[id(record)], record), folder)).as_posix()

    return link


def _lines(findings: Sequence[Finding], links: Links) -> str:
    return "\n".join(f"- {finding.sentence} ({links.to(finding.records)})" for finding in findings)


def _profiles(grouped: Sequence[Configuration]) -> Iterator[Finding]:
    """Say which methods are the quickest most often on held-out integrals, or as quick as far as timings tell."""
    profiles = performance_profile.profiles(grouped)
    several = len({profile.machine for profile in profiles}) > 1
    for profile in profiles:
        shares = {
            name: [performance_profile.share(ratios, factor) for factor in (NOISE, 2.0)]
            for name, ratios in profile.ratios.items()
        }
        first = max((share for share, _ in shares.values()), default=0.0)
        best = [name for name, (share, _) in shares.items() if share == first]
        if not first:
            continue
        within = " and ".join(dict.fromkeys(f"{shares[name][1]:.0%}" for name in best))
        where = f" on {profile.machine}" if several else ""
        sentence = (
            f"With {profile.digits} digits on {len(profile.integrals)} held-out integrals{where}, "
            f"{profile.counted}, {' and '.join(best)} {'each take' if len(best) > 1 else 'takes'} at most {NOISE} "
            f"times the least time on {first:.0%} of them, and at most twice the least on {within}."
        )
        yield Finding(sentence.replace("%", " %"), [record for name in best for record in profile.records_of(name)])


def _on_the_map(grouped: Sequence[Configuration]) -> Iterator[Finding]:
    """Say where on the map a method that learns is the cheapest."""
    maps = cost_map.winner_maps(grouped)
    cells = [(place, key, winner) for place, winners in maps.items() for key, winner in winners.items()]
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
    """Compare the most digits of a method that learns with those of a table.

    Where both have more than the true values, these cannot tell which has more.
    """
    costs = digit_costs.by_place(_held_out(grouped))
    kinds = ("learned", "table")
    best = [
        [max(found, key=lambda cost: cost.digits_mean) for kind in kinds if (found := costs_of(kind, methods))]
        for methods in costs.values()
    ]
    both = [pair for pair in best if len(pair) == len(kinds)]
    if not both:
        return
    learned, table = (statistics.median(pair[nth].digits_mean for pair in both) for nth in range(len(kinds)))
    yield Finding(
        f"On {len(both)} held-out integrals the best method that learns has {rounded_down(learned)} digits in the "
        f"median ({headlines.seeds([pair[0] for pair in both])}"
        f"{headlines.alone([here for here in costs.values() if costs_of('learned', here)])}) and the best table "
        f"{rounded_down(table)}; the table has more on {headlines.how_often_fewer(both)}.",
        _records(cost for pair in both for cost in pair),
    )


def _pysecdec(grouped: Sequence[Configuration]) -> Iterator[Finding]:
    """Compare seconds per value of pySecDec and of the quickest rule, both without their preparation."""
    costs = digit_costs.by_place(grouped)
    for digits in PYSECDEC_DIGITS:
        pairs = {
            place[0]: (theirs, rule)
            for place, methods in costs.items()
            if (theirs := digit_costs.cheapest(costs_of("pySecDec", methods), digits))
            and (rule := digit_costs.cheapest(costs_of("rule", methods), digits))
        }
        if not pairs:
            continue
        ratios = [theirs.s_per_integral / rule.s_per_integral for theirs, rule in pairs.values()]
        yield Finding(
            f"With {digits} digits{headlines.judged_by([theirs for theirs, _ in pairs.values()])} the quickest of "
            f"pySecDec's integrators takes {min(ratios):,.0f} to {max(ratios):,.0f} times as long per value as the "
            f"quickest rule, {statistics.median(ratios):,.0f} times in the median of {len(ratios)} integrals "
            f"({len(_names_held_out(pairs))} of them held out). Preparation is not counted; a call of a rule computes "
            f"{headlines.batches(rule for _, rule in pairs.values())} values, one of pySecDec "
            f"{headlines.batches(theirs for theirs, _ in pairs.values())}.{headlines.by_kernels(pairs.values())}"
            f"{_called_singly(costs.values(), digits)}",
            _records(cost for pair in pairs.values() for cost in pair),
        )


def _called_singly(costs: Iterable[Mapping[str, Sequence[DigitCost]]], digits: int) -> str:
    """Compare both in calls with one value, each with what is quickest in such calls; "" where none was timed."""
    ratios = []
    for methods in costs:
        singly = [
            min((cost.s_single for cost in costs_of(kind, methods) if cost.s_single and cost.digits_mean >= digits),
                default=None)
            for kind in ("pySecDec", "rule")
        ]  # fmt: skip
        if singly[0] and singly[1]:
            ratios.append(singly[0] / singly[1])
    if not ratios:
        return ""
    number = all_configurations.number
    return (
        f" In calls for one value each it takes {number(min(ratios))} to {number(max(ratios))} times as long, "
        f"{number(statistics.median(ratios))} times in the median."
    )


def _primitives_pay(grouped: Sequence[Configuration]) -> Iterator[Finding]:
    """Say from how many values on a primitive is cheaper than pySecDec, on the integrals of which its paper says it."""
    for (integral, _), methods in digit_costs.by_place(grouped).items():
        ours, theirs = (
            [cost for cost in costs if cost.digits_mean >= PRIMITIVE_DIGITS]
            for costs in (methods.get("neural_primitive", []), costs_of("pySecDec", methods))
        )
        if integral in break_even.PAPER_FROM and ours and theirs:
            alone = [
                dataclasses.replace(cost, s_per_integral=both.kernel_share * cost.s_per_integral)
                for cost in theirs
                if (both := pysecdec_costs.parts(cost.configuration))
            ]
            of_kernels = f", and than its kernels alone {_from_on(ours, alone)}" if alone else ""
            yield Finding(
                f"With {PRIMITIVE_DIGITS} digits on {integral} neural_primitive, called with "
                f"{headlines.batches(ours)} values, is cheaper than pySecDec, called by Python on one thread, "
                f"preparation included, {_from_on(ours, theirs)}{of_kernels}; the networks of the paper, which are "
                f"others and were {break_even.PAPER_TRAINING}, are from about {break_even.PAPER_FROM[integral]} on "
                f"({break_even.PAPER}).",
                _records([*ours, *theirs]),
            )


def _from_on(ours: Sequence[DigitCost], theirs: Sequence[DigitCost]) -> str:
    n = break_even.from_how_many(ours, theirs)
    return "for no number of values" if math.isinf(n) else f"from {n:,.0f} values on"


def _honesty(grouped: Sequence[Configuration], links: Links) -> str:
    """Make a table of whose errors are honest on held-out integrals; "" where no method states any."""
    stated: dict[str, list[Configuration]] = {}
    with_errors = [c for c in _held_out(grouped) if c.mean("coverage_1sigma") is not None and not c.replaced]
    for configuration in with_errors:
        if _has_points(configuration) and (configuration.digits or 0.0) <= configuration.truth_digits:
            stated.setdefault(configuration.method, []).append(configuration)
    without = sorted({configuration.method for configuration in with_errors} - stated.keys())
    lines = []
    for name, found in sorted(stated.items()):
        shares = [
            statistics.median(configuration.mean(f"coverage_{z}sigma") or 0.0 for configuration in found)
            for z in (1, 3)
        ]
        within = " | ".join(f"{100 * share:.0f} %" for share in shares)
        records = [record for configuration in sorted(found, key=_is_honest) for record in configuration.good]
        lines.append(f"| {name} | {sum(map(_is_honest, found))} of {len(found)} | {within} | {links.to(records)} |")
    if not lines:
        return ""
    head = (
        "In how many configurations on held-out integrals the errors of each method are honest, that is, not too "
        f"small: {100 * LEAST_WITHIN_ONE:.0f} % of the points lie within one and {100 * LEAST_WITHIN_THREE:.0f} % "
        "within three, less two standard errors of such shares; and the median shares. "
        f"Configurations that fewer than {LEAST_POINTS} points judge are left out, and those with more digits than "
        f"the true values, whose errors would be judged{_named(without)}. A normal law has 68 % and 99.7 %, the "
        "modulus of a complex difference 63 % and all. A lattice, pySecDec's too, has the same shifts at all points, "
        "so that one draw of them decides for a configuration: of these methods some fall short by chance, and the "
        "median shares say more. Records of errors that are not honest come first.\n\n"
        "| method | honest in | within one | within three | records |\n| --- | --- | --- | --- | --- |"
    )
    return "\n".join([head, *lines])


def _named(methods: Sequence[str]) -> str:
    """Name methods of which nothing is left, in brackets; "" for none."""
    return f" (nothing is left of {', '.join(methods)})" if methods else ""


def _has_points(configuration: Configuration) -> bool:
    """Tell whether enough points judge it for their shares to say something."""
    return all((record["n_points"] or math.inf) >= LEAST_POINTS for record in configuration.good)


def _is_honest(configuration: Configuration) -> bool:
    """Tell whether no share falls short by more than two standard errors of a share of so many points."""
    n = configuration.first["n_points"] or math.inf
    return all(
        (configuration.mean(f"coverage_{z}sigma") or 0.0) >= least - 2 * math.sqrt(least * (1 - least) / n)
        for z, least in ((1, LEAST_WITHIN_ONE), (3, LEAST_WITHIN_THREE))
    )


def _claims(measured: Callable[[str], Sequence[Record]]) -> Iterator[Finding]:
    """Write a sentence for each claim: its verdict first."""
    for row, records in _rows(paper_claims.tables(measured("paper_claims"))):
        figures = row["digits, mean ± standard deviation of repeats"]
        after = f"digits after {paper_claims.UPDATES} updates"
        yield Finding(f"**{row['verdict']}**: {row['claim']} ({row['source']}); {after}: {figures}.", records)
    for row, records in _rows(thesis_on_cpu.tables(measured("thesis_on_cpu"))):
        if row["verdict"]:
            yield Finding(
                f"**{row['verdict']}**: {paper_recipes.in_words(row['row'])} has {row['published digits']} digits "
                f"({row['source']}): {row['digits of the ensemble']}, after {row['updates made / printed']} updates.",
                records,
            )
    for row, records in _rows(paper_recipes.tables(measured("paper_recipes"))):
        if row["recipe"] not in thesis_on_cpu.ROWS:
            yield Finding(
                f"**{row['verdict']}**: {paper_recipes.in_words(row['recipe'])} ({row['source']}), digits published: "
                f"{row['published digits'] or 'none'}; here {row['here']}, after {row['updates made / printed']} "
                "updates.",
                records,
            )
    judged = [
        *label_counts.verdicts(measured("label_counts")), *uncertain_networks.verdicts(measured("uncertain_networks"))
    ]  # fmt: skip
    for row, records in judged:
        yield Finding(f"**{row['verdict']}**: {row['sentence']} ({row['source']}).", records)


def _rows(tables: Iterable[paper_claims.Table]) -> list[Row]:
    return [row for table in tables for row in table.rows]


def _names_held_out(integrals: Iterable[str]) -> list[str]:
    from references.integrals import catalogue  # with sympy, which is not imported for a report without records

    return [name for name in integrals if catalogue.is_held_out(name)]


def _held_out(grouped: Sequence[Configuration]) -> list[Configuration]:
    names = set(_names_held_out({c.first["integral"] for c in grouped}))
    return [c for c in grouped if c.first["integral"] in names]


def _records(costs: Iterable[DigitCost]) -> list[Record]:
    return [record for cost in costs for record in cost.configuration.good]
