"""Integrals above threshold, where I(s) is complex: which method has how many digits, at what cost, and how far.

    python -m benchmarks.accuracy --preset physical --jobs 2 --out reports/published/physical

Methods that cannot treat such an integral are rows that say why. The tables of matched digits are those of `curves`; a
further one shows real and imaginary parts, the honesty of the errors, and what is known of each contour. The
page draws digits against the invariant that has a threshold.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from benchmarks.experiments import all_configurations, break_even, matched_digits, two_loops
from benchmarks.experiments.experiment import Experiment, Preset, Table
from benchmarks.records import configurations, digit_costs
from benchmarks.records.configurations import Configuration
from benchmarks.records.run_records import Record, Row
from benchmarks.running.jobs import Job
from methods.base import ParametricIntegral

BUDGET_S, LONG_S = 30.0, 60.0
"""Seconds of preparation of most methods, and of networks."""

TIMED_S = 0.3
"""Seconds of timed calls of each batch."""

POINTS, PYSECDEC_BUDGET_S = 50, 120.0
"""Points that judge pySecDec, which integrates one after the other, and its budget, with which it compiles."""

SEEDS = 3
"""Repeats of methods whose digits depend on the seed."""

AT_ONCE, ONE_BY_ONE = (1, 1024), (1, 8)
"""Integrals per timed call."""

EVERYWHERE = (
    *(f"gauss_legendre,max_nodes=2000000,epsrel=1e-{digits}" for digits in (2, 4, 6, 8, 10)),
    "learned_contour",
    "chebyshev,max_labels=500", "chebyshev", "total_degree,max_labels=500", "total_degree", "tensor_train",
)  # fmt: skip
"""Direct rules and tables."""

LEARNED = (
    "differential_mlp",
    "dense_mlp",
    "skip_mlp",
    "deep_ensemble",
    "bayesian_mlp",
    "boosted_trees",
    "neural_primitive",
)
"""Methods that learn: all on one integral, the first, with several seeds, and the last on the others."""

FIXED_SIZES = (
    "gauss_legendre,epsrel=1e-12,max_nodes=4000",
    "gauss_legendre,epsrel=1e-12,max_nodes=12000",
    "learned_contour,order=16",
    "learned_contour,order=20",
    "chebyshev,max_labels=1600",
)
"""Rules and tables of fixed sizes, on the integral of all methods: digits at so many nodes or labels."""

LATTICES = tuple(f"lattice_qmc,points={2**n}" for n in (9, 12, 15))
"""The same contours as Gauss rules have, by other nodes."""

UNABLE = ("primitive_corrected", "vegas_map")
"""Methods that say why they do not treat complex integrals."""

EPSREL = tuple(10.0**-n for n in range(2, 9))

ALL_METHODS = "box1l_physical"
DEVELOPMENT = (
    ALL_METHODS, "box1l_hh", "box1l_threshold_above", "box1l_crossing", "box1l_sectors_physical", "bubble_physical",
    "triangle_physical",
)  # fmt: skip


def physical() -> Preset:
    """Run on integrals above threshold that defaults may be tuned on: half an hour on two cores."""
    return _preset(DEVELOPMENT)


def physical_held_out() -> Preset:
    """Run on held-out integrals at one loop above threshold."""
    from references.integrals import catalogue  # with sympy, which is not imported for a report without records

    held_out = [n for n in catalogue.ENTRIES if catalogue.is_held_out(n) and catalogue.is_physical(n)]
    return _preset([n for n in held_out if n not in two_loops.HELD_OUT])


def _preset(integrals: Iterable[str]) -> Preset:
    jobs = {integral: _jobs(integral) for integral in integrals}
    return Preset(dict.fromkeys(jobs, BUDGET_S), jobs, timed_s=TIMED_S)


def _jobs(integral: str) -> list[Job]:
    jobs = [Job(method, BUDGET_S, batches=AT_ONCE) for method in EVERYWHERE]
    jobs += [
        Job(f"pysecdec_qmc,workers=1,epsrel={epsrel:g}", PYSECDEC_BUDGET_S, points=POINTS, batches=ONE_BY_ONE)
        for epsrel in EPSREL
    ]
    if integral == ALL_METHODS:
        jobs += [Job(method, LONG_S, SEEDS, batches=AT_ONCE) for method in LEARNED]
        return jobs + [Job(method, BUDGET_S, batches=AT_ONCE) for method in (*FIXED_SIZES, *LATTICES, *UNABLE)]
    first, *_, last = LEARNED
    return [*jobs, Job(first, LONG_S, SEEDS, batches=AT_ONCE), Job(last, LONG_S, batches=AT_ONCE)]


# ----- what is shown --------------------------------------------------------------------------------------------------


def tables(found: Sequence[Record]) -> list[Table]:
    """Make the tables of matched digits, of where preparation pays, and that of parts, errors and contours."""
    grouped = configurations.grouped(_above_threshold(found))
    matched = [
        Table(f"Above threshold: {table.title[0].lower()}{table.title[1:]}", table.explanation, table.rows)
        for table in (*matched_digits.tables(grouped), break_even.table(grouped))
    ]
    return [*matched, _contours(grouped)]


def _above_threshold(found: Sequence[Record]) -> list[Record]:
    """Choose the records of integrals with complex values: registered as such, or judged by real and imaginary part."""
    from references.integrals import catalogue  # with sympy, which is not imported for a report without records

    judged = {record["integral"] for record in found if record["digits_re"] is not None}
    return [r for r in found if r["integral"] in judged or catalogue.is_physical(r["integral"])]


def _contours(grouped: Iterable[Configuration]) -> Table:
    made: list[Row] = []
    for configuration in sorted(filter(digit_costs.counts, grouped), key=lambda c: (c.first["integral"], c.label)):
        details = (configuration.good[0]["details"] if configuration.good else None) or {}
        limit, number = configuration.truth_digits, all_configurations.number
        digits = functools.partial(all_configurations.digits_or_truth, limit=limit)
        row = {
            "integral": configuration.first["integral"], "method": configuration.label,
            "digits": digits(configuration.digits) if configuration.good else configuration.first["status"],
            "worst": digits(configuration.worst),
            "Re": digits(configuration.mean("digits_re")), "Im": digits(configuration.mean("digits_im")),
            "within 1 σ": _percent(configuration.mean("coverage_1sigma")),
            "within 3 σ": _percent(configuration.mean("coverage_3sigma")),
            "not causal": _percent(details.get("share_not_causal")),
            "min |F|": number(details.get("least_modulus_of_polynomial")),
            "note": "; ".join([*configuration.notes, *all_configurations.failures([configuration])]),
        }  # fmt: skip
        made.append((row, configuration.records))
    explanation = (
        "Digits of the modulus and of real and imaginary parts, both relative to the modulus, and ≤ truth where they "
        "are beyond those of the true values; which share of the points has its value within one and three of the "
        "errors that the method states; and, where a method chooses a contour itself, the share of sampled points "
        "(s, x) on it at which F is seen on the wrong side, and the least |F| among them. A method that has no values "
        "says why in its note."
    )
    return Table("Above threshold: parts, errors and contours", explanation, made)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def marked(integral: ParametricIntegral) -> dict[str, list[float]]:
    """List by invariants that have a threshold its value, and corner zeros that depend on no other invariant."""
    from methods.core import thresholds

    found = {name: {value} for name, value in thresholds.thresholds(integral).items()}
    for zero in thresholds.corner_zeros(integral):
        symbols = list(zero.polynomial.free_symbols)
        if len(symbols) == 1 and str(symbols[0]) in found:
            slope = zero.polynomial.coeff(symbols[0])
            found[str(symbols[0])].add(float(-zero.polynomial.subs(symbols[0], 0) / slope))
    return {name: sorted(values) for name, values in found.items()}


EXPERIMENT = Experiment(
    source="physical",
    presets={"physical": physical, "physical_held_out": physical_held_out},
    tables=tables,
)
