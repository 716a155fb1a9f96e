"""The DNN: its layers and its size, what it learns, and that a run can be repeated and saved."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from integrals import of_invariants, product

from methods import create
from methods.base import InputError
from methods.dense_mlp import DenseMLP

EXACT = "label_methods:Exact"


pytestmark = pytest.mark.usefixtures("one_thread")


def small(**fields):
    """Return a network that trains in a second."""
    defaults = {"labels": EXACT, "n_labels": 2_000, "depth": 2, "width": 16, "n_updates": 60, "batch_size": 128}
    return DenseMLP(**{**defaults, **fields})


def trained_once(m, **fields):
    """Return a network of m invariants after one update."""
    return DenseMLP(labels=EXACT, n_labels=20, n_updates=1, **fields).fit(of_invariants(m))


@pytest.mark.parametrize(
    ("m", "depth", "width", "n_weights"), [(2, 12, 56, 35_337), (4, 12, 72, 58_249), (8, 8, 100, 71_701)]
)
def test_the_number_of_weights_is_the_papers(m, depth, width, n_weights):
    net = trained_once(m, depth=depth, width=width).network_
    assert sum(weight.numel() for weight in net.parameters()) == n_weights


@pytest.mark.parametrize(("m", "width"), [(1, 56), (2, 56), (3, 72), (4, 72), (5, 100)])
def test_the_width_follows_the_number_of_invariants(m, width):
    first, *_ = trained_once(m).network_.parameters()
    assert first.shape == (width, m)
    first, *_ = trained_once(m, width=7).network_.parameters()
    assert first.shape == (7, m)


def test_the_network_is_a_chain_of_layers_and_a_linear_one():
    net = trained_once(3, depth=2, width=5).network_
    x = torch.linspace(-1, 1, 12).reshape(4, 3)
    first, second, last = [layer for layer in net if isinstance(layer, torch.nn.Linear)]
    hidden = torch.tanh(second(torch.tanh(first(x))))
    torch.testing.assert_close(net(x), last(hidden))
    assert not torch.allclose(net(x), last(torch.tanh(first(x))))
    assert net(x).abs().max() > 0


@pytest.mark.parametrize(("target", "tolerance"), [("ratio", 2e-3), ("log", 4e-2)])
def test_a_smooth_function_is_learnt(target, tolerance):
    # Measured: 4e-4 and 1.5e-2.
    integral = product(2)
    s = integral.sample(500, seed=1)

    def error(n_updates):
        method = small(target=target, n_updates=n_updates, learning_rate=3e-3).fit(integral)
        return np.median(np.abs(method.integrate(s).value / integral.exact(s) - 1))

    assert error(600) < tolerance < error(1)


def test_the_same_seed_gives_the_same_network_and_another_another():
    s = product(1).sample(20, seed=1)
    first, second, other = (small(seed=seed).fit(product(1)).integrate(s).value for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_global_random_state_is_not_used():
    before = torch.random.get_rng_state()
    small(n_updates=3).fit(product(1))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_saved_and_loaded_it_predicts_the_same(tmp_path):
    integral = product(2)
    s = integral.sample(50, seed=1)
    method = small(n_updates=5).fit(integral)
    method.save(tmp_path / "m")
    loaded = DenseMLP.load(tmp_path / "m", integral)
    for ours, theirs in zip(loaded.integrate(s), method.integrate(s), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert loaded.params() == method.params()


def test_what_a_record_tells():
    method = small(n_updates=5).fit(product(2))
    assert method.details_["n_labels"] == 2_000
    assert method.details_["n_weights"] == 2 * 16 + 16 + 16 * 16 + 16 + 17
    assert method.n_updates_ == 5


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"activation": "sine"}, "no activation 'sine'"),
        ({"target": "ration"}, "no target 'ration'"),
        ({"depth": 0}, "depth is 0; give at least 1"),
        ({"width": -1}, "width is -1; give at least 1"),
        ({"learning_rate": -1e-3}, "learning_rate is -0.001; give a positive number"),
        ({"learning_rate": float("nan")}, "learning_rate is nan; give a positive number"),
        ({"device": "abacus"}, "device is 'abacus', which torch cannot use here"),
        ({"labels": "dense_mlp"}, "learns from labels"),
    ],
)
def test_fields_that_make_no_sense_are_refused(fields, message):
    with pytest.raises(InputError, match=message):
        create("dense_mlp", **{"labels": EXACT, "n_labels": 100, **fields}).fit(product(1))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="device is 'cuda', which torch cannot use here"):
        create("dense_mlp", labels=EXACT, n_labels=100, device="cuda").fit(product(1))
