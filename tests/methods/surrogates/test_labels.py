"""Buying labels: from direct methods only, metered, in the order of the points; and the targets made from them."""

import time

import numpy as np
import pytest
from integrals import changing_sign, plain, product

import references
from benchmarks.running.evaluation_counter import Meter
from methods.base import InputError
from methods.core import names
from methods.core.budget import Clock
from methods.surrogates import gradient_labels, labels, targets
from methods.surrogates.schedule import Schedule

EXACT = "label_methods:Exact"


def compute_labels(spec, integral, s):
    return labels.LabelSource(spec, integral).compute(s).value


def test_labels_are_the_integral_and_are_metered(costs):
    integral = product(2)
    s = integral.sample(50, seed=3)
    np.testing.assert_array_equal(compute_labels(EXACT, integral, s), integral.exact(s))
    assert sum(p.n_labels for p in costs) == 50
    assert sum(p.n_eval for p in costs) == 350


def test_the_time_of_labels_is_metered(own_time, costs):
    compute_labels(f"{EXACT},seconds_per_label=0.01", product(1), product(1).sample(10, seed=0))
    assert sum(p.seconds for p in costs) == pytest.approx(0.1, abs=5 * own_time.tick)


@pytest.mark.parametrize(("seen", "uncounted"), [(0, 350), (350, 0), (400, 0), (100, 250)])
def test_evaluations_that_nobody_counted_are_told_apart(costs, monkeypatch, seen, uncounted):
    """Of 50 labels that report 7 evaluations each, the harness sees so many happen."""
    counted = [1_000]
    token = labels.EVALUATIONS_SEEN.set(lambda: counted[0])
    method = names.attribute(EXACT, callable)
    integrate = method.integrate

    def counting(self, s):
        counted[0] += seen
        return integrate(self, s)

    monkeypatch.setattr(method, "integrate", counting)
    compute_labels(EXACT, product(2), product(2).sample(50, seed=3))
    labels.EVALUATIONS_SEEN.reset(token)
    assert sum(p.n_uncounted for p in costs) == uncounted


def test_labels_of_the_integrals_own_integrand_are_counted_once(costs):
    """The harness's rule, counted + uncounted, for a method that evaluates what the meter counts."""
    meter, integral = Meter(), product(2)
    token = labels.EVALUATIONS_SEEN.set(lambda: meter.n_eval)
    compute_labels("gauss_legendre,order=3,a=1.0", meter.metered(integral), integral.sample(50, seed=3))
    labels.EVALUATIONS_SEEN.reset(token)
    assert sum(p.n_eval for p in costs) == 50 * (3**2 + 2**2) < meter.n_eval
    assert sum(p.n_uncounted for p in costs) == 0


def test_a_label_with_its_derivatives_counts_as_the_value_does():
    meter, integral = Meter(), references.integral("box1l")
    source = gradient_labels.GradientLabelSource("gauss_legendre,order=3,a=1.0", meter.metered(integral))
    before = meter.n_eval
    source.compute_with_gradient(integral.sample(50, seed=3))
    assert meter.n_eval - before == 50 * (3**3 + 2**3)


def test_the_label_method_prepares_itself_within_its_part_of_the_budget(own_time, costs):
    source = labels.LabelSource(f"{EXACT},seconds_to_prepare=9.0", product(1), budget=2.0)
    assert costs[0].seconds == pytest.approx(2.0, abs=5 * own_time.tick)
    assert source.cut_short
    examples = make_examples(100, 10.0, f"{EXACT},seconds_to_prepare=9.0")
    assert costs[1].seconds == pytest.approx(10 * targets.LABEL_SHARE * targets.PREPARATION_SHARE, abs=0.01)
    assert len(examples.s) == 100


def test_without_a_budget_the_label_method_has_none():
    assert labels.LabelSource(EXACT, product(1)).method.budget_ is None
    assert not labels.LabelSource(EXACT, product(1)).cut_short


def test_nothing_is_noted_where_nobody_meters():
    integral = product(1)
    compute_labels(EXACT, integral, integral.sample(5, seed=0))
    assert labels.LABEL_COSTS.get() is None


