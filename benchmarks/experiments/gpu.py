"""Measurements of `python -m benchmarks.gpu`: one column per device, with the papers' numbers beside.

`python -m benchmarks.gpu` measures it; each folder of reports/published/gpu holds the files of one of its runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.experiments import devices
from benchmarks.experiments.all_configurations import published
from benchmarks.experiments.experiment import Experiment, Table
from benchmarks.records.run_records import Record
from methods.papers.primitive_recipes import RECIPES

Result = Mapping[str, Any]
"""The content of a file: where and when, and its entries."""

Entry = Mapping[str, Any]

PUBLISHED = ("jhep_tanh_i1", "jhep_tanh_i2", "thesis_gelu")
"""Recipes whose networks are timed in the size that the papers print."""

AS_PUBLISHED = {"n_updates": 1, "lattice_size": 512}
"""Fields of these networks: what an evaluation takes depends on their size alone, so that one update does."""

BATCHES = ("1", "1024", "27000", "1000000")
"""Batches at which the papers' networks are shown; 27,000 is the thesis's."""


def tables(measured: Sequence[Result]) -> list[Table]:
    """Make the tables of the files; none where nothing is published."""
    by_name: dict[str, list[Result]] = {}
    for result in measured:
        by_name.setdefault(result["measurement"], []).append(result)
    made = [
        _of_entries(
            "GPU: rates",
            "Products of two square matrices by torch.matmul, and the triad a = b + q c.",
            by_name.get("rates", []), _rates,
        ),
        _of_entries(
            "GPU: one training step on a mixed derivative",
            "Milliseconds, and the ratio to the matrix products that it cannot do without, in float32 with TF32 off. "
            "On a GPU “this” is Triton's kernels and “recursion” plain torch.",
            by_name.get("steps", []), _steps,
        ),
        _of_entries(
            "GPU: the papers' networks, µs per value",
            "All replicas of the printed size, in batches of so many points, beside what the papers say of theirs.",
            by_name.get("times", []), _papers_networks,
        ),
        *_times(by_name.get("times", [])),
        _of_entries(
            "GPU: the papers' recipes at the printed lengths",
            "One replica of each, digits on the uniform points; a curve that ends before the printed number of updates "
            "is partial, and its digits are no reproduction.",
            by_name.get("training", []), _recipes,
        ),
        _of_entries(
            "GPU: lattice_qmc", "Fitted and evaluated on the device, at batches of 1,024.",
            by_name.get("lattice", []), _lattices,
        ),
        _of_entries("GPU: tests", "", by_name.get("tests", []), _tests),
    ]  # fmt: skip
    return [table for table in made if table.rows]


Cell = tuple[dict[str, str], str]
"""The cells that name a row, under the same keys in all rows of a table, and the text in the device's column."""


def _of_entries(
    title: str, explanation: str, results: Sequence[Result], cells: Callable[[Result], Iterable[Cell]]
) -> Table:
    """Make a table with a column per device from the cells of each result."""
    columns = [column(result) for result in results]
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for result in results:
        for what, text in cells(result):
            rows.setdefault(tuple(what.values()), what | dict.fromkeys(columns, ""))[column(result)] = text
    ended = [f"{column(r)}: ended with “{r['status']}: {r['reason']}”" for r in results if r["status"] != "ok"]
    return Table(title, " ".join([explanation, *(f"{line}." for line in ended)]), [(row, []) for row in rows.values()])


def column(result: Result) -> str:
    """Name a device, the day and the code."""
    commit = f"{(result['commit'] or 'unknown')[:7]}{'*' if result['dirty'] else ''}"
    return f"{result['device_name']} ({result['date_utc'].partition('T')[0]}, {commit})"


def _shown(entry: Entry, figure: Callable[[Entry], str]) -> str:
    return figure(entry) if entry["status"] in ("ok", "partial") else f"– {entry['status']}: {entry['reason']}"


def _rates(result: Result) -> Iterator[Cell]:
    for entry in result["entries"]:
        if entry["kind"] == "rates":
            rates = entry["rates"]
            for precision in ("float64", "float32"):
                yield {"": f"{precision}, GFLOP/s"}, _rate(rates[precision])
            yield {"": "memory, GB/s"}, f"{rates['triad']['gb_per_s']:,.0f}"
        else:
            yield {"": f"{entry['precision']}, GFLOP/s"}, _shown(entry, _rate)


def _rate(rate: Mapping[str, Any]) -> str:
    return f"{rate['gflop_per_s']:,.0f}" if "gflop_per_s" in rate else f"– {rate['reason']}"


