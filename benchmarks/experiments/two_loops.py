"""Two loops above threshold: what digits cost beside pySecDec, by a direct method and by tables of its labels.

    python -m benchmarks.accuracy --preset two_loops --jobs 2 --out reports/published/physical

Records lie beside those of `physical`, whose tables and charts show them, too. `learned_contour` runs over epsrel, and
so does `pysecdec_qmc`, which is judged by a few points, as it takes seconds for each. Tables and `differential_mlp`
learn from labels of `learned_contour`: of 6 and 7 digits where values are enough, and of fewer where derivatives, which
cost 40 times as much, are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.experiments.experiment import Experiment, Preset, nothing
from benchmarks.running.jobs import Job

CONTOUR_S, TABLE_S, NETWORK_S = 120.0, 180.0, 240.0
"""Seconds of preparation. The contour of box2l_physical takes 35 of them at 1e-6; a table leaves it
54 of its 180 at least."""

CONTOURS = tuple(f"learned_contour,epsrel=1e-{digits},max_nodes=2000000" for digits in (3, 4, 5, 6, 7))

LABELS = tuple(f"labels=(learned_contour,epsrel=1e-{digits},max_nodes=2000000)" for digits in (6, 7))

SLOPE_LABELS = "labels=(learned_contour,epsrel=1e-5,max_nodes=200000)"
"""Of which there are some hundreds with derivatives in the time that labels may take."""

N_LABELS = {"box2l_physical": 700, "box2l_hh": 200, "pentabox_s33_physical": 700}
"""Integrals, and the labels of a table: a dozen nodes for each of two invariants, nine for each of three."""

HELD_OUT = {"triangle2l_physical_s01": 700, "box2l_rung_physical_s01": 700}
"""The same of held-out integrals, by their numbers of invariants alone."""

EPSREL = {"box2l_physical": (1, 2, 3, 4), "box2l_hh": (1, 2, 3, 4), "pentabox_s33_physical": (1, 2, 3)}
"""Digits that pySecDec is asked for; those of held-out integrals are 1 to 4, too."""

POINTS, PYSECDEC_S = 10, 300.0
"""Points that judge pySecDec, and its seconds to compile; it may then take 2 × 300 s for these points."""

BATCHES, ONE_BY_ONE, OF_TABLES = (1, 64), (1, 4), (1, 1024)
"""Integrals per timed call: of the contour 64, which take a second at 7 digits, and of pySecDec four."""

TIMED_S = 0.3
"""Seconds of timed calls of each batch."""


def two_loops() -> Preset:
    """Run on two-loop integrals above threshold that have true values: about 60 minutes on two cores."""
    return _preset(N_LABELS)


def two_loops_held_out() -> Preset:
    """Run on held-out ones: about 40 minutes."""
    return _preset(HELD_OUT)


def _preset(n_labels: Mapping[str, int]) -> Preset:
    jobs = {integral: _jobs(integral, n) for integral, n in n_labels.items()}
    return Preset(dict.fromkeys(jobs, TABLE_S), jobs, timed_s=TIMED_S)


def _jobs(integral: str, n_labels: int) -> list[Job]:
    tables = [f"{name},max_labels={n_labels},{labels}" for name in ("chebyshev", "total_degree") for labels in LABELS]
    return [
        *(Job(method, CONTOUR_S, batches=BATCHES) for method in CONTOURS),
        *(Job(method, TABLE_S, batches=OF_TABLES) for method in tables),
        Job(f"differential_mlp,n_labels={n_labels},{SLOPE_LABELS}", NETWORK_S, batches=OF_TABLES),
        *(
            Job(f"pysecdec_qmc,workers=1,epsrel=1e-{digits}", PYSECDEC_S, points=POINTS, batches=ONE_BY_ONE)
            for digits in EPSREL.get(integral, (1, 2, 3, 4))
        ),
    ]


EXPERIMENT = Experiment(
    source="physical", presets={"two_loops": two_loops, "two_loops_held_out": two_loops_held_out}, tables=nothing
)
"""Without tables of its own: `physical` reads the same folder."""
