"""The generated part of README.md: a picture and a table of one integral, and three findings of all.

The integral is the one that says most, by a rule that knows no method: one above threshold with more variables than
those of one loop, where one was measured, and of several one whose true values are known to more digits than any method
has; else a held-out one above threshold, else a held-out one; then the one with most kinds of methods, most settings of
them, and most Feynman parameters and invariants. All is on one thread of one machine.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import methods
from benchmarks.experiments import all_configurations
from benchmarks.figures import digit_curves
from benchmarks.page import headlines
from benchmarks.records import configurations, digit_costs, method_kinds
from benchmarks.records.configurations import Configuration
from benchmarks.records.digit_costs import DigitCost
from benchmarks.records.method_kinds import KINDS
from benchmarks.records.run_records import Record
from methods.core.digits import rounded_down

PICTURE = "figures/digit_curves.svg"
"""The picture, below the folder of reports."""

EXAMPLE = "box1l", ("gauss_legendre", "chebyshev"), 60
"""Integral, methods and budget in seconds of a command whose output is shown."""

CHOICE = "box1l", 6, 1e9
"""Integral, digits and number of values of the choice that is shown."""

LEAST_KINDS = 3
"""Kinds of methods that an integral must have been computed with to be shown."""

MOST_OF_ONE_LOOP = 4
"""The most Feynman parameters of the catalogue's one-loop integrals above threshold."""

Place = tuple[str, str]
"""(integral, machine)."""

Places = Mapping[Place, Mapping[str, Sequence[DigitCost]]]
"""(integral, machine) -> method -> its configurations."""


def picture(grouped: Iterable[Configuration]) -> str | None:
    """Draw the picture as the text of an SVG file; None where no integral can be shown."""
    places = digit_costs.by_place(digit_costs.one_machine_each(grouped))
    shown = place(places)
    return digit_curves.text_of_svg(method_kinds.by_kind(places[shown])) if shown else None


