"""True values: how they are vouched for, stored and read, and what is refused."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import numpy as np
import pytest
from integrals import callable_integral, plain, product
from test_integrals import F1, F2, U2

import references
from methods.base import Estimate, InputError, ParametricIntegral
from references import catalogue, computed, loops, parts, plans, quadrature, regions, tables, tabulate, vouch
from references.journal import Journal
from references.plans import Ask, Plan
from references.tables import TruthError

PLAN = Plan(n=20, edge_points=12, epsrel=1e-12, asks=(Ask("friend", 1e-6, 20, 12),))


def asking(uniform, others):
    """Return the plan with so many points to be vouched for."""
    return PLAN._replace(asks=(Ask("friend", 1e-6, uniform, others),))


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


@pytest.mark.parametrize("name", [n for n in references.names() if references.integral(n).k <= 4])
def test_difficulty_is_what_a_tensor_rule_takes(name):
    integral = references.integral(name)
    rule = quadrature.tune(integral, quadrature._hard_points(integral, integral.sample(8, 0)), 1e-10)
    smooth = max(rule.orders) < 8 * quadrature._TRIAL
    measured = "hard" if not smooth or rule.n_nodes > 2e5 else "standard" if rule.n_nodes > 2e4 else "easy"
    assert catalogue.ENTRIES[name].difficulty == measured, rule


@pytest.mark.parametrize("ask", [references.integral, references.truth])
def test_an_unknown_name_is_told_with_the_known_ones(ask):
    with pytest.raises(InputError, match=r"box1.*known: box1l, .*Did you mean 'box1l'"):
        ask("box1")


def test_an_integral_of_ones_own_by_module_and_attribute():
    assert references.integral("my_integrals:closed").name == "product2"
    with pytest.raises(InputError, match=r"not a methods\.base\.ParametricIntegral"):
        references.integral("references.ngon:EUCLIDEAN")
    with pytest.raises(InputError, match="no_such_module"):
        references.integral("no_such_module:box1l")


def test_import_is_light():
    heavy = "{'torch', 'sympy', 'pandas', 'xgboost', 'pySecDec', 'tqdm'}"
    code = f"import sys, references; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_quadrature_shares_nothing_with_a_scored_method():
    code = (
        "import sys, methods, references.computed; box = references.integral('box1l'); "
        "rule = references.quadrature.Rule((2, 2, 2), (1.0, 1.0, 1.0)); "
        "references.quadrature.apply(box, rule, box.sample(1, 0)); "
        "scored = {target.partition(':')[0] for target in methods.METHODS.values()} | {'methods.nodes'}; "
        "sys.exit(', '.join(scored & set(sys.modules)) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


# --- vouching ------------------------------------------------------------------------------------------------------


def unsolved(k):
    """Return the integral whose closed form only the friend knows."""
    return dataclasses.replace(product(k), exact=None)


@pytest.fixture
def ask_a_friend(monkeypatch):
    """Return a function that lets plans ask a friend, who knows an integral's closed form up to honest errors."""

    def known(integral, spread=1e-9, seed=0):
        def ask(s):
            noise = np.random.default_rng([seed, len(s)]).normal(size=len(s))
            value = integral.exact(s)
            return Estimate(value * (1 + spread * noise), spread * value, 0)

        friend = vouch.Opinion(ask, "a friend", {"compile": 1.5})
        monkeypatch.setattr(vouch, "OPINIONS", {**vouch.OPINIONS, "friend": lambda _integral, _epsrel: friend})
        parts._prepared.cache_clear()

    return known


