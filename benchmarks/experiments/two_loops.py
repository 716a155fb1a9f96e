"""Two loops above threshold: what digits cost beside pySecDec, by a direct method and by tables of its labels.

    python -m benchmarks.accuracy --preset two_loops --jobs 2 --out reports/published/physical

Records lie beside those of `physical`, whose tables and charts show them, too. `learned_contour` runs over epsrel, and
so does `pysecdec_qmc`, which is judged by a few points, as it takes seconds for each. Tables and `differential_mlp`
learn from labels of `learned_contour`; `neural_primitive` fits a contour of its own. Three runs with as many nodes tell
what contour and importance map are worth (`contour_ablation.py` is their table).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from benchmarks.experiments.experiment import Experiment, Preset
from benchmarks.running.jobs import Job

CONTOUR_S, TABLE_S, NETWORK_S = 120.0, 180.0, 240.0
"""Seconds of preparation. The contour of box2l_physical takes 35 of them at 1e-6; a table leaves it
54 of its 180 at least, and a network 48 of its 240."""

CONTOUR = "learned_contour,epsrel={},max_nodes=2000000"
LABELS = f"labels=({CONTOUR})"

CONTOURS = {"box2l_physical": ("1e-3", "1e-4", "1e-5", "1e-6", "3e-7", "1e-7")}
CONTOURS_ELSEWHERE = ("1e-4", "1e-6", "1e-7")
"""Relative errors that `learned_contour` is asked for."""

TABLES = {"chebyshev": ("1e-6", "1e-7"), "total_degree": ("1e-7",), "tensor_train": ("1e-7",)}
"""Tables, and the errors of their labels on the first integral; on the others they have the least."""

N_LABELS = {"box2l_physical": 700, "box2l_hh": 200, "pentabox_s33_physical": 700}
"""Labels of a table: a dozen nodes for each of two invariants, nine for each of three."""

HELD_OUT = {"triangle2l_physical_s01": 700, "box2l_rung_physical_s01": 700}
"""Labels of a table on held-out integrals: nine nodes for each of three invariants, as above."""

FEWER_LABELS = (150, 350)
"""Labels of more tables on the integrals with several seeds, so that a table has a curve there."""

PILOT, SMALL_PILOT = 256, 64
"""Labels from which `tensor_train` finds its nodes by default, and where a table has no more than these."""

SEEDS, SEVERAL_SEEDS = 3, ("box2l_physical", *HELD_OUT)
"""Repeats of the network, and the integrals on which it has them: README's, and held-out ones."""

NETWORK = "differential_mlp,n_labels=2000,width=48"
"""With derivatives a label of box2l_physical takes 9 ms, so that the network, not they, limits the digits."""

EPSREL = {
    "box2l_physical": ("1e-1", "1e-2", "1e-3", "3e-4", "1e-4"),
    "triangle2l_physical_s01": ("1e-1", "1e-2", "1e-3", "1e-4", "1e-5", "3e-6", "1e-6"),
}
EPSREL_ELSEWHERE = ("1e-1", "1e-2", "1e-3", "3e-4")
"""Relative errors that pySecDec is asked for. A value of box2l_physical takes 1.5 s at 1e-3 and five at 1e-4, where ten
points and the compilation take as long as a run may; one of triangle2l_physical_s01 takes 5 ms at 1e-3."""

PRIMITIVE_S = 300.0
"""Seconds of preparation of `neural_primitive`, on the integrals on which the other network has several repeats."""


class ExpensiveIntegral(NamedTuple):
    """Settings of the few methods that run on an integral whose contours take minutes."""

    epsrel: str
    """Relative error that `learned_contour` is asked for."""

    contour_s: float
    table_s: float
    """Seconds of preparation of the contour, and of a table, at least 30 % of which go to its labels."""

    tables: tuple[str, ...]
    pysecdec_s: float
    """Seconds of pySecDec, of which it needs 16 to compile one sector, and 180 to compile 18."""

    pysecdec: tuple[str, ...]
    """Relative errors that pySecDec is asked for."""


EXPENSIVE = {
    "box2l_low": ExpensiveIntegral("1e-5", 200.0, 200.0, ("chebyshev",), 180.0, ("1e-1",)),
    "box2l_sum_physical": ExpensiveIntegral(
        "1e-4", 300.0, 600.0, ("chebyshev", "total_degree"), 400.0, ("1e-1", "1e-2")
    ),
}
"""box2l_low has zeros of F at corners of the cube inside the box, and two windows of s with contours of their own; the
whole double box has 18 sectors, whose contours take 190 seconds of the processor."""

