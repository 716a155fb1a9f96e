"""A training step on a mixed derivative, and the corner sum, against the products that they cannot do without.

`python -m benchmarks.mixed_speed --busy 0,1` measures them, alone and beside a busy process, and leaves one file.
"""

from __future__ import annotations

from typing import Any

from benchmarks.experiments.experiment import Experiment, Table
from benchmarks.regressions.deep_contenders import COMPILED

FILE = "mixed_speed.json"

Entry = dict[str, Any]

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
            f"compiles in it; timeout: no step in time. {alone}",
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
        floor = entries["products"]["s"]
        others = {name: _cell(entry, floor) for name, entry in entries.items() if name != "products"}
        rows.append(_shape_cells(shape) | {"products ms": f"{1e3 * floor:.1f}"} | others)
    return rows


def _shape_cells(shape: tuple[int, ...]) -> Row:
    k, depth, width, batch = shape
    return {"k": f"{k}", "layers × width": f"{depth} × {width}", "batch": f"{batch}"}


def _cell(entry: Entry, floor: float) -> str:
    if entry["status"] != "ok":
        return entry["status"]
    first = f", {entry['first_s']:.0f} s" if entry["contender"] in COMPILED else ""
    return f"{entry['s'] / floor:.2f} × ({entry['peak_mem_mb']:.0f}{first})"


def _corners(results: list[Entry]) -> list[Row]:
    found = _by_shape(results, "corners")
    rows = []
    for shape in dict.fromkeys(key[:3] for key in found):
        row = {"k": f"{shape[0]}", "layers × width": f"{shape[1]} × {shape[2]}"}
        for batch in [key[3] for key in found if key[:3] == shape]:
            entries = found[(*shape, batch)]
            ours, floor = entries["corner sum"]["s"], entries["products and tanh"]["s"]
            row |= {f"µs per point ({batch})": f"{1e6 * ours / batch:.2f}", f"ratio ({batch})": f"{ours / floor:.2f} ×"}
        rows.append(row)
    return rows


def _beside(results: list[Entry]) -> list[Row]:
    rows = []
    for busy in sorted({entry["busy"] for entry in results} - {0}):
        for kind in ("step", "corners"):
            alone = _by_shape(results, kind)
            for shape, entries in _by_shape(results, kind, busy).items():
                row = _shape_cells(shape) | {"busy": f"{busy}"}
                rows.append(row | {name: _slower(entry, alone[shape][name]) for name, entry in entries.items()})
    columns = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name, "") for name in columns} for row in rows]


def _slower(entry: Entry, alone: Entry) -> str:
    if entry["status"] != "ok":
        return entry["status"]
    ms = 1e3 * entry["s"]
    return f"{ms:{',.0f' if ms >= 100 else '.3g'}} ({entry['s'] / alone['s']:.1f} ×)"


EXPERIMENT = Experiment(source=FILE, tables=tables)