@pytest.mark.parametrize("surrogate", ["skip_mlp", "boosted_trees"])
def test_a_surrogate_cannot_sell_labels(surrogate):
    with pytest.raises(InputError, match=r"learns from labels.*gauss_legendre"):
        compute_labels(surrogate, product(1), product(1).sample(5, seed=0))


def test_a_method_that_cannot_treat_the_integral_sells_no_labels():
    integral = plain(1)
    without = type(integral)(
        name="open", k=1, parameters=integral.parameters, low=integral.low, high=integral.high,
        integrand=integral.integrand,
    )  # fmt: skip
    with pytest.raises(InputError, match="cannot provide labels for open: it has no closed form"):
        compute_labels(EXACT, without, without.sample(5, seed=0))


@pytest.mark.parametrize(("spec", "epsrel"), [(EXACT, 1e-6), (f"{EXACT},epsrel=1e-4", 1e-4)])
def test_the_precision_asked_for_reaches_the_method_unless_the_user_chose_one(spec, epsrel):
    source = labels.LabelSource(spec, product(1), epsrel=1e-6)
    assert source.method.epsrel == epsrel


@pytest.mark.parametrize("name", sorted(targets.TARGETS))
def test_a_target_is_undone_exactly(name):
    integral = product(2)
    s = integral.sample(20, seed=0)
    value = integral.exact(s)
    target = targets.make(name, integral)
    y = target.encode(s, value)
    decoded, slope = target.decode(s, y)
    np.testing.assert_allclose(decoded, value, rtol=1e-14)
    step = 1e-6
    np.testing.assert_allclose((target.decode(s, y + step)[0] - decoded) / step, slope, rtol=1e-4)


def test_the_ratio_is_to_the_integrand_at_the_centre():
    integral = product(2)
    s = integral.sample(5, seed=0)
    centre = integral.integrand(s, np.full((1, 2), 0.5))
    y = targets.make("ratio", integral).encode(s, integral.exact(s))
    np.testing.assert_allclose(y, integral.exact(s) / centre, rtol=1e-14)


@pytest.mark.parametrize("name", ["ratio", "log_ratio", "log"])
def test_a_target_that_is_not_defined_says_what_to_use(name):
    integral = changing_sign()
    s = integral.sample(100, seed=0)
    with pytest.raises(InputError, match=r"changing_sign.*target='plain'"):
        targets.make(name, integral).encode(s, integral.exact(s))


def test_an_unknown_target_is_named():
    with pytest.raises(InputError, match=r"no target 'ration'.*Did you mean 'ratio'"):
        targets.make("ration", product(1))


def test_standardisation_uses_the_training_labels_only():
    y = np.r_[np.linspace(-1, 1, 80), np.full(20, 1e6)]
    examples = targets.standardise(np.zeros((100, 1)), y, np.zeros(100))
    assert examples.n_train == 80
    assert examples.mean == pytest.approx(0, abs=1e-12)
    assert examples.scale == pytest.approx(y[:80].std())
    assert examples.y[:80].std() == pytest.approx(1)


def test_a_constant_target_stays_finite():
    assert np.isfinite(targets.standardise(np.zeros((10, 1)), np.ones(10), np.zeros(10)).y).all()


def make_examples(n_labels, budget, labels_spec=EXACT):
    integral = product(1)
    target = targets.make("plain", integral)
    return targets.examples(integral, target, labels_spec, n_labels, 0, Clock(budget), [])


def test_expensive_labels_take_their_share_of_the_budget_and_no_more(own_time, costs):
    spec = f"{EXACT},seconds_per_label=0.0005"
    examples = make_examples(100_000, 1.0, spec)
    spent = sum(p.seconds for p in costs)
    assert 100 < len(examples.s) < 1000
    assert 0.2 < spent < 0.4 + 10 * own_time.tick
    again = make_examples(len(examples.s), None, spec)
    np.testing.assert_array_equal(again.s, examples.s)
    np.testing.assert_array_equal(again.y, examples.y)


def test_an_expensive_first_step_does_not_end_labelling(own_time):
    class Warming:
        seconds_per_label = 0.05

    sizes = []

    def compute(part):
        sizes.append(len(part))
        if len(sizes) > 1:
            Warming.seconds_per_label = 1e-6
        return (part[:, 0],)

    s = np.arange(3_000.0)[:, None]
    (found,) = targets.compute_in_steps(Warming, compute, s, Clock(2.0))
    np.testing.assert_array_equal(found, s[:, 0])
    assert sizes[0] == 10
    assert 10 < sizes[1] < 90