N_LABELS_EXPENSIVE = 700

POINTS, PYSECDEC_S = 10, 180.0
"""Points that judge pySecDec, and its budget: it compiles for 16 s, and may take 420 s with these points."""

LEARNED = ("both", "contour", "importance")
"""Parts of the map that are learned."""

ABLATION, SAME_NODES = "box2l_physical", "epsrel=1e-12,max_nodes=90000"
"""The integral on which parts of the map are learned alone, and an error out of reach, so that all take these nodes."""

BATCHES, ONE_BY_ONE, OF_TABLES = (1, 64, 1024), (1,), (1, 1024)
"""Integrals per timed call, of the contour, of pySecDec, and of tables and networks."""

TIMED_S = 0.3
"""Seconds of timed calls of each batch."""


def two_loops() -> Preset:
    """Run on two-loop integrals above threshold that have true values: somewhat more than an hour on two cores."""
    return _preset(_jobs_of(N_LABELS) | {name: _jobs_of_expensive(asked) for name, asked in EXPENSIVE.items()})


def two_loops_held_out() -> Preset:
    """Run on held-out ones: about 40 minutes."""
    return _preset(_jobs_of(HELD_OUT))


def _preset(jobs: Mapping[str, list[Job]]) -> Preset:
    return Preset(dict.fromkeys(jobs, TABLE_S), jobs, timed_s=TIMED_S)


def _jobs_of(n_labels: Mapping[str, int]) -> dict[str, list[Job]]:
    return {integral: _jobs(integral, n) for integral, n in n_labels.items()}


def ablation() -> list[str]:
    """List the methods that learn contour and importance map together, and each alone, at as many nodes."""
    return [f"learned_contour,{SAME_NODES},learned={part}" for part in LEARNED]


def _jobs(integral: str, n_labels: int) -> list[Job]:
    contours = map(CONTOUR.format, CONTOURS.get(integral, CONTOURS_ELSEWHERE))
    is_first, seeds = integral == ABLATION, SEEDS if integral in SEVERAL_SEEDS else 1
    tables = [
        _table(name, n_labels, epsrel) for name, each in TABLES.items() for epsrel in (each if is_first else each[-1:])
    ]
    if integral in SEVERAL_SEEDS:
        tables += [_table(name, n, each[-1]) for n in FEWER_LABELS for name, each in TABLES.items()]
    return [
        *(Job(method, CONTOUR_S, batches=BATCHES) for method in [*contours, *(ablation() if is_first else ())]),
        *(Job(method, TABLE_S, batches=OF_TABLES) for method in tables),
        Job(f"{NETWORK},{LABELS.format('1e-6')}", NETWORK_S, seeds, batches=OF_TABLES),
        *([Job("neural_primitive", PRIMITIVE_S, batches=OF_TABLES)] if integral in SEVERAL_SEEDS else ()),
        *(
            Job(f"pysecdec_qmc,workers=1,epsrel={epsrel}", PYSECDEC_S, points=POINTS, batches=ONE_BY_ONE)
            for epsrel in EPSREL.get(integral, EPSREL_ELSEWHERE)
        ),
    ]


def _table(name: str, n_labels: int, epsrel: str) -> str:
    pilot = f"n_pilot={SMALL_PILOT}," if name == "tensor_train" and n_labels <= PILOT else ""
    return f"{name},{pilot}max_labels={n_labels},{LABELS.format(epsrel)}"


def _jobs_of_expensive(asked: ExpensiveIntegral) -> list[Job]:
    labels = f"max_labels={N_LABELS_EXPENSIVE},{LABELS.format(asked.epsrel)}"
    return [
        Job(CONTOUR.format(asked.epsrel), asked.contour_s, batches=BATCHES),
        *(Job(f"{table},{labels}", asked.table_s, batches=OF_TABLES) for table in asked.tables),
        *(
            Job(f"pysecdec_qmc,workers=1,epsrel={epsrel}", asked.pysecdec_s, points=POINTS, batches=ONE_BY_ONE)
            for epsrel in asked.pysecdec
        ),
    ]


EXPERIMENT = Experiment(source="physical", presets={"two_loops": two_loops, "two_loops_held_out": two_loops_held_out})
"""Without tables of its own: `physical` and `contour_ablation` read the same folder."""
