"""Learning I(s) and ∂I/∂s together: the derivatives of labels and targets, the loss, and what derivatives are worth."""

import numpy as np
import pytest
import torch
from integrals import callable_integral, changing_sign, plain, product
from label_methods import closed_gradient

import references
from methods import create, differential_mlp
from methods.base import InputError, ParametricIntegral
from methods.core import domain
from methods.core.budget import Clock
from methods.dense_mlp import DenseMLP
from methods.differential_mlp import DifferentialMLP
from methods.quadrature import node_gradients
from methods.surrogates import gradient_labels, labels, symmetry, target_gradients, targets
from methods.surrogates.lbfgs import minimise

SLOPES = "label_methods:Slopes"


def central_differences(f, integral, s, step=1e-4):
    """∂f/∂s, f (n, m) -> (n,), with steps relative to the box."""
    width = step * (np.array(integral.high) - integral.low)
    return np.stack([(f(s + d) - f(s - d)) / (2 * d.sum()) for d in np.diag(width)], axis=1)


def inside(integral, n, seed=1):
    """Return points that central differences do not take out of the box."""
    return integral.from_unit(0.01 + 0.98 * integral.to_unit(integral.sample(n, seed)))


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def costs():
    token = labels.LABEL_COSTS.set([])
    yield labels.LABEL_COSTS.get()
    labels.LABEL_COSTS.reset(token)


def small(**fields):
    """Return a network that trains in half a second."""
    defaults = {
        "labels": SLOPES,
        "n_labels": 500,
        "depth": 2,
        "width": 16,
        "n_updates": 60,
        "batch_size": 64,
        "n_iterations": 0,
    }
    return DifferentialMLP(**{**defaults, **fields})


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


# Targets with derivatives


@pytest.mark.parametrize("draw", sorted(domain.DRAWS))
@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_the_chain_rule_of_targets(name, draw):
    integral = product(2) if draw == "uniform" else log_uniform(product(2))
    target = targets.make(name, integral)
    s = inside(integral, 20)
    slope = target_gradients.encode(target, s, integral.exact(s), closed_gradient(integral, s))
    differences = central_differences(lambda s: target.encode(s, integral.exact(s)), integral, s)
    np.testing.assert_allclose(slope, differences, rtol=1e-6)
    y = target.encode(s, integral.exact(s))
    np.testing.assert_allclose(target_gradients.decode(target, s, y, slope), closed_gradient(integral, s), rtol=1e-12)
    u = integral.to_unit(s)
    step = 1e-6
    ds = [integral.from_unit(u + d) - integral.from_unit(u - d) for d in np.diag([step, step])]
    by_v = np.stack([d[:, j] for j, d in enumerate(ds)], axis=1) / (4 * step)
    np.testing.assert_allclose(target_gradients.input_slope(integral, s), by_v, rtol=1e-8)


def test_examples_have_the_slopes_of_the_standardised_target():
    integral = log_uniform(product(1))
    target = targets.make("ratio", integral)
    examples = target_gradients.examples(integral, target, SLOPES, 100, 0, Clock(None), [])
    v = 2 * integral.to_unit(examples.s) - 1
    row, step = np.argmin(np.abs(v).max(axis=1)), 1e-5

    def y(v):
        s = integral.from_unit((v + 1) / 2)[None]
        return (target.encode(s, integral.exact(s))[0] - examples.mean) / examples.scale

    differences = [(y(v[row] + d) - y(v[row] - d)) / (2 * step) for d in np.diag([step, step])]
    np.testing.assert_allclose(examples.slopes[row], differences, rtol=1e-6)


# The network


def test_without_weight_the_loss_is_that_of_the_plain_network():
    integral = product(1)
    s = integral.sample(20, seed=1)
    fields = {
        "labels": SLOPES, "n_labels": 500, "depth": 2, "width": 16, "n_updates": 60, "batch_size": 64,
        "target": "ratio",
    }  # fmt: skip
    without = DifferentialMLP(**fields, gradient_weight=0.0, n_iterations=0).fit(integral).integrate(s).value
    rate = DifferentialMLP.learning_rate
    np.testing.assert_array_equal(without, DenseMLP(**fields, learning_rate=rate).fit(integral).integrate(s).value)
    assert not np.array_equal(without, DifferentialMLP(**fields, n_iterations=0).fit(integral).integrate(s).value)


