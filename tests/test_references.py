"""True values: how they are vouched for, stored and read, and what is refused."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from integrals import callable_integral, plain, product
from test_integrals import F1, F2, U2

import references
from methods.base import Estimate, InputError, ParametricIntegral
from references import computed, quadrature, regions, tables, tabulate, vouch
from references.tables import TruthError

PLAN = tabulate.Plan(n=20, edge_points=12, epsrel=1e-12, vouched=(20, 12), vouch_epsrel=1e-6)


# --- names ---------------------------------------------------------------------------------------------------------


def test_registered_integrals():
    assert references.names() == sorted(references.names())
    assert {"box1l", "box2l"} <= set(references.names())
    assert all(references.integral(name).name == name for name in references.names())


@pytest.mark.parametrize("ask", [references.integral, references.truth])
def test_an_unknown_name_is_told_with_the_known_ones(ask):
    with pytest.raises(InputError, match=r"box1.*known: box1l, box2l.*Did you mean 'box1l'"):
        ask("box1")


def test_an_integral_of_ones_own_by_module_and_attribute():
    assert references.integral("references.integrals:box1l").name == "box1l"
    with pytest.raises(InputError, match=r"not a methods\.base\.ParametricIntegral"):
        references.integral("references.integrals:_LOW")
    with pytest.raises(InputError, match="no_such_module"):
        references.integral("no_such_module:box1l")


def test_import_is_light():
    heavy = "{'torch', 'sympy', 'pandas', 'xgboost', 'pySecDec', 'tqdm'}"
    code = f"import sys, references; sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_quadrature_shares_nothing_with_a_scored_method():
    code = (
        "import sys, methods, references.computed; from references import integrals; "
        "rule = references.quadrature.Rule((2, 2, 2), (1.0, 1.0, 1.0)); "
        "references.quadrature.apply(integrals.box1l, rule, integrals.box1l.sample(1, 0)); "
        "scored = {target.partition(':')[0] for target in methods.METHODS.values()} | {'methods.nodes'}; "
        "sys.exit(', '.join(scored & set(sys.modules)) or 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


# --- vouching ------------------------------------------------------------------------------------------------------


def opinion_of(integral, spread=1e-9, seed=0):
    """Return a second opinion with honest errors: the closed form plus noise of the stated size."""

    def opinion(s):
        value = integral.exact(s)
        noise = np.random.default_rng([seed, len(s)]).normal(size=len(s))
        return Estimate(value * (1 + spread * noise), spread * value, 0)

    return lambda _integral, _epsrel: (opinion, "a friend")


def test_tabulate_writes_what_it_can_read(tmp_path):
    said = tabulate.tabulate(product(2), PLAN, tmp_path, opinion_of(product(2)))
    table = tables.read(tmp_path / "product2.csv", product(2))
    assert said.startswith("product2: 32 points")
    assert [path.name for path in tmp_path.iterdir()] == ["product2.csv"]
    assert table.header["agreement"]["points"] == 32
    assert "a friend" in table.truth.how
    np.testing.assert_allclose(table.truth.value, product(2).exact(table.truth.s), rtol=1e-12)
    s, uniform = regions.draw(product(2), PLAN.n, PLAN.seed, PLAN.edge_points)
    np.testing.assert_array_equal(table.truth.s, s)
    np.testing.assert_array_equal(table.truth.uniform, uniform)
    tabulate.tabulate(product(2), PLAN, tmp_path, opinion_of(product(2), seed=5))


def test_points_that_were_not_vouched_for_stay_empty(tmp_path):
    tabulate.tabulate(product(1), PLAN._replace(vouched=(3, 2)), tmp_path, opinion_of(product(1)))
    table = tables.read(tmp_path / "product1.csv", product(1))
    assert np.flatnonzero(~np.isnan(table.vouched[:, 0])).tolist() == [0, 1, 2, 20, 31]


def test_a_wrong_equation_is_refused(tmp_path):
    wrong = ParametricIntegral.from_expression(
        name="product2", variables=("x1", "x2"), parameters=("s1", "s2"), low=(1, 1), high=(2, 2),
        expression="1/((s1 + s2*x1)**2*(s1 + 1.00001*s2*x2)**2)",
    )  # fmt: skip
    with pytest.raises(TruthError, match=r"one of them is wrong.*nothing is written"):
        tabulate.tabulate(wrong, PLAN, tmp_path, opinion_of(product(2)))
    assert not list(tmp_path.iterdir())


def test_a_single_disputed_point_is_named():
    truth = computed.truth_of(product(1), 30, 1, 0)
    vouched = np.stack([truth.value, 1e-9 * truth.value], axis=1)
    vouch.compare(truth.s, truth.value, truth.error, vouched, 1e-6)
    vouched[17, 0] *= 1 + 6e-9
    with pytest.raises(TruthError) as problem:
        vouch.compare(truth.s, truth.value, truth.error, vouched, 1e-6)
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
        vouch.compare(truth.s, truth.value, truth.error, change(vouched), 1e-6)


def test_quadrature_short_of_its_plan_is_refused(tmp_path):
    kink = callable_integral(lambda s, x: np.abs(x[..., 0] - 0.3 * s[..., 0]))
    with pytest.raises(TruthError, match=r"plan says 1e-12: nothing is written"):
        tabulate.tabulate(kink, PLAN, tmp_path, opinion_of(product(1)))


@pytest.mark.parametrize(
    "loss",
    [{"n": 19, "vouched": (19, 12)}, {"epsrel": 1e-5}, {"vouched": (20, 11)}],
    ids=["fewer points", "larger errors", "fewer vouched for"],
)
def test_stored_precision_is_not_lowered(tmp_path, loss):
    tabulate.tabulate(product(2), PLAN, tmp_path, opinion_of(product(2)))
    before = (tmp_path / "product2.csv").read_bytes()
    with pytest.raises(TruthError, match="would be a loss"):
        tabulate.tabulate(product(2), PLAN._replace(**loss), tmp_path, opinion_of(product(2)))
    assert (tmp_path / "product2.csv").read_bytes() == before


@pytest.mark.pysecdec
def test_pysecdec_vouches_for_the_one_loop_box_and_against_another():
    box = references.integral("box1l")
    s = box.sample(4, 5)
    result = quadrature.converge(box, s, epsrel=1e-12)
    opinion, how = vouch.pysecdec(box, 1e-7)
    vouched = vouch.ask(opinion, s, np.arange(4))
    assert how.startswith("pySecDec 1.")
    assert vouch.compare(s, result.value, result.error, vouched, 1e-7)["points"] == 4
    with pytest.raises(TruthError, match="one of them is wrong"):
        vouch.compare(s, result.value * (1 + 1e-6), result.error, vouched, 1e-7)


def test_command_line(capsys):
    with pytest.raises(SystemExit) as end:
        tabulate.main(["--help"])
    assert end.value.code == 0
    assert "Example: python -m references.tabulate" in capsys.readouterr().out
    assert tabulate.main(["--integral", "box3l"]) == 2
    assert "known: box1l, box2l" in capsys.readouterr().err


# --- stored truth --------------------------------------------------------------------------------------------------

STORED = {"box1l": (2000, 200, 1e-12, 1e-9), "box2l": (500, 150, 1e-11, 1e-6)}
"""By name: least uniform and further points, largest relative error, largest relative error stated by pySecDec."""


@pytest.fixture(params=references.names())
def stored(request):
    integral = references.integral(request.param)
    return integral, tables.read(tables.folder() / f"{integral.name}.csv", integral)


def test_stored_truth_holds_what_it_promises(stored):
    integral, table = stored
    n_uniform, n_extra, epsrel, vouch_epsrel = STORED[integral.name]
    truth = table.truth
    assert truth.uniform.sum() >= n_uniform
    assert (~truth.uniform).sum() >= n_extra
    integral.check(truth.s)
    assert len(np.unique(truth.s, axis=0)) == len(truth.s)
    assert (truth.error / truth.value <= epsrel).all()
    assert (truth.error > 0).all()
    asked = ~np.isnan(table.vouched[:, 0])
    assert asked[truth.uniform].sum() >= 40
    assert asked[~truth.uniform].sum() >= 10
    if integral.name == "box1l":
        assert asked.all()
    # Stored with three digits, a stated error may have been rounded up.
    vouch.compare(truth.s, truth.value, truth.error, table.vouched, 1.01 * vouch_epsrel)
    found = regions.cornerness(integral, truth.s[~truth.uniform])
    assert min(np.bincount(found)[1:]) >= n_extra // 4
    assert regions.is_edge(integral, truth.s).sum() >= n_extra // 4


def test_stored_truth_is_small_and_the_package_offers_it(stored):
    integral, table = stored
    assert (tables.folder() / f"{integral.name}.csv").stat().st_size < 1e6
    truth = references.truth(integral.name)
    assert truth.digest() == table.truth.digest()
    assert "pySecDec" in truth.how


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
def written(tmp_path):
    tabulate.tabulate(product(1), PLAN, tmp_path, opinion_of(product(1)))
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
    with pytest.raises(ValueError, match="shorter"):
        tables.write(written, product(1), {}, truth, np.zeros((4, 2)))
    assert written.read_bytes() == before