def test_tabulate_writes_what_it_can_read(tmp_path, ask_a_friend):
    ask_a_friend(product(2))
    said = tabulate.tabulate(unsolved(2), PLAN, tmp_path)
    table = tables.read(tmp_path / "product2.csv", product(2))
    assert said.startswith("product2: 32 points")
    assert [path.name for path in tmp_path.iterdir()] == ["product2.csv"]
    assert table.header["opinions"]["friend"]["points"] == 32
    assert table.header["opinions"]["friend"]["compile_s"] == 1.5
    assert "a friend" in table.truth.how
    np.testing.assert_allclose(table.truth.value, product(2).exact(table.truth.s), rtol=1e-12)
    s, uniform = regions.draw(product(2), PLAN.n, PLAN.seed, PLAN.edge_points)
    np.testing.assert_array_equal(table.truth.s, s)
    np.testing.assert_array_equal(table.truth.uniform, uniform)


def test_a_table_as_planned_is_left_alone(tmp_path, ask_a_friend):
    ask_a_friend(product(2))
    tabulate.tabulate(unsolved(2), PLAN, tmp_path)
    before = (tmp_path / "product2.csv").stat().st_mtime_ns
    assert "as planned" in tabulate.tabulate(unsolved(2), PLAN, tmp_path)
    assert (tmp_path / "product2.csv").stat().st_mtime_ns == before
    assert "as planned" not in tabulate.tabulate(unsolved(2), asking(20, 12)._replace(seed=2), tmp_path)


def test_a_closed_form_is_vouched_for_too(tmp_path, ask_a_friend):
    ask_a_friend(product(2))
    tabulate.tabulate(product(2), PLAN, tmp_path)
    truth = tables.read(tmp_path / "product2.csv", product(2)).truth
    assert truth.how.startswith("Closed form")
    np.testing.assert_array_equal(truth.value, product(2).exact(truth.s))
    wrong = dataclasses.replace(product(1), exact=lambda s: product(1).exact(s) * (1 + 1e-7))
    ask_a_friend(product(1))
    with pytest.raises(TruthError, match="one of them is wrong"):
        tabulate.tabulate(wrong, PLAN, tmp_path)


def test_points_that_were_not_vouched_for_stay_empty(tmp_path, ask_a_friend):
    ask_a_friend(product(1))
    tabulate.tabulate(unsolved(1), asking(3, 2), tmp_path)
    table = tables.read(tmp_path / "product1.csv", product(1))
    assert np.flatnonzero(~np.isnan(table.opinions["friend"][:, 0])).tolist() == [0, 1, 2, 20, 31]


def test_a_wrong_equation_is_refused(tmp_path, ask_a_friend):
    wrong = ParametricIntegral.from_expression(
        name="product2", variables=("x1", "x2"), parameters=("s1", "s2"), low=(1, 1), high=(2, 2),
        expression="1/((s1 + s2*x1)**2*(s1 + 1.00001*s2*x2)**2)",
    )  # fmt: skip
    ask_a_friend(product(2))
    with pytest.raises(TruthError, match=r"one of them is wrong.*nothing is written"):
        tabulate.tabulate(wrong, PLAN, tmp_path)
    assert not list(tmp_path.glob("*.csv"))


