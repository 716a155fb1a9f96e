"""Tables of true values: how they are made, checked by other methods and gone on with, and what is refused."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from integrals import callable_integral, product
from isolated_processes import alive, ends
from project_sources import ROOT

import references
from methods.base import InputError, ParametricIntegral
from references import tabulate
from references.values import (
    on_demand,
    quadrature,
    second_opinions,
    table_work,
    tabulation_tasks,
    test_points,
    truth_files,
)
from references.values.journal import Journal
from references.values.table_plans import Check, TablePlan
from references.values.truth_files import TruthError

PLAN = TablePlan(n=20, edge_points=12, epsrel=1e-12, asks=(Check("closed_form", 1e-6, 20, 12),))


def asking(uniform, others):
    """Return the plan with so many points to be checked."""
    return PLAN._replace(asks=(Check("closed_form", 1e-6, uniform, others),))


def unsolved(k):
    """Return the integral whose closed form only the check knows."""
    return dataclasses.replace(product(k), exact=None)


def test_tabulate_writes_what_it_can_read(tmp_path, checked_by_closed_form):
    checked_by_closed_form(product(2))
    said = tabulate.tabulate(unsolved(2), PLAN, tmp_path)
    table = truth_files.read(tmp_path / "product2.csv", product(2))
    assert said.startswith("product2: 32 points")
    assert [path.name for path in tmp_path.iterdir()] == ["product2.csv"]
    assert table.header["opinions"]["closed_form"]["points"] == 32
    assert table.header["opinions"]["closed_form"]["compile_s"] == 1.5
    assert "the closed form" in table.truth.how
    np.testing.assert_allclose(table.truth.value, product(2).exact(table.truth.s), rtol=1e-12)
    s, uniform = test_points.draw(product(2), PLAN.n, PLAN.seed, PLAN.edge_points)
    np.testing.assert_array_equal(table.truth.s, s)
    np.testing.assert_array_equal(table.truth.uniform, uniform)


def test_a_table_as_planned_is_left_alone(tmp_path, checked_by_closed_form):
    checked_by_closed_form(product(2))
    tabulate.tabulate(unsolved(2), PLAN, tmp_path)
    before = (tmp_path / "product2.csv").stat().st_mtime_ns
    assert "as planned" in tabulate.tabulate(unsolved(2), PLAN, tmp_path)
    assert (tmp_path / "product2.csv").stat().st_mtime_ns == before
    assert "as planned" not in tabulate.tabulate(unsolved(2), asking(20, 12)._replace(seed=2), tmp_path)


def test_a_closed_form_is_checked_too(tmp_path, checked_by_closed_form):
    checked_by_closed_form(product(2))
    tabulate.tabulate(product(2), PLAN, tmp_path)
    truth = truth_files.read(tmp_path / "product2.csv", product(2)).truth
    assert truth.how.startswith("Closed form")
    np.testing.assert_array_equal(truth.value, product(2).exact(truth.s))
    wrong = dataclasses.replace(product(1), exact=lambda s: product(1).exact(s) * (1 + 1e-7))
    checked_by_closed_form(product(1))
    with pytest.raises(TruthError, match="one of them is wrong"):
        tabulate.tabulate(wrong, PLAN, tmp_path)


def test_points_that_were_not_checked_stay_empty(tmp_path, checked_by_closed_form):
    checked_by_closed_form(product(1))
    tabulate.tabulate(unsolved(1), asking(3, 2), tmp_path)
    table = truth_files.read(tmp_path / "product1.csv", product(1))
    assert np.flatnonzero(~np.isnan(table.independent["closed_form"][:, 0])).tolist() == [0, 1, 2, 20, 31]


def test_a_wrong_equation_is_refused(tmp_path, checked_by_closed_form):
    wrong = ParametricIntegral.from_expression(
        name="product2", variables=("x1", "x2"), parameters=("s1", "s2"), low=(1, 1), high=(2, 2),
        expression="1/((s1 + s2*x1)**2*(s1 + 1.00001*s2*x2)**2)",
    )  # fmt: skip
    checked_by_closed_form(product(2))
    with pytest.raises(TruthError, match=r"one of them is wrong.*nothing is written"):
        tabulate.tabulate(wrong, PLAN, tmp_path)
    assert not list(tmp_path.glob("*.csv"))


def test_what_is_finished_is_not_done_again(tmp_path, checked_by_closed_form, monkeypatch):
    checked_by_closed_form(product(2))
    monkeypatch.setattr(table_work, "ROWS", {"few": 5})
    done = []
    compute = tabulation_tasks.values

    def until_the_end_of_the_world(integral, s, epsrel, maker):
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(len(s))
        return compute(integral, s, epsrel, maker)

    monkeypatch.setattr(tabulation_tasks, "values", until_the_end_of_the_world)
    with pytest.raises(KeyboardInterrupt):
        tabulate.tabulate(unsolved(2), PLAN, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["product2.journal"]
    # As a kill in the middle of a line would leave it.
    journal = tmp_path / "product2.journal"
    journal.write_text(journal.read_text() + '\n{"key": "ab')

    def and_after(integral, s, epsrel, maker):
        done.append(len(s))
        return compute(integral, s, epsrel, maker)

    monkeypatch.setattr(tabulation_tasks, "values", and_after)
    tabulate.tabulate(unsolved(2), PLAN, tmp_path)
    assert sum(done) == 32
    table = truth_files.read(tmp_path / "product2.csv", product(2))
    np.testing.assert_allclose(table.truth.value, product(2).exact(table.truth.s), rtol=1e-12)
    assert [path.name for path in tmp_path.iterdir()] == ["product2.csv"]


def test_unfinished_work_on_another_equation_is_forgotten(tmp_path):
    path = tmp_path / "a.journal"
    with Journal(path, "one") as one:
        one.write("first", [1.0])
        with pytest.raises(InputError, match="Another process writes"), Journal(path, "one"):
            pass
    assert "first" in Journal(path, "one")
    assert Journal(path, "one")["first"] == [1.0]
    assert "first" not in Journal(path, "another")


def test_a_pool_of_processes_makes_the_same_table(tmp_path):
    plan = TablePlan(30, 8, 1e-12, (Check("quadrature", 1e-11, 30, 8),))
    box = references.integral("box1l_2d")
    tabulate.tabulate(box, plan, tmp_path)
    alone = truth_files.read(tmp_path / "box1l_2d.csv", box)
    (tmp_path / "box1l_2d.csv").unlink()
    with tabulation_tasks.pool(2) as pool:
        tabulate.tabulate(box, plan, tmp_path, pool)
    together = truth_files.read(tmp_path / "box1l_2d.csv", box)
    np.testing.assert_array_equal(alone.truth.value, together.truth.value)


STARTS_A_POOL = """
import os, time
from references.values import tabulation_tasks
with tabulation_tasks.pool(1) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(600)
"""


def test_processes_of_a_pool_end_with_the_one_that_started_them():
    """One that is killed cannot end them, and they wait for its next task."""
    command = [sys.executable, "-c", STARTS_A_POOL]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        worker = int(process.stdout.readline())
        was_alive = alive(worker)
        process.kill()
    assert was_alive
    assert ends(worker)


def test_a_single_disputed_point_is_named():
    truth = on_demand.truth_of(product(1), 30, 1, 0)
    independent = np.stack([truth.value, 1e-9 * truth.value], axis=1)
    second_opinions.compare(truth.s, truth.value, truth.error, independent, 1e-6, "closed_form")
    independent[17, 0] *= 1 + 6e-9
    with pytest.raises(TruthError) as problem:
        second_opinions.compare(truth.s, truth.value, truth.error, independent, 1e-6, "closed_form")
    assert str(truth.s[17].tolist()) in str(problem.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v * [1, 3000], "states a relative error of 3.0e-06"),
        (lambda v: v * [1, np.nan], "states a relative error of nan"),
        (lambda v: v * [1 + 4e-9, 1], "root mean square of 4.0"),
        (lambda v: v * np.nan, "No true value was checked"),
    ],
    ids=["vague", "no error", "errors too small", "nothing checked"],
)
def test_an_independent_value_that_is_none_is_refused(change, message):
    truth = on_demand.truth_of(product(1), 30, 1, 0)
    independent = np.stack([truth.value, 1e-9 * truth.value], axis=1)
    with pytest.raises(TruthError, match=message):
        second_opinions.compare(truth.s, truth.value, truth.error, change(independent), 1e-6, "closed_form")


def test_quadrature_short_of_its_plan_is_refused(tmp_path):
    kink = callable_integral(lambda s, x: np.abs(x[..., 0] - 0.3 * s[..., 0]))
    with pytest.raises(TruthError, match=r"plan says 1e-12: nothing is written"):
        tabulate.tabulate(kink, PLAN, tmp_path)


@pytest.mark.parametrize(
    "loss",
    [asking(19, 12)._replace(n=19), PLAN._replace(epsrel=1e-5, seed=2), asking(20, 11)],
    ids=["fewer points", "larger errors", "fewer checked"],
)
def test_stored_precision_is_not_lowered(tmp_path, checked_by_closed_form, loss):
    checked_by_closed_form(product(2))
    tabulate.tabulate(unsolved(2), PLAN, tmp_path)
    before = (tmp_path / "product2.csv").read_bytes()
    with pytest.raises(TruthError, match="would be a loss"):
        tabulate.tabulate(unsolved(2), loss, tmp_path)
    assert (tmp_path / "product2.csv").read_bytes() == before


@pytest.mark.pysecdec
def test_pysecdec_confirms_the_one_loop_box_and_refutes_another():
    box = references.integral("box1l")
    s = box.sample(4, 5)
    result = quadrature.converge(box, s, epsrel=1e-12)
    pysecdec = second_opinions.pysecdec(box, 1e-7)
    estimate = pysecdec.values(s)
    independent = np.stack([estimate.value, estimate.error], axis=1)
    assert pysecdec.how.startswith("pySecDec 1.")
    assert set(pysecdec.setup_s) == {"generate", "compile"}
    assert second_opinions.compare(s, result.value, result.error, independent, 1e-7, "pySecDec")["points"] == 4
    with pytest.raises(TruthError, match="one of them is wrong"):
        second_opinions.compare(s, result.value * (1 + 1e-6), result.error, independent, 1e-7, "pySecDec")


def test_command_line(capsys):
    with pytest.raises(SystemExit) as end:
        tabulate.main(["--help"])
    assert end.value.code == 0
    assert "Example: python -m references.tabulate" in capsys.readouterr().out
    assert tabulate.main(["--integral", "box3l"]) == 2
    assert "known: box1l, " in capsys.readouterr().err
