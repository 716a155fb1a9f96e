"""lattice_qmc: lattices, generating vectors, orders of convergence, honest errors, and what the tables of truth say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from honest_errors import assert_honest
from integrals import callable_integral, changing_sign, costly, plain, product, relative_error

import methods
import references
from methods import lattice_qmc
from methods.base import InputError, ParametricIntegral
from methods.quadrature.lattices import generating_vector
from methods.quadrature.transforms import PERIODISATIONS, exponential, korobov

EMBEDDED = (1, 182667, 469891, 498753, 110745, 446247)
"""The first components of exod2_base2_m20_CKN: Cools, Kuo & Nuyens, SIAM J. Sci. Comput. 28 (2006) 2162."""


def fitted(integral, **fields):
    return methods.create("lattice_qmc", **fields).fit(integral)


def worst_case_error(z, n):
    """Return the worst-case error of a lattice in the Korobov space of smoothness 2; it levels off near 1e-8."""
    product = np.ones(n)
    for z_i in z:
        t = np.arange(n) * z_i % n / n
        product *= 1 - (2 * np.pi) ** 4 / 24 * (t**4 - 2 * t**3 + t**2 - 1 / 30)
    return float(np.sqrt(max(product.mean() - 1, 0.0)))


def brute_force_vector(n, dimension):
    """Component by component, every candidate by its worst-case error."""
    z = [1]
    while len(z) < dimension:
        z.append(min(range(1, n, 2), key=lambda candidate: worst_case_error((*z, candidate), n)))
    return tuple(z)


@pytest.mark.parametrize("n", [4, 16, 64, 256])
def test_generating_vector_is_the_best_component_by_component(n):
    fast, slow = generating_vector(n, 4), brute_force_vector(n, 4)
    assert worst_case_error(fast, n) == pytest.approx(worst_case_error(slow, n), rel=1e-9)


def test_embedded_vector_of_the_literature_is_worse_in_three_dimensions():
    ratios = {
        n: worst_case_error(EMBEDDED[:3], n) / worst_case_error(generating_vector(n, 3), n) for n in (2**10, 2**14)
    }
    assert 2 < ratios[2**10] < 10
    assert ratios[2**14] > 100


@pytest.mark.parametrize("n", [1, 2, 4, 2**12])
def test_components_are_odd_and_do_not_depend_on_the_dimension(n):
    z = generating_vector(n, 8)
    assert all(z_i % 2 == 1 and 0 < z_i <= max(n - 1, 1) for z_i in z)
    assert generating_vector(n, 3) == z[:3]


@pytest.mark.parametrize(("name", "weight"), [("identity", 1), ("tent", 1), ("korobov", 1), ("korobov", 4)])
def test_periodisations_keep_integrals(name, weight):
    t, w = np.polynomial.legendre.leggauss(20)
    # Two panels, because the tent has a kink at 1/2.
    t, w = torch.tensor(np.concatenate([(t + 1) / 4, (t + 3) / 4])), torch.tensor(np.concatenate([w, w]) / 4)
    x, jacobian = PERIODISATIONS[name](t, weight)
    for power in range(4):
        assert float((w * jacobian * x**power).sum()) == pytest.approx(1 / (power + 1), rel=1e-13)


def test_korobov_of_weight_one_is_the_cubic_of_the_papers():
    t = torch.linspace(0, 1, 11, dtype=torch.float64)
    x, jacobian = korobov(t, 1)
    torch.testing.assert_close(x, t * t * (3 - 2 * t))
    torch.testing.assert_close(jacobian, 6 * t * (1 - t))


def wave(h):
    """∫ (2 + cos 2π h·x) dx = 2."""

    def f(s, x):
        phase = 2 * np.pi * sum(frequency * x[..., i] for i, frequency in enumerate(h))
        return 2 + (torch.cos(phase) if torch.is_tensor(x) else np.cos(phase)) + 0 * s[..., 0]

    return callable_integral(f, k=len(h))


def test_trigonometric_polynomials_are_exact_outside_the_dual_lattice_only():
    n, fields = 64, {"points": 64, "transform": "identity", "a": 0.0}
    z = np.array(generating_vector(n, 3))
    for h in itertools.product(range(-2, 3), repeat=3):
        if any(h) and h @ z % n:
            assert fitted(wave(h), **fields).integrate(np.ones((1, 1))).value[0] == pytest.approx(2, abs=1e-14)
    dual = (n - int(z[1]), 1, 0)
    assert dual @ z % n == 0
    estimate = fitted(wave(dual), seed=5, **fields).integrate(np.ones((1, 1)))
    assert abs(estimate.value[0] - 2) > 0.1
    assert estimate.error[0] > 0.1


def test_lattice_is_a_group_and_is_shifted_by_the_random_shift():
    n, evaluated = 64, []

    def watched(s, x):
        evaluated.append(torch.as_tensor(x).reshape(-1, 3))
        return x.sum(-1) + 0 * s[..., 0]

    method = fitted(callable_integral(watched, k=3), points=n, shifts=2, transform="identity", a=0.0)
    evaluated.clear()
    method.integrate(np.ones((1, 1)))
    nodes = torch.cat(evaluated)
    assert len(nodes) == 2 * n
    for x, shift in zip(nodes.split(n), method.shifts_, strict=True):
        scaled = n * ((x - torch.as_tensor(shift)) % 1)
        torch.testing.assert_close(scaled, scaled.round(), rtol=0, atol=1e-10)
        numerators = {tuple(row) for row in (scaled.round().long() % n).tolist()}
        assert len(numerators) == n
        sums = {tuple((a + b) % n for a, b in zip(p, q, strict=True)) for p in numerators for q in numerators}
        assert sums == numerators


def slope(transform, weight, sizes):
    """Return the exponent of n in the error for a smooth integrand that is not periodic."""
    integral, s = plain(2), np.array([[1.0, 1.0], [1.0, 2.0]])
    fields = {"transform": transform, "weight": weight, "a": 0.0, "shifts": 64}
    errors = [fitted(integral, points=n, **fields).integrate(s).error.mean() for n in sizes]
    return np.polyfit(np.log(sizes), np.log(errors), 1)[0]


@pytest.mark.parametrize(
    ("transform", "weight", "order"),
    [("identity", 1, 1), ("tent", 1, 2), ("korobov", 1, 2), ("korobov", 2, 3), ("korobov", 3, 4)],
)
def test_order_of_convergence_is_what_theory_says(transform, weight, order):
    # n^-order up to powers of log n: Sloan & Joe (1994), sections 2.12 and 4; for the tent Hickernell (2002). The
    # identity is the negative control: it does not reach the order of any other.
    assert -order - 0.35 < slope(transform, weight, [2**m for m in range(6, 12)]) < -order + 0.35


def test_errors_are_honest():
    # Student's distribution with seven degrees of freedom: 65 % within one, 98 % within three standard deviations.
    integral = plain(3)
    s = integral.sample(1, seed=5)
    fields = {"points": 64, "transform": "tent", "a": 0.0}
    estimates = [fitted(integral, seed=seed, **fields).integrate(s) for seed in range(300)]
    pulls = np.array([((e.value - integral.exact(s)) / e.error)[0] for e in estimates])
    assert 0.57 < (np.abs(pulls) < 1).mean() < 0.73
    assert 0.95 < (np.abs(pulls) < 3).mean() < 1
    assert abs(pulls.mean()) < 0.25


@pytest.mark.parametrize(("name", "digits"), [("box1l", 7.3), ("box2l", 3.3)])
def test_agrees_with_the_truth_within_its_error(name, digits):
    integral, truth = references.integral(name), references.truth(name)
    s, value = truth.s[truth.uniform][:200], truth.value[truth.uniform][:200]
    estimate = fitted(integral).integrate(s)
    error = np.abs(estimate.value - value)
    assert -np.log10(error / value).mean() > digits
    # All points share their eight shifts, so the share within one standard deviation says little.
    assert (error < 5 * estimate.error).all()
    assert np.median(estimate.error / value) < 10 * 10.0**-digits


def test_the_map_pays():
    integral = references.integral("box2l")
    s = integral.sample(30, seed=2)
    fields = {"points": 1024, "transform": "tent"}
    mapped, plain = (fitted(integral, **fields, **a).integrate(s) for a in ({}, {"a": 0.0}))
    assert np.median(mapped.error / mapped.value) < 0.3 * np.median(plain.error / plain.value)


def test_a_map_is_chosen_though_the_integrand_is_infinite_at_a_corner_of_the_cube():
    """The first node of a lattice without a shift lies there; a logarithm at x → 0 asks for nodes near it."""
    integral = ParametricIntegral.from_expression(
        name="logarithm", variables=("x1", "x2"), parameters=("s",), low=(1.0,), high=(2.0,),
        expression="-log(x1*x2)/(1 + s*x1)",
    )  # fmt: skip
    method = fitted(integral, points=64, transform="tent")
    assert ((method.a_ > 0) & (method.a_ < 6)).all()


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_transform_is_chosen_though_there_is_no_value_at_a_point_of_the_box():
    """At s1 = 2, a corner of the box, the integrand is no number."""
    everywhere, partly = (
        ParametricIntegral.from_expression(
            name="partly", variables=("x1",), parameters=("s1",), low=(1.0,), high=(high,),
            expression="exp(3*x1) + 1e-9*sqrt(1.97 - s1)",
        )
        for high in (1.9, 2.0)
    )  # fmt: skip
    chosen = [fitted(integral, points=2048, a=0.0).transform_ for integral in (everywhere, partly)]
    assert chosen == ["korobov", "korobov"]


def test_reaches_the_accuracy_asked_for_and_stays_within_max_nodes():
    integral = product(3)
    s = integral.sample(200, seed=3)
    assert relative_error(fitted(integral, epsrel=1e-6).integrate(s).value, integral.exact(s)) < 5e-6
    small = fitted(integral, epsrel=1e-15, max_nodes=1000)
    assert small.points_ == 64
    assert small.integrate(s).n_eval == 200 * 8 * 64


def test_changing_sign_and_many_dimensions_work():
    integral = changing_sign()
    s = integral.sample(100, seed=1)
    np.testing.assert_allclose(fitted(integral).integrate(s).value, integral.exact(s), atol=1e-8)
    integral = plain(10)
    s = integral.sample(20, seed=1)
    estimate = fitted(integral, max_nodes=2**15).integrate(s)
    assert (np.abs(estimate.value - integral.exact(s)) < 5 * estimate.error).all()
    assert np.max(estimate.error / estimate.value) < 0.01


@pytest.fixture
def made(monkeypatch):
    """List how many nodes are made at a time, once for each variable: the map is the last that makes them."""
    lengths = []

    def watched(t, a):
        lengths.append(len(t))
        return exponential(t, a)

    monkeypatch.setattr(lattice_qmc, "exponential", watched)
    return lengths


def test_blocks_and_rules_made_anew_change_rounding_only(monkeypatch, made):
    integral = plain(3)
    s, fields = integral.sample(5, seed=3), {"points": 1024, "transform": "tent"}
    kept = fitted(integral, **fields)
    monkeypatch.setattr(lattice_qmc, "BLOCK", 100)
    monkeypatch.setattr(lattice_qmc, "KEPT", 0)
    anew = fitted(integral, **fields)
    made.clear()
    value, error, _ = kept.integrate(s)
    assert made == []
    np.testing.assert_allclose(anew.integrate(s).value, value, rtol=1e-13)
    assert max(made) == 100
    np.testing.assert_allclose(anew.integrate(s).error, error, rtol=1e-9)


def test_lattices_beyond_the_memory_allowed_are_made_block_by_block(made):
    integral = plain(3)
    method = fitted(integral, points=2**20, shifts=9, transform="tent", a=0.0)
    assert made == []
    method.integrate(integral.sample(1, seed=0))
    assert made == [lattice_qmc.BLOCK] * 72 * 3


def test_seeds_change_the_shifts_and_nothing_else():
    integral = product(2)
    s = integral.sample(3, seed=1)
    one, other = (fitted(integral, seed=seed, points=128, transform="tent") for seed in (0, 1))
    assert not np.array_equal(one.integrate(s).value, other.integrate(s).value)
    assert one.details_ == other.details_


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"transform": "baker"}, "no transform of lattice_qmc 'baker'; known: identity, korobov, tent"),
        ({"points": 1000}, "points is 1000; give a power of two up to 4194304"),
        ({"points": 0}, "points is 0; give a power of two"),
        ({"points": 2**23}, "points is 8388608; give a power of two"),
        ({"shifts": 1}, "shifts is 1; give at least two"),
        ({"weight": 0}, "weight is 0; give a Korobov weight of at least one"),
        ({"weight": 101}, "weight is 101; give a Korobov weight of at least one, up to 100"),
        ({"max_nodes": 5}, "max_nodes is 5; give at least one node for each of 8 shifts"),
        ({"a": 701.0}, "lattice_qmc.a is 701.0; give a strength of the map from -700 to 700"),
    ],
)
def test_fields_that_cannot_be_are_refused(fields, message):
    with pytest.raises(InputError, match=message):
        fitted(product(2), **fields)


@pytest.mark.parametrize("budget", [1.0, 4.0, 30.0])
def test_the_lattice_is_the_one_whose_comparison_fits_the_budget(own_time, budget):
    """48 points by 2⁷ nodes take 6 ms, of which the choice of the map makes 102 at least."""
    own_time.tick = 1e-6
    method = methods.create("lattice_qmc", epsrel=1e-14, max_nodes=10**7).fit(costly(plain(3), 1e-6), budget=budget)
    assert 0.2 * budget < own_time.now < 1.1 * budget
    assert method.details_["cut_short"]


def test_a_map_compared_at_fewer_points_is_cut_short(own_time):
    """The lattice is given: only the map's points are left for the budget to reduce."""
    own_time.tick = 1e-6
    fields = {"points": 128, "transform": "tent"}
    short, long, given = (
        methods.create("lattice_qmc", **fields, **more).fit(costly(plain(2), 1e-6), budget=budget).details_
        for more, budget in (({}, 2.0), ({}, 60.0), ({"a": 1.0}, 2.0))
    )
    assert lattice_qmc.FEWEST_MAP_POINTS <= short["map_points"] < lattice_qmc.MAP_POINTS
    assert long["map_points"] == lattice_qmc.MAP_POINTS
    assert given["map_points"] is None
    assert [details["cut_short"] for details in (short, long, given)] == [True, False, False]


def test_a_long_budget_changes_nothing(own_time):
    own_time.tick = 1e-6
    long, without = (methods.create("lattice_qmc").fit(plain(2), budget=budget).details_ for budget in (60.0, None))
    assert long == without
    assert not long["cut_short"]


def test_above_threshold_it_lies_on_a_contour(tmp_path):
    integral = references.integral("bubble_physical")
    method = fitted(integral, points=512, transform="korobov", a=0.0)
    s = integral.sample(100, seed=4)
    value, error, _ = method.integrate(s)
    miss = np.abs(value - integral.exact(s))
    assert -np.log10(miss / np.abs(value)).mean() > 7
    assert_honest(miss / error, {3: 0.8})
    assert (value.dtype, error.dtype) == (np.complex128, np.float64)
    method.save(tmp_path / "lattice")
    np.testing.assert_array_equal(type(method).load(tmp_path / "lattice", integral).integrate(s).value, value)


def test_sums_of_terms_have_no_contour_in_common():
    assert "sum of 4 terms" in methods.create("lattice_qmc").unsupported(references.integral("box1l_sectors_physical"))
