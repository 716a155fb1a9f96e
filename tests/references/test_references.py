"""True values: how they are checked, stored and read, and what is refused."""

from __future__ import annotations

import dataclasses
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from integrals import callable_integral, plain, product

import methods
import references
from methods.base import InputError, ParametricIntegral
from references import tabulate
from references.integrals import catalogue
from references.sectors import positivity, sector_files
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


# --- names ---------------------------------------------------------------------------------------------------------


def test_registered_integrals():
    assert {"box1l", "box2l"} <= set(references.names())
    for name in references.names():
        integral = references.integral(name)
        assert integral.name == name
        assert integral.source
        assert catalogue.ENTRIES[name].difficulty in {"easy", "standard", "hard"}
        assert catalogue.ENTRIES[name].why
        assert catalogue.ENTRIES[name].positive
        assert catalogue.ENTRIES[name].use in {catalogue.DEVELOPMENT, catalogue.HELD_OUT}


HELD_OUT = [name for name, entry in catalogue.ENTRIES.items() if entry.use == catalogue.HELD_OUT]


def test_held_out_integrals_are_of_several_kinds():
    integrals = [references.integral(name) for name in HELD_OUT]
    loops = [integral for integral in integrals if not integral.name.startswith("genz_")]
    assert len(loops) >= 8
    assert len(integrals) - len(loops) >= 4
    assert {3, 4, 5, 6} <= {integral.k for integral in loops}
    assert min(integral.m for integral in loops) >= 2
    assert max(integral.m for integral in loops) >= 6
    assert sum(1 < len(integral.terms) <= 12 for integral in loops) >= 2
    assert {integral.draw for integral in loops} == {"uniform", "log-uniform"}


def test_development_integrals_are_those_that_methods_were_made_on():
    known = {"box1l", "box2l", "box2l_sum", "box1l_wide", "hexagon1l", "pentabox_s01", "genz_gaussian_3d"}
    assert not known & set(HELD_OUT)
    assert catalogue.is_held_out(HELD_OUT[0])
    # Made on demand, and so neither registered nor held out.
    assert not catalogue.is_held_out("genz_gaussian_7d")


def held_out_names_in(text, name):
    """Return what is written in a text of a held-out integral, or of the loop integral that it is a part of."""
    whole = re.sub(r"_(s\d+|sum)$", "", name)
    others = {other for other, entry in catalogue.ENTRIES.items() if entry.use == catalogue.DEVELOPMENT}
    return set(re.findall(rf"\b{whole}\w*", text)) - others


@pytest.mark.parametrize("name", HELD_OUT)
def test_no_method_names_a_held_out_integral(name):
    """A default chosen on an integral says so beside it, as the constants of `methods/` do."""
    files = sorted(Path(methods.__file__).parent.rglob("*.py"))
    assert any("pentagon1l_8d" in path.read_text(encoding="utf-8") for path in files)
    assert [path.name for path in files if held_out_names_in(path.read_text(encoding="utf-8"), name)] == []


def test_parts_of_a_held_out_loop_integral_are_found_by_name():
    for text in ("box2l_crossed", "tuned on box2l_crossed_s07.", "box2l_crossed_s01", "box2l_crossed_sum"):
        assert held_out_names_in(text, "box2l_crossed_s01")
    for text in ("box2l", "box2l_s01", "mybox2l_crossed"):
        assert not held_out_names_in(text, "box2l_crossed_s01")


def test_the_catalogue_says_of_each_entry_whether_it_is_complex():
    for name in references.names():
        assert catalogue.is_physical(name) == references.integral(name).is_complex


def test_a_sector_of_a_file_has_a_sign_of_its_own(monkeypatch):
    content = sector_files.read(catalogue.FOLDER / "box1l.json")
    first, *others = content["sectors"]
    changing = first._replace(positive=positivity.CHANGES, prescription="F")
    monkeypatch.setattr(sector_files, "read", lambda _: {**content, "sectors": [changing, *others]})
    entries = catalogue.sectors_of("box1l", "easy", "", lambda _: True)
    assert {name: entry.is_complex for name, entry in entries.items()} == {
        "box1l_s1": True, "box1l_s2": False, "box1l_s3": False, "box1l_sum": True,
    }  # fmt: skip
    assert entries["box1l_s2"].positive == "by its form"
    assert entries["box1l_sum"].positive == "by its form; changes sign: F − i0"


REAL = [name for name in references.names() if not catalogue.is_physical(name)]


@pytest.mark.parametrize("name", [n for n in REAL if references.integral(n).k <= 4])
def test_difficulty_is_what_a_tensor_rule_takes(name):
    integral = references.integral(name)
    rule = quadrature.tune(integral, quadrature.hard_points(integral, integral.sample(8, 0)), 1e-10)
    smooth = max(rule.orders) < 8 * quadrature.TRIAL_ORDER
    measured = "hard" if not smooth or rule.n_nodes > 2e5 else "standard" if rule.n_nodes > 2e4 else "easy"
    assert catalogue.ENTRIES[name].difficulty == measured, rule


@pytest.mark.parametrize("ask", [references.integral, references.truth])
def test_an_unknown_name_is_told_with_the_known_ones(ask):
    with pytest.raises(InputError, match=r"box1.*known: box1l, .*Did you mean 'box1l'"):
        ask("box1")


