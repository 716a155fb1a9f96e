"""The generated part of README.md: a figure, and what three and six digits cost with each kind of method.

Both are of the curves' records, on one thread of one machine, and two of the integrals are held out: no default of a
method was tuned on them.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.experiments import all_configurations
from benchmarks.figures.figure_sections import Section
from benchmarks.page import html_page
from benchmarks.records import digit_costs
from benchmarks.records.configurations import Configuration
from benchmarks.records.digit_costs import DigitCost

INTEGRALS = ("box2l_sum", "heptagon1l", "crossed2l_sum")
"""Integrals of the table: a development one, and two that are held out."""

DIGITS = (3, 6)

KINDS = {
    "rule": ("gauss_legendre", "learned_contour", "lattice_qmc", "scipy_qmc", "vegas", "vegas_map"),
    "table": ("chebyshev", "total_degree", "tensor_train", "rbf"),
    "pySecDec": ("pysecdec_qmc", "pysecdec_qmc_pylink", "pysecdec_cuba"),
    "learned": (
        "neural_primitive", "separable_primitive", "published_primitive", "dense_mlp", "skip_mlp", "bayesian_mlp",
        "deep_ensemble", "differential_mlp", "boosted_trees", "gaussian_process",
    ),
}  # fmt: skip
"""Kinds of methods, of each of which the table has the cheapest.

`primitive_corrected` evaluates the integrand at thousands of nodes for each value, so it is neither a rule nor
learned."""

FIGURES = ("heptagon1l.digit_curves",)
"""Figures that README.md shows, by the names of their files."""

Places = Mapping[tuple[str, str], Mapping[str, Sequence[DigitCost]]]
"""(integral, machine) -> method -> its configurations."""


def text(grouped: Iterable[Configuration], drawn: Iterable[Section]) -> str:
    """Write figure and table as Markdown."""
    places = digit_costs.by_place(grouped)
    return "\n\n".join([*figures(drawn), table(places)])


def figures(drawn: Iterable[Section]) -> list[str]:
    """List the figures, each as Markdown with its caption and where it was measured."""
    shown = {figure.name: (section, figure.caption) for section in drawn for figure in section.figures}
    return [
        f"![{name}](reports/{html_page.FOLDER}/{name}.svg)\n\n{section.integral} on {section.machine}: {caption}"
        for name in FIGURES
        if name in shown
        for section, caption in [shown[name]]
    ]


def table(places: Places) -> str:
    """Write the table as Markdown: a row for each integral and kind of method, and where it was measured."""
    import pandas

    from references.integrals import catalogue  # with sympy, which is not imported for a report without records

    rows, machines = [], []
    for wanted, (kind, names) in itertools.product(INTEGRALS, KINDS.items()):
        for (integral, machine), methods in places.items():
            costs = [cost for name in names for cost in methods.get(name, ())]
            if integral != wanted or not costs:
                continue
            use = catalogue.HELD_OUT if catalogue.is_held_out(integral) else catalogue.DEVELOPMENT
            cells = {f"{digits} digits": _cheapest(costs, digits) for digits in DIGITS}
            rows.append({"integral": integral, "use": use, "kind": kind, **cells, "most digits": _most(costs)})
            machines.append(machine)
    columns = ["integral", "use", "kind", *(f"{digits} digits" for digits in DIGITS), "most digits"]
    made = pandas.DataFrame(rows, columns=columns).to_markdown(index=False, disable_numparse=True)
    where = "; ".join(dict.fromkeys(machines))
    return f"{made}\n\nMeasured on one thread of {where}; all runs: `reports/tables.md`."


def _cheapest(costs: Sequence[DigitCost], digits: int) -> str:
    """Name the method that has so many digits on average in least time per integral, with what it takes."""
    cost = digit_costs.cheapest(costs, digits)
    return "–" if cost is None else f"{cost.configuration.method}: {_time(cost)}"


def _most(costs: Sequence[DigitCost]) -> str:
    """Name the method with most digits, with their spread between seeds, and those at the worst point."""
    best = max(costs, key=lambda cost: cost.digits_mean)
    found = [record["digits_mean"] for record in best.configuration.good]
    spread = f" ± {statistics.stdev(found):.1f}" if len(found) > 1 else ""
    digits = f"{best.digits_mean:.1f}{spread} (worst {best.digits_worst:.1f})"
    return f"{best.configuration.method} {digits}: {_time(best)}"


def _time(cost: DigitCost) -> str:
    number = all_configurations.number
    return f"{number(cost.s_per_integral, scale=1e6)} µs after {number(cost.preparation_s)} s"
