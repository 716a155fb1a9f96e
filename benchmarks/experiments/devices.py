"""Costs of an integral on each device, as `python -m benchmarks.hardware` times them.

The tables are made from its records alone: one column per machine, device and threads, never mixed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import references
from benchmarks.experiments.experiment import Experiment, Table
from benchmarks.records import configurations, currency, run_records
from benchmarks.records.run_records import Record, Row
from benchmarks.regressions import integrate
from benchmarks.running import machine
from benchmarks.running.jobs import Job
from methods.core import names

MORE: dict[str, dict[str, Any]] = {
    "separable_primitive": {"width": 500, "n_updates": 8},
    "primitive_corrected": {"width": 500},
    "dense_mlp": {"n_labels": 20_000, "n_updates": 1_000},
    "bayesian_mlp": {"n_labels": 20_000, "n_updates": 1_000},
    "deep_ensemble": {"n_labels": 20_000, "n_updates": 1_000},
    "differential_mlp": {"n_labels": 2_000, "n_iterations": 100},
}
"""Methods that asv does not time, in small configurations: what they cost does not depend on how well they fit."""

BUDGET_S = 60.0
"""Seconds of preparation for methods whose fields do not end it earlier."""

BATCHES = (1, 32, 1024, 27_000, 1_000_000)
"""Points per call; 27,000 is the thesis's batch."""

POINTS = 200
"""Uniform points that methods are judged by, if the truth has so many: enough to see that what is timed works."""


def default_methods() -> list[str]:
    """List the small configurations, those that asv times first, as on the command line."""
    return [
        ",".join([name, *(f"{field}={value}" for field, value in fields.items())])
        for name, fields in {**integrate.CONFIGURATIONS, **MORE}.items()
    ]


def job(spec: str, integral: str) -> Job:
    """Say how a method is run on an integral, where its times on devices are all that counts."""
    return Job(spec, BUDGET_S, points=n_points(integral), batches=BATCHES)


@functools.cache
def n_points(integral: str) -> int:
    """Return how many uniform points judge methods on an integral: POINTS, or all that its stored truth has."""
    if integral not in references.names():  # for others 200 points at least are computed
        return POINTS
    return min(POINTS, int(references.truth(integral).uniform.sum()))


def is_shown(record: Record) -> bool:
    """Tell whether a record was made by `hardware`: it has all of these batches, or failed when so many points judged.

    Raises
    ------
    InputError
        Where the stored truth of a registered integral is damaged.
    """
    if record["s_per_integral"] is not None:
        return _has_all_batches(record)
    return record["points"] is not None and record["points"] == n_points(record["integral"])


def is_finished(folder: Path) -> bool:
    """Tell whether `hardware` has nothing left to do for its default methods on this machine, by a folder's records.

    It fits all methods before it times the first one. So what was interrupted lacks a method, or has one without times.
    """
    here = [record for record in run_records.read_all(folder)[0] if record["machine"] == machine.name()]
    versions = currency.Current(here)
    current = [record for record in here if not versions.outdated(record)]
    wanted = {names.parse_spec(spec)[0] for spec in default_methods()}
    return wanted <= {record["method"] for record in current} and all(map(_is_done, current))


def _is_done(record: Record) -> bool:
    return record["status"] == "unsupported" or (record["status"] == "ok" and _has_all_batches(record))


def _has_all_batches(record: Record) -> bool:
    return {str(batch) for batch in BATCHES} <= set(record["s_per_integral"] or ())


def tables(found: Iterable[Record]) -> list[Table]:
    """Make the tables of the records that `hardware` made: the devices, and the times for each integral."""
    return tables_of_all([record for record in found if is_shown(record)])


def tables_of_all(found: Sequence[Record]) -> list[Table]:
    """Make the tables of these records, whatever batches they have, text in every cell."""
    made = [
        Table(
            "Devices: matrix products by torch.matmul, TF32 off, and memory bandwidth by the triad a = b + q c",
            "What each device can do, measured with the times below; the records are in published/hardware.",
            _devices([record for record in found if record["rates"]]),
        )
    ]
    for integral in sorted({record["integral"] for record in found}):
        title = (
            f"{integral}: µs per integral on each device, median [10 %–90 % of calls] (at least this share of the "
            "device's matrix-product rate, or of its bandwidth, marked 'mem', where that is nearer or no products are "
            "counted)"
        )
        made.append(Table(title, "", _times([record for record in found if record["integral"] == integral])))
    return [table for table in made if table.rows]