def test_the_loss_is_the_formula(monkeypatch):
    """What L-BFGS is given to minimise, in float64, over all labels that are trained on."""
    integral, given = product(1), []

    def watched(network, loss, *rest, **further):
        v = torch.as_tensor(2 * integral.to_unit(s) - 1)
        jacobian = torch.stack([torch.autograd.functional.jacobian(network, row)[0] for row in v])
        given.append((loss().item(), network(v)[:, 0].detach().numpy(), jacobian.numpy()))
        return minimise(network, loss, *rest, **further)

    monkeypatch.setattr(differential_mlp, "minimise", watched)
    method = small(gradient_weight=0.3, n_labels=50)
    target = targets.make(method.target, integral)
    examples = target_gradients.examples(integral, target, SLOPES, 50, method.seed, Clock(None), [])
    s, y, slopes = (array[: examples.n_train] for array in (examples.s, examples.y, examples.slopes))
    method.fit(integral)
    ((loss, value, jacobian),) = given
    of_slopes = ((jacobian - slopes) ** 2 / (slopes**2).mean(axis=0)).mean()
    assert loss == pytest.approx(((value - y) ** 2).mean() + 0.3 * of_slopes, rel=1e-10)


def test_derivatives_help_where_labels_are_few_and_harm_with_the_wrong_sign():
    # Measured: 0.018 with derivatives, 0.11 without, 0.25 with the wrong sign.
    integral = product(2)
    s = integral.sample(500, seed=1)
    few = {"n_labels": 20, "n_updates": 400, "target": "plain"}
    median = {
        what: np.median(np.abs(small(**few, **fields).fit(integral).integrate(s).value / integral.exact(s) - 1))
        for what, fields in {
            "both": {},
            "values": {"gradient_weight": 0.0},
            "wrong": {"labels": f"{SLOPES},sign=-1"},
        }.items()
    }
    assert median["both"] < 0.5 * median["values"]
    assert median["wrong"] > 2 * median["values"]


@pytest.mark.parametrize("target", sorted(targets.TARGETS))
def test_the_network_gives_the_derivatives_of_its_own_values(target):
    integral = log_uniform(product(1)) if target == "log" else product(1)
    method = small(target=target).fit(integral)
    s = inside(integral, 20)
    # float32: steps of 1 % leave 1e-3 of rounding and of curvature.
    differences = central_differences(lambda s: method.integrate(s).value, integral, s, step=1e-2)
    gradient = method.gradient(s)
    np.testing.assert_allclose(gradient, differences, rtol=5e-3, atol=5e-3 * np.abs(gradient).max())


def test_the_network_learns_the_derivatives():
    # Measured: 0.007.
    integral = product(2)
    s = integral.sample(200, seed=1)
    method = small(n_updates=400).fit(integral)
    relative = np.abs(method.gradient(s) / closed_gradient(integral, s) - 1)
    assert np.median(relative) < 0.02
    assert method.gradient(s[:0]).shape == (0, 2)
    with pytest.raises(InputError, match="outside the box"):
        method.gradient(np.array([[0.5, 1.5]]))


def test_derivatives_belong_to_the_points_before_they_were_sorted():
    integral = symmetric()
    method = small(labels="gauss_legendre", symmetry="s1:s2").fit(integral)
    s = inside(integral, 20)
    differences = central_differences(lambda s: method.integrate(s).value, integral, s, step=5e-3)
    off_diagonal = np.abs(s[:, 0] - s[:, 1]) > 0.02
    gradient = method.gradient(s)
    np.testing.assert_allclose(gradient[off_diagonal], differences[off_diagonal], rtol=1e-2, atol=1e-2)
    np.testing.assert_allclose(method.gradient(s[:, ::-1]), gradient[:, ::-1], rtol=1e-6)


def symmetric():
    """∫ 1/(s1 s2 + (s1 + s2) x)² dx, the same with s1 and s2 exchanged."""
    return ParametricIntegral.from_expression(
        name="symmetric", variables=("x",), parameters=("s1", "s2"), expression="1/D**2",
        definitions={"D": "s1*s2 + (s1 + s2)*x"}, low=(1.0, 1.0), high=(2.0, 2.0),
    )  # fmt: skip


def test_order_leads_to_the_sorted_points():
    s = np.array([[3.0, 1.0, 2.0], [1.0, 5.0, 0.0]])
    np.testing.assert_array_equal(np.take_along_axis(s, symmetry.order(s, [0, 2]), axis=1), symmetry.fold(s, [0, 2]))


