"""Learning I(s) and ∂I/∂s together: the derivatives of labels, the loss, and what derivatives are worth."""

import numpy as np
import pytest
import torch
from honest_errors import assert_honest
from integrals import callable_integral, changing_sign, plain, product
from label_methods import closed_gradient

import references
from methods import create, differential_mlp
from methods.base import InputError, ParametricIntegral
from methods.differential_mlp import DifferentialMLP
from methods.quadrature import node_gradients
from methods.surrogates import gradient_labels
from methods.surrogates.quasi_newton import minimise
from methods.tables.coordinates import Coordinates

SLOPES = "label_methods:Slopes"


def central_differences(f, integral, s, step=1e-4):
    """∂f/∂s, f (n, m) -> (n,), with steps relative to the box."""
    width = step * (np.array(integral.high) - integral.low)
    return np.stack([(f(s + d) - f(s - d)) / (2 * d.sum()) for d in np.diag(width)], axis=1)


def inside(integral, n, seed=1):
    """Return points that central differences do not take out of the box."""
    return integral.from_unit(0.01 + 0.98 * integral.to_unit(integral.sample(n, seed)))


pytestmark = pytest.mark.usefixtures("one_thread")


def small(**fields):
    """Return a network that trains in half a second."""
    return DifferentialMLP(**{"labels": SLOPES, "n_labels": 100, "width": 8, "n_iterations": 60, **fields})


def errors(method, integral):
    """Return relative errors of a fitted method at 200 points."""
    s = integral.sample(200, seed=1)
    return np.abs(method.integrate(s).value / integral.exact(s) - 1)


def log_uniform(integral):
    """Return an integral with its points drawn evenly in log s."""
    return ParametricIntegral(
        name="even_in_log", k=integral.k, parameters=integral.parameters, low=integral.low, high=integral.high,
        integrand=integral.integrand, exact=integral.exact, draw="log-uniform",
    )  # fmt: skip


# Labels with derivatives


@pytest.mark.parametrize("make", [product, plain])
@pytest.mark.parametrize("k", [1, 3])
def test_derivatives_are_those_of_the_closed_form(make, k):
    integral = make(k)
    s = integral.sample(500, seed=1)
    rule = create("gauss_legendre", order=10).fit(integral)
    estimate, gradient = rule.integrate_with_gradient(s)
    np.testing.assert_allclose(gradient, closed_gradient(integral, s), rtol=1e-8)
    np.testing.assert_allclose(estimate.value, rule.integrate(s).value, rtol=1e-13)


def test_derivatives_of_box1l_are_those_of_central_differences():
    integral = references.integral("box1l")
    s = inside(integral, 50)
    rule = create("gauss_legendre", order=5).fit(integral)
    differences = central_differences(lambda s: rule.integrate(s).value, integral, s)
    np.testing.assert_allclose(rule.integrate_with_gradient(s)[1], differences, rtol=1e-6)


@pytest.mark.parametrize(
    ("expression", "definitions"),
    [
        ("1/(P**2*Q)", {"P": "s1 + s2*x", "Q": "1 + s1*x"}),
        ("P**3/Q**2", {"P": "s1 - s2*x", "Q": "1 + s1*x"}),
        ("1/P + 2/Q**3", {"P": "s1 + s2*x", "Q": "1 + s1*x"}),
        ("log(s1 + s2*x)", {}),
    ],
    ids=["two factors", "a positive power", "a sum", "no monomial"],
)
def test_every_form_of_integrand_is_differentiated(expression, definitions):
    integral = ParametricIntegral.from_expression(
        name="form", variables=("x",), parameters=("s1", "s2"), expression=expression, definitions=definitions,
        low=(1.0, 1.0), high=(2.0, 2.0),
    )  # fmt: skip
    x = torch.linspace(0, 1, 20_000, dtype=torch.float64)[:, None]
    weights = torch.full((len(x),), 1 / len(x), dtype=torch.float64)
    s = torch.as_tensor(integral.sample(9, seed=0))
    value, gradient = node_gradients.weighted_sum_with_gradient(integral, x, weights)(s)
    sums = integral.weighted_sum(x, weights)
    torch.testing.assert_close(value, sums(s), rtol=1e-13, atol=0)
    differences = [(sums(s + h) - sums(s - h)) / 2e-5 for h in 1e-5 * torch.eye(2, dtype=torch.float64)]
    torch.testing.assert_close(gradient, torch.stack(differences, dim=1), rtol=1e-7, atol=1e-8)


def test_labels_with_derivatives_are_metered(costs):
    integral = product(2)
    s = integral.sample(50, seed=3)
    estimate, gradient = gradient_labels.GradientLabelSource("gauss_legendre,order=6", integral).compute_with_gradient(
        s
    )
    assert gradient.shape == (50, 2)
    assert sum(p.n_labels for p in costs) == 50
    assert sum(p.n_eval for p in costs) == estimate.n_eval == 50 * (6**2 + 3**2)
    assert costs[-1].seconds > 0