def text(
    euclidean: Sequence[Configuration],
    physical: Sequence[Configuration],
    compared: Iterable[Configuration] = (),
    choices: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """Write picture, findings, what two commands print, and the table, as Markdown.

    Parameters
    ----------
    euclidean, physical : sequence of Configuration
        What was measured below and above thresholds.
    compared : iterable of Configuration
        Those of the comparison, of which a command prints a part.
    choices : mapping, optional
        Integral -> what was chosen for it with the current versions, as `benchmarks.choosing.agreement` leaves it.
    """
    grouped = [*euclidean, *physical]
    places = digit_costs.by_place(digit_costs.one_machine_each(grouped))
    shown = place(places)
    found = "\n".join(headlines.sentences(euclidean, physical)).replace("\n", "\n\n", 1)
    if shown is None:
        return found or "There are no records yet."
    blocks = [f"![{shown[0]}: digits against time](reports/{PICTURE})", _caption(shown, places[shown]), found]
    blocks += [_printed([record for c in compared if not c.superseded for record in c.good]), _chosen(choices or {})]
    blocks += [f"The best configuration of each method on `{shown[0]}`, as in the picture:", table(places[shown])]
    blocks += [_without_a_value(grouped, shown, places[shown]), _measured(grouped)]
    return "\n\n".join(filter(None, blocks))


def place(places: Places) -> Place | None:
    """Choose the integral to show, and its machine; None where none was computed with enough kinds of methods."""
    ranks = {(integral, machine): _rank(integral, here) for (integral, machine), here in places.items()}
    known = {where: rank for where, rank in ranks.items() if rank is not None}
    return max(known, key=lambda where: (known[where], where)) if known else None


def _rank(integral: str, here: Mapping[str, Sequence[DigitCost]]) -> tuple[int, ...] | None:
    """How much an integral says, to be compared with others; None where too few kinds of methods were run on it."""
    from references.integrals import catalogue  # with sympy, which is not imported for a report without records

    n_kinds = sum(bool(of_kind) for of_kind in method_kinds.by_kind(here).values())
    if n_kinds < LEAST_KINDS or catalogue.find(integral) is None:
        return None
    made = catalogue.integral(integral)
    physical, held_out = catalogue.is_physical(integral), catalogue.is_held_out(integral)
    many_variables = physical and made.k > MOST_OF_ONE_LOOP
    is_known = not any(cost.is_limited_by_truth for costs in here.values() for cost in costs)
    is_one_of = (many_variables, many_variables and is_known, physical and held_out, held_out)
    return *is_one_of, n_kinds, sum(map(len, here.values())), made.k + len(made.parameters)


def _caption(shown: Place, here: Mapping[str, Sequence[DigitCost]]) -> str:
    import references
    from references.integrals import catalogue

    integral, machine = shown
    made = references.integral(integral)
    use = catalogue.HELD_OUT if catalogue.is_held_out(integral) else catalogue.DEVELOPMENT
    region = "above threshold" if catalogue.is_physical(integral) else "below thresholds"
    entry = catalogue.find(integral)
    why = f": {entry.why}" if entry else ""
    return (
        f"`{integral}`, {use}, {region}{why}; k = {made.k}, {len(made.parameters)} invariants, on one thread of "
        f"{machine}. "
        "A curve joins the settings of a method, in the colour of its kind; time is per value in batches of "
        f"{digit_costs.LARGEST_BATCH:,}, smaller ones where these would take long. Settings that take too long for a "
        f"run are left out.{_fewer_points(here)}{_known_digits(here)}"
    )


def _fewer_points(here: Mapping[str, Sequence[DigitCost]]) -> str:
    """Name the methods that fewer points judge than others; "" where there are none."""
    n_points = {name: min(cost.configuration.first["n_points"] or 0 for cost in costs) for name, costs in here.items()}
    most = max(n_points.values())
    fewer = [f"`{name}` by {n:,}" for name, n in n_points.items() if n < most]
    return f" {most:,} points judge them, {', '.join(fewer)}." if fewer else ""


def _known_digits(here: Mapping[str, Sequence[DigitCost]]) -> str:
    known = min(cost.configuration.truth_digits for costs in here.values() for cost in costs)
    return "" if math.isinf(known) else f" The true values are known to {rounded_down(known)} digits or more."


def table(here: Mapping[str, Sequence[DigitCost]]) -> str:
    """Write the table as Markdown: each method's configuration with most digits, and its cheapest with six.

    Where one of them is superseded, a column more says so.
    """
    import pandas

    best = [
        (max(costs, key=lambda cost: cost.digits_mean), kind, costs)
        for kind, names in KINDS.items()
        for name in names
        if (costs := here.get(name))
    ]
    best.sort(key=lambda row: -row[0].digits_mean)
    rows = [
        {
            "method": most.configuration.method,
            "kind": kind,
            "most digits (worst point)": _digits(most),
            "µs per value": _us(most),
            "after s": all_configurations.number(most.preparation_s),
            f"µs with {headlines.DIGITS} digits": _us(quickest),
            "note": configurations.note(cost.configuration for cost in (most, quickest) if cost),
        }
        for most, kind, costs in best
        for quickest in [digit_costs.cheapest(costs, headlines.DIGITS)]
    ]
    frame = pandas.DataFrame(rows)
    frame = frame if any(frame["note"]) else frame.drop(columns="note")
    made: str = frame.to_markdown(index=False, disable_numparse=True)
    return made


def _digits(cost: DigitCost) -> str:
    """Write mean digits, with their spread between seeds, and those of the worst point; or that truth limits them."""
    mean, worst = map(rounded_down, (cost.digits_mean, cost.digits_worst))
    if cost.is_limited_by_truth:
        return f"{mean} ({worst}) (≤ truth)"
    found = [record["digits_mean"] for record in cost.configuration.good]
    spread = f" ± {statistics.stdev(found):.1f}" if len(found) > 1 else ""
    return f"{mean}{spread} ({worst})"


def _us(cost: DigitCost | None) -> str:
    return "–" if cost is None else all_configurations.number(1e6 * cost.s_per_integral)


def _without_a_value(grouped: Iterable[Configuration], shown: Place, valued: Iterable[str]) -> str:
    """Name the methods that were run on the integral and have no row, with what became of them."""
    here = configurations.by_place(c for c in grouped if digit_costs.counts(c)).get(shown, [])
    without: dict[str, list[str]] = {}
    for configuration in here:
        if configuration.method not in valued:
            without.setdefault(configuration.method, []).extend(record["status"] for record in configuration.bad)
    said = [f"{name} ({', '.join(dict.fromkeys(statuses)) or 'not timed'})" for name, statuses in without.items()]
    return f"Without a value here: {', '.join(sorted(said))}." if said else ""


def _printed(found: Iterable[Record]) -> str:
    """Write a command, and the table that it prints when it leaves these records; "" where they are not among them.

    They are the first repeats on one machine, that of the newest.
    """
    integral, names, budget_s = EXAMPLE
    params = {name: methods.create(name).params() for name in names}
    asked = [
        record
        for record in found
        if (record["integral"], record["budget_s"], record["repeat"]) == (integral, budget_s, 0)
        and set(all_configurations.BATCHES) <= set(record["s_per_integral"] or ())
        and all(params.get(record["method"], {}).get(key, record) == value for key, value in record["params"].items())
    ]
    by_machine: dict[str, dict[str, Record]] = {}
    for record in sorted(asked, key=lambda record: record["date_utc"] or ""):
        by_machine.setdefault(record["machine"], {})[record["method"]] = record
    complete = [list(of_machine.values()) for of_machine in by_machine.values() if set(of_machine) == set(names)]
    if not complete:
        return ""
    shown = max(complete, key=lambda records: max(record["date_utc"] or "" for record in records))
    command = " ".join(["--integral", integral, *(f"--method {name}" for name in names), "--budget", str(budget_s)])
    printed = f"```text\n{all_configurations.text(shown)}\n```"
    machine = shown[0]["machine"]
    return f"On {machine}, `python -m benchmarks.accuracy {command}` prints, among others,\n\n{printed}"


def _chosen(choices: Mapping[str, Mapping[str, Any]]) -> str:
    """Write a command that chooses a method, and the end of what it printed; "" where that is not known."""
    integral, digits, count = CHOICE
    found = choices.get(integral, {}).get("rows", ())
    rows = [row for row in found if (row["digits"], row["count"]) == (digits, count) and "verdict" in row]
    if not rows:
        return ""
    command = f"--integral {integral} --digits {digits} --count {count:.0e}".replace("e+0", "e")
    machine = choices[integral]["machine"]
    return f"On {machine}, `python -m benchmarks.choose {command}` ends with\n\n```text\n{rows[0]['verdict']}\n```"


def _measured(grouped: Sequence[Configuration]) -> str:
    """Say what was measured in all: integrals, budgets, machines."""
    from references.integrals import catalogue

    current = [c for c in grouped if digit_costs.counts(c) and c.good]
    integrals = {c.first["integral"] for c in current}
    budgets = [c.first["budget_s"] for c in current]
    machines = "; ".join(sorted({c.first["machine"] for c in current}))
    superseded = sum(c.superseded for c in current)
    older = f" {superseded:,} of them are superseded." if superseded else ""
    return (
        f"Measured so far, in [one table](reports/tables.csv): {len(current):,} configurations on {len(integrals)} "
        f"integrals, {sum(map(catalogue.is_held_out, integrals))} of them held out and "
        f"{sum(map(catalogue.is_physical, integrals))} above threshold, with budgets of {min(budgets):g} to "
        f"{max(budgets):g} s, on one thread of {machines}.{older}"
    )
