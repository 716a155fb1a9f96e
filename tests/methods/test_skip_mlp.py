"""The sk-DNN: its block, its size, what it learns, and that a run can be repeated, saved and kept in time."""

import numpy as np
import pytest
import torch
from integrals import changing_sign, of_invariants, product

from methods import create
from methods.base import InputError
from methods.skip_mlp import SkipMLP
from methods.surrogates import targets
from methods.surrogates.skip_network import Block, network

EXACT = "label_methods:Exact"


pytestmark = pytest.mark.usefixtures("one_thread")


def small(**fields):
    """Return a network that trains in a second."""
    defaults = {"labels": EXACT, "n_labels": 2_000, "n_blocks": 2, "width": 16, "n_updates": 60, "batch_size": 128}
    return SkipMLP(**{**defaults, **fields})


@pytest.mark.parametrize(("m", "n_blocks", "width", "n_weights"), [(2, 9, 28, 21_281), (8, 9, 50, 67_201)])
def test_the_number_of_weights_is_the_papers(m, n_blocks, width, n_weights):
    # 9-28: code of the papers; 9-50: table 1.
    net = network(m, n_blocks, width, "relu", seed=0)
    assert sum(weight.numel() for weight in net.parameters()) == n_weights


@pytest.mark.parametrize(("m", "width"), [(2, 28), (3, 36), (4, 36), (5, 50)])
def test_the_width_follows_the_number_of_invariants(m, width):
    for fields, expected in (({}, width), ({"width": 7}, 7)):
        method = SkipMLP(labels=EXACT, n_labels=20, n_updates=1, **fields).fit(of_invariants(m))
        first, *_ = method.network_.parameters()
        assert first.shape == (expected, m)


def returns_activation_of_sum(block, x):
    """Eq. 3, written out with the block's own layers."""
    hidden = torch.tanh(block.second(torch.tanh(block.first(x))))
    return torch.allclose(block(x), torch.tanh(block.third(hidden) + block.skip(x)), atol=1e-6)


@pytest.mark.parametrize("n_in", [3, 5])
def test_a_block_returns_the_activation_of_the_sum(n_in):
    x = torch.linspace(-1, 1, 4 * n_in).reshape(4, n_in)
    block = Block(n_in, 5, "tanh", torch.Generator().manual_seed(0))
    assert returns_activation_of_sum(block, x)
    assert (n_in == 5) == isinstance(block.skip, torch.nn.Identity)
    assert n_in == 5 or block.skip.bias is None


def test_a_block_that_returns_the_activation_of_its_input_is_caught():
    class Wrong(Block):
        def forward(self, x):
            return self.activation(self.skip(x))

    x = torch.linspace(-1, 1, 20).reshape(4, 5)
    assert not returns_activation_of_sum(Wrong(5, 5, "tanh", torch.Generator().manual_seed(0)), x)


@pytest.mark.parametrize(("target", "tolerance"), [("ratio", 2e-3), ("plain", 2e-2)])
def test_a_smooth_function_is_learnt(target, tolerance):
    # Measured: 4e-4 and 4e-3.
    integral = product(2)
    method = small(target=target, n_updates=600, learning_rate=3e-3).fit(integral)
    s = integral.sample(500, seed=1)
    relative = np.abs(method.integrate(s).value / integral.exact(s) - 1)
    assert np.median(relative) < tolerance


def test_a_sign_change_is_learnt_as_it_is():
    integral = changing_sign()
    method = small(target="plain", n_updates=300, learning_rate=3e-3).fit(integral)
    s = integral.sample(500, seed=1)
    assert np.abs(method.integrate(s).value - integral.exact(s)).mean() < 0.02


def test_the_error_covers_most_points():
    integral = product(2)
    method = small(n_updates=400).fit(integral)
    s = integral.sample(2000, seed=1)
    estimate = method.integrate(s)
    pull = (estimate.value - integral.exact(s)) / estimate.error
    assert 0.6 < np.mean(np.abs(pull) < 1) < 0.95
    assert np.sqrt(np.mean(pull**2)) == pytest.approx(1, abs=0.3)


def test_the_same_seed_gives_the_same_network_and_another_another():
    s = product(1).sample(20, seed=1)
    first, second, other = (small(seed=seed).fit(product(1)).integrate(s).value for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_a_run_within_a_budget_is_repeated_by_its_numbers():
    integral = product(1)
    s = integral.sample(20, seed=1)
    first = small(n_updates=None).fit(integral, budget=1.0)
    repeat = small(
        n_updates=first.n_updates_,
        schedule_updates=first.details_["schedule_updates"],
        n_labels=first.details_["n_labels"],
    ).fit(integral)
    assert first.n_updates_ > 1
    np.testing.assert_array_equal(repeat.integrate(s).value, first.integrate(s).value)


def test_global_random_state_is_not_used():
    before = torch.random.get_rng_state()
    small(n_updates=3).fit(product(1))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_budget_is_kept(own_time):
    own_time.tick = 0.01
    method = SkipMLP(labels=f"{EXACT},seconds_per_label=1e-4").fit(product(2), budget=3)
    assert 2.0 < own_time.now < 1.1 * 3
    assert method.details_["n_labels"] < 100_000


def test_the_monitor_sees_a_method_that_integrates_and_changes_nothing():
    integral = product(1)
    s = integral.sample(10, seed=1)
    seen = []
    watched = small(n_updates=450).fit(integral, monitor=lambda method: seen.append(method.integrate(s).value))
    assert len(seen) == 3
    assert np.isfinite(seen).all()
    np.testing.assert_array_equal(watched.integrate(s).value, small(n_updates=450).fit(integral).integrate(s).value)


def test_patience_ends_the_training():
    # With so small a learning rate nothing improves.
    method = small(learning_rate=1e-30, patience=2, n_updates=5000).fit(product(1))
    assert method.n_updates_ == 400


def test_labels_are_metered(costs):
    small(n_updates=1).fit(product(1))
    assert sum(p.n_labels for p in costs) == 2_000 + targets.N_NEIGHBOURS


def test_rows_agree_with_a_batch():
    integral = product(2)
    method = small().fit(integral)
    s = integral.sample(50, seed=1)
    batch = method.integrate(s)
    single = np.concatenate([method.integrate(row[None]).value for row in s])
    np.testing.assert_allclose(single, batch.value, rtol=1e-5)
    assert batch.n_eval == 50  # f(s, 1/2)
    assert method.integrate(s[:0]).value.shape == (0,)


def test_saved_and_loaded_it_predicts_the_same(tmp_path):
    integral = product(2)
    s = integral.sample(50, seed=1)
    method = small().fit(integral)
    method.save(tmp_path / "m")
    loaded = SkipMLP.load(tmp_path / "m", integral)
    for ours, theirs in zip(loaded.integrate(s), method.integrate(s), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert loaded.params() == method.params()
    assert loaded.n_updates_ == method.n_updates_


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"target": "ration"}, "no target 'ration'"),
        ({"activation": "sine"}, "no activation 'sine'"),
        ({"labels": "skip_mlp"}, "learns from labels"),
        ({"n_blocks": 0}, "n_blocks is 0; give at least 1"),
        ({"n_updates": 0}, "n_updates is 0; give at least 1"),
    ],
)
def test_fields_that_make_no_sense_are_refused(fields, message):
    with pytest.raises(InputError, match=message):
        create("skip_mlp", **{"labels": EXACT, **fields}).fit(product(1))