def test_a_method_without_derivatives_is_named():
    with pytest.raises(InputError, match=r"lattice_qmc gives no derivatives.*gauss_legendre"):
        small(labels="lattice_qmc,epsrel=1e-3").fit(product(1))


@pytest.mark.pysecdec
def test_pysecdec_sells_no_derivatives():
    with pytest.raises(InputError, match=r"pysecdec_qmc gives no derivatives.*gauss_legendre"):
        small(labels="pysecdec_qmc").fit(product(1))


# The network


def test_the_loss_is_the_formula(monkeypatch):
    """What is minimised, over all labels that are trained on, in both precisions."""
    integral, given = product(1), []

    def watched(loss, x, *rest, **further):
        given.append((loss, x))
        return minimise(loss, x, *rest, **further)

    monkeypatch.setattr(differential_mlp, "minimise", watched)
    method = small(gradient_weight=0.3, n_labels=50, n_iterations=0).fit(integral)
    ((loss, start),) = given
    np.testing.assert_array_equal(method.weights_, start)  # no iterations: the network is that of the start
    s = integral.from_unit(np.clip(0.5 + 1.25 * (np.random.default_rng(0).random((50, 2)) - 0.5), 0, 1))[:40]
    target = method.target_
    coordinates = Coordinates(np.array(integral.low), np.array(integral.high), method.c_)
    y = (target.encode(integral.exact(s)) - method.mean_) / method.scale_
    dy_du = 1 / (method.scale_ / target.slope(integral.exact(s)))[:, None] / coordinates.slope(s)
    slopes = closed_gradient(integral, s) * dy_du
    y_found = (target.encode(method.integrate(s).value) - method.mean_) / method.scale_
    slopes_found = method.gradient(s) / method.scale_ / coordinates.slope(s)
    slopes_found *= target.slope(method.integrate(s).value)[:, None]
    of_slopes = ((slopes_found - slopes) ** 2 / (slopes**2).mean(axis=0)).mean()
    expected = ((y_found - y) ** 2).mean() + 0.3 * of_slopes
    assert loss(start).item() == pytest.approx(expected, rel=1e-5)  # the method evaluates in float32
    assert loss(start.float()).item() == pytest.approx(loss(start).item(), rel=1e-5)


def test_derivatives_help_where_labels_are_few():
    integral, truth = references.integral("box1l"), references.truth("box1l")
    both, values = (
        small(labels="gauss_legendre", n_labels=30, n_iterations=100, gradient_weight=weight)
        .fit(integral)
        .integrate(truth.s)
        .value
        for weight in (1.0, 0.0)
    )
    assert np.median(np.abs(both / truth.value - 1)) < 0.5 * np.median(np.abs(values / truth.value - 1))


def test_derivatives_with_the_wrong_sign_harm():
    integral = product(2)
    wrong = small(labels=f"{SLOPES},sign=-1", n_iterations=20).fit(integral)
    assert np.median(errors(wrong, integral)) > 10 * np.median(errors(small(n_iterations=20).fit(integral), integral))


def test_the_network_gives_the_derivatives_of_its_own_values():
    for integral in (product(1), log_uniform(product(1)), changing_sign()):
        method = small(labels="gauss_legendre").fit(integral)
        s = inside(integral, 20)
        # float32: steps of 1 % leave 1e-3 of rounding and of curvature.
        differences = central_differences(lambda s, m=method: m.integrate(s).value, integral, s, step=1e-2)
        gradient = method.gradient(s)
        np.testing.assert_allclose(gradient, differences, rtol=5e-3, atol=5e-3 * np.abs(gradient).max())


def test_the_network_learns_the_derivatives():
    integral = product(2)
    s = integral.sample(200, seed=1)
    method = small().fit(integral)
    relative = np.abs(method.gradient(s) / closed_gradient(integral, s) - 1)
    assert np.median(relative) < 0.01
    assert method.gradient(s[:0]).shape == (0, 2)
    with pytest.raises(InputError, match="outside the box"):
        method.gradient(np.array([[0.5, 1.5]]))


def test_one_invariant():
    integral = callable_integral(lambda s, x: (s[..., 0] + x[..., 0]) ** -2.0)
    method = small(labels="gauss_legendre").fit(integral)
    s = integral.sample(50, seed=1)
    exact = 1 / s[:, 0] - 1 / (s[:, 0] + 1)
    np.testing.assert_allclose(method.integrate(s).value, exact, rtol=1e-3)
    np.testing.assert_allclose(method.gradient(s), (1 / (s + 1) ** 2 - 1 / s**2), rtol=1e-2)


