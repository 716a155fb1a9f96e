"""The stored true values: they hold what their plans promise, and are the integrals of the printed equations."""

from __future__ import annotations

import re

import numpy as np
import pytest
from published_formulas import F1, F2, U2

import references
from references.integrals import catalogue
from references.sectors import sector_files
from references.values import quadrature, second_opinions, table_plans, test_points, truth_files


@pytest.fixture(params=references.names())
def stored(request):
    integral = references.integral(request.param)
    return integral, truth_files.read(truth_files.folder() / f"{integral.name}.csv", integral)


HARDER = {
    **dict.fromkeys(("box1l_wide", "box1l_threshold", "box2l_sum", "pentabox_s01"), 1e-8), "pentagon1l_physical": 1e-7,
    "box2l_physical": 1e-8, "box2l_hh": 1e-7, "pentabox_s33_physical": 1e-6, "box2l_sum_physical": 1e-5,
    "box2l_low": 1e-5, "box2l_rung_physical_s01": 1e-6,
}  # fmt: skip
"""How well these are known at least; the others to 1e-12 where k <= 4 and to 1e-11 above, held-out ones to 1e-9."""


def is_minor(name):
    """Tell whether this is a sector of the two-loop box that nobody benchmarks by itself."""
    return re.fullmatch(r"box2l_s\d+", name) is not None


def is_judge(integral):
    """Tell whether this is a held-out integral without a closed form, whose table is smaller than others."""
    return catalogue.is_held_out(integral.name) and integral.exact is None


def is_on_maps(integral):
    """Tell whether the values are made on maps of two loops above threshold."""
    return table_plans.plan_for(integral).values_by == "maps"


def test_stored_truth_holds_what_it_promises(stored):
    integral, table = stored
    truth = table.truth
    few, minor, judge = integral.k <= 4, is_minor(integral.name), is_judge(integral)
    n_uniform, n_extra = (50, 0) if minor else (200, 50) if judge else (2000, 400) if few else (500, 100)
    if integral.is_complex and not judge:
        n_uniform, n_extra = 1000, 200
    if is_on_maps(integral):
        n_uniform, n_extra = 40 if integral.name == "box2l_physical" else 30, 4
    assert truth.uniform.sum() >= n_uniform
    assert (~truth.uniform).sum() >= n_extra
    integral.check(truth.s)
    assert len(np.unique(truth.s, axis=0)) == len(truth.s)
    epsrel = HARDER.get(integral.name) or (1e-6 if minor else 1e-9 if judge else 1e-12 if few else 1e-11)
    assert (truth.error / np.abs(truth.value) <= epsrel).mean() >= table_plans.plan_for(integral).reached
    assert (truth.error > 0).all()
    found = test_points.cornerness(integral, truth.s[~truth.uniform])
    if n_extra:
        assert min(np.bincount(np.minimum(found, 3))[1:]) >= n_extra // 4
        assert test_points.is_edge(integral, truth.s).sum() >= n_extra // 4


def test_stored_truth_is_checked(stored):
    integral, table = stored
    truth = table.truth
    plan = table_plans.plan_for(integral)
    assert set(table.independent) == {check.by for check in plan.asks}
    for check in plan.asks:
        # Stored with three digits, a stated error may have been rounded up.
        independent = table.independent[check.by]
        second_opinions.compare(truth.s, truth.value, truth.error, independent, 1.01 * check.epsrel, check.by)
    checked = [~np.isnan(independent[:, 0]) for independent in table.independent.values()]
    precise = [which for check, which in zip(plan.asks, checked, strict=True) if check.epsrel <= 1e-8]
    if integral.is_complex:
        assert truth.value.dtype == np.complex128
        by_pysecdec = checked[list(table.independent).index("pysecdec")].sum()
        if is_on_maps(integral):
            # Beyond pySecDec's few digits our own maps alone know the values; five of them without compiled sums.
            assert by_pysecdec >= 30
            assert checked[list(table.independent).index("without_kernel")].sum() >= 5
            assert "our own maps alone" in truth.how
            assert "compiled sums compared with mpmath at 1000 complex points" in truth.how
            return
        assert by_pysecdec >= 50
        assert is_judge(integral) or any(which.sum() >= 100 for which in precise)
    elif integral.k <= 4:
        assert any(which.all() for which in precise)
    elif is_minor(integral.name):
        assert any(which.all() for which in checked)
    else:
        assert any(which.sum() >= 50 for which in precise)


def test_stored_truth_is_small_and_the_package_offers_it(stored):
    integral, table = stored
    assert (truth_files.folder() / f"{integral.name}.csv").stat().st_size < 1e6
    assert references.truth(integral.name).digest() == table.truth.digest()


def uniform(name, n):
    """Return value and error of a table's first n uniform points, and these points."""
    truth = references.truth(name)
    return tuple(array[truth.uniform][:n] for array in (truth.value, truth.error, truth.s))


def test_boxes_above_threshold_are_checked_by_unitarity():
    for name in ("box1l_physical", "box1l_hh"):
        integral = references.integral(name)
        table = truth_files.read(truth_files.folder() / f"{name}.csv", integral)
        assert "complex arcs, two orders" in table.truth.how
        assert (~np.isnan(table.independent["dispersion"][:, 0])).sum() >= 200
        assert (table.truth.error <= 1e-12 * np.abs(table.truth.value)).all()
    whole, whole_error, s = uniform("box1l_physical", 1000)
    sectors, error, points = uniform("box1l_sectors_physical", 1000)
    np.testing.assert_array_equal(points, s)
    assert (np.abs(whole - sectors) <= whole_error + error).all()


def test_the_whole_two_loop_box_is_the_sum_of_its_sectors():
    whole, whole_error, s = uniform("box2l_sum", 50)
    content = sector_files.read(catalogue.FOLDER / "box2l.json")
    total, total_error = np.zeros(50), np.zeros(50)
    for name, sector in zip(sector_files.names(content), content["sectors"], strict=False):
        value, error, points = uniform(name, 50)
        np.testing.assert_array_equal(points, s)
        total += sector.multiplicity * value
        total_error += sector.multiplicity * error
    assert (np.abs(total - whole) <= total_error + whole_error).all()
    assert (total_error + whole_error <= 1e-8 * whole).all()
    # Negative control: without one of the sectors it is another integral.
    assert (np.abs(value / whole) > 1e-3).all()


def test_the_whole_two_loop_box_is_known_to_ten_digits_at_sixty_points():
    truth = references.truth("box2l_sum")
    error = truth.error / np.abs(truth.value)
    assert truth.uniform[:60].all()
    assert error[:60].max() <= 1e-10
    assert error.max() <= 1e-8
    table = truth_files.read(truth_files.folder() / "box2l_sum.csv", references.integral("box2l_sum"))
    lattice, stated = table.independent["lattice"][:60].T
    assert (stated <= 1e-10 * truth.value[:60]).all()
    assert (np.abs(lattice - truth.value[:60]) <= 1e-10 * truth.value[:60]).all()


def test_a_sector_of_the_two_loop_box_is_made_again():
    name = "box2l_s18"
    value, _, s = uniform(name, 2)
    np.testing.assert_allclose(quadrature.converge(references.integral(name), s, epsrel=1e-6).value, value, rtol=1e-6)


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
    hard = np.flatnonzero(test_points.is_edge(box, truth.s))
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