def _devices(found: list[Record]) -> list[Row]:
    """Make one row per machine, device and threads; of rates measured again, all are listed."""
    alike: dict[str, list[Record]] = {}
    for record in found:
        alike.setdefault(f"{_column(record)} {record['rates']}", []).append(record)
    return [(_device(group), group) for _, group in sorted(alike.items())]


def _device(group: list[Record]) -> dict[str, str]:
    first = group[0]
    rates, size = first["rates"], f"{first['rates']['n']}²"
    return {
        "machine": first["machine"],
        "device": first["device"],
        "name": first["rates"]["name"],
        "threads": str(first["threads"]),
        **{f"{p} GFLOP/s": f"{_rate(rates[p])} ({size})" for p in ("float32", "float64")},
        "triad GB/s": f"{rates['triad']['gb_per_s']:.3g} ({4 * rates['elements'] / 2**20:.0f} MiB)",
        "largest load before": f"{max(record['load_1min'] or 0.0 for record in group):.1f}{_environment(group)}",
        "date": max(record["date_utc"] for record in group).partition("T")[0],
        "commit": ", ".join(sorted({_commit(record) for record in group})),
    }


def _rate(rate: dict[str, Any]) -> str:
    return f"{rate['gflop_per_s']:.3g}" if "gflop_per_s" in rate else f"– {rate['reason']}"


def _environment(group: list[Record]) -> str:
    n_cpus = machine.n_cpus_named(group[0]["machine"])
    busy = any(machine.is_busy(record["load_1min"] or 0.0, n_cpus) for record in group)
    slowing = sorted({name for record in group for name in record["environment"] or ()})
    return "".join([" (busy)" if busy else "", f" ({', '.join(slowing)} set)" if slowing else ""])


def _commit(record: Record) -> str:
    return f"{(record['commit'] or 'unknown')[:7]}{'*' if record['dirty'] else ''}"


def _column(record: Record) -> str:
    return f"{record['machine']}: {record['device']}, {configurations.threads(record['threads'])}"


def _method(record: Record) -> str:
    """Write the method as on the command line, but for its precision, which has a column of its own."""
    fields = {field: value for field, value in (record["fields"] or {}).items() if field != "precision"}
    return ",".join([record["method"], *(f"{field}={value}" for field, value in fields.items())])


def _times(found: list[Record]) -> list[Row]:
    """Make one row per method, precision and batch.

    Of several records that belong into the same cell it shows a current one, and of several such the one made last.
    """
    current = currency.Current(found)
    columns = list(dict.fromkeys(_column(record) for record in sorted(found, key=_order)))
    batches = sorted({batch for record in found for batch in record["s_per_integral"] or ()}, key=int) or ["1"]
    rows: dict[tuple[str, str, int], tuple[dict[str, str], dict[str, Record]]] = {}
    for record in sorted(found, key=lambda r: (not current.outdated(r), r["date_utc"])):
        label, precision = _method(record), record["precision"] or ""
        for batch in record["s_per_integral"] or batches:
            empty = {"method": label, "precision": precision, "batch": batch, **dict.fromkeys(columns, "")}
            row, used = rows.setdefault((label, precision, int(batch)), (empty, {}))
            notes = "".join(f" ({note})" for note in current.outdated(record))
            row[_column(record)] = _cell(record, batch) + notes
            used[_column(record)] = record
    return [(row, list(used.values())) for row, used in (rows[key] for key in sorted(rows))]


def _order(record: Record) -> tuple[str, bool, str, int]:
    """Sort the CPU before other devices, few threads before many."""
    return record["machine"], record["device"] != "cpu", record["device"], record["threads"]


def _cell(record: Record, batch: str) -> str:
    if record["s_per_integral"] is None:
        return f"– {record['status']}: {' '.join(str(record['reason']).split())}"
    timing = record["s_per_integral"][batch]
    if "median" not in timing:
        return f"– {timing['reason']}"
    median, p10, p90 = (f"{1e6 * timing[key]:.3g}" for key in ("median", "p10", "p90"))
    share = f" ({_share(timing['share'])})" if isinstance(timing.get("share"), dict) else ""
    return f"{median} [{p10}–{p90}]{share}"


def _share(share: dict[str, float | None]) -> str:
    """Write the larger share: its bound is the nearer one."""
    of_products, of_bandwidth = share.get("of_product_rate") or 0.0, share.get("of_bandwidth") or 0.0
    larger = max(of_products, of_bandwidth)
    percent = f"{100 * larger:.2g} %" if larger >= 1e-3 else "< 0.1 %"
    return percent if of_products >= of_bandwidth else f"{percent} mem"


EXPERIMENT = Experiment(source="hardware", tables=tables)