def test_a_flat_direction_a_sign_change_and_a_constant_are_learnt():
    integral = changing_sign()
    method = small(labels="gauss_legendre").fit(integral)
    s = integral.sample(200, seed=1)
    assert method.details_["sign"] == 0
    assert np.abs(method.gradient(s) - [1, 0.5]).mean() < 0.01
    flat = callable_integral(lambda s, x: x[..., 0] + 0 * s[..., 0])
    constant = small(labels="gauss_legendre").fit(flat)
    assert constant.scale_ == 1  # not the rounding of a constant
    assert abs(constant.gradient(np.full((1, 1), 1.5))[0, 0]) < 0.01
    np.testing.assert_allclose(constant.integrate(flat.sample(50, seed=1)).value, 0.5, rtol=1e-3)


def test_validation_labels_do_not_scale_the_target(monkeypatch):
    """Changing the last of 50 labels, which judge, moves neither mean nor standard deviation; the first moves both."""
    integral = product(1)

    def scaler(changed):
        def compute(self, s):
            estimate, gradient = original(self, s)
            rows = np.arange(compute.n, compute.n + len(s))
            compute.n += len(s)
            estimate.value[rows == changed] *= 2
            return estimate, gradient

        compute.n = 0
        monkeypatch.setattr(gradient_labels.GradientLabelSource, "compute_with_gradient", compute)
        method = small(n_labels=50, n_iterations=1).fit(integral)
        mean = method.target_.decode(np.array([method.mean_]))[0]  # in units of I, whatever the target is
        return method.target_.power, mean, method.scale_

    original = gradient_labels.GradientLabelSource.compute_with_gradient
    none, last, first = scaler(-1), scaler(49), scaler(0)
    assert last == none
    assert first[1] != none[1]
    assert first[2] != none[2]


def test_the_error_knows_the_place():
    integral = references.integral("box1l")
    method = DifferentialMLP(n_labels=400, width=12, n_iterations=60).fit(integral)
    truth = references.truth("box1l")
    value, error, _ = method.integrate(truth.s)
    pull = np.abs(value - truth.value) / error
    assert_honest(pull, {1: 0.6, 3: 0.95})
    relative = error / np.abs(value)
    edges = np.abs(2 * integral.to_unit(truth.s) - 1).min(axis=1) > 0.99
    assert relative[edges].min() > relative[~edges].mean()


def test_the_same_seed_gives_the_same_network_and_a_file_keeps_it(tmp_path):
    integral = product(1)
    s = integral.sample(20, seed=1)
    first, second, other = (small(seed=seed, n_iterations=20).fit(integral) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.gradient(s), second.gradient(s))
    assert not np.array_equal(first.gradient(s), other.gradient(s))
    first.save(tmp_path / "m")
    loaded = DifferentialMLP.load(tmp_path / "m", integral)
    np.testing.assert_array_equal(loaded.integrate(s).value, first.integrate(s).value)
    np.testing.assert_array_equal(loaded.integrate(s).error, first.integrate(s).error)
    np.testing.assert_array_equal(loaded.gradient(s), first.gradient(s))


def test_the_budget_is_kept_with_expensive_labels(own_time, costs):
    method = small(labels=f"{SLOPES},seconds_per_label=1e-3", n_labels=100_000, n_iterations=None)
    method.fit(product(1), budget=1.5)
    assert 1.0 < own_time.now < 1.1 * 1.5
    assert 10 < method.details_["n_labels"] < 1_000
    assert method.details_["cut_short"]
    assert 0.1 < sum(p.seconds for p in costs) < 0.9


def test_a_run_within_a_budget_is_repeated_by_its_numbers(own_time):
    integral = product(1)
    s = integral.sample(20, seed=1)
    first = small(n_iterations=None).fit(integral, budget=1.0)
    made = first.details_
    repeat = small(n_labels=made["n_labels"], n_iterations=made["n_iterations"]).fit(integral)
    assert made["n_iterations"] > 1
    np.testing.assert_array_equal(repeat.integrate(s).value, first.integrate(s).value)


def test_a_monitor_changes_nothing():
    integral = product(1)
    s = integral.sample(10, seed=1)
    seen = []
    watched = small(n_iterations=30).fit(integral, monitor=lambda method: seen.append(method.integrate(s)))
    assert len(seen) == 2  # after 20 and 30 iterations
    assert np.isfinite([part.value for part in seen]).all()
    assert (np.array([part.error for part in seen]) > 0).all()
    np.testing.assert_array_equal(watched.integrate(s).value, small(n_iterations=30).fit(integral).integrate(s).value)


@pytest.mark.parametrize(
    ("field", "value"), [("gradient_weight", -1.0), ("gradient_weight", float("nan")), ("n_iterations", -1)]
)
def test_numbers_that_make_no_sense_are_refused(field, value):
    with pytest.raises(InputError, match=rf"{field} is .*at least 0"):
        small(**{field: value}).fit(product(1))


@pytest.mark.parametrize("field", ["depth", "width"])
def test_a_network_without_neurons_is_refused(field):
    with pytest.raises(InputError, match=rf"{field} is 0; give at least 1"):
        small(**{field: 0}).fit(product(1))


def test_derivatives_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="derivatives of product1 that are not finite"):
        small(labels=f"{SLOPES},sign=1e400").fit(product(1))
