"""The deep ensemble: its batched replicas, what it learns, its error, noise of labels, and repeated runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from integrals import product

from methods.base import InputError
from methods.deep_ensemble import DeepEnsemble, EnsembleNetwork

EXACT = "label_methods:Exact,epsrel=0"

pytestmark = pytest.mark.usefixtures("one_thread")


def small(**fields):
    """Return an ensemble that trains in a second or two."""
    defaults = {
        "labels": EXACT, "n_labels": 1_000, "depth": 2, "width": 16, "n_replicas": 3, "n_updates": 300,
        "batch_size": 64, "learning_rate": 1e-2, "target": "log",
    }  # fmt: skip
    return DeepEnsemble(**{**defaults, **fields})


@pytest.fixture(scope="module")
def plain():
    return small(n_updates=1_000, learning_rate=3e-3).fit(product(1))


def test_replicas_are_separate_networks():
    network = EnsembleNetwork([2, 5, 2], 3, "tanh", seed=0)
    x = torch.linspace(-1, 1, 8).reshape(4, 2)
    together = network(x)
    assert together.shape == (3, 4, 2)
    for r in range(3):
        weights, biases = ([part[r] for part in parts] for parts in (network.weights, network.biases))
        alone = torch.tanh(x @ weights[0] + biases[0]) @ weights[1] + biases[1]
        torch.testing.assert_close(together[r], alone)
    apart = network(torch.stack([x, x + 0.1, x + 0.2]))
    torch.testing.assert_close(apart[0], together[0])
    assert not torch.allclose(apart[1], together[1])
    assert not torch.allclose(together[0], together[1])


def test_it_learns_and_knows_its_error(plain):
    integral = product(1)
    s = integral.sample(2_000, seed=9)
    value, error, n_eval = plain.integrate(s)
    exact = integral.exact(s)
    assert n_eval == 0
    assert np.abs(value / exact - 1).mean() < 0.01
    # A replica's σ is that of one network, and the mean of three is better.
    pull = (value - exact) / error
    assert 0.2 < pull.std() < 1
    found = plain.details_["final"]
    for part in ("train", "validation"):
        assert found[part]["pull_std"] == pytest.approx(pull.std(), rel=0.25)
        assert sum(found[part]["histogram"]["counts"]) == {"train": 800, "validation": 200}[part]


def test_both_parts_of_the_error_are_those_of_the_replicas(plain):
    s = product(1).sample(4, seed=3)
    v = torch.as_tensor(2 * product(1).to_unit(s) - 1, dtype=torch.float32)
    outputs = plain.network_(v).detach().double().numpy()
    value = plain.integrate(s).value
    systematic, statistical = plain.uncertainties(s)
    a, sigma = outputs[..., 0], np.exp(outputs[..., 1])
    # y = log I, so that dI/dy = I
    np.testing.assert_allclose(np.log(value), plain.mean_ + plain.scale_ * a.mean(axis=0))
    np.testing.assert_allclose(statistical, value * plain.scale_ * a.std(axis=0, ddof=1))
    np.testing.assert_allclose(systematic, value * plain.scale_ * np.sqrt((sigma**2).mean(axis=0)), rtol=1e-6)


def test_stated_noise_of_labels_is_not_learnt():
    integral = product(1)
    s = integral.sample(200, seed=5)

    def systematic(stated):
        labels = f"label_methods:Noisy,stated={stated:g}"
        return np.median(small(labels=labels, target="plain").fit(integral).uncertainties(s)[0])

    assert systematic(1.0) < 0.5 * systematic(0.0)


def test_each_replica_has_an_order_of_its_own(monkeypatch):
    seen = []
    forward = EnsembleNetwork.forward

    def watched(self, x):
        if x.ndim == 3:
            seen.append(x.detach().clone())
        return forward(self, x)

    monkeypatch.setattr(EnsembleNetwork, "forward", watched)
    small(n_updates=13, n_labels=1_000).fit(product(1))  # 800 labels to train on: one pass of 13 batches
    first, second, _ = torch.cat(seen, dim=1)
    assert not torch.equal(first, second)
    assert torch.equal(first.sort(dim=0).values, second.sort(dim=0).values)


def test_the_budget_is_kept_and_the_number_of_updates_repeats_the_run(own_time):
    integral = product(1)
    timed = small(n_updates=None).fit(integral, budget=1.5)
    assert 1.0 < own_time.now < 1.1 * 1.5
    again = small(n_updates=timed.n_updates_, schedule_updates=timed.details_["schedule_updates"]).fit(integral)
    s = integral.sample(5, seed=4)
    np.testing.assert_array_equal(again.integrate(s).value, timed.integrate(s).value)


def test_a_file_keeps_it(plain, tmp_path):
    integral = product(1)
    s = integral.sample(5, seed=4)
    plain.save(tmp_path / "m")
    loaded = DeepEnsemble.load(tmp_path / "m", integral)
    for part, other in zip(loaded.integrate(s), plain.integrate(s), strict=True):
        np.testing.assert_array_equal(part, other)


def test_the_random_state_of_others_is_untouched():
    before = torch.get_rng_state()
    small(n_updates=20).fit(product(1))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_single_replica_is_refused():
    with pytest.raises(InputError, match="n_replicas is 1; a spread needs at least 2"):
        small(n_replicas=1).fit(product(1))
