"""Tables of digits against cost, made from records alone.

One row per integral × method configuration, the best first, its repeats averaged. Runs that did not finish are rows
too. A record of another machine, or one that is superseded, says so in its row, and so does a fit over its budget.
"""

from __future__ import annotations

import functools
import json
import math
import textwrap
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.records import configurations, run_records
from benchmarks.running.jobs import OVER_BUDGET
from benchmarks.text_format import cut
from methods.core.digits import rounded_down

if TYPE_CHECKING:
    import pandas

Record = run_records.Record

BLANK = ""

BEYOND_TRUTH = "(≤ truth)"
"""Stands beside digits that the true values cannot show."""

TERMINAL = 120
"""Characters of a line on a terminal."""

LONGEST_METHOD = 40
"""Characters that a method with its fields may take of such a line."""

BATCHES = ("1", "1024", "65536")
"""Integrals per timed call, of which a table has a column each."""

SHOWN = ("method", "digits", "spread", "worst", "≤ error", *(f"µs ({batch})" for batch in BATCHES), "prep. s")
"""Columns that a terminal shows, beside the note."""


@functools.cache
def published() -> list[dict[str, Any]]:
    """Read the published results of `published.toml`."""
    with (Path(__file__).parent / "published.toml").open("rb") as file:
        return tomllib.load(file)["result"]


def frame(grouped: Iterable[configurations.Configuration]) -> pandas.DataFrame:
    """Make the table: one row per integral × method configuration, text in every cell."""
    import pandas

    ordered = best_first(grouped)
    return pandas.DataFrame([{"integral": c.first["integral"], "method": c.label} | row(c) for c in ordered])


def best_first(found: Iterable[configurations.Configuration]) -> list[configurations.Configuration]:
    """Sort configurations by integral, and those of each with most digits first."""
    return sorted(found, key=lambda c: (c.first["integral"], -(c.digits or -1.0), c.label))


def text(found: Iterable[Record]) -> str:
    """Write the table for a terminal, at most `TERMINAL` characters wide: one block per integral."""
    blocks, grouped = [], configurations.grouped(found)
    for name, part in by_integral(grouped):
        shown = part[list(SHOWN)].assign(method=[cut(method, LONGEST_METHOD) for method in part["method"]])
        room = TERMINAL - len(shown.to_string(index=False).partition("\n")[0]) - 1
        shown["note"] = [cut(note, room) for note in part["note"]]
        written = shown.to_string(index=False)
        if BEYOND_TRUTH in written:
            known = min(c.truth_digits for c in grouped if c.first["integral"] == name)
            written += f"\n{BEYOND_TRUTH}: beyond the true values, which are known to {rounded_down(known)} digits"
        blocks.append(f"{name}\n{written}")
    return "\n\n".join(blocks)


def csv(grouped: Iterable[configurations.Configuration]) -> str:
    """Write configurations as comma-separated values: numbers to six digits, and empty cells where there is none.

    Shares of points are from 0 to 1. Digits are as measured, and ``limited_by_truth`` says whether their mean is beyond
    the digits of the true values.
    """
    import pandas

    keys = ("budget_s", "threads", "device", "machine")
    made = [
        {"integral": c.first["integral"], "method": c.label, **_numbers(c), **{key: c.first[key] for key in keys}}
        for c in best_first(grouped)
    ]
    return pandas.DataFrame(made).to_csv(index=False, float_format="%.6g")


def _numbers(configuration: configurations.Configuration) -> dict[str, Any]:
    """List what `row` shows, with numbers as numbers."""
    mean = configuration.mean
    seconds = {batch: configuration.seconds(batch) for batch in BATCHES}
    size = mean("model_bytes")
    texts = row(configuration)
    return {
        "digits": configuration.digits,
        "limited_by_truth": (configuration.digits or 0.0) > configuration.truth_digits,
        "spread": mean("digits_std"),
        "median": mean("digits_median"),
        "worst": configuration.worst,
        "within 1 %": mean("frac_within_1pct"),
        "within 0.1 %": mean("frac_within_0p1pct"),
        "≤ error": mean("coverage_1sigma"),
        "≤ 3 errors": mean("coverage_3sigma"),
        **{f"µs ({batch})": None if s is None else 1e6 * s for batch, s in seconds.items()},
        "prep. s": mean("fit_s"),
        "gen. s": _setup_s(configuration.good, "generate"),
        "comp. s": _setup_s(configuration.good, "compile"),
        "eval.": mean("n_eval_per_integral"),
        "kB": None if size is None else 1e-3 * size,
        **{key: texts[key] for key in ("precision", "published", "note")},
    }


def details(found: Iterable[Record]) -> str:
    """Say what each method chose by itself, in a line for each configuration that finished, for a terminal."""
    lines = []
    for configuration in best_first(configurations.grouped(found)):
        chosen = configuration.good[0]["details"] if configuration.good else None
        words = [f"{key} = {json.dumps(value)}" for key, value in (chosen or {}).items()]
        name = f"{configuration.first['integral']}, {configuration.label}: "
        lines += textwrap.wrap(name + ("; ".join(words) or "reports nothing"), TERMINAL, subsequent_indent="    ")
    return "\n".join(lines)


