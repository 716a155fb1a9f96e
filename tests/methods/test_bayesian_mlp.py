"""The Bayesian network: its layer, what it learns, whether its errors are honest, and that a run can be repeated."""

import numpy as np
import pytest
import torch
from integrals import product

from methods.base import InputError
from methods.bayesian_mlp import BayesianMLP
from methods.core import calibration
from methods.surrogates import boosting, targets
from methods.surrogates.likelihood import Likelihood
from methods.surrogates.variational import GaussianLinear, VariationalNetwork

EXACT = "label_methods:Exact,epsrel=0"


pytestmark = pytest.mark.usefixtures("one_thread")


def small(**fields):
    """Return a network that trains in a second or two."""
    defaults = {
        "labels": EXACT, "n_labels": 1_000, "depth": 2, "width": 16, "n_updates": 200, "batch_size": 64,
        "learning_rate": 1e-2, "target": "log",
    }  # fmt: skip
    return BayesianMLP(**{**defaults, **fields})


@pytest.fixture(scope="module")
def noisy():
    """Networks fitted to noisy labels, by whether these state their noise."""
    spec = "label_methods:Noisy,stated="
    return {stated: small(labels=f"{spec}{stated:g}", target="plain").fit(product(1)) for stated in (True, False)}


@pytest.fixture(scope="module")
def plain():
    return small().fit(product(1))


def test_the_divergence_from_the_prior_is_torchs():
    layer = GaussianLinear(3, 4, 0.3, torch.Generator().manual_seed(0))
    q = [(layer.weight, layer.log_std_weight), (layer.bias, layer.log_std_bias)]
    normal = torch.distributions.Normal
    expected = sum(
        torch.distributions.kl_divergence(normal(mean, log_std.exp()), normal(0.0, 0.7)).sum() for mean, log_std in q
    )
    torch.testing.assert_close(layer.kl(0.7), expected)


def test_outputs_drawn_locally_are_distributed_as_those_of_drawn_weights():
    layer = GaussianLinear(3, 2, 0.4, torch.Generator().manual_seed(0))
    x = torch.tensor([[1.0, -2.0, 0.5]])
    n = 40_000
    local = layer(x.expand(n, 3), torch.Generator().manual_seed(1)).detach()
    weight, bias = (part.detach() for part in layer.draw(n, torch.Generator().manual_seed(2)))
    drawn = (x @ weight + bias)[:, 0]
    exact_std = 0.4 * (1 + 5.25) ** 0.5  # sqrt(σ² x² + σ²)
    for outputs in (local, drawn):
        torch.testing.assert_close(outputs.mean(dim=0), layer.weight.detach() @ x[0], atol=0.025, rtol=0)
        torch.testing.assert_close(outputs.std(dim=0), torch.full((2,), exact_std), rtol=0.02, atol=0)
    # Rows are independent: weights of their own.
    assert abs(np.corrcoef(local[::2, 0], local[1::2, 0])[0, 1]) < 0.03


def test_narrow_weights_give_the_network_of_their_means():
    network = VariationalNetwork([2, 8, 2], "tanh", 1e-7, seed=0)
    x = torch.linspace(-1, 1, 6).reshape(3, 2)
    first, last = network.layers
    expected = last.weight @ torch.tanh(first.weight @ x.T) + last.bias[:, None]
    torch.testing.assert_close(network(x, torch.Generator()), expected.T, atol=1e-5, rtol=0)
    torch.testing.assert_close(network.at(network.draw(2, 0), x)[1], expected.T, atol=1e-5, rtol=0)


def test_it_learns_and_knows_its_error(plain):
    integral = product(1)
    s = integral.sample(2_000, seed=9)
    value, error, _ = plain.integrate(s)
    exact = integral.exact(s)
    assert np.abs(value / exact - 1).mean() < 0.01
    pull = (value - exact) / error
    assert 0.3 < pull.std() < 2
    found = plain.details_["final"]
    for part in ("train", "validation"):
        assert found[part]["pull_std"] == pytest.approx(pull.std(), rel=0.25)
        assert found[part]["coverage_3sigma"] > 0.9


def test_the_error_is_the_sum_of_both_parts(plain):
    s = product(1).sample(50, seed=3)
    systematic, statistical = plain.uncertainties(s)
    assert (systematic > 0).all()
    assert (statistical > 0).all()
    np.testing.assert_array_equal(plain.integrate(s).error, np.hypot(systematic, statistical))


def test_both_parts_are_those_of_the_drawn_weights(plain):
    integral = product(1)
    s = integral.sample(4, seed=3)
    inputs = torch.as_tensor(2 * integral.to_unit(s) - 1, dtype=torch.float32)
    outputs = plain.network_.at(plain.network_.draw(plain.n_samples, plain.seed), inputs).detach().double().numpy()
    y = plain.mean_ + plain.scale_ * outputs[..., 0]
    value, slope = targets.make(plain.target, integral).decode(s, y.mean(axis=0))
    systematic, statistical = plain.uncertainties(s)
    sigma = plain.scale_ * np.sqrt((np.exp(2 * outputs[..., 1]) + 1e-12).mean(axis=0))
    np.testing.assert_allclose(plain.integrate(s).value, value, rtol=1e-6)
    np.testing.assert_allclose(systematic, slope * sigma, rtol=1e-5)
    np.testing.assert_allclose(statistical, slope * y.std(axis=0, ddof=1), rtol=1e-3)


