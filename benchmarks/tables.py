"""Tables of digits against cost, made from records alone.

One row per integral × method configuration, the best first, its repeats averaged. Runs that did not finish are rows
too. A record of another machine, or of code, equation or truth older than the newest record's, says so in its row.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import records

if TYPE_CHECKING:
    import pandas

Record = records.Record

CONFIGURATION = ("integral", "method", "params", "budget_s", "device", "threads", "machine")
"""Records that agree in these are repeats of one configuration, or older versions of one another."""

VERSIONS = {"code_hash": "older code", "integral_hash": "older equation", "truth_hash": "older truth"}

BLANK = ""


def published() -> list[dict[str, Any]]:
    """Return the published results of `published.toml`."""
    with (Path(__file__).parent / "published.toml").open("rb") as file:
        return tomllib.load(file)["result"]


def frame(found: Iterable[Record]) -> pandas.DataFrame:
    """Return the table: one row per integral × method configuration, text in every cell."""
    import pandas

    found = list(found)
    rows = [_row(group, found) for group in _grouped(found)]
    rows.sort(key=lambda row: (row["integral"], -row.pop("_order")))
    return pandas.DataFrame(rows)


def text(found: Iterable[Record]) -> str:
    """Return the table for a terminal: one block per integral."""
    return "\n\n".join(f"{name}\n{part.to_string(index=False)}" for name, part in by_integral(found))


def markdown(found: Iterable[Record]) -> str:
    """Return the table in Markdown, with the sources of the published values and what was measured where."""
    found = list(found)
    blocks = [
        f"### {name}\n\n{part.to_markdown(index=False, disable_numparse=True)}" for name, part in by_integral(found)
    ]
    sources = [
        f"- {r['integral']}, {r['method']}: {_published_value(r)}: {r['source']}; {r['note']}." for r in published()
    ]
    machines = sorted({f"{r['machine']} ({r['threads']} threads)" for r in found})
    notes = [
        "digits: mean ± standard deviation of −log₁₀|(e − t)/t| over the uniform points; µs per integral in batches of "
        "the stated size; preparation includes labels; evaluations are per integral, after preparation; ≤ error, "
        "≤ 3 errors: points within one and three stated standard deviations, 68.3 % and 99.7 % of a normal law.",
        f"Measured on: {'; '.join(machines)}.",
    ]
    return "\n\n".join([*blocks, *notes, "Published values:", "\n".join(sources)]) + "\n"


def by_integral(found: Iterable[Record]) -> list[tuple[str, pandas.DataFrame]]:
    """Return the table in parts, one per integral."""
    table = frame(found)
    if table.empty:
        return []
    return [(str(name), part.drop(columns="integral")) for name, part in table.groupby("integral", sort=True)]


def _grouped(found: list[Record]) -> list[list[Record]]:
    """Return the records of each configuration and version together."""
    groups: dict[str, list[Record]] = {}
    for record in found:
        key = json.dumps([record[key] for key in (*CONFIGURATION, *VERSIONS)], sort_keys=True)
        groups.setdefault(key, []).append(record)
    return list(groups.values())


def _row(group: list[Record], found: list[Record]) -> dict[str, Any]:
    first = group[0]
    row: dict[str, Any] = {"integral": first["integral"], "method": _label(first, found)}
    good = [record for record in group if record["status"] == "ok"]
    bad = [record for record in group if record["status"] != "ok"]
    limit = -math.log10(first["truth_rel_err_max"]) if first["truth_rel_err_max"] else math.inf
    row |= {
        "digits": _digits(_mean(good, "digits_mean"), limit, _mean(good, "digits_std")),
        "median": _digits(_mean(good, "digits_median"), limit),
        "worst": _digits(min((r["digits_worst"] for r in good), default=None), limit),
        "within 1 %": _percent(_mean(good, "frac_within_1pct")),
        "within 0.1 %": _percent(_mean(good, "frac_within_0p1pct")),
        "≤ error": _percent(_mean(good, "coverage_1sigma")),
        "≤ 3 errors": _percent(_mean(good, "coverage_3sigma")),
        "µs (1)": _microseconds(good, "1"),
        "µs (1024)": _microseconds(good, "1024"),
        "µs (65536)": _microseconds(good, "65536"),
        "prep. s": _number(_mean(good, "fit_s")),
        "gen. + comp. s": _setup(good),
        "eval.": _number(_mean(good, "n_eval_per_integral")),
        "kB": _number(_mean(good, "model_bytes"), scale=1e-3),
        "published": _published(first),
        "note": "; ".join([*_versions(first, found), *(f"{r['status']}: {_one_line(r['reason'])}" for r in bad)]),
        "_order": _mean(good, "digits_mean") or -1.0,
    }
    if len(good) > 1:
        row["note"] = "; ".join(filter(None, [f"mean of {len(good)} repeats", row["note"]]))
    return row


def _label(record: Record, found: list[Record]) -> str:
    """Return the method's name, with the fields in which its configurations on this integral differ."""
    same = [r for r in found if r["method"] == record["method"] and r["integral"] == record["integral"]]
    fields = {field for r in same for field in r["params"]}
    differing = [
        f"{field}={record['params'].get(field)}"
        for field in sorted(fields)
        if len({json.dumps(r["params"].get(field)) for r in same}) > 1
    ]
    for key, unit in (("budget_s", " s"), ("device", ""), ("threads", " threads")):
        if len({r[key] for r in same}) > 1:
            differing.append(f"{record[key]:g}{unit}" if isinstance(record[key], float) else f"{record[key]}{unit}")
    return ", ".join([record["method"], *differing])