def test_what_is_finished_is_not_done_again(tmp_path, ask_a_friend, monkeypatch):
    ask_a_friend(product(2))
    monkeypatch.setattr(tabulate, "ROWS", {"few": 5})
    done = []
    compute = parts.values

    def until_the_end_of_the_world(integral, s, epsrel):
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(len(s))
        return compute(integral, s, epsrel)

    monkeypatch.setattr(parts, "values", until_the_end_of_the_world)
    with pytest.raises(KeyboardInterrupt):
        tabulate.tabulate(unsolved(2), PLAN, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["product2.journal"]
    # As a kill in the middle of a line would leave it.
    journal = tmp_path / "product2.journal"
    journal.write_text(journal.read_text() + '\n{"key": "ab')

    def and_after(integral, s, epsrel):
        done.append(len(s))
        return compute(integral, s, epsrel)

    monkeypatch.setattr(parts, "values", and_after)
    tabulate.tabulate(unsolved(2), PLAN, tmp_path)
    assert sum(done) == 32
    table = tables.read(tmp_path / "product2.csv", product(2))
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
    plan = Plan(30, 8, 1e-12, (Ask("quadrature", 1e-11, 30, 8),))
    box = references.integral("box1l_2d")
    tabulate.tabulate(box, plan, tmp_path)
    alone = tables.read(tmp_path / "box1l_2d.csv", box)
    (tmp_path / "box1l_2d.csv").unlink()
    with parts.pool(2) as pool:
        tabulate.tabulate(box, plan, tmp_path, pool)
    together = tables.read(tmp_path / "box1l_2d.csv", box)
    np.testing.assert_array_equal(alone.truth.value, together.truth.value)


def test_a_single_disputed_point_is_named():
    truth = computed.truth_of(product(1), 30, 1, 0)
    vouched = np.stack([truth.value, 1e-9 * truth.value], axis=1)
    vouch.compare(truth.s, truth.value, truth.error, vouched, 1e-6, "friend")
    vouched[17, 0] *= 1 + 6e-9
    with pytest.raises(TruthError) as problem:
        vouch.compare(truth.s, truth.value, truth.error, vouched, 1e-6, "friend")
    assert str(truth.s[17].tolist()) in str(problem.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v * [1, 3000], "states a relative error of 3.0e-06"),
        (lambda v: v * [1, np.nan], "states a relative error of nan"),
        (lambda v: v * [1 + 4e-9, 1], "root mean square of 4.0"),
        (lambda v: v * np.nan, "No true value was vouched for"),
    ],
    ids=["vague", "no error", "errors too small", "nobody asked"],
)
def test_an_opinion_that_is_none_is_refused(change, message):
    truth = computed.truth_of(product(1), 30, 1, 0)
    vouched = np.stack([truth.value, 1e-9 * truth.value], axis=1)
    with pytest.raises(TruthError, match=message):
        vouch.compare(truth.s, truth.value, truth.error, change(vouched), 1e-6, "friend")


def test_quadrature_short_of_its_plan_is_refused(tmp_path):
    kink = callable_integral(lambda s, x: np.abs(x[..., 0] - 0.3 * s[..., 0]))
    with pytest.raises(TruthError, match=r"plan says 1e-12: nothing is written"):
        tabulate.tabulate(kink, PLAN, tmp_path)


@pytest.mark.parametrize(
    "loss",
    [asking(19, 12)._replace(n=19), PLAN._replace(epsrel=1e-5), asking(20, 11)],
    ids=["fewer points", "larger errors", "fewer vouched for"],
)
def test_stored_precision_is_not_lowered(tmp_path, ask_a_friend, loss):
    ask_a_friend(product(2))
    tabulate.tabulate(unsolved(2), PLAN, tmp_path)
    before = (tmp_path / "product2.csv").read_bytes()
    with pytest.raises(TruthError, match="would be a loss"):
        tabulate.tabulate(unsolved(2), loss, tmp_path)
    assert (tmp_path / "product2.csv").read_bytes() == before


@pytest.mark.pysecdec
def test_pysecdec_vouches_for_the_one_loop_box_and_against_another():
    box = references.integral("box1l")
    s = box.sample(4, 5)
    result = quadrature.converge(box, s, epsrel=1e-12)
    pysecdec = vouch.pysecdec(box, 1e-7)
    estimate = pysecdec.ask(s)
    opinion = np.stack([estimate.value, estimate.error], axis=1)
    assert pysecdec.how.startswith("pySecDec 1.")
    assert set(pysecdec.setup_s) == {"generate", "compile"}
    assert vouch.compare(s, result.value, result.error, opinion, 1e-7, "pySecDec")["points"] == 4
    with pytest.raises(TruthError, match="one of them is wrong"):
        vouch.compare(s, result.value * (1 + 1e-6), result.error, opinion, 1e-7, "pySecDec")


def test_command_line(capsys):
    with pytest.raises(SystemExit) as end:
        tabulate.main(["--help"])
    assert end.value.code == 0
    assert "Example: python -m references.tabulate" in capsys.readouterr().out
    assert tabulate.main(["--integral", "box3l"]) == 2
    assert "known: box1l, " in capsys.readouterr().err


