"""A training step on a mixed derivative, and the corner sum, against the products that they cannot do without.

`python -m benchmarks.mixed_speed --busy 0,1` measures them, alone and beside a busy process, and leaves one file. Where
it was interrupted, or a contender was too slow, cells say what is missing.
"""

from __future__ import annotations

from typing import Any

from benchmarks.experiments.experiment import Experiment, Table
from benchmarks.regressions.deep_contenders import COMPILED

FILE = "mixed_speed.json"

Entry = dict[str, Any]

NOT_RUN: Entry = {"status": "not run", "s": None}
"""Entry of a measurement that was interrupted before it was written."""

Row = dict[str, str]


def tables(measured: dict[str, Any]) -> list[Table]:
    """Make the tables of training steps, of corner sums, and of both beside busy processes, text in every cell."""
    if not measured:
        return []
    date = measured["date_utc"].partition("T")[0]
    place = f"Measured in float32 with tanh by {measured['threads']} threads on {measured['machine']}, {date}."
    alone = f"{FILE} holds these figures alone, without a record of each run, so that rows lead to none. {place}"
    results = measured["results"]
    found = [
        Table(
            "Mixed derivative: one training step",
            "One training step, forward and backward in the weights, with each way to differentiate. Ratios are to the "
            "3 (layers − 1) products of (batch · 2^k × width) by (width × width) that it cannot do without; in "
            "brackets, MB added to the process's peak memory, and seconds of the first step where torch.compile "
            f"compiles in it; timeout: no step in time; –: no time of the products. {alone}",
            [(row, []) for row in _steps(results)],
        ),
        Table(
            "Corner sum",
            f"The corner sum against the products and tanh of an evaluation, which it cannot do without. {alone}",
            [(row, []) for row in _corners(results)],
        ),
        Table(
            "Beside busy processes",
            "Milliseconds of a training step, or of a corner sum, while so many other processes keep a core busy each, "
            f"and in brackets how many times as long that is as alone. {alone}",
            [(row, []) for row in _beside(results)],
        ),
    ]
    return [table for table in found if table.rows]


def _by_shape(results: list[Entry], kind: str, busy: int = 0) -> dict[tuple[int, ...], dict[str, Entry]]:
    """Entries beside so many busy processes: (k, depth, width, batch) -> contender -> entry."""
    found: dict[tuple[int, ...], dict[str, Entry]] = {}
    for entry in results:
        if entry["kind"] == kind and entry["busy"] == busy:
            shape = tuple(entry[key] for key in ("k", "depth", "width", "batch"))
            found.setdefault(shape, {})[entry["contender"]] = entry
    return found


def _steps(results: list[Entry]) -> list[Row]:
    rows = []
    for shape, entries in _by_shape(results, "step").items():
        floor = entries.get("products", NOT_RUN)
        ms = floor["status"] if floor["s"] is None else f"{1e3 * floor['s']:.1f}"
        others = {name: _cell(entry, floor) for name, entry in entries.items() if name != "products"}
        rows.append(_shape_cells(shape) | {"products ms": ms} | others)
    return _aligned(rows, "not run")


def _shape_cells(shape: tuple[int, ...]) -> Row:
    k, depth, width, batch = shape
    return {"k": f"{k}", "layers × width": f"{depth} × {width}", "batch": f"{batch}"}


def _aligned(rows: list[Row], missing: str) -> list[Row]:
    """Give all rows the columns of each."""
    columns = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name, missing) for name in columns} for row in rows]


def _cell(entry: Entry, floor: Entry) -> str:
    if entry["status"] != "ok":
        return entry["status"]
    first = f", {entry['first_s']:.0f} s" if entry["contender"] in COMPILED else ""
    return f"{_ratio(entry, floor)} ({entry['peak_mem_mb']:.0f}{first})"


def _ratio(entry: Entry, floor: Entry) -> str:
    """Write how many times as long as the floor it takes, "–" where one of them has no time."""
    return "–" if None in (entry["s"], floor["s"]) else f"{entry['s'] / floor['s']:.2f} ×"


def _corners(results: list[Entry]) -> list[Row]:
    found = _by_shape(results, "corners")
    rows = []
    for shape in dict.fromkeys(key[:3] for key in found):
        row = {"k": f"{shape[0]}", "layers × width": f"{shape[1]} × {shape[2]}"}
        for batch in [key[3] for key in found if key[:3] == shape]:
            entries = found[(*shape, batch)]
            ours, floor = (entries.get(name, NOT_RUN) for name in ("corner sum", "products and tanh"))
            us = ours["status"] if ours["s"] is None else f"{1e6 * ours['s'] / batch:.2f}"
            row |= {f"µs per point ({batch})": us, f"ratio ({batch})": _ratio(ours, floor)}
        rows.append(row)
    return _aligned(rows, "not run")


def _beside(results: list[Entry]) -> list[Row]:
    rows = []
    for busy in sorted({entry["busy"] for entry in results} - {0}):
        for kind in ("step", "corners"):
            alone = _by_shape(results, kind)
            for shape, entries in _by_shape(results, kind, busy).items():
                row = _shape_cells(shape) | {"busy": f"{busy}"}
                single = alone.get(shape, {})
                rows.append(row | {name: _slower(entry, single.get(name, NOT_RUN)) for name, entry in entries.items()})
    return _aligned(rows, "")


def _slower(entry: Entry, alone: Entry) -> str:
    if entry["status"] != "ok":
        return entry["status"]
    ms = 1e3 * entry["s"]
    compared = f"alone: {alone['status']}" if alone["s"] is None else f"{entry['s'] / alone['s']:.1f} ×"
    return f"{ms:{',.0f' if ms >= 100 else '.3g'}} ({compared})"


EXPERIMENT = Experiment(source=FILE, tables=tables)