def test_one_invariant():
    integral = callable_integral(lambda s, x: (s[..., 0] + x[..., 0]) ** -2.0)
    method = small(labels="gauss_legendre", n_updates=200).fit(integral)
    s = integral.sample(50, seed=1)
    exact = 1 / s[:, 0] - 1 / (s[:, 0] + 1)
    np.testing.assert_allclose(method.integrate(s).value, exact, rtol=0.02)
    np.testing.assert_allclose(method.gradient(s), (1 / (s + 1) ** 2 - 1 / s**2), rtol=0.1)


def test_a_flat_direction_and_a_sign_change_are_learnt():
    integral = changing_sign()
    method = small(labels="gauss_legendre", target="plain", n_updates=300).fit(integral)
    s = integral.sample(200, seed=1)
    assert np.abs(method.gradient(s) - [1, 0.5]).mean() < 0.1
    flat = callable_integral(lambda s, x: x[..., 0] + 0 * s[..., 0])
    slope = small(labels="gauss_legendre", target="plain").fit(flat).gradient(np.full((1, 1), 1.5))
    assert abs(slope[0, 0]) < 0.1


def test_the_same_seed_gives_the_same_network_and_a_file_keeps_it(tmp_path):
    integral = product(1)
    s = integral.sample(20, seed=1)
    first, second, other = (small(seed=seed).fit(integral) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.gradient(s), second.gradient(s))
    assert not np.array_equal(first.gradient(s), other.gradient(s))
    first.save(tmp_path / "m")
    loaded = DifferentialMLP.load(tmp_path / "m", integral)
    np.testing.assert_array_equal(loaded.integrate(s).value, first.integrate(s).value)
    np.testing.assert_array_equal(loaded.gradient(s), first.gradient(s))


def test_the_budget_is_kept_with_expensive_labels(own_time, costs):
    method = small(labels=f"{SLOPES},seconds_per_label=1e-3", n_labels=100_000, n_updates=None, n_iterations=None)
    method.fit(product(1), budget=1.5)
    assert 1.0 < own_time.now < 1.1 * 1.5
    assert 10 < method.details_["n_labels"] < 1_000
    assert 0.1 < sum(p.seconds for p in costs) < 0.9


def test_lbfgs_has_its_share_after_any_schedule(own_time):
    found = small(n_updates=None, n_iterations=None, schedule="constant").fit(product(1), budget=1.0)
    assert found.details_["n_iterations"] > 20


def test_lbfgs_goes_on_where_adam_stopped():
    # Measured: 0.013 and 0.00017.
    integral = product(2)
    s = integral.sample(200, seed=1)
    error = {
        n: np.median(
            np.abs(small(n_updates=100, n_iterations=n).fit(integral).integrate(s).value / integral.exact(s) - 1)
        )
        for n in (0, 40)
    }
    assert error[40] < 0.3 * error[0]


def test_a_run_within_a_budget_is_repeated_by_its_numbers(own_time):
    integral = product(1)
    s = integral.sample(20, seed=1)
    first = small(n_updates=None, n_iterations=None).fit(integral, budget=1.0)
    made = first.details_
    repeat = small(
        n_updates=first.n_updates_, schedule_updates=made["schedule_updates"], n_labels=made["n_labels"],
        n_iterations=made["n_iterations"],
    ).fit(integral)  # fmt: skip
    assert first.n_updates_ > 1
    assert made["n_iterations"] > 1
    np.testing.assert_array_equal(repeat.integrate(s).value, first.integrate(s).value)


def test_a_monitor_sees_both_parts_and_changes_nothing():
    integral = product(1)
    s = integral.sample(10, seed=1)
    seen = []
    watched = small(n_iterations=30).fit(integral, monitor=lambda method: seen.append(method.integrate(s).value))
    assert len(seen) == 3  # one look after the updates, and after 20 and 30 iterations
    assert np.isfinite(seen).all()
    np.testing.assert_array_equal(watched.integrate(s).value, small(n_iterations=30).fit(integral).integrate(s).value)


@pytest.mark.parametrize("weight", [-1.0, float("nan")])
def test_a_weight_that_makes_no_sense_is_refused(weight):
    with pytest.raises(InputError, match=r"gradient_weight is .*at least 0"):
        small(gradient_weight=weight).fit(product(1))


def test_derivatives_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="derivatives of product1 that are not finite"):
        small(labels=f"{SLOPES},sign=1e400").fit(product(1))