def test_more_labels_leave_less_statistical_uncertainty():
    statistical = [
        np.median(small(n_labels=n, initial_std=0.02).fit(product(1)).uncertainties(product(1).sample(200, 0))[1])
        for n in (100, 3_000)
    ]
    assert statistical[1] < 0.7 * statistical[0]


def test_noise_that_labels_state_is_not_learnt_again(noisy):
    s = product(1).sample(500, seed=0)
    stated, hidden = (np.median(noisy[given].uncertainties(s)[0]) for given in (True, False))
    assert hidden == pytest.approx(0.01, rel=0.3)
    assert stated < 0.6 * hidden


def test_pulls_on_noisy_labels_count_their_noise(noisy):
    for method in noisy.values():
        assert 0.8 < method.details_["final"]["validation"]["pull_std"] < 1.2


def test_seeds_make_runs():
    s = product(1).sample(5, seed=4)
    first, again, other = (small(n_updates=20, seed=seed).fit(product(1)).integrate(s).value for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


def test_a_model_comes_back_from_its_file_with_its_errors(plain, tmp_path):
    plain.save(tmp_path / "model")
    s = product(1).sample(5, seed=4)
    again = BayesianMLP.load(tmp_path / "model", product(1))
    for mine, its in zip(plain.integrate(s), again.integrate(s), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_errors_do_not_depend_on_the_batch(plain):
    s = product(1).sample(1_200, seed=4)
    whole = plain.integrate(s).error
    single = np.concatenate([plain.integrate(row[None]).error for row in s[::200]])
    np.testing.assert_allclose(single, whole[::200], rtol=1e-3)


def test_boosting_is_recorded():
    boosted = small(boosting="both", boost_share=0.5).fit(product(1))
    assert boosted.n_updates_ == 200
    assert 0 < boosted.details_["n_boosted"] < 800
    assert boosted.details_["unboosted"] != boosted.details_["final"]


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("none", []),
        ("loss", [boosting.by_pull] * 3),
        ("process", [boosting.by_sigma] * 3),
        ("both", [boosting.by_pull] * 3 + [boosting.by_sigma] * 3),
    ],
)
def test_labels_are_boosted_by_the_rules_that_are_asked_for(monkeypatch, name, rules):
    called, boost = [], Likelihood.boost

    def noted(likelihood, rule, seed):
        called.append(rule)
        boost(likelihood, rule, seed)

    monkeypatch.setattr(Likelihood, "boost", noted)
    method = small(boosting=name, boost_share=0.5, n_updates=30).fit(product(1))
    assert called == rules
    assert ("unboosted" in method.details_) == bool(rules)


@pytest.mark.parametrize("rounds", [0, 3, 6])
def test_a_number_of_updates_is_split_in_one_way(rounds):
    for n in range(1, 400):
        first, each = boosting.lengths(n, rounds, 0.3)
        assert first + rounds * each == n
        assert boosting.lengths(boosting.total(first, rounds, 0.3), rounds, 0.3)[0] == first


def test_rules_choose_large_pulls_and_large_sigmas():
    pull = torch.tensor([0.0, -2.5, 2.1, 1.9])
    sigma = torch.tensor([1.0, 2.0, 3.0, 9.0])
    assert boosting.by_pull(pull, sigma).tolist() == [False, True, True, False]
    assert boosting.by_sigma(pull, sigma).tolist() == [False, False, False, True]


def test_the_budget_is_kept_and_the_number_of_updates_repeats_the_run(own_time):
    integral = product(1)
    timed = small(n_updates=None, boosting="loss").fit(integral, budget=1.5)
    assert 1.0 < own_time.now < 1.1 * 1.5
    plan = timed.details_["schedule_updates"]
    again = small(n_updates=timed.n_updates_, schedule_updates=plan, boosting="loss").fit(integral)
    s = integral.sample(5, seed=4)
    np.testing.assert_array_equal(again.integrate(s).value, timed.integrate(s).value)


def test_the_random_state_of_others_is_untouched():
    before = torch.get_rng_state()
    small(n_updates=20, boosting="both").fit(product(1)).integrate(product(1).sample(3, 0))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_constant_is_learnt():
    integral = product(1)
    constant = type(integral)(
        name="constant", k=1, parameters=("s1",), low=(1.0,), high=(2.0,), integrand=lambda s, x: 1 + 0 * s[..., 0],
        exact=lambda s: np.ones(len(s)),
    )  # fmt: skip
    value, error, _ = small(target="plain", n_updates=100).fit(constant).integrate(constant.sample(20, 0))
    np.testing.assert_allclose(value, 1, atol=0.1)
    assert (error > 0).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"boosting": "los"}, "no boosting 'los'.*Did you mean 'loss'"),
        ({"boost_share": 1.0}, "boost_share is 1.0; give a share between 0 and 1"),
        ({"n_samples": 1}, "n_samples is 1; a spread needs at least 2"),
        ({"boosting": "loss", "schedule": "constant"}, "only schedule='linear' plans; schedule is 'constant'"),
        ({"prior_std": 0.0}, "prior_std is 0.0; give a positive number"),
    ],
)
def test_settings_that_cannot_be_are_refused(fields, message):
    with pytest.raises(InputError, match=message):
        small(**fields).fit(product(1))


def test_calibration_of_known_pulls():
    found = calibration.summary(np.array([-2.5, -0.5, 0.5, 1.5]))
    assert found["pull_mean"] == pytest.approx(-0.25)
    assert [found[f"coverage_{n}sigma"] for n in (1, 2, 3)] == [0.5, 0.75, 1.0]
    np.testing.assert_array_equal(calibration.largest(np.array([1.0, -9.0, 3.0]), 0.01), [1])