def test_a_file_of_ones_own_is_asked_for_the_name_in_it():
    with pytest.raises(InputError, match=r"mine.py is a file; name the integral in it, as mine:NAME"):
        references.integral("mine.py")


def test_an_integral_of_ones_own_by_module_and_attribute():
    assert references.integral("my_integrals:closed").name == "product2"
    with pytest.raises(InputError, match=r"not a methods\.base\.ParametricIntegral"):
        references.integral("references.integrals.ngon:EUCLIDEAN")
    with pytest.raises(InputError, match="no_such_module"):
        references.integral("no_such_module:box1l")


def test_import_is_light():
    heavy = "{'torch', 'sympy', 'pandas', 'xgboost', 'pySecDec', 'tqdm'}"
    code = f"import sys, references; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_quadrature_shares_nothing_with_a_scored_method():
    code = (
        "import sys, methods, references.values.on_demand; box = references.integral('box1l'); "
        "rule = references.values.quadrature.Rule((2, 2, 2), (1.0, 1.0, 1.0)); "
        "references.values.quadrature.apply(box, rule, box.sample(1, 0)); "
        "scored = {target.partition(':')[0] for target in methods.METHODS.values()} | {'methods.core.node_sums'}; "
        "sys.exit(', '.join(scored & set(sys.modules)) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


# --- checking ------------------------------------------------------------------------------------------------------


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


# --- files of true values ----------------------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path, checked_by_closed_form):
    checked_by_closed_form(product(1))
    tabulate.tabulate(product(1), PLAN, tmp_path)
    return tmp_path / "product1.csv"


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text[: text.rindex("\n", 0, -1) + 1],
        lambda text: "",
        lambda text: "\x00\x01\x02",
        lambda text: text.replace("s1,s2", "s1,s3"),
        lambda text: text.replace("# file_hash", "# other"),
        lambda text: text + "1,2,3\n",
        lambda text: text.replace('"how": ', '"how": {') + "x",
        lambda text: text.replace(",1,", ",0,", 1),
        lambda text: text[:-60] + text[-60:].replace("1", "2"),
    ],
    ids=["half", "a row less", "empty", "binary", "columns", "no hash", "short row", "garbage", "flag", "a digit"],
)
def test_damaged_files_are_refused(written, damage):
    before = written.read_text()
    assert damage(before) != before
    written.write_text(damage(before))
    with pytest.raises(TruthError, match=r"damaged|stale truth"):
        truth_files.read(written, product(1))


def test_bytes_that_are_no_text_are_refused(written):
    written.write_bytes(b"\xff\xfe" + written.read_bytes())
    with pytest.raises(TruthError, match="damaged"):
        truth_files.read(written, product(1))


@pytest.mark.parametrize(
    "change",
    [{"high": (2.0, 2.5)}, {"integrand": lambda s, x: (s[..., 0] + 1.0001 * s[..., 1] * x[..., 0]) ** -2.0}],
    ids=["box", "equation"],
)
def test_truth_of_another_equation_is_stale(written, change):
    other = dataclasses.replace(plain(1), **change)
    with pytest.raises(TruthError, match=r"stale truth\): run python -m references.tabulate"):
        truth_files.read(written, other)
    truth_files.read(written, plain(1))


def test_an_untabulated_integral_is_told_how_to_be_tabulated(tmp_path):
    with pytest.raises(TruthError, match=r"no stored true values of product1; run python -m references\.tabulate"):
        truth_files.read(tmp_path / "product1.csv", product(1))


def test_a_failed_write_leaves_the_old_file(written):
    before = written.read_bytes()
    truth = on_demand.truth_of(product(1), 5, 1, 0)
    with pytest.raises(IndexError):
        truth_files.write(written, product(1), {}, truth, {"closed_form": np.zeros((4, 2))})
    assert written.read_bytes() == before


def flipped(content: bytes, generator: random.Random) -> bytes:
    """Return the content with one bit flipped."""
    damaged = bytearray(content)
    damaged[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
    return bytes(damaged)


def test_flipped_bits_in_a_journal_cost_a_part_and_never_change_one(tmp_path):
    path = tmp_path / "a.journal"
    results = {f"part {i}": [i + 0.5, "how"] for i in range(20)}
    with Journal(path, "key") as journal:
        for label, result in results.items():
            journal.write(label, result)
    content, generator = path.read_bytes(), random.Random(1)
    lost = 0
    for _ in range(2_000):
        path.write_bytes(flipped(content, generator))
        damaged = Journal(path, "key")
        kept = {label: damaged[label] for label in results if label in damaged}
        assert kept.items() <= results.items()
        lost += len(results) - len(kept)
    assert 0 < lost <= 2 * 2_000  # a flipped newline joins two lines


def test_flipped_bits_in_a_truth_are_noticed_header_included(tmp_path):
    path = tmp_path / "product2.csv"
    truth_files.write(path, product(2), {"name": "product2"}, on_demand.truth_of(product(2), 4, 1, 0), {})
    content, generator = path.read_bytes(), random.Random(1)
    before = truth_files.read(path, product(2))
    for _ in range(300):
        path.write_bytes(flipped(content, generator))
        try:
            found = truth_files.read(path, product(2))
        except TruthError:
            continue
        assert found.header == before.header
        assert found.truth.digest() == before.truth.digest()