def test_labels_that_cannot_be_paid_for_are_ten():
    assert len(make_examples(1_000, 0.0, f"{EXACT},seconds_per_label=0.001").s) == 10


def test_labels_without_a_stated_error_have_no_noise():
    integral = product(1)
    s = integral.sample(20, seed=0)
    error = np.r_[np.full(10, np.nan), np.full(10, 0.5)]
    examples = targets.encoded(targets.make("plain", integral), "some", s, integral.exact(s), error)
    np.testing.assert_allclose(examples.noise * examples.scale, np.nan_to_num(error))


def test_labels_that_their_method_calls_wrong_are_left_out():
    integral = product(1)
    s = integral.sample(50, seed=0)
    error = np.full(50, 1e-8)
    error[3] = 10.0
    examples = targets.encoded(targets.make("plain", integral), "some", s, integral.exact(s), error)
    np.testing.assert_array_equal(examples.s, np.delete(s, 3, axis=0))
    assert examples.details == {"n_labels": 50, "n_refused": 1, "labels_cut_short": False}


def test_examples_say_whether_the_budget_cut_labels_short(own_time):
    assert not make_examples(100, 10.0).cut_short
    assert make_examples(1_000, 0.0, f"{EXACT},seconds_per_label=0.001").cut_short
    assert make_examples(100, 10.0, f"{EXACT},seconds_to_prepare=9.0").cut_short


def test_real_labels_of_a_complex_integral_are_refused():
    with pytest.raises(InputError, match="gave real labels of box1l_physical, which is complex"):
        targets.check(references.integral("box1l_physical"), "some", np.ones(20), np.zeros(20))


@pytest.mark.parametrize(
    ("spec", "alike"),
    [(EXACT, True), ("label_methods:Noisy", False), ("gauss_legendre,order=3,a=1.0", True), ("lattice_qmc", True)],
)
def test_labels_of_one_rule_err_alike_and_random_ones_do_not(spec, alike):
    integral = product(1)
    source, s = labels.LabelSource(spec, integral), integral.sample(4, seed=0)
    assert labels.err_alike(source, s, *source.compute(s)[:2], np.array([1.5, 1.5])) == alike
    assert (make_examples(100, None, spec).label_error > 0) == alike


def test_a_method_without_derivatives_is_refused_before_it_is_prepared(costs):
    with pytest.raises(InputError, match="gives no derivatives"):
        gradient_labels.GradientLabelSource(f"{EXACT},seconds_to_prepare=9.0", product(1))
    assert not costs


def test_cheap_labels_are_all_bought():
    assert len(make_examples(25_000, 60.0).s) == 25_000


@pytest.mark.parametrize(
    ("n_labels", "spec", "message"),
    [
        (9, EXACT, "n_labels is 9; at least 10"),
        (20, f"{EXACT},imaginary=True", "are complex"),
        (20, f"{EXACT},factor=1e400", "are not finite"),
        (20, f"{EXACT},epsrel=1e400", "infinite or negative errors for 20 of 20 labels"),
        (20, f"{EXACT},epsrel=-1.0", "infinite or negative errors for 20 of 20 labels"),
    ],
)
def test_labels_that_cannot_be_learnt_are_refused(n_labels, spec, message):
    with pytest.raises(InputError, match=message):
        make_examples(n_labels, None, spec)


def test_a_monitor_takes_no_time_from_the_budget(own_time):
    clock = Clock(1.0)
    clock.show(lambda method: time.sleep(0.2), None)
    assert clock.left > 0.9


def test_the_schedule_is_the_same_for_the_number_that_the_clock_decided(own_time):
    clock = Clock(0.2)
    timed = Schedule(None, clock, 0.0)
    factors = []
    while timed.n_updates is None or len(factors) < timed.n_updates:
        factors.append(timed.factor(len(factors)))
        time.sleep(0.001)
    repeat = Schedule(timed.n_updates, Clock(None), 0.0)
    assert factors == [repeat.factor(update) for update in range(timed.n_updates)]
    assert factors[0] == 1 > factors[-1] > 0
