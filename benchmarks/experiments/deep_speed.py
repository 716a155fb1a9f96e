"""The tables of `mixed_speed`, made from its file alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

FILE = "mixed_speed.json"

TITLES = ("Mixed derivative: one training step", "Corner sum")

NOTE = (
    "float32, tanh, {threads} threads, {machine}, {date}. A step is forward and backward in the weights; ratios are to "
    "the 3 (layers − 1) products of (batch · 2^k × width) by (width × width) that it cannot do without, or to those of "
    "an evaluation and its tanh. In brackets, MB added to the process's peak memory."
)

Entry = dict[str, Any]


def read(out: Path) -> dict[str, Any] | None:
    """Return what `mixed_speed` wrote below `out`, or None where it has not run."""
    path = out / FILE
    return json.loads(path.read_text()) if path.exists() else None


def parts(measured: dict[str, Any]) -> list[tuple[str, pandas.DataFrame]]:
    """Return titles and tables, text in every cell."""
    import pandas

    return [
        (title, pandas.DataFrame(rows(measured["results"])))
        for title, rows in zip(TITLES, (_steps, _corners), strict=True)
    ]


def note(measured: dict[str, Any]) -> str:
    """Return what was measured, and where."""
    date = measured["date_utc"].partition("T")[0]
    return NOTE.format(threads=measured["threads"], machine=measured["machine"], date=date)


def markdown(measured: dict[str, Any]) -> str:
    """Return the tables in Markdown."""
    blocks = [
        f"### {title}\n\n{table.to_markdown(index=False, disable_numparse=True)}" for title, table in parts(measured)
    ]
    return "\n\n".join([*blocks, note(measured)]) + "\n"


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