def _steps(result: Result) -> Iterator[Cell]:
    floors = {_shape(e): e["s"] for e in result["entries"] if e["contender"] in FLOORS and e["status"] == "ok"}
    for entry in result["entries"]:
        k, depth, width, batch = (entry[key] for key in ("k", "depth", "width", "batch"))
        what = {
            "step or corner sum": {"step": "step", "corners": "corner sum"}[entry["kind"]],
            "k": f"{k}", "layers × width": f"{depth} × {width}", "points": f"{batch:,}", "way": entry["contender"],
        }  # fmt: skip
        floor = floors.get(_shape(entry))
        yield what, _shown(entry, lambda e, floor=floor: f"{1e3 * e['s']:.3g}{_ratio(e['s'], floor)}")


FLOORS = ("products", "products and tanh")


def _shape(entry: Entry) -> tuple[Any, ...]:
    return tuple(entry[key] for key in ("kind", "k", "depth", "width", "batch"))


def _ratio(seconds: float, floor: float | None) -> str:
    return "" if floor is None else f" ({seconds / floor:.2f} ×)"


def _records(results: Iterable[Result]) -> list[Record]:
    return [entry["record"] for result in results for entry in result["entries"] if "record" in entry]


def _times(results: Sequence[Result]) -> list[Table]:
    """Make the tables of `devices` for the same records, but not that of the rates."""
    made = devices.tables_of_all(_records(results))
    return [
        Table(f"GPU: {table.title}", table.explanation, [(row, []) for row, _ in table.rows])
        for table in made
        if "µs per integral" in table.title
    ]


def _papers_networks(result: Result) -> Iterator[Cell]:
    for name in PUBLISHED:
        recipe = RECIPES[name]
        fields = recipe.fields(**AS_PUBLISHED)
        for record in _records([result]):
            if record["integral"] != recipe.integral or record["method"] != "published_primitive":
                continue
            if any(record["params"].get(key) != value for key, value in fields.items()):
                continue
            for batch in BATCHES:
                timing = record["s_per_integral"].get(batch, {})
                text = (
                    f"{1e6 * timing['median']:.3g}" if "median" in timing else f"– {timing.get('reason', 'not timed')}"
                )
                yield {"network": f"{name}: {recipe.source}", "published µs": _published_us(name), "batch": batch}, text


def _published_us(name: str) -> str:
    """Find what the paper says of a network, on its GPU."""
    source = "thesis" if name.startswith("thesis") else "JHEP"
    found = [
        value["us"]
        for value in published()
        if value["integral"] == RECIPES[name].integral
        and value["method"] == "published_primitive"
        and source in value["source"]
    ]
    return ", ".join(f"{us:g}" for us in found)


def _recipes(result: Result) -> Iterator[Cell]:
    entries = result["entries"]
    for name, recipe in RECIPES.items():
        what = {"recipe": name, "source": recipe.source, "published digits": recipe.digits}
        for entry in entries:
            if entry.get("recipe") != name:
                continue
            if entry["kind"] == "estimate":
                yield what | {"figure": "ms per update"}, _shown(entry, lambda e: f"{1e3 * e['s_per_update']:.3g}")
                hours = _shown(entry, lambda e: f"{e['full_length_s'] * e['n_replicas_printed'] / 3600:.2g}")
                yield what | {"figure": "hours for all updates of all replicas, estimated"}, hours
            else:
                yield what | {"figure": "digits (updates made / printed)"}, _digits(entry)


def _digits(entry: Entry) -> str:
    if entry["status"] == "left_out":
        return f"– left_out: {entry['reason']}"
    made = f"({entry['n_updates']:,} / {entry['n_updates_printed']:,}{', partial' * (entry['status'] == 'partial')})"
    return f"{entry['points'][-1]['digits_mean']:.2f} {made}" if entry["points"] else f"not finite {made}"


def _lattices(result: Result) -> Iterator[Cell]:
    for entry in result["entries"]:
        what = {"integral": entry["integral"], "points, of eight shifts each": f"{entry['lattice_size']:,}"}
        yield what, _shown(entry, _lattice)


def _lattice(entry: Entry) -> str:
    timing = entry["s_per_integral"]["1024"]
    cost = f"{1e6 * timing['median']:.3g} µs" if "median" in timing else timing["reason"]
    return f"{entry['digits_mean']:.1f} digits, {cost}, fitted in {entry['fit_s']:.2g} s"


def _tests(result: Result) -> Iterator[Cell]:
    for entry in result["entries"]:
        counts = f"{entry.get('n_passed', 0)} passed, {entry.get('n_failed', 0)} failed, "
        text = f"{counts}{len(entry.get('skipped', ()))} skipped"
        yield {"": "tests marked gpu"}, text if entry["status"] == "ok" else f"{text} – {entry['reason']}"


EXPERIMENT = Experiment(source="gpu/*/*.json", tables=tables)