def is_older(record: Record, found: list[Record]) -> bool:
    """Tell whether there is a newer record of its method and integral, by other code or against other truth."""
    return any(label in VERSIONS.values() for label in _versions(record, found))


def _versions(record: Record, found: list[Record]) -> list[str]:
    """Say what makes this record incomparable with the newest one of its method and integral."""
    # Other labels are other code without being older.
    same = [r for r in found if all(_kind(r)[key] == value for key, value in _kind(record).items())]
    newest = max(same, key=lambda r: r["date_utc"])
    labels = [label for key, label in VERSIONS.items() if record[key] != newest[key]]
    return labels + ([f"on {record['machine']}"] if len({r["machine"] for r in found}) > 1 else [])


def _kind(record: Record) -> dict[str, Any]:
    return {"method": record["method"], "integral": record["integral"], "labels": record["params"].get("labels")}


def _one_line(reason: str | None) -> str:
    """Return a reason that fits a cell of a Markdown table."""
    return " ".join((reason or "no reason given").split()).replace("|", "/")


def _mean(group: list[Record], key: str) -> float | None:
    values = [record[key] for record in group if record[key] is not None]
    return sum(values) / len(values) if values else None


def _setup(group: list[Record]) -> str:
    """Return the seconds of generating and compiling, which a cached library took when it was made."""
    steps = [record["setup_s"] for record in group if record["setup_s"]]
    if not steps:
        return BLANK
    return " + ".join(_number(sum(step[key] for step in steps) / len(steps)) for key in ("generate", "compile"))


def _digits(value: float | None, limit: float, spread: float | None = None) -> str:
    if value is None:
        return BLANK
    shown = f"{value:.1f}" if spread is None else f"{value:.1f} ± {spread:.1f}"
    return shown if value <= limit else f"{shown} (≤ truth)"


def _percent(share: float | None) -> str:
    return BLANK if share is None else f"{100 * share:.1f} %"


def _microseconds(group: list[Record], batch: str) -> str:
    timings = [record["s_per_integral"][batch] for record in group]
    medians = [timing["median"] for timing in timings if "median" in timing]
    if not medians:
        return "–" if timings else BLANK
    return _number(sum(medians) / len(medians), scale=1e6)


def _number(value: float | None, scale: float = 1.0) -> str:
    """Return three significant digits, without exponent up to a million."""
    if value is None:
        return BLANK
    value *= scale
    if value == 0 or value >= 1e6:
        return f"{value:.3g}"
    return f"{value:,.{max(0, 2 - math.floor(math.log10(value)))}f}"


def _published(record: Record) -> str:
    results = [r for r in published() if (r["integral"], r["method"]) == (record["integral"], record["method"])]
    return "; ".join(map(_published_value, results))


def _published_value(result: dict[str, Any]) -> str:
    parts = [f"{result['digits']:g} digits"] if "digits" in result else []
    parts.append(f"{result['us']:g} µs")
    return ", ".join(parts) + (f" ({result['hardware']})" if "hardware" in result else "")