# --- stored truth --------------------------------------------------------------------------------------------------


@pytest.fixture(params=references.names())
def stored(request):
    integral = references.integral(request.param)
    return integral, tables.read(tables.folder() / f"{integral.name}.csv", integral)


HARDER = {"box1l_wide", "box1l_threshold", "box2l_sum", "pentabox_s01"}
"""Known to 1e-8 at least; the others to 1e-12 where k <= 4 and to 1e-11 above."""


def is_minor(name):
    """Tell whether this is a sector of the two-loop box that nobody benchmarks by itself."""
    return re.fullmatch(r"box2l_s\d+", name) is not None


def test_stored_truth_holds_what_it_promises(stored):
    integral, table = stored
    truth = table.truth
    few, minor = integral.k <= 4, is_minor(integral.name)
    n_uniform, n_extra = (50, 0) if minor else (2000, 400) if few else (500, 100)
    assert truth.uniform.sum() >= n_uniform
    assert (~truth.uniform).sum() >= n_extra
    integral.check(truth.s)
    assert len(np.unique(truth.s, axis=0)) == len(truth.s)
    epsrel = 1e-6 if minor else 1e-8 if integral.name in HARDER else 1e-12 if few else 1e-11
    assert (truth.error / np.abs(truth.value) <= epsrel).all()
    assert (truth.error > 0).all()
    found = regions.cornerness(integral, truth.s[~truth.uniform])
    if n_extra:
        assert min(np.bincount(np.minimum(found, 3))[1:]) >= n_extra // 4
        assert regions.is_edge(integral, truth.s).sum() >= n_extra // 4


def test_stored_truth_is_vouched_for(stored):
    integral, table = stored
    truth = table.truth
    plan = plans.plan_for(integral)
    assert set(table.opinions) == {ask.opinion for ask in plan.asks}
    for ask in plan.asks:
        # Stored with three digits, a stated error may have been rounded up.
        opinion = table.opinions[ask.opinion]
        vouch.compare(truth.s, truth.value, truth.error, opinion, 1.01 * ask.epsrel, ask.opinion)
    asked = [~np.isnan(opinion[:, 0]) for opinion in table.opinions.values()]
    precise = [which for ask, which in zip(plan.asks, asked, strict=True) if ask.epsrel <= 1e-8]
    if integral.k <= 4:
        assert any(which.all() for which in precise)
    elif is_minor(integral.name):
        assert any(which.all() for which in asked)
    else:
        assert any(which.sum() >= 50 for which in precise)


def test_stored_truth_is_small_and_the_package_offers_it(stored):
    integral, table = stored
    assert (tables.folder() / f"{integral.name}.csv").stat().st_size < 1e6
    assert references.truth(integral.name).digest() == table.truth.digest()


def test_the_whole_two_loop_box_is_the_sum_of_its_sectors():
    truth = references.truth("box2l_sum")
    s = truth.s[truth.uniform][:2]
    content = loops.read(catalogue.FOLDER / "box2l.json")
    total = np.zeros(len(s))
    for name, sector in zip(loops.names(content), content["sectors"], strict=False):
        value = quadrature.converge(references.integral(name), s, epsrel=1e-6).value
        total += sector["multiplicity"] * value
    np.testing.assert_allclose(total, truth.value[truth.uniform][:2], rtol=1e-5)
    # Negative control: without one of the sectors it is another integral.
    assert (np.abs((total - value) / total) > 1e-3).all()


def as_printed(name, s):
    """Integrate the equation as the paper prints it, over x = t³ on each axis: other code, other nodes."""
    order, k, formula = {"box1l": (24, 3, f"({F1})**-2"), "box2l": (9, 6, f"2*({U2})*x4/({F2})**3")}[name]
    t, weight = np.polynomial.legendre.leggauss(order)
    t, weight = (t + 1) / 2, weight / 2
    axes = np.meshgrid(*[t**3] * k, indexing="ij", sparse=True)
    names = {f"x{i}": x for i, x in enumerate(axes, start=1)} | {"mt2": 1.0}
    f = eval(" ".join(formula.split()), {}, names | dict(zip(("s12", "s14", "mH2"), s.tolist(), strict=True)))
    for _ in range(k):
        f = f @ (3 * t * t * weight)
    return float(f)


