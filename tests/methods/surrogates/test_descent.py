"""The training loop: when it stops, which weights count, and how the learning rate goes on."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
import torch
from integrals import product
from torch import nn

import methods
from methods.base import InputError
from methods.core.budget import Clock
from methods.surrogates.adam import HALF_LIFE, RATES, VALIDATE_EVERY, descend
from methods.surrogates.schedule import Schedule


def settings(**fields):
    defaults = {
        "batch_size": 4, "learning_rate": 0.1, "schedule": "constant", "patience": 200, "n_updates": 10,
        "schedule_updates": None, "seed": 0, "device": "cpu",
    }  # fmt: skip
    return SimpleNamespace(**defaults | fields)


def trained(scores, **fields):
    """Descend from one weight at 0, whose loss has slope −1, with the scores given; return weight, descent, batches."""
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)
    scores, batches, looks = iter(scores), [], []

    def loss(batch):
        batches.append(batch.tolist())
        return -net.weight.sum()

    descent = descend(
        net, settings(**fields), 10, Clock(None), loss=loss, score=lambda: next(scores), look=looks.append
    )
    return net.weight.item(), descent, batches, looks


def test_patience_counts_looks_in_vain():
    # The first score is before training; the improvement at look 2 starts the count again.
    _, descent, _, looks = trained([5.0, 6.0, 4.0, 4.0, 4.5, 4.2, 1.0], patience=3, n_updates=10_000)
    assert descent.n_updates == 5 * VALIDATE_EVERY
    assert descent.score == 4.0
    assert looks == [6.0, 4.0, 4.0, 4.5, 4.2]


def test_the_best_weights_count():
    kept, descent, _, _ = trained([3.0, 1.0, 2.0], n_updates=2 * VALIDATE_EVERY)
    last, _, _, _ = trained([3.0, 2.0, 1.0], n_updates=2 * VALIDATE_EVERY)
    untrained, _, _, _ = trained([1.0, 3.0, 2.0], n_updates=2 * VALIDATE_EVERY)
    # Adam's step on a constant slope is the learning rate.
    assert kept == pytest.approx(0.1 * VALIDATE_EVERY, rel=1e-3)
    assert last == pytest.approx(0.2 * VALIDATE_EVERY, rel=1e-3)
    assert untrained == 0
    assert descent.score == 1.0


def test_the_last_update_is_looked_at():
    _, descent, _, looks = trained([3.0, 2.0], n_updates=7)
    assert (descent.n_updates, looks) == (7, [2.0])


def test_each_pass_sees_every_label_once_in_another_order():
    _, _, batches, _ = trained([1.0, 1.0], n_updates=6)
    first, second = ([*itertools.chain(*batches[i : i + 3])] for i in (0, 3))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert [len(batch) for batch in batches[:3]] == [4, 4, 2]


def test_rates():
    schedule = Schedule(190, Clock(None), 0.0)
    halving = [RATES["halving"](schedule, int(x * HALF_LIFE)) for x in (0, 0.5, 1, 2)]
    assert halving == pytest.approx([1, 0.5**0.5, 0.5, 0.25])
    assert {RATES["constant"](schedule, update) for update in (0, 189, 10**7)} == {1.0}
    linear = [RATES["linear"](schedule, update) for update in (0, 100, 145, 189, 190)]
    assert linear == pytest.approx([1, 1, 0.5, 1 / 90, 0])


@pytest.mark.parametrize(("schedule", "length"), [("constant", 4.0), ("halving", 1.875), ("linear", 3.5)])
def test_the_rate_is_what_a_step_takes(schedule, length, monkeypatch):
    """Four steps with Adam on a constant slope: their length is the sum of the rates."""
    monkeypatch.setattr("methods.surrogates.adam.HALF_LIFE", 1.0)
    weight, _, _, _ = trained([2.0, 1.0], schedule=schedule, n_updates=4)
    assert weight == pytest.approx(0.1 * length, rel=1e-3)


def test_an_unknown_schedule_is_refused_before_labels_are_computed(costs):
    method = methods.create("dense_mlp", schedule="halfing", labels="label_methods:Exact")
    with pytest.raises(InputError, match=r"no schedule 'halfing'.*Did you mean 'halving'"):
        method.fit(product(1))
    assert costs == []


def test_global_random_state_is_not_used():
    before = torch.random.get_rng_state()
    net = nn.utils.skip_init(nn.Linear, 1, 1)
    nn.init.zeros_(net.weight)
    nn.init.zeros_(net.bias)
    descend(
        net,
        settings(),
        10,
        Clock(None),
        loss=lambda batch: net.weight.sum(),
        score=lambda: 1.0,
        look=lambda score: None,
    )
    assert torch.equal(torch.random.get_rng_state(), before)
