"""A training step on a mixed derivative, and the corner sum, against the products that they cannot do without.

`python -m benchmarks.mixed_speed` measures them, and leaves one file.
"""

from __future__ import annotations

from typing import Any

from benchmarks.experiments.experiment import Experiment, Table

FILE = "mixed_speed.json"

Entry = dict[str, Any]


def tables(measured: dict[str, Any]) -> list[Table]:
    """Make the tables of training steps and of corner sums, text in every cell."""
    if not measured:
        return []
    date = measured["date_utc"].partition("T")[0]
    place = f"Measured in float32 with tanh by {measured['threads']} threads on {measured['machine']}, {date}."
    alone = f"{FILE} holds these figures alone, without a record of each run, so that rows lead to none. {place}"
    return [
        Table(
            "Mixed derivative: one training step",
            "One training step, forward and backward in the weights, with each way to differentiate. Ratios are to the "
            "3 (layers − 1) products of (batch · 2^k × width) by (width × width) that it cannot do without; in "
            f"brackets, MB added to the process's peak memory. {alone}",
            [(row, []) for row in _steps(measured["results"])],
        ),
        Table(
            "Corner sum",
            f"The corner sum against the products and tanh of an evaluation, which it cannot do without. {alone}",
            [(row, []) for row in _corners(measured["results"])],
        ),
    ]


def _by_shape(results: list[Entry], kind: str) -> dict[tuple[int, ...], dict[str, Entry]]:
    found: dict[tuple[int, ...], dict[str, Entry]] = {}
    for entry in results:
        if entry["kind"] == kind:
            shape = tuple(entry[key] for key in ("k", "depth", "width", "batch"))
            found.setdefault(shape, {})[entry["contender"]] = entry
    return found


def _steps(results: list[Entry]) -> list[dict[str, str]]:
    rows = []
    for (k, depth, width, batch), entries in _by_shape(results, "step").items():
        floor = entries["products"]["s"]
        rows.append(
            {
                "k": f"{k}",
                "layers × width": f"{depth} × {width}",
                "batch": f"{batch}",
                "products ms": f"{1e3 * floor:.1f}",
                **{name: _cell(entry, floor) for name, entry in entries.items() if name != "products"},
            }
        )
    return rows


def _cell(entry: Entry, floor: float) -> str:
    if entry["status"] != "ok":
        return entry["status"]
    return f"{entry['s'] / floor:.2f} × ({entry['peak_mem_mb']:.0f})"


def _corners(results: list[Entry]) -> list[dict[str, str]]:
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


EXPERIMENT = Experiment(source=FILE, tables=tables)