@pytest.mark.parametrize(("name", "tolerance"), [("box1l", 1e-7), ("box2l", 1e-4)])
def test_stored_truth_is_the_integral_of_the_printed_equation(name, tolerance):
    truth = references.truth(name)
    for i in (0, 1, -1, -40):
        value = as_printed(name, truth.s[i])
        assert value == pytest.approx(truth.value[i], rel=tolerance), i
        # Negative control: at another point the integral is another.
        assert value != pytest.approx(truth.value[i - 3], rel=tolerance), i


def test_stored_truth_is_made_again_by_another_rule():
    box = references.integral("box1l")
    truth = references.truth("box1l")
    value, _ = quadrature.apply(box, quadrature.Rule((28, 28, 28), (4.5,) * 3), truth.s[::150])
    np.testing.assert_allclose(value, truth.value[::150], rtol=3e-14)


@pytest.mark.slow
def test_errors_of_the_two_loop_box_hold_against_a_finer_rule():
    box, truth = references.integral("box2l"), references.truth("box2l")
    hard = np.flatnonzero(regions.is_edge(box, truth.s))
    which = [0, 1, 2, *hard[::6]]
    rule = quadrature.Rule((12, 15, 17, 18, 18, 15), (1.41, 2.83, 4.0, 5.66, 5.66, 4.0))
    value, _ = quadrature.apply(box, rule, truth.s[which])
    assert (np.abs(value - truth.value[which]) <= truth.error[which]).all()


def test_value_known_from_the_papers():
    # Two digits, rounded inputs: the check point listed with the papers.
    box = references.integral("box1l")
    value, _ = quadrature.apply(box, quadrature.Rule((20,) * 3, (5.0,) * 3), np.array([[-3.8086, -10.8889, -17.5967]]))
    assert f"{value[0]:.4f}" == "0.0086"
    truth = references.truth("box1l")
    near = np.argmin(np.abs(np.log(truth.s / [-3.8086, -10.8889, -17.5967])).sum(axis=1))
    assert truth.value[near] == pytest.approx(0.0086, rel=0.15)


@pytest.fixture
def written(tmp_path, ask_a_friend):
    ask_a_friend(product(1))
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
        lambda text: text.replace("# rows_hash", "# other"),
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
        tables.read(written, product(1))


def test_bytes_that_are_no_text_are_refused(written):
    written.write_bytes(b"\xff\xfe" + written.read_bytes())
    with pytest.raises(TruthError, match="damaged"):
        tables.read(written, product(1))


@pytest.mark.parametrize(
    "change",
    [{"high": (2.0, 2.5)}, {"integrand": lambda s, x: (s[..., 0] + 1.0001 * s[..., 1] * x[..., 0]) ** -2.0}],
    ids=["box", "equation"],
)
def test_truth_of_another_equation_is_stale(written, change):
    other = dataclasses.replace(plain(1), **change)
    with pytest.raises(TruthError, match=r"stale truth\): run python -m references.tabulate"):
        tables.read(written, other)
    tables.read(written, plain(1))


def test_an_untabulated_integral_is_told_how_to_be_tabulated(tmp_path):
    with pytest.raises(TruthError, match=r"no stored true values of product1; run python -m references\.tabulate"):
        tables.read(tmp_path / "product1.csv", product(1))


def test_a_failed_write_leaves_the_old_file(written):
    before = written.read_bytes()
    truth = computed.truth_of(product(1), 5, 1, 0)
    with pytest.raises(IndexError):
        tables.write(written, product(1), {}, truth, {"friend": np.zeros((4, 2))})
    assert written.read_bytes() == before
