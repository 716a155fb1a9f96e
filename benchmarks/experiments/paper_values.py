"""Values that the papers published beside those found here: benchmarks/experiments/published.toml and the records."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.experiments import all_configurations
from benchmarks.experiments.experiment import Table
from benchmarks.records import configurations
from benchmarks.records.run_records import Row

BATCH = "1024"


def table(grouped: Iterable[configurations.Configuration]) -> Table:
    """Make the table, text in every cell."""
    current = [g for g in grouped if g.good and not g.replaced]
    made: list[Row] = []
    for result in all_configurations.published():
        same = [g for g in current if (g.first["integral"], g.method) == (result["integral"], result["method"])]
        ours: list[configurations.Configuration | None] = [*all_configurations.best_first(same)]
        for configuration in ours or [None]:
            digits = configuration.digits if configuration else None
            made.append(_row(result, configuration, "digits (mean)", result["digits"], digits))
            seconds = configuration.seconds(BATCH) if configuration else None
            here = None if seconds is None else 1e6 * seconds
            made.append(_row(result, configuration, "µs per integral (1024)", result["us"], here))
    explanation = (
        "Each published figure beside every configuration of its method here; the ratio is here over published, above "
        "one better for digits and worse for times. Machines, and often the preparation, differ. Digits of the peak of "
        "a histogram, as a note says of some, are 0.28 fewer than the mean where errors are normal."
    )
    return Table("The papers' tables", explanation, made)


def _row(
    result: dict[str, str],
    configuration: configurations.Configuration | None,
    quantity: str,
    published: float,
    here: float | None,
) -> Row:
    record = configuration.first if configuration else None
    blank = "not timed" if configuration else "no record"
    row = {
        "integral": result["integral"],
        "method": configuration.label if configuration else result["method"],
        "quantity": quantity,
        "published": f"{published:g}",
        "here": blank if here is None else all_configurations.number(here),
        "ratio": "" if here is None else all_configurations.number(here / published),
        "prep. s": all_configurations.number(configuration.mean("fit_s")) if configuration else "",
        "machine": record["machine"] if record else "",
        "published on": ", ".join(result[key] for key in ("hardware", "preparation") if key in result),
        "source": f"{result['source']}; {result['note']}",
        "note": configurations.note([configuration] if configuration else []),
    }
    return row, configuration.records if configuration else []