def markdown(found: Iterable[Record]) -> str:
    """Write the table in Markdown, with the sources of the published values and what was measured where."""
    found = list(found)
    blocks = [
        f"### {name}\n\n{part.to_markdown(index=False, disable_numparse=True)}"
        for name, part in by_integral(configurations.grouped(found))
    ]
    sources = [
        f"- {r['integral']}, {r['method']}: {published_value(r)}: {r['source']}; {r['note']}." for r in published()
    ]
    machines = sorted({f"{r['machine']} ({configurations.threads(r['threads'])})" for r in found})
    notes = [
        "digits: mean of −log₁₀|(e − t)/t| over the uniform points; spread: the standard deviation of these over the "
        "points; µs per integral in batches of the stated size; preparation includes labels; evaluations are per "
        "integral, after preparation; ≤ error, ≤ 3 errors: points within one and three stated standard deviations, "
        "68.3 % and 99.7 % of a normal law.",
        f"Measured on: {'; '.join(machines)}.",
    ]
    return "\n\n".join([*blocks, *notes, "Published values:", "\n".join(sources)]) + "\n"


def by_integral(grouped: Iterable[configurations.Configuration]) -> list[tuple[str, pandas.DataFrame]]:
    """Split the table into one per integral."""
    whole = frame(grouped)
    if whole.empty:
        return []
    return [(str(name), part.drop(columns="integral")) for name, part in whole.groupby("integral", sort=True)]


def row(configuration: configurations.Configuration) -> dict[str, Any]:
    """Say what a table shows of a configuration beside its names, text in every cell."""
    first, good, mean = configuration.first, configuration.good, configuration.mean
    limit = configuration.truth_digits
    repeats = [f"mean of {len(good)} repeats"] if len(good) > 1 else []
    preparation_s = mean("fit_s")
    is_over = preparation_s is not None and preparation_s > OVER_BUDGET * first["budget_s"]
    over = [f"preparation took {preparation_s / first['budget_s']:.1f} × its budget"] if is_over else []
    in_fit = ["timed in its fit's process, since it cannot be saved"] if _is_unsaved(good) else []
    return {
        "digits": digits_or_truth(configuration.digits, limit),
        "spread": digits_or_truth(mean("digits_std")),
        "median": digits_or_truth(mean("digits_median"), limit),
        "worst": digits_or_truth(configuration.worst, limit),
        "within 1 %": _percent(mean("frac_within_1pct")),
        "within 0.1 %": _percent(mean("frac_within_0p1pct")),
        "≤ error": _percent(mean("coverage_1sigma")),
        "≤ 3 errors": _percent(mean("coverage_3sigma")),
        **{f"µs ({batch})": _microseconds(configuration, batch) for batch in BATCHES},
        "prep. s": number(preparation_s),
        "gen. + comp. s": _setup(good),
        "eval.": number(mean("n_eval_per_integral")),
        "kB": number(mean("model_bytes"), scale=1e-3),
        "precision": first["precision"] or BLANK,
        "published": _published(first),
        "note": "; ".join([*repeats, *configuration.notes, *over, *in_fit, *failures([configuration])]),
    }


def _is_unsaved(good: Sequence[Record]) -> bool:
    """Tell whether a run was timed in its fit's process for want of a file."""
    return any(record["timed_from"] == "fit" and record["model_bytes"] is None for record in good)


def failures(found: Iterable[configurations.Configuration]) -> list[str]:
    """List what became of the runs that did not finish, each with its reason, as "timeout: …"."""
    bad = [record for configuration in found for record in configuration.bad]
    return list(dict.fromkeys(f"{record['status']}: {_one_line(record['reason'])}" for record in bad))


def _one_line(reason: str | None) -> str:
    """Make a reason fit a cell of a Markdown table."""
    return " ".join((reason or "no reason given").split()).replace("|", "/")


def _setup(good: Sequence[Record]) -> str:
    """Seconds of generating and compiling, which a cached library took when it was made."""
    steps = [_setup_s(good, key) for key in ("generate", "compile")]
    return " + ".join(number(step) for step in steps if step is not None)


def _setup_s(good: Sequence[Record], step: str) -> float | None:
    """Mean seconds of one of these steps; None where no run had it."""
    found = [record["setup_s"][step] for record in good if record["setup_s"]]
    return sum(found) / len(found) if found else None


def digits_or_truth(value: float | None, limit: float = math.inf) -> str:
    """Write a number of digits, marked where it is beyond those of the true values, which then are what is compared."""
    if value is None:
        return BLANK
    return f"{value:.1f}" if value <= limit else f"{value:.1f} {BEYOND_TRUTH}"


def _percent(share: float | None) -> str:
    return BLANK if share is None else f"{100 * share:.1f} %"


def _microseconds(configuration: configurations.Configuration, batch: str) -> str:
    seconds = configuration.seconds(batch)
    if seconds is None:
        return "–" if configuration.good else BLANK
    return number(seconds, scale=1e6)


def number(value: float | None, scale: float = 1.0) -> str:
    """Write three significant digits, without exponent up to a million."""
    if value is None:
        return BLANK
    value *= scale
    if value == 0 or abs(value) >= 1e6:
        return f"{value:.3g}"
    return f"{value:,.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def _published(record: Record) -> str:
    results = [r for r in published() if (r["integral"], r["method"]) == (record["integral"], record["method"])]
    return "; ".join(map(published_value, results))


def published_value(result: dict[str, Any]) -> str:
    """Write a published result as a cell."""
    hardware = f" ({result['hardware']})" if "hardware" in result else ""
    return f"{result['digits']:g} digits, {result['us']:g} µs{hardware}"
