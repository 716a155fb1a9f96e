"""Two loops above threshold: which integrals and methods are run."""

from __future__ import annotations

import pytest

import methods
import references
from benchmarks.experiments import physical, preset, two_loops
from methods.core import names
from references.integrals import catalogue


@pytest.mark.parametrize(("which", "is_held_out"), [("two_loops", False), ("two_loops_held_out", True)])
def test_a_preset_has_integrals_with_true_values_and_known_methods(which, is_held_out):
    made = preset(which)
    assert {catalogue.is_held_out(integral) for integral in made.budgets} == {is_held_out}
    for integral in made.budgets:
        assert len(references.truth(integral).s) >= two_loops.POINTS
        jobs = made.jobs(integral)
        assert len(set(jobs)) == len(jobs)
        created = [methods.create(name, **fields) for name, fields in (names.parse_spec(job.method) for job in jobs)]
        assert {"learned_contour", "pysecdec_qmc", "chebyshev"} <= {method.name for method in created}
        for method in created:
            if getattr(method, "labels", None):
                name, fields = names.parse_spec(method.labels)
                assert methods.create(name, **fields).unsupported(references.integral(integral)) is None


def test_its_records_lie_beside_those_whose_tables_show_them():
    assert two_loops.EXPERIMENT.source == physical.EXPERIMENT.source
    for suffix in ("", "_held_out"):
        assert set(preset(f"two_loops{suffix}").budgets).isdisjoint(preset(f"physical{suffix}").budgets)
